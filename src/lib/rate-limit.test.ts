import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRateLimit } from './rate-limit.js';

test('lets a second’s worth through at once, then one at a time, each key for itself', () => {
  const clock = { now: 5_000 };
  const limit = createRateLimit({ perSecond: () => 10, monotonic: () => clock.now });
  const taken = (key: string, calls: number): number =>
    Array.from({ length: calls }, () => limit.take(key)).filter(Boolean).length;
  assert.equal(taken('a', 25), 10);
  assert.equal(taken('b', 1), 1);
  clock.now += 99;
  assert.equal(taken('a', 5), 0);
  clock.now += 1;
  assert.equal(taken('a', 5), 1);
  clock.now += 60_000;
  assert.equal(taken('a', 25), 10);
});

test('follows a rate that changes, and is never below one a second', () => {
  const state = { now: 0, rate: 2 };
  const limit = createRateLimit({ perSecond: () => state.rate, monotonic: () => state.now });
  assert.deepEqual([limit.take('a'), limit.take('a'), limit.take('a')], [true, true, false]);
  state.now = 10_000;
  state.rate = 0.1;
  assert.deepEqual([limit.take('a'), limit.take('a')], [true, false]);
});
