// Looks whether domains of accounts are theirs: when somebody asks, and every day again for those that were proved once.
import type { Clock } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import type { DnsProof, ProveHost } from '../links/dns.js';
import type { Runner } from '../store/accounts.js';
import type { Database } from '../store/database.js';
import type { DomainDirectory } from '../store/domain-directory.js';
import { type DomainRow, type DomainState, lockClaims, settleDomain, takeDueDomains } from '../store/domains.js';
import { complain } from './complain.js';
import { createDueLoop } from './due-loop.js';

/** Checks domains. */
export interface DomainChecks {
  /** Looks now; what was found is in force in this process when it resolves. Undefined: removed meanwhile. Rejects with DatabaseError. */
  check(domain: DomainRow): Promise<DomainRow | undefined>;
  /** Begins to look every day. */
  start(): void;
  stop(): Promise<void>;
}

/** What it works with. */
export interface DomainCheckParts {
  database: Database;
  clock: Clock;
  log: Log;
  domains: Pick<DomainDirectory, 'refresh'>;
  prove: ProveHost;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const POLL_MS = 60_000;
const AT_ONCE_MAX = 20;
/** So long a domain stays verified while DNS does not answer. */
const SILENCE_MS = 3 * DAY_MS;

/** Creates it. */
export function createDomainChecks(parts: DomainCheckParts): DomainChecks {
  const { database, clock, log, domains, prove } = parts;
  async function check(domain: DomainRow): Promise<DomainRow | undefined> {
    const found = await prove(domain.host, domain.token);
    const row = await database.transaction((tx) => settle(tx, domain, found, clock.now()));
    await domains.refresh();
    return row;
  }
  const loop = createDueLoop({
    clock,
    pollMs: POLL_MS,
    async run(isStopped) {
      const now = clock.now();
      const due = await takeDueDomains(
        database,
        { before: now - DAY_MS, againBefore: now - HOUR_MS, now },
        AT_ONCE_MAX,
      );
      for (const domain of due) {
        if (isStopped()) break;
        const row = await check(domain);
        if (row !== undefined && row.state !== domain.state)
          log.warn({ event: 'domain.changed', host: row.host, state: row.state, reason: row.reason });
      }
      return due.length === AT_ONCE_MAX ? now : undefined;
    },
    onError: (error) => complain(log, 'domain.checks', error),
  });
  return { check, start: loop.wake, stop: loop.stop };
}

async function settle(
  tx: Runner,
  { id, host }: DomainRow,
  found: DnsProof,
  now: number,
): Promise<DomainRow | undefined> {
  const claims = await lockClaims(tx, host);
  const own = claims.find((claim) => claim.id === id);
  if (own === undefined) return undefined;
  const other = claims.find((claim) => claim.id !== id && claim.state === 'verified');
  const verdict = judgeClaim(own, other, found, now);
  if (verdict.state === 'verified' && other !== undefined)
    await settleDomain(tx, other.id, { state: 'failed', proof: null, reason: OUTDONE, checkedAt: now });
  return settleDomain(tx, id, { ...verdict, checkedAt: now });
}

const OUTDONE = 'another account has proved the host with the TXT record';
const TAKEN = 'another account has proved the host; the TXT record proves whose it is';

/** What becomes of a claim. `other`: the claim of another account that is verified. Pure. */
export function judgeClaim(
  own: Pick<DomainRow, 'state' | 'verifiedAt'>,
  other: Pick<DomainRow, 'proof'> | undefined,
  found: DnsProof,
  now: number,
): { state: DomainState; proof: 'cname' | 'txt' | null; reason: string | null } {
  const lost = own.state === 'unverified' ? 'unverified' : 'failed';
  if (found.kind === 'unanswered') {
    // A resolver that is down says nothing about whose the host is.
    const isKept = own.state === 'verified' && now - (own.verifiedAt ?? 0) < SILENCE_MS;
    return { state: isKept ? 'verified' : lost, proof: null, reason: found.reason };
  }
  if (found.kind === 'missing') return { state: lost, proof: null, reason: found.reason };
  const { proof } = found;
  if (other !== undefined && (proof === 'cname' || other.proof === 'txt'))
    return { state: lost, proof: null, reason: TAKEN };
  return { state: 'verified', proof, reason: null };
}
