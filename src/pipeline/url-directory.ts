// Which endpoint a notifyUrl belongs to and whether it may be posted to: remembered by the part of it that decides both,
// scheme and authority, since every request with a notifyUrl asks.
import type { Clock } from '../lib/clock.js';
import type { Database } from '../store/database.js';
import { ensureEndpoint } from '../store/depths.js';

/** What is known of URLs. */
export interface UrlDirectory {
  /** The endpoint of `url` (an absolute http(s) URL); made when it is new. Throws DatabaseError. */
  endpointOf(account: number, url: string): Promise<number>;
  /** Why `url` can never be posted to, as far as its text says; undefined when it may be tried. */
  check(url: string): string | undefined;
}

/** Forgotten all at once above this; they are found again. */
const REMEMBERED_MAX = 100_000;
/** `https://` */
const SCHEME_LENGTH_MAX = 8;

/** Creates the directory; `check` is the SSRF guard's own. */
export function createUrlDirectory(
  database: Database,
  clock: Clock,
  check: (url: string) => string | undefined,
): UrlDirectory {
  const endpoints = new Map<string, Promise<number>>();
  const checks = new Map<string, string | undefined>();
  return {
    endpointOf(account, url) {
      const key = `${account} ${authorityOf(url)}`;
      const found = endpoints.get(key);
      if (found !== undefined) return found;
      if (endpoints.size >= REMEMBERED_MAX) endpoints.clear();
      const made = ensureEndpoint(database, account, new URL(url).origin, clock.now());
      endpoints.set(key, made);
      made.catch(() => endpoints.delete(key));
      return made;
    },
    check(url) {
      const key = authorityOf(url);
      if (checks.has(key)) return checks.get(key);
      if (checks.size >= REMEMBERED_MAX) checks.clear();
      const reason = check(url);
      checks.set(key, reason);
      return reason;
    },
  };
}

/** Scheme and authority as they are written. A URL parser ends them at the first slash, backslash, question mark or hash. */
function authorityOf(url: string): string {
  for (let i = SCHEME_LENGTH_MAX; i < url.length; i += 1) {
    const character = url[i];
    if (character === '/' || character === '\\' || character === '?' || character === '#') return url.slice(0, i);
  }
  return url;
}
