import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/property.js';
import { createDueHeap } from './due-heap.js';

test('gives every item once, in the order of their times, and none before its time', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 50 })),
      fc.array(fc.integer({ min: 0, max: 10 })),
      (times, steps) => {
        const heap = createDueHeap<number>();
        for (const [i, at] of times.entries()) heap.push(at, i);
        const popped: number[] = [];
        let now = 0;
        for (const by of [...steps, 50]) {
          now += by;
          for (let i = heap.popDue(now); i !== undefined; i = heap.popDue(now)) {
            assert.ok((times[i] ?? Number.POSITIVE_INFINITY) <= now);
            popped.push(i);
          }
          assert.ok(heap.earliest() > now);
        }
        assert.deepEqual(
          popped.map((i) => times[i]),
          [...times].sort((a, b) => a - b),
        );
        assert.equal(new Set(popped).size, times.length);
        assert.equal(heap.size(), 0);
      },
    ),
  );
});

test('an empty heap is never due', () => {
  const heap = createDueHeap<string>();
  assert.equal(heap.earliest(), Number.POSITIVE_INFINITY);
  assert.equal(heap.popDue(Number.MAX_SAFE_INTEGER), undefined);
});
