import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/property.js';
import { dayOf } from '../lib/day.js';
import { formatAddress, parseAddress } from './address.js';

const id = '0198f1c2-7a5b-7c3d-8e9f-001122334455';

test('reads every address that it writes', () => {
  fc.assert(
    fc.property(
      fc.uuid(),
      fc.integer({ min: 1, max: 32_767 }),
      fc.integer({ min: 0, max: 4_000_000_000_000 }),
      (uuid, attempt, at) => {
        const address = { day: String(dayOf(at)), id: uuid, attempt };
        assert.deepEqual(parseAddress(formatAddress(address)), address);
      },
    ),
  );
});

test('carries the trace of its POST, if there is one', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const address = { day: '20260504', id, attempt: 2, traceparent };
  assert.deepEqual(parseAddress(formatAddress(address)), address);
  assert.ok(formatAddress({ ...address, attempt: 32_767 }).length <= 512);
  for (const other of [traceparent.toUpperCase(), traceparent.slice(1), `${traceparent}-x`, ''])
    assert.equal(parseAddress(`p1:20260504:${id}:2:${other}`), undefined, other);
});

test('reads nothing else, so that texts of other programs are left alone', () => {
  const others = [
    '',
    'order-7',
    `p2:20260504:${id}:1`,
    `p1:20260230:${id}:1`,
    `p1:20260504:${id}:0`,
    `p1:20260504:${id}:1 `,
    `p1:20260504:${id.toUpperCase()}:1`,
    `p1:20260504:${id.replaceAll('-', '0')}:1`,
    `p1:2026054:${id}:1`,
    `p1:20260504:${id}:123456`,
    `p1:20260504:${id}:32768`,
  ];
  for (const text of others) assert.equal(parseAddress(text), undefined, text);
  assert.deepEqual(parseAddress(`p1:20260504:${id}:1`), { day: '20260504', id, attempt: 1 });
});
