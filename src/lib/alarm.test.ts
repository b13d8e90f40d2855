import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAlarm } from './alarm.js';
import { createClock } from './clock.js';

const HOUR_MS = 3_600_000;

/** A ring as a promise, and how often it rang. Timers of alarms do not keep the process alive, so this one does. */
function bell(): { ring: () => void; rung: Promise<void>; count: () => number } {
  let rings = 0;
  let wake: () => void = () => undefined;
  const hold = setTimeout(() => undefined, 10_000);
  const rung = new Promise<void>((resolve) => {
    wake = resolve;
  }).finally(() => clearTimeout(hold));
  return {
    ring() {
      rings += 1;
      wake();
    },
    rung,
    count: () => rings,
  };
}

test('rings once when the clock is advanced past its time', async () => {
  const clock = createClock();
  const { ring, rung, count } = bell();
  const alarm = createAlarm(clock, ring);
  alarm.set(clock.now() + HOUR_MS);
  clock.advance(3601);
  await rung;
  clock.advance(3601);
  assert.equal(count(), 1);
  alarm.stop();
});

test('rings at the earliest of the times it was given, and not before', async () => {
  const clock = createClock();
  const rungAt: number[] = [];
  const { ring, rung } = bell();
  const alarm = createAlarm(clock, () => {
    rungAt.push(clock.now());
    ring();
  });
  const dueAt = clock.now() + 20;
  alarm.set(dueAt + HOUR_MS);
  alarm.set(dueAt);
  alarm.set(dueAt + 2 * HOUR_MS);
  await rung;
  assert.ok(rungAt[0] !== undefined && rungAt[0] >= dueAt && rungAt[0] < dueAt + HOUR_MS);
  alarm.stop();
});

test('forgets what it was asked when cleared, and can be set again', async () => {
  const clock = createClock();
  const { ring, rung, count } = bell();
  const alarm = createAlarm(clock, ring);
  alarm.set(clock.now());
  alarm.clear();
  alarm.set(clock.now() + HOUR_MS);
  clock.advance(3601);
  await rung;
  assert.equal(count(), 1);
  alarm.stop();
});

test('is silent after stop', async () => {
  const clock = createClock();
  const stopped = bell();
  const other = bell();
  const alarm = createAlarm(clock, stopped.ring);
  alarm.set(clock.now() + HOUR_MS);
  alarm.stop();
  const witness = createAlarm(clock, other.ring);
  witness.set(clock.now() + HOUR_MS);
  clock.advance(3601);
  await other.rung;
  assert.equal(stopped.count(), 0);
  stopped.ring();
  witness.stop();
});
