// Retention by account: once a day, and after its setting changed, what an account keeps no longer is deleted from the partitions that
// others still need. Every process does it; doing it twice does nothing.
import type { Clock } from '../lib/clock.js';
import { addDays, dayOf, startOfDay } from '../lib/day.js';
import { forgetOfAccount, forgettableDay, readShortAccounts } from '../store/account-retention.js';
import type { Database } from '../store/database.js';

/** What it works with. */
export interface AccountRetentionParts {
  database: Database;
  clock: Clock;
  /** The platform's. */
  retentionDays: number;
}

/** Rows of one account a round, about: a long backlog takes some rounds, and holds up the rest of housekeeping for seconds only. */
const ROUND_ROWS = 50_000;

/** Creates it: each call is one round. */
export function createAccountRetention({ database, clock, retentionDays }: AccountRetentionParts): () => Promise<void> {
  /** Up to which day each account is through. */
  const through = new Map<number, number>();
  return async () => {
    const today = dayOf(clock.now());
    for (const { id, days } of await readShortAccounts(database, retentionDays)) {
      const wanted = addDays(today, -days);
      if (through.get(id) === wanted) continue;
      const day = await forgettableDay(database, id, wanted);
      const isDone = await forgetOfAccount(database, id, { day, before: startOfDay(day) }, ROUND_ROWS);
      // What is held back is looked at again in the next round.
      if (isDone && day === wanted) through.set(id, wanted);
    }
  };
}
