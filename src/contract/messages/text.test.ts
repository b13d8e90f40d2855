import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/property.js';
import { textMessage } from './text.js';
import { destinationOf, toMetaBody } from './wire.js';

const MOMENT = { acceptedAt: 0 };
const request = { from: '441134960000', to: '441134960001', content: { text: 'hello' } };

function violationsOf(body: unknown): Record<string, string[]> {
  const result = textMessage.validate(body);
  assert.ok(!result.ok);
  return result.violations;
}

test('carries any text to Meta unchanged', () => {
  const text = fc
    .string({ minLength: 1, maxLength: 300, unit: 'grapheme' })
    .filter((s) => s.trim() !== '' && !s.includes('\0'));
  fc.assert(
    fc.property(text, (body) => {
      const result = textMessage.validate({ ...request, content: { text: body } });
      assert.ok(result.ok);
      assert.deepEqual(textMessage.toWire(result.value.content, MOMENT), { type: 'text', text: { body } });
    }),
  );
});

test('takes 4096 characters and refuses one more', () => {
  assert.ok(textMessage.validate({ ...request, content: { text: 'x'.repeat(4096) } }).ok);
  assert.deepEqual(violationsOf({ ...request, content: { text: 'x'.repeat(4097) } }), {
    'content.text': ['size must be between 1 and 4096'],
  });
});

test('refuses a blank text', () => {
  assert.deepEqual(violationsOf({ ...request, content: { text: ' \n' } }), { 'content.text': ['must not be blank'] });
});

test('passes the preview on, and refuses it without a URL or with the protocol removed', () => {
  const content = { text: 'see https://a.example', previewUrl: true };
  assert.ok(textMessage.validate({ ...request, content }).ok);
  assert.deepEqual(textMessage.toWire(content, MOMENT), {
    type: 'text',
    text: { body: content.text, preview_url: true },
  });
  assert.deepEqual(Object.keys(violationsOf({ ...request, content: { text: 'see a.example', previewUrl: true } })), [
    'content.previewUrl',
  ]);
  assert.deepEqual(Object.keys(violationsOf({ ...request, content, urlOptions: { removeProtocol: true } })), [
    'content.previewUrl',
  ]);
});

test('takes context with a replyToMessageId only', () => {
  assert.deepEqual(violationsOf({ ...request, context: {} }), { 'context.replyToMessageId': ['must not be blank'] });
  assert.ok(textMessage.validate({ ...request, context: { replyToMessageId: 'wamid.A' } }).ok);
});

test('knows numbers and user ids as destinations, and nothing else', () => {
  assert.deepEqual(destinationOf('+441134960001'), { kind: 'phone', digits: '441134960001' });
  assert.deepEqual(destinationOf('HR.1234567890'), { kind: 'user', id: 'HR.1234567890' });
  assert.deepEqual(destinationOf('HR.ENT.abc1'), { kind: 'user', id: 'HR.ENT.abc1' });
  for (const to of ['', '1234', '1'.repeat(16), '44 113', 'hr.1', 'HR.', 'HR.a-b', '44113496000a'])
    assert.equal(destinationOf(to), undefined, to);
});

test('addresses a user id by recipient and a number by to', () => {
  const wire = textMessage.toWire(request.content, MOMENT);
  const toUser: unknown = JSON.parse(toMetaBody({ to: 'HR.123', bizOpaque: 'x', wire }));
  assert.deepEqual(toUser, {
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    recipient: 'HR.123',
    type: 'text',
    text: { body: 'hello' },
    biz_opaque_callback_data: 'x',
  });
});
