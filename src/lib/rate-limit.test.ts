import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BucketRate, createRateLimit } from './rate-limit.js';

const TEN: BucketRate = { count: 10, perMs: 1_000, burst: 10 };

function scene() {
  const clock = { now: 5_000 };
  const limit = createRateLimit(() => clock.now);
  const taken = (key: string, calls: number, rate: BucketRate, share = 1): number =>
    Array.from({ length: calls }, () => limit.take(key, rate, share)).filter((waitMs) => waitMs === 0).length;
  return { clock, limit, taken };
}

test('lets a burst through at once, then one at a time, each key for itself', () => {
  const { clock, taken } = scene();
  assert.equal(taken('a', 25, TEN), 10);
  assert.equal(taken('b', 1, TEN), 1);
  clock.now += 99;
  assert.equal(taken('a', 5, TEN), 0);
  clock.now += 1;
  assert.equal(taken('a', 5, TEN), 1);
  clock.now += 60_000;
  assert.equal(taken('a', 25, TEN), 10);
});

test('says after how long the next call may be made', () => {
  const { clock, limit, taken } = scene();
  const rate = { count: 2, perMs: 1_000, burst: 10 };
  assert.equal(taken('a', 10, rate), 10);
  assert.equal(limit.take('a', rate), 500);
  clock.now += 500;
  assert.equal(limit.take('a', rate), 0);
});

test('lets processes that share a rate through no more than one alone, even at less than one call a second each', () => {
  const { clock, taken } = scene();
  const rate = { count: 1, perMs: 1_000, burst: 1 };
  const shares = ['p', 'q', 'r', 's'];
  const counts = shares.map((key) => taken(key, 3, rate, shares.length));
  assert.deepEqual(counts, [1, 1, 1, 1]);
  let total = 0;
  for (let second = 0; second < 40; second += 1) {
    clock.now += 1_000;
    for (const key of shares) total += taken(key, 3, rate, shares.length);
  }
  assert.equal(total, 40);
});

test('follows a rate that changes', () => {
  const { taken } = scene();
  assert.equal(taken('a', 20, TEN), 10);
  assert.equal(taken('a', 200, { count: 100, perMs: 1_000, burst: 100 }), 0);
  assert.equal(taken('b', 200, { count: 100, perMs: 1_000, burst: 100 }), 100);
});
