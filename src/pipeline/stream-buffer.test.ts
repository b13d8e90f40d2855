import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/property.js';
import { createStreamBuffer, type StreamRow } from './stream-buffer.js';

const LIMITS = { rowsMax: 10, rowsLow: 4 };
const row = (seq: number, day = 20_240_101): StreamRow => ({ seq, day });
const range = (from: number, to: number): StreamRow[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => row(from + i));

test('takes what follows directly and ignores what it has, what leaves a gap and what is too much', () => {
  const buffer = createStreamBuffer(row(5), LIMITS);
  assert.equal(buffer.offer(range(4, 5)), 0);
  assert.equal(buffer.offer(range(7, 9)), 0);
  assert.equal(buffer.offer(range(4, 7)), 2);
  assert.equal(buffer.offer(range(8, 100)), 8);
  assert.equal(buffer.size(), 10);
  assert.equal(buffer.peek()?.seq, 6);
});

test('the position is the last row that was shifted', () => {
  const buffer = createStreamBuffer(row(0, 0), LIMITS);
  buffer.offer([row(1, 20_240_101), row(2, 20_240_102)]);
  assert.deepEqual(buffer.position(), row(0, 0));
  buffer.shift();
  assert.deepEqual(buffer.position(), row(1, 20_240_101));
  buffer.shift();
  buffer.shift();
  assert.deepEqual(buffer.position(), row(2, 20_240_102));
  assert.equal(buffer.peek(), undefined);
});

test('wants more only when writers are further and little is left', () => {
  const buffer = createStreamBuffer(row(0, 0), LIMITS);
  assert.equal(buffer.wanted(), undefined);
  buffer.noteTail(21, 20_240_103);
  assert.deepEqual(buffer.wanted(), { day: 0, after: 0, tailDay: 20_240_103 });
  buffer.skipTo(20_240_101);
  buffer.offer(range(1, 4));
  assert.equal(buffer.wanted(), undefined);
  buffer.shift();
  assert.deepEqual(buffer.wanted(), { day: 20_240_101, after: 4, tailDay: 20_240_103 });
  buffer.noteTail(5, 20_240_101);
  assert.deepEqual(buffer.wanted(), { day: 20_240_101, after: 4, tailDay: 20_240_103 });
});

test('gives every row once and in order, whatever is offered when', () => {
  const steps = fc.array(
    fc.record({
      from: fc.integer({ min: 0, max: 6 }),
      count: fc.integer({ min: 0, max: 8 }),
      take: fc.integer({ min: 0, max: 6 }),
    }),
  );
  fc.assert(
    fc.property(steps, (all) => {
      const buffer = createStreamBuffer(row(0, 0), LIMITS);
      const shifted: number[] = [];
      let read = 0;
      for (const { from, count, take } of all) {
        const start = read + 3 - from;
        read += buffer.offer(range(start, start + count - 1));
        for (let i = 0; i < take; i += 1) {
          const next = buffer.peek();
          if (next !== undefined) shifted.push(next.seq);
          buffer.shift();
        }
        assert.ok(buffer.size() <= LIMITS.rowsMax);
        assert.equal(buffer.size(), read - shifted.length);
        assert.equal(buffer.position().seq, shifted.length);
      }
      assert.deepEqual(
        shifted,
        range(1, shifted.length).map(({ seq }) => seq),
      );
    }),
  );
});

test('long streams pass through without losing a row', () => {
  const buffer = createStreamBuffer(row(0, 0), { rowsMax: 2_000, rowsLow: 500 });
  let next = 1;
  for (let read = 0; read < 10_000; ) {
    read += buffer.offer(range(read + 1, read + 700));
    for (let i = 0; i < 650; i += 1) {
      const first = buffer.peek();
      if (first === undefined) break;
      assert.equal(first.seq, next);
      next += 1;
      buffer.shift();
    }
  }
  assert.ok(next > 9_000);
});

test('what is dropped for want of room is read again from there', () => {
  const buffer = createStreamBuffer(row(0, 0), LIMITS);
  buffer.noteTail(11, 20_240_101);
  for (let seq = 1; seq <= 10; seq += 1) assert.equal(buffer.offer([row(seq)]), 1);
  buffer.shift();
  buffer.limit({ rowsMax: 3, rowsLow: 2 });
  assert.deepEqual([buffer.size(), buffer.peek()?.seq, buffer.wanted()], [3, 2, undefined]);
  assert.equal(buffer.offer([row(5)]), 0);
  buffer.limit(LIMITS);
  assert.equal(buffer.wanted()?.after, 4);
  assert.equal(buffer.offer([row(11)]), 0);
  assert.equal(buffer.offer([row(5)]), 1);
  assert.equal(buffer.position().seq, 1);
});

test('a jump drops what it passes and reads on behind it', () => {
  const buffer = createStreamBuffer(row(0, 0), LIMITS);
  buffer.offer([row(1), row(2), row(3)]);
  buffer.jump(row(2));
  assert.deepEqual([buffer.position().seq, buffer.peek()?.seq, buffer.size()], [2, 3, 1]);
  buffer.noteTail(20, 20_240_101);
  buffer.jump(row(9));
  assert.deepEqual([buffer.position().seq, buffer.size(), buffer.wanted()?.after], [9, 0, 9]);
  buffer.jump(row(4));
  assert.equal(buffer.position().seq, 9);
});
