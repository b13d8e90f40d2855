// How often something may happen, by key: a bucket for each that refills evenly. A full bucket needs no memory.

/** Counts calls by key. */
export interface RateLimit {
  /**
   * Takes one call of `key` at `rate`, of which this process has one part in `share`: 0 when it may be made, else the ms after
   * which one may. Together the parts let through what the whole would; the rate may change from call to call.
   */
  take(key: string | number, rate: BucketRate, share?: number): number;
}

/** `count` in `perMs`, `burst` at once. */
export interface BucketRate {
  count: number;
  perMs: number;
  burst: number;
}

/** Forgotten all at once above this: they count as full again. */
const KEYS_MAX = 100_000;

/** A limit whose buckets are full. `monotonic` is in ms of a clock that never goes back. */
export function createRateLimit(monotonic: () => number): RateLimit {
  /** When each bucket will be full again. */
  const fullAt = new Map<string | number, number>();
  return {
    take(key, { count, perMs, burst }, share = 1) {
      const now = monotonic();
      const gapMs = (perMs * share) / count;
      const next = Math.max(now, fullAt.get(key) ?? now) + gapMs;
      // At least one call fits, however small the part: then the gaps between calls are what limits.
      const waitMs = next - now - Math.max(1, burst / share) * gapMs;
      if (waitMs > ROUNDING_MS) return waitMs;
      if (fullAt.size >= KEYS_MAX) fullAt.clear();
      fullAt.set(key, next);
      return 0;
    },
  };
}

/** Sums of fractions may be off by this. */
const ROUNDING_MS = 1e-6;
