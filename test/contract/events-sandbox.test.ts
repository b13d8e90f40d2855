// Two readings of Meta's documents, made apart, inbound: whatever a user of the sandbox can say becomes an inbound message of Infobip's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inboundFromWire, inboundToReport } from '../../src/contract/events/registry.js';
import { isSystem } from '../../src/contract/events/system.js';
import { isObject, objectAt, textAt } from '../../src/contract/json.js';
import { FILE_FRAGMENTS, FRAGMENTS } from '../../src/sandbox/control/inbound.js';
import { fc } from '../support/property.js';
import { valuesOf } from './schema-walk.js';

const RUNS = 100;
const BASE = { from: '441134960001', id: 'wamid.B', timestamp: '1760000000' };
const FACTS = { eventId: '0192f000-0000-7000-8000-000000000001', to: '441134960000' };

/** What each fragment may be reported as. */
const REPORTED: Readonly<Record<string, readonly string[]>> = {
  text: ['TEXT'],
  location: ['LOCATION'],
  button: ['BUTTON'],
  reaction: ['REACTION'],
  contacts: ['CONTACT'],
  interactive: [
    'INTERACTIVE_BUTTON_REPLY',
    'INTERACTIVE_LIST_REPLY',
    'INTERACTIVE_FLOW_REPLY',
    'INTERACTIVE_CALL_PERMISSION_REPLY',
  ],
  order: ['ORDER'],
  edit: ['UNSUPPORTED'],
  revoke: ['UNSUPPORTED'],
  image: ['IMAGE'],
  video: ['VIDEO'],
  audio: ['AUDIO', 'VOICE'],
  document: ['DOCUMENT'],
  sticker: ['STICKER'],
};
const seen = new Set<string>();

for (const [type, schema] of Object.entries({ ...FRAGMENTS, ...FILE_FRAGMENTS })) {
  if (isSystem({ type })) continue;
  test(`${type}: whatever the sandbox lets a user send is reported as what it is`, () => {
    const expected = REPORTED[type] ?? [];
    assert.ok(expected.length > 0, `no line for ${type}`);
    fc.assert(
      fc.property(valuesOf(schema, {}), (value) => {
        const said: unknown = JSON.parse(JSON.stringify(value));
        const file = type in FILE_FRAGMENTS && isObject(said) ? { ...said, id: '77', mime_type: 'a/b' } : said;
        const event = inboundFromWire({ phoneNumberId: '106', message: { ...BASE, type, [type]: file } });
        assert.ok(event !== undefined, JSON.stringify(said));
        const stored: typeof event = JSON.parse(JSON.stringify(event));
        const report: unknown = JSON.parse(JSON.stringify(inboundToReport(stored, FACTS)));
        const message = objectAt(report, 'message');
        const reported = textAt(message, 'type') ?? 'none';
        assert.ok(expected.includes(reported), `${reported} of ${JSON.stringify(file)}`);
        seen.add(reported);
        if (type === 'text') assert.equal(message?.text, textAt(said, 'body'));
      }),
      { numRuns: RUNS },
    );
  });
}

test('every kind of report was seen', () => {
  assert.deepEqual(
    [...new Set(Object.values(REPORTED).flat())].filter((kind) => !seen.has(kind)),
    [],
  );
});
