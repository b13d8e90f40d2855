import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventIdOf, parseEventId } from './event-ids.js';
import { EventKind } from './statuses.js';

const REF = '019a9d2e-0000-7000-8000-000000000001';

test('an eventId names its event and is read back to it', () => {
  for (const eventKind of Object.values(EventKind)) {
    const reference = { ref: REF, attempt: 2, eventKind };
    assert.deepEqual(parseEventId(eventIdOf(reference)), reference);
  }
  assert.equal(eventIdOf({ ref: REF, attempt: 1, eventKind: EventKind.delivered }), `${REF}-1-delivered`);
});

test('the eventId of an inbound message is its UUID', () => {
  const reference = { ref: REF, attempt: 0, eventKind: 0 };
  assert.equal(eventIdOf(reference), REF);
  assert.deepEqual(parseEventId(REF), reference);
});

test('texts of another form point at nothing', () => {
  for (const text of ['', 'x', `${REF}-1`, `${REF}-1-dreamt`, `${REF}-one-sent`, REF.toUpperCase(), `${REF}-1-sent-`]) {
    assert.equal(parseEventId(text), undefined, text);
  }
});
