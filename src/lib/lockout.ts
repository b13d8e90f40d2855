// Locks out who guesses: failures are counted by address, by name, and by both, in buckets that drain with time. Keys are counted apart
// from passwords: a forgotten key that somebody goes on using must not lock its neighbours' users out.
import { type BucketRate, createRateLimit } from './rate-limit.js';

/** Counts failures. */
export interface Lockout {
  /** Ms for which this address may not try keys; 0 when it may. */
  waitForKeys(address: string): number;
  /** A wrong key. */
  wrongKey(address: string): void;
  /**
   * Ms for which this address may not try this name; 0 when it may. Failures of other addresses lock a name as well, but not for an address that is
   * `trusted` with it: guessing from elsewhere does not lock its owner out.
   */
  wait(address: string, name: string, isTrusted: boolean): number;
  /** A wrong password, or a name that nobody has. */
  wrongPassword(address: string, name: string): void;
}

const MINUTE_MS = 60_000;
/** Of an address with a name: so many failures at once, then one a minute. */
export const PAIR: BucketRate = { count: 1, perMs: MINUTE_MS, burst: 10 };
/** Of an address, or of a name, altogether. */
export const WIDE: BucketRate = { count: 10, perMs: MINUTE_MS, burst: 100 };

/**
 * Nobody has failed yet. `monotonic` is in ms of a clock that never goes back; `share` how many processes take keys, of which each lets through
 * its part of wrong ones.
 */
export function createLockout(monotonic: () => number, share: () => number = () => 1): Lockout {
  const pairs = createRateLimit(monotonic);
  const names = createRateLimit(monotonic);
  const addresses = createRateLimit(monotonic);
  const keys = createRateLimit(monotonic);
  return {
    waitForKeys: (address) => keys.wait(address, WIDE, share()),
    wrongKey: (address) => void keys.take(address, WIDE, share()),
    wait: (address, name, isTrusted) =>
      Math.max(
        addresses.wait(address, WIDE),
        pairs.wait(pairOf(address, name), PAIR),
        isTrusted ? 0 : names.wait(name, WIDE),
      ),
    wrongPassword(address, name) {
      addresses.take(address, WIDE);
      pairs.take(pairOf(address, name), PAIR);
      names.take(name, WIDE);
    },
  };
}

function pairOf(address: string, name: string): string {
  return `${address} ${name}`;
}
