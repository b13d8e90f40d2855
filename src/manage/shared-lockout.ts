// Wrong passwords, counted by all processes together: who spreads guesses over them has no more than at one. Asked only before a password is
// hashed, which costs a hundred times as much.
import { createHash } from 'node:crypto';
import type { Clock } from '../lib/clock.js';
import { PAIR, WIDE } from '../lib/lockout.js';
import type { BucketRate } from '../lib/rate-limit.js';
import type { Database } from '../store/database.js';
import { type Guessed, guessWait, noteGuess } from '../store/rate-buckets.js';

/** The count of all processes. Both reject with DatabaseError. */
export interface SharedLockout {
  /** Ms for which this address may not try this name; 0 when it may. As `Lockout.wait`. */
  wait(address: string, name: string, isTrusted: boolean): Promise<number>;
  /** A wrong password, or a name that nobody has. */
  wrongPassword(address: string, name: string): Promise<void>;
}

/** Both rates fill in the same time. */
const SIZE_MS = Math.max(sizeOf(PAIR), sizeOf(WIDE));

/** Counts in `database`; what it writes is forgotten when a bucket is full again. */
export function createSharedLockout(database: Database, clock: Pick<Clock, 'now'>): SharedLockout {
  return {
    async wait(address, name, isTrusted) {
      const [pair, ofAddress, ofName] = guessedBy(address, name);
      const all = isTrusted ? [pair, ofAddress] : [pair, ofAddress, ofName];
      return guessWait(database, all, SIZE_MS, clock.now());
    },
    wrongPassword: (address, name) => noteGuess(database, guessedBy(address, name), SIZE_MS, clock.now()),
  };
}

function guessedBy(address: string, name: string): [pair: Guessed, address: Guessed, name: Guessed] {
  return [
    { key: keyOf('pair', address, name), gapMs: gapOf(PAIR) },
    { key: keyOf('address', address), gapMs: gapOf(WIDE) },
    { key: keyOf('name', name), gapMs: gapOf(WIDE) },
  ];
}

/** Neither addresses nor names stand in the table. */
function keyOf(...parts: string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}

function gapOf({ perMs, count }: BucketRate): number {
  return perMs / count;
}

function sizeOf(rate: BucketRate): number {
  return rate.burst * gapOf(rate);
}
