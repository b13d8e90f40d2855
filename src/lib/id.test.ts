import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isUuid, uuidv7 } from './id.js';

test('makes valid version 7 UUIDs that carry their time', () => {
  for (const now of [0, 1, 0xffff, 0x1_0000, Date.UTC(2026, 4, 4), 2 ** 48 - 1]) {
    const id = uuidv7(now);
    assert.ok(isUuid(id), id);
    assert.match(id, /^.{14}7.{4}[89ab]/);
    assert.equal(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16), now);
  }
});

test('sorts ids by time as text', () => {
  const ids = Array.from({ length: 100 }, (_, i) => uuidv7(1_760_000_000_000 + i * 997));
  assert.deepEqual(ids, [...ids].sort());
});

test('makes no id twice, also across refills of its random pool', () => {
  const ids = new Set(Array.from({ length: 20_000 }, () => uuidv7(1_760_000_000_000)));
  assert.equal(ids.size, 20_000);
});

test('knows UUIDs in its own form only', () => {
  const id = uuidv7(1);
  for (const other of [
    '',
    id.toUpperCase().replaceAll('0', 'A'),
    id.slice(1),
    `${id}0`,
    `${id}\n`,
    id.replaceAll('-', ''),
  ])
    assert.equal(isUuid(other), false, other);
});
