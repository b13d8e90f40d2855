import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/property.js';
import { formatDate, parseDate } from './dates.js';

test('reads every date that it writes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (at) => assert.equal(parseDate(formatDate(at)), at)),
  );
});

test('reads offsets with and without a colon, fractions of any length, and UTC when there is no offset', () => {
  const noon = Date.UTC(2026, 4, 1, 12);
  for (const text of [
    '2026-05-01T12:00:00',
    '2026-05-01T12:00:00Z',
    '2026-05-01T14:00:00+02:00',
    '2026-05-01T14:00:00.0+0200',
  ])
    assert.equal(parseDate(text), noon, text);
  assert.equal(parseDate('2026-05-01T12:00:00.1239Z'), noon + 123);
});

test('reads nothing from what is no date', () => {
  for (const text of [
    '',
    'tomorrow',
    '2026-05-01',
    '2026-02-30T12:00:00Z',
    '2026-05-01T25:00:00Z',
    '2026-05-01T12:00:00+99:00',
  ])
    assert.equal(parseDate(text), undefined, text);
});
