// How often an account may call an operation: the published rate of it (Infobip 1.4) or the account's own.
import type { Access, Rate } from '../contract/access.js';
import type { Clock } from '../lib/clock.js';
import { createRateLimit } from '../lib/rate-limit.js';
import type { Database } from '../store/database.js';
import type { DirectoryAccount } from '../store/directory.js';
import { takeFromBucket } from '../store/rate-buckets.js';

/** Takes one call of an account: 0 when it may be made, else the ms after which one may. */
export type Take = (account: DirectoryAccount) => number | Promise<number>;

/** Limits of operations. */
export interface Limits {
  /** The limit of one operation. */
  of(operation: string, access: Access): Take;
}

/** What limits are made of. */
export interface LimitParts {
  database: Database;
  clock: Clock;
  /** `off`: what Infobip publishes does not count; what was set for an account does all the same. */
  published: 'infobip' | 'off';
  /** Processes that serve the same operations now, this one among them. */
  share(): number;
}

/** Rates up to here are counted in memory, each process with its share; slower ones in the database, once for all. */
const MEMORY_MS_MAX = 1_000;

/** Makes them. A Take rejects with DatabaseError when a slow rate cannot be asked for. */
export function createLimits({ database, clock, published, share }: LimitParts): Limits {
  return {
    of(operation, { name, rate }) {
      const memory = createRateLimit(clock.monotonic);
      const usual = published === 'off' ? undefined : rate;
      return (account) => {
        const own: Rate | undefined = account.rates === null ? usual : (account.rates.get(name) ?? usual);
        if (own === undefined) return 0;
        if (own.perMs <= MEMORY_MS_MAX) return memory.take(account.id, own, share());
        return takeFromBucket(database, { account: account.id, operation, rate: own, now: clock.now() });
      };
    },
  };
}
