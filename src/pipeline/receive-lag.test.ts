import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClock } from '../lib/clock.js';
import { createReceiveLag } from './receive-lag.js';

const START = Date.parse('2026-05-01T00:00:00Z');

function lagAt(): { lag: ReturnType<typeof createReceiveLag>; wait(ms: number): number } {
  let passed = 0;
  const clock = { ...createClock(), now: () => START + passed, monotonic: () => passed };
  const lag = createReceiveLag(clock);
  return {
    lag,
    wait(ms) {
      passed += ms;
      return START + passed;
    },
  };
}

test('is the greatest age of the statuses that came lately, and nothing once they come fresh', () => {
  const { lag, wait } = lagAt();
  assert.equal(lag.behindMs(), 0);
  const now = wait(60_000);
  lag.note(now - 40_000);
  lag.note(now - 1_000);
  assert.equal(lag.behindMs(), 40_000);
  lag.note(wait(9_000) - 500);
  assert.equal(lag.behindMs(), 40_000);
  for (let i = 0; i < 3; i += 1) lag.note(wait(9_000) - 500);
  assert.equal(lag.behindMs(), 500);
});

test('forgets when nothing comes, and does not mind a status that Meta tries again after days', () => {
  const { lag, wait } = lagAt();
  lag.note(wait(100_000) - 30_000);
  wait(60_000);
  assert.equal(lag.behindMs(), 0);
  lag.note(wait(0) - 2 * 86_400_000);
  assert.equal(lag.behindMs(), 0);
});
