import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/property.js';
import { type Envelope, readEnvelope, writeEnvelope } from './envelope.js';

test('a request with nothing around its content takes no space', () => {
  assert.equal(writeEnvelope({}), null);
  assert.deepEqual(readEnvelope(null), {});
});

test('what was written is read, whatever the texts are', () => {
  const text = fc.string({ unit: 'grapheme' });
  const envelope: fc.Arbitrary<Envelope> = fc.record(
    { bulkId: text, callbackData: text, notifyUrl: fc.webUrl(), applicationId: text, entityId: text, replyTo: text },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(envelope, (given) => {
      assert.deepEqual(readEnvelope(writeEnvelope(given)), { ...given });
    }),
  );
});
