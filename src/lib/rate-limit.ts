// How often something may happen, by key: a bucket for each that refills evenly. A full bucket needs no memory.

/** Counts calls by key. */
export interface RateLimit {
  /**
   * Takes one call of `key` at `rate`, of which this process has one part in `share`: 0 when it may be made, else the ms after
   * which one may. Together the parts let through what the whole would; the rate may change from call to call.
   */
  take(key: string | number, rate: BucketRate, share?: number): number;
  /** What `take` would say now, without taking. */
  wait(key: string | number, rate: BucketRate, share?: number): number;
}

/** `count` in `perMs`, `burst` at once. */
export interface BucketRate {
  count: number;
  perMs: number;
  burst: number;
}

/** Beyond this those that are full again are forgotten; if that is none, all are, and count as full. */
const KEYS_MAX = 100_000;

/** A limit whose buckets are full. `monotonic` is in ms of a clock that never goes back. */
export function createRateLimit(monotonic: () => number): RateLimit {
  /** When each bucket will be full again. */
  const fullAt = new Map<string | number, number>();
  function makeRoom(now: number): void {
    for (const [key, at] of fullAt) if (at <= now) fullAt.delete(key);
    if (fullAt.size >= KEYS_MAX) fullAt.clear();
  }
  return {
    take(key, rate, share = 1) {
      const now = monotonic();
      const next = nextOf(fullAt.get(key), now, rate, share);
      const waitMs = waitOf(next, now, rate, share);
      if (waitMs > 0) return waitMs;
      if (fullAt.size >= KEYS_MAX) makeRoom(now);
      fullAt.set(key, next);
      return 0;
    },
    wait(key, rate, share = 1) {
      const now = monotonic();
      return waitOf(nextOf(fullAt.get(key), now, rate, share), now, rate, share);
    },
  };
}

/** When the bucket will be full again after one more call. */
function nextOf(fullAt: number | undefined, now: number, { count, perMs }: BucketRate, share: number): number {
  return Math.max(now, fullAt ?? now) + (perMs * share) / count;
}

/** At least one call fits, however small the part: then the gaps between calls are what limits. */
function waitOf(next: number, now: number, { count, perMs, burst }: BucketRate, share: number): number {
  const waitMs = next - now - Math.max(1, burst / share) * ((perMs * share) / count);
  return waitMs > ROUNDING_MS ? waitMs : 0;
}

/** Sums of fractions may be off by this. */
const ROUNDING_MS = 1e-6;
