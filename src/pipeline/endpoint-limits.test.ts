import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/property.js';
import { BATCH_MAX, createRateBucket, limitsOf, WINDOW } from './endpoint-limits.js';

test('a profile says how much an endpoint takes, and what it leaves out has its default', () => {
  assert.deepEqual(limitsOf(undefined), { results: BATCH_MAX, window: WINDOW, perSecond: undefined, isOrdered: false });
  assert.deepEqual(limitsOf({ maxBucketSize: 1 }), {
    results: 1,
    window: WINDOW,
    perSecond: undefined,
    isOrdered: false,
  });
  const all = { maxBucketSize: 2000, windowSize: 10_000, rateLimit: 5, isOrdered: true };
  assert.deepEqual(limitsOf(all), { results: 2000, window: 10_000, perSecond: 5, isOrdered: true });
});

test('a bucket gives one second’s worth at once, then its rate', () => {
  const bucket = createRateBucket();
  bucket.take(1000);
  assert.deepEqual([bucket.available(1000), bucket.waitMs(1000)], [Number.POSITIVE_INFINITY, 0]);
  bucket.limit(5);
  assert.equal(bucket.available(1000), 5);
  for (let i = 0; i < 5; i += 1) bucket.take(1000);
  assert.deepEqual([bucket.available(1000), bucket.waitMs(1000)], [0, 200]);
  assert.deepEqual([bucket.available(1199), bucket.available(1200)], [0, 1]);
  assert.equal(bucket.available(9000), 5);
});

test('who waits as long as told may go on, and never more pass than the rate and one second’s worth', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 300 }), (perSecond, count) => {
      const bucket = createRateBucket();
      bucket.limit(perSecond);
      let now = 10_000;
      for (let i = 0; i < count; i += 1) {
        now += bucket.waitMs(now);
        assert.ok(bucket.available(now) >= 1);
        bucket.take(now);
        assert.ok(i + 1 <= perSecond + ((now - 10_000) * perSecond) / 1000 + 1);
      }
    }),
  );
});
