// How often something may happen, by key: a bucket for each that holds one second's worth. A full bucket needs no memory.

/** Counts calls by key. */
export interface RateLimit {
  /** Whether one more call of `key` may be made now; it then counts. */
  take(key: string | number): boolean;
}

/** What a limit is made of. */
export interface RateLimitOptions {
  /** Calls a second and key; asked at each call, since it may be shared among processes that come and go. Below 1 is 1. */
  perSecond(): number;
  /** Milliseconds of a clock that never goes back. */
  monotonic(): number;
}

/** Forgotten all at once above this: they count as full again. */
const KEYS_MAX = 100_000;

/** A limit whose buckets are full. */
export function createRateLimit({ perSecond, monotonic }: RateLimitOptions): RateLimit {
  /** When each bucket will be full again. */
  const fullAt = new Map<string | number, number>();
  return {
    take(key) {
      const now = monotonic();
      const next = Math.max(now, fullAt.get(key) ?? now) + 1000 / Math.max(1, perSecond());
      if (next > now + 1000) return false;
      if (fullAt.size >= KEYS_MAX) fullAt.clear();
      fullAt.set(key, next);
      return true;
    },
  };
}

/** A limit that lets everything through. */
export const UNLIMITED: RateLimit = Object.freeze({ take: () => true });
