// How far Meta's webhooks are behind: the age of the statuses that arrive. After an outage Meta's queue drains for a while, and a status that
// has not come yet says nothing; sending again then would reach a user twice.
import type { Clock } from '../lib/clock.js';

/** What is known of the lag in this process. */
export interface ReceiveLag {
  /** A status arrived that Meta dates to `at` (epoch ms). */
  note(at: number): void;
  /** The greatest age among the statuses of the last 10 to 20 s, ms; 0 when none came. */
  behindMs(): number;
}

const WINDOW_MS = 10_000;
/** Older ones are single webhooks that Meta tries again for days; they say nothing of its queue. */
const AGE_MS_MAX = 600_000;

/** Knows of nothing yet. Ages are measured on time that tests do not move, since Meta's is not moved with it. */
export function createReceiveLag(clock: Clock): ReceiveLag {
  const wallAtZero = clock.now() - clock.monotonic();
  let windowStart = clock.monotonic();
  let current = 0;
  let previous = 0;
  function turn(now: number): void {
    if (now - windowStart < WINDOW_MS) return;
    previous = now - windowStart < 2 * WINDOW_MS ? current : 0;
    current = 0;
    windowStart = now;
  }
  return {
    note(at) {
      const now = clock.monotonic();
      turn(now);
      const age = wallAtZero + now - at;
      if (age <= AGE_MS_MAX) current = Math.max(current, age);
    },
    behindMs() {
      turn(clock.monotonic());
      return Math.max(current, previous);
    },
  };
}
