// How much an endpoint takes at once, by its profile: results of a POST, POSTs under way, POSTs a second.
import type { DeliveryProfile } from '../contract/delivery-profile.js';

/** Results of one POST at most, unless the profile says otherwise (Infobip 4.5: 100 for SMS, silent for WhatsApp). */
export const BATCH_MAX = 100;
/** Requests in flight to one endpoint at most, unless the profile says otherwise (Infobip 5: 20 is the least it can say). */
export const WINDOW = 20;

/** What one endpoint takes. */
export interface EndpointLimits {
  /** Results of one POST at most. */
  results: number;
  /** POSTs under way at most. */
  window: number;
  /** POSTs a second at most; undefined: any number. */
  perSecond: number | undefined;
  /** Whether reports of one conversation are posted one after the other. */
  isOrdered: boolean;
}

/** What a profile says; without one, the defaults. */
export function limitsOf(profile: DeliveryProfile | undefined): EndpointLimits {
  return {
    results: profile?.maxBucketSize ?? BATCH_MAX,
    window: profile?.windowSize ?? WINDOW,
    perSecond: profile?.rateLimit,
    isOrdered: profile?.isOrdered ?? false,
  };
}

/** A bucket of POSTs that holds one second's worth. Times are monotonic ms. */
export interface RateBucket {
  /** POSTs a second from now on; undefined: any number. */
  limit(perSecond: number | undefined): void;
  /** POSTs that may begin now. */
  available(now: number): number;
  take(now: number): void;
  /** Ms until one more may begin; 0: at once. */
  waitMs(now: number): number;
}

/** A full bucket without a limit. */
export function createRateBucket(): RateBucket {
  let rate: number | undefined;
  let fullAt = 0;
  return {
    limit(perSecond) {
      rate = perSecond;
    },
    available(now) {
      if (rate === undefined) return Number.POSITIVE_INFINITY;
      const missing = (Math.max(0, fullAt - now) * rate) / 1000;
      // A millionth more: what comes back in fractions must not stay one short for ever.
      return Math.max(0, Math.floor(rate - missing + 1e-6));
    },
    take(now) {
      if (rate !== undefined) fullAt = Math.max(fullAt, now) + 1000 / rate;
    },
    waitMs: (now) => (rate === undefined ? 0 : Math.max(0, Math.ceil(fullAt - now - 1000 + 1000 / rate))),
  };
}
