// Which endpoint a URL belongs to: remembered, since every request with a notifyUrl asks.
import type { Clock } from '../lib/clock.js';
import type { Database } from '../store/database.js';
import { ensureEndpoint } from '../store/depths.js';

/** Endpoints by account and origin. */
export interface EndpointDirectory {
  /** The endpoint of `url` (an absolute URL); made when it is new. Throws DatabaseError. */
  endpointOf(account: number, url: string): Promise<number>;
}

/** Forgotten all at once above this; they are found again. */
const REMEMBERED_MAX = 100_000;

/** Creates the directory. */
export function createEndpointDirectory(database: Database, clock: Clock): EndpointDirectory {
  const known = new Map<string, Promise<number>>();
  return {
    endpointOf(account, url) {
      const { origin } = new URL(url);
      const key = `${account} ${origin}`;
      const found = known.get(key);
      if (found !== undefined) return found;
      if (known.size >= REMEMBERED_MAX) known.clear();
      const made = ensureEndpoint(database, account, origin, clock.now());
      known.set(key, made);
      made.catch(() => known.delete(key));
      return made;
    },
  };
}
