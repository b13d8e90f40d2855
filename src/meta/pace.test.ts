import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNumberBucket, createPairBuckets, PAIR_BURST, PAIR_INTERVAL_MS } from './pace.js';

test('starts a number empty, so that a new owner does not add its burst to the last one', () => {
  const bucket = createNumberBucket(80, 1000);
  assert.equal(bucket.available(1000), 0);
  assert.equal(bucket.waitMs(1000), 12.5);
  assert.equal(bucket.available(1012.5), 1);
  assert.equal(bucket.available(1500), 40);
  assert.equal(bucket.available(9000), 80);
});

test('never lets a number exceed its rate by more than one second of it', () => {
  for (const rate of [1, 7, 20, 80, 1000]) {
    const bucket = createNumberBucket(rate, 0);
    let sent = 0;
    for (let now = 0; now <= 10_000; now += 3) {
      const room = bucket.available(now);
      bucket.take(room, now);
      sent += room;
      assert.ok(sent <= (rate * now) / 1000 + 1, `${rate}/s at ${now}`);
    }
    assert.ok(sent >= rate * 10 - 1, `${rate}/s reached only ${sent}`);
  }
});

test('holds a number back until its pause is over', () => {
  const bucket = createNumberBucket(80, 0);
  bucket.pause(5000);
  bucket.pause(4000);
  assert.equal(bucket.available(4999), 0);
  assert.equal(bucket.waitMs(4000), 1000);
  assert.equal(bucket.available(5000), 80);
});

test('follows a changed throughput', () => {
  const bucket = createNumberBucket(80, 0);
  bucket.setRate(1000);
  assert.equal(bucket.available(1000), 1000);
  bucket.setRate(0);
  assert.equal(bucket.available(5000), 1);
});

test('lets a pair send its burst at once and then one in six seconds', () => {
  const pairs = createPairBuckets();
  for (let i = 0; i < PAIR_BURST; i += 1) assert.equal(pairs.take('a>b', 100), 0);
  assert.equal(pairs.take('a>b', 100), PAIR_INTERVAL_MS);
  assert.equal(pairs.take('a>c', 100), 0);
  assert.equal(pairs.waitMs('a>b', 100 + PAIR_INTERVAL_MS - 1), 1);
  assert.equal(pairs.take('a>b', 100 + PAIR_INTERVAL_MS), 0);
  assert.equal(pairs.take('a>b', 100 + PAIR_INTERVAL_MS), PAIR_INTERVAL_MS);
});

test('takes nothing when it says wait', () => {
  const pairs = createPairBuckets();
  for (let i = 0; i < PAIR_BURST; i += 1) pairs.take('a', 0);
  for (let i = 0; i < 10; i += 1) assert.equal(pairs.take('a', 1), PAIR_INTERVAL_MS - 1);
  assert.equal(pairs.take('a', PAIR_INTERVAL_MS), 0);
});

test('remembers a bounded number of pairs and forgets full ones first', () => {
  const pairs = createPairBuckets(100);
  for (let i = 0; i < 99; i += 1) pairs.take(`old-${i}`, 0);
  const now = PAIR_INTERVAL_MS + 1;
  for (let i = 0; i < PAIR_BURST; i += 1) pairs.take('busy', now);
  for (let i = 0; i < 50; i += 1) pairs.take(`new-${i}`, now);
  assert.ok(pairs.size() <= 100);
  assert.equal(pairs.take('busy', now), PAIR_INTERVAL_MS);
  for (let i = 0; i < 1000; i += 1) pairs.take(`more-${i}`, now);
  assert.ok(pairs.size() <= 100);
});
