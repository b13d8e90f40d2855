// What becomes of a request for a short link: whether it stands at this host, where it leads, and that its click is on disk first.
import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../lib/clock.js';
import { readLinkId } from '../links/link-id.js';
import type { Places } from '../links/places.js';
import { locationOf } from '../links/target.js';
import type { ReadVisitor, Visitor } from '../links/visitor.js';
import { DatabaseError } from '../store/database.js';
import type { Directory } from '../store/directory.js';
import type { DomainDirectory } from '../store/domain-directory.js';
import type { LinkRow } from '../store/links.js';
import type { Clicks } from './clicks.js';
import type { LinkReads } from './link-reads.js';

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
  directory: Directory;
  domains: DomainDirectory;
  reads: LinkReads;
  clicks: Clicks;
  clock: Clock;
  visitorOf: ReadVisitor;
  places: Places | undefined;
  /** Counts a request by its outcome; one of a machine that was redirected as `bot`. */
  count(outcome: RedirectOutcome['kind'] | 'bot'): void;
}

/** Creates it. */
export function createRedirects(parts: RedirectParts): Redirects {
  return {
    isLinkHost: (host) => parts.domains.ownerOf(host) !== undefined,
    async follow(request) {
      const visitor = parts.visitorOf(request.method, request.headers);
      const outcome = await follow(parts, request, visitor).catch((error: unknown): RedirectOutcome => {
        if (error instanceof DatabaseError && error.kind !== 'bug' && error.kind !== 'data') return { kind: 'busy' };
        throw error;
      });
      parts.count(outcome.kind === 'found' && visitor.bot !== null ? 'bot' : outcome.kind);
      return outcome;
    },
  };
}

async function follow(parts: RedirectParts, request: RedirectRequest, visitor: Visitor): Promise<RedirectOutcome> {
  const id = readLinkId(request.id);
  if (id === undefined) return { kind: 'unknown' };
  const read = parts.reads.read(id);
  const link = read instanceof Promise ? await read : read;
  if (link === undefined) return { kind: 'busy' };
  if (link === null || !isHere(parts, link, request.host)) return { kind: 'unknown' };
  if (link.deletedAt !== null || link.expiresAt <= parts.clock.now()) return { kind: 'gone' };
  if (link.isTracked) {
    const recorded = record(parts, link, request.address, visitor);
    if (recorded === undefined) return { kind: 'busy' };
    await recorded;
  }
  return { kind: 'found', location: locationOf(link.target) };
}

/** A link works at its own host only, else one account's links would be served under another's name. */
function isHere({ domains }: RedirectParts, { domain }: LinkRow, host: string): boolean {
  return (domains.ownerOf(host)?.id ?? null) === domain;
}

function record(
  { clicks, directory, places }: RedirectParts,
  link: LinkRow,
  address: string,
  visitor: Visitor,
): Promise<true> | undefined {
  const place = places?.placeOf(address) ?? null;
  return clicks.record({
    link: link.id,
    ...visitor,
    country: place?.country ?? null,
    city: place?.city ?? null,
    address: directory.account(link.account)?.clickAddresses === true ? address : null,
  });
}
