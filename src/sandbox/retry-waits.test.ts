import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryWaitMs, WEBHOOK_LIFE_MS } from './retry-waits.js';

test('waits 1, 1, 2, 2 s, then every 5 s for 2 minutes, then doubling to an hour', () => {
  const waits = Array.from({ length: 42 }, (_, i) => retryWaitMs(i + 1) / 1000);
  assert.deepEqual(waits.slice(0, 4), [1, 1, 2, 2]);
  assert.deepEqual(
    waits.slice(4, 28),
    Array.from({ length: 24 }, () => 5),
  );
  assert.deepEqual(waits.slice(28), [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600, 3600, 3600]);
});

test('a webhook is tried fewer than 220 times in its 7 days', () => {
  let atMs = 0;
  let tries = 0;
  while (atMs < WEBHOOK_LIFE_MS) {
    tries += 1;
    atMs += retryWaitMs(tries);
  }
  assert.ok(tries > 180 && tries < 220, `${tries}`);
});
