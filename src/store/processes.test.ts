import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GROUPS, inTakingOrder } from './processes.js';

test('half, a third and a quarter of the groups hold their share of the first lanes', () => {
  const all = inTakingOrder(Array.from({ length: GROUPS }, (_, group) => group));
  assert.equal(new Set(all).size, GROUPS);
  for (const parts of [2, 3, 4]) {
    const mine = new Set(all.slice(0, Math.ceil(GROUPS / parts)));
    for (const lanes of [6, 12, 32]) {
      const held = Array.from({ length: lanes }, (_, i) => i + 1).filter((lane) => mine.has(lane % GROUPS)).length;
      assert.ok(Math.abs(held - lanes / parts) <= 1, `${held} of ${lanes} lanes are in 1 of ${parts} parts`);
    }
  }
});
