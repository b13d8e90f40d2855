// What becomes of a request for a short link: whether it stands at this host, where it leads, and that its click is on disk first.
import type { IncomingHttpHeaders } from 'node:http';
import { readLinkId } from '../links/link-id.js';
import type { Places } from '../links/places.js';
import { locationOf } from '../links/target.js';
import type { ReadVisitor } from '../links/visitor.js';
import type { Followed } from '../store/clicks.js';
import { DatabaseError } from '../store/database.js';
import type { DomainDirectory } from '../store/domain-directory.js';
import type { Follows } from './follows.js';

/** How a request ends. */
export type RedirectOutcome =
  | { kind: 'found'; location: string }
  /** There never was such a link here, or it is forgotten. */
  | { kind: 'unknown' }
  /** It expired or was deleted. */
  | { kind: 'gone' }
  /** The database cannot be asked, or too many wait. */
  | { kind: 'busy' };

/** A request for a link. `host` as Host has it without the port, lower case. */
export interface RedirectRequest {
  host: string;
  id: string;
  /** Where it comes from. */
  address: string;
  method: string;
  headers: IncomingHttpHeaders;
}

/** Answers requests for links. */
export interface Redirects {
  /** Rejects only for bugs. */
  follow(request: RedirectRequest): Promise<RedirectOutcome>;
  /** Whether everything at this host is links. */
  isLinkHost(host: string): boolean;
}

/** What it works with. */
export interface RedirectParts {
  domains: DomainDirectory;
  follows: Follows;
  visitorOf: ReadVisitor;
  places: Places | undefined;
  /** Counts a request by its outcome; one of a machine that was redirected as `bot`. */
  count(outcome: RedirectOutcome['kind'] | 'bot'): void;
}

/** Creates it. */
export function createRedirects({ domains, follows, visitorOf, places, count }: RedirectParts): Redirects {
  function counted(outcome: RedirectOutcome, isBot: boolean): RedirectOutcome {
    count(outcome.kind === 'found' && isBot ? 'bot' : outcome.kind);
    return outcome;
  }
  return {
    isLinkHost: (host) => domains.ownerOf(host) !== undefined,
    async follow({ id, host, address, method, headers }) {
      const link = readLinkId(id);
      if (link === undefined) return counted({ kind: 'unknown' }, false);
      const visitor = visitorOf(method, headers);
      const place = places?.placeOf(address);
      const { country = null, city = null } = place ?? {};
      // A link works at its own host only, else one account's links would be served under another's name.
      const domain = domains.ownerOf(host)?.id ?? null;
      try {
        const followed = await follows.follow({ link, domain, address, country, city, ...visitor });
        return counted(outcomeOf(followed), visitor.bot !== null);
      } catch (error) {
        if (error instanceof DatabaseError && error.kind !== 'bug' && error.kind !== 'data')
          return counted({ kind: 'busy' }, false);
        throw error;
      }
    },
  };
}

function outcomeOf(followed: Pick<Followed, 'outcome' | 'target'> | undefined): RedirectOutcome {
  if (followed === undefined) return { kind: 'busy' };
  const { outcome, target } = followed;
  if (outcome !== 'found') return { kind: outcome };
  return target === null ? { kind: 'unknown' } : { kind: outcome, location: locationOf(target) };
}
