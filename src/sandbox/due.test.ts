import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVirtualClock } from './clock.js';
import { createDueList } from './due.js';

test('fires what is due, earliest first, equal times in the order added, and nothing before its time', async () => {
  const clock = createVirtualClock();
  // The list's timer keeps no process alive.
  const keepAlive = setTimeout(() => {}, 10_000);
  const fired: number[] = [];
  let done: () => void = () => {};
  const allFired = new Promise<void>((resolve) => {
    done = resolve;
  });
  const start = clock.now() + 1_000_000;
  const list = createDueList<number>(clock, (item) => {
    fired.push(item);
    if (fired.length === 1000) done();
  });
  const times = Array.from({ length: 1000 }, (_, i) => (i * 7919) % 500);
  times.forEach((time, i) => {
    list.add(start + time, i);
  });
  list.add(start + 1_000_000, -1);
  clock.advance(1100);
  await allFired;
  const expected = times.map((time, i) => ({ time, i })).sort((a, b) => a.time - b.time || a.i - b.i);
  assert.deepEqual(
    fired,
    expected.map(({ i }) => i),
  );
  assert.equal(list.size, 1);
  list.stop();
  clearTimeout(keepAlive);
});
