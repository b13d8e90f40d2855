// When a report is tried again: 1 + n² minutes after failure n = 0, 1, 2 .. (Infobip 4.5), until 72 h after it was first due. Pure.

/** How long an event is tried before it becomes a dead letter. */
export const DELIVERY_MS_MAX = 72 * 3_600_000;

const MINUTE_MS = 60_000;
/** Each wait is up to this part longer, so that endpoints that failed together do not come back together. */
const JITTER = 0.2;

/** What is known after a failure. Times are epoch ms; `random` is in [0, 1). */
export interface BackoffFacts {
  /** Failures so far, this one included: 1 or more. */
  failures: number;
  firstDueAt: number;
  now: number;
  random: number;
  /** The endpoint's own wish; it is waited for at least. */
  retryAfterMs?: number | undefined;
}

/** The time of the next try, or undefined when the report is dead. The last try is made exactly when the time is up. */
export function nextTryAt({ failures, firstDueAt, now, random, retryAfterMs }: BackoffFacts): number | undefined {
  const deadline = firstDueAt + DELIVERY_MS_MAX;
  if (now >= deadline) return undefined;
  const n = Math.max(0, failures - 1);
  const wait = (1 + n * n) * MINUTE_MS * (1 + JITTER * random);
  return Math.min(now + Math.round(Math.max(wait, retryAfterMs ?? 0)), deadline);
}
