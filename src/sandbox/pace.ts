// Meta's two rates on sending: per business number and per pair of number and user (Meta 7.1).
import type { Clock } from '../lib/clock.js';

/** A pair may send one message in 6 s, after a burst of 45. */
const PAIR_BURST = 45;
const PAIR_PER_SECOND = 1 / 6;
const BUCKETS_MAX = 100_000;
/** A whole token, less what adding up fractions may lose. */
const WHOLE_TOKEN = 1 - 1e-9;

/** Refusal codes of the two rates. */
type PaceRefusal = 130429 | 131056;

/** Token buckets on the virtual clock. They are not part of the saved state: a restart fills them. */
export interface Pace {
  /** Takes one message to `user`, or says which rate refuses it; a refused message costs nothing. */
  take(number: { phoneNumberId: string; throughput: number }, user: string): PaceRefusal | null;
  /** Counts an inbound message against the number's throughput, which covers both ways. */
  countInbound(number: { phoneNumberId: string; throughput: number }): void;
  reset(): void;
}

interface Bucket {
  tokens: number;
  at: number;
}

/** Full buckets. */
export function createPace(clock: Clock): Pace {
  const numbers = new Map<string, Bucket>();
  const pairs = new Map<string, Bucket>();
  return {
    take(number, user) {
      const now = clock.now();
      const numberBucket = fill(numbers, number.phoneNumberId, number.throughput, number.throughput, now);
      if (numberBucket.tokens < WHOLE_TOKEN) return 130429;
      const pairBucket = fill(pairs, `${number.phoneNumberId}:${user}`, PAIR_BURST, PAIR_PER_SECOND, now);
      if (pairBucket.tokens < WHOLE_TOKEN) return 131056;
      numberBucket.tokens -= 1;
      pairBucket.tokens -= 1;
      return null;
    },
    countInbound(number) {
      const bucket = fill(numbers, number.phoneNumberId, number.throughput, number.throughput, clock.now());
      bucket.tokens = Math.max(0, bucket.tokens - 1);
    },
    reset() {
      numbers.clear();
      pairs.clear();
    },
  };
}

function fill(buckets: Map<string, Bucket>, id: string, burst: number, perSecond: number, now: number): Bucket {
  let bucket = buckets.get(id);
  if (bucket === undefined) {
    bucket = { tokens: burst, at: now };
    if (buckets.size >= BUCKETS_MAX) forgetOldest(buckets);
    buckets.set(id, bucket);
    return bucket;
  }
  bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * perSecond);
  bucket.at = now;
  return bucket;
}

function forgetOldest(buckets: Map<string, Bucket>): void {
  const oldest = buckets.keys().next().value;
  if (oldest !== undefined) buckets.delete(oldest);
}
