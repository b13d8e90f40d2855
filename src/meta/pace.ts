// How fast may we send: buckets per number and per pair (Meta 7.1), as pure arithmetic on the `now` given (ms, any monotonic source).
// Both are GCRA: a bucket is one number, the time at which it will be full again, so a full one needs no memory.

/** Meta's pair rate: one message in 6 s to one user, 45 ahead of it (Meta 7.1). */
export const PAIR_INTERVAL_MS = 6_000;
/** Messages that one pair may have ahead of its rate. */
export const PAIR_BURST = 45;

/** The rate of one phone number. */
export interface NumberBucket {
  /** How many may be sent now, 0 when none or paused. */
  available(now: number): number;
  /** Takes `count`, which `available` allowed. */
  take(count: number, now: number): void;
  /** Ms until one may be sent, 0 when it may now. */
  waitMs(now: number): number;
  /** Nothing before `until` (after 130429). */
  pause(until: number): void;
  /** Sets the messages a second, when the sender's throughput changed. */
  setRate(perSecond: number): void;
}

/** A bucket of one second's worth that starts empty at `now`, so that a new owner does not add its burst to the last one's. */
export function createNumberBucket(perSecond: number, now: number): NumberBucket {
  let rate = Math.max(1, perSecond);
  let fullAt = now + 1000;
  let pausedUntil = Number.NEGATIVE_INFINITY;
  // Half a nanosecond of tolerance: 1000 / rate has no exact binary form.
  const room = (at: number): number => Math.floor((1000 - Math.max(0, fullAt - at)) / (1000 / rate) + 1e-9);
  return {
    available: (at) => (at < pausedUntil ? 0 : Math.max(0, room(at))),
    take(count, at) {
      fullAt = Math.max(fullAt, at) + (count * 1000) / rate;
    },
    waitMs: (at) => Math.max(0, pausedUntil - at, fullAt - at - 1000 + 1000 / rate),
    pause(until) {
      pausedUntil = Math.max(pausedUntil, until);
    },
    setRate(perSecondNow) {
      rate = Math.max(1, perSecondNow);
    },
  };
}

/** The rates of many pairs. */
export interface PairBuckets {
  /** Ms until a message of this pair may be sent, 0 when it may now. Takes nothing. */
  waitMs(pair: string, now: number): number;
  /** Takes one if it may be sent now and returns 0; else returns the ms to wait and takes nothing. */
  take(pair: string, now: number): number;
  /** Pairs remembered. */
  size(): number;
}

/**
 * Buckets that start full. At most `pairsMax` are remembered: full ones are forgotten first (that changes nothing), then the ones
 * touched longest ago (they count as full again; Meta's 131056 corrects that).
 */
export function createPairBuckets(pairsMax = 100_000): PairBuckets {
  const fullAt = new Map<string, number>();
  const ahead = (PAIR_BURST - 1) * PAIR_INTERVAL_MS;
  const waitMs = (pair: string, now: number): number => Math.max(0, (fullAt.get(pair) ?? now) - now - ahead);
  return {
    waitMs,
    take(pair, now) {
      const wait = waitMs(pair, now);
      if (wait > 0) return wait;
      const next = Math.max(fullAt.get(pair) ?? now, now) + PAIR_INTERVAL_MS;
      fullAt.delete(pair);
      fullAt.set(pair, next);
      if (fullAt.size > pairsMax) evict(fullAt, pairsMax, now);
      return 0;
    },
    size: () => fullAt.size,
  };
}

/** Makes room for a tenth, so that the scan is paid for once in many takes. */
function evict(fullAt: Map<string, number>, pairsMax: number, now: number): void {
  for (const [pair, at] of fullAt) if (at <= now) fullAt.delete(pair);
  const keep = Math.floor(pairsMax * 0.9);
  for (const pair of fullAt.keys()) {
    if (fullAt.size <= keep) return;
    fullAt.delete(pair);
  }
}
