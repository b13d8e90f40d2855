// Domains of accounts: claimed, checked, given up.
import type { Clock } from '../lib/clock.js';
import { newToken } from '../lib/secrets.js';
import { type CertificateState, certificateState } from '../links/certificate-schedule.js';
import { txtNameOf, txtValueOf } from '../links/dns.js';
import { readHost } from '../links/host.js';
import type { DomainChecks } from '../pipeline/domain-checks.js';
import type { Database } from '../store/database.js';
import type { DomainDirectory } from '../store/domain-directory.js';
import { type DomainRow, findDomain, pageDomains, registerDomain, removeDomain } from '../store/domains.js';
import { type CertificateStatus, hastenOrder } from '../store/host-certificates.js';
import { type Refusal, refuse } from './refusal.js';

/** What these operations need. */
export interface DomainParts {
  database: Database;
  clock: Clock;
  domains: Pick<DomainDirectory, 'refresh'>;
  domainChecks: Pick<DomainChecks, 'check'>;
  publicUrl(): string;
}

/** Domains of one account at most. */
const DOMAINS_MAX = 100;

/** The host of the public URL: what a CNAME of a domain leads to, and where links without a domain are. */
function publicHost({ publicUrl }: Pick<DomainParts, 'publicUrl'>): string {
  return new URL(publicUrl()).hostname;
}

/** The records of which one proves a domain; TXT outdoes CNAME. */
export function recordsOf(
  parts: Pick<DomainParts, 'publicUrl'>,
  { host, token }: DomainRow,
): { type: 'TXT' | 'CNAME'; name: string; value: string }[] {
  return [
    { type: 'TXT', name: txtNameOf(host), value: txtValueOf(token) },
    { type: 'CNAME', name: host, value: publicHost(parts) },
  ];
}

/** The certificate of a domain and its state; undefined where none is ordered, and for who has not proved the host. */
export function certificateOf(
  { clock }: Pick<DomainParts, 'clock'>,
  { state }: DomainRow,
  status: CertificateStatus | undefined,
): (CertificateStatus & { state: CertificateState }) | undefined {
  if (status === undefined || state === 'unverified') return undefined;
  return { ...status, state: certificateState(status.validUntil, clock.now()) };
}

/** Claims a host for an account; it is not looked up yet. */
export async function claimDomain(parts: DomainParts, account: number, given: string): Promise<DomainRow | Refusal> {
  const { database, clock, domains } = parts;
  const host = readHost(given);
  if (host === undefined) return refuse('invalid', 'must be a host name like go.shop.example', 'host');
  if (host === publicHost(parts)) return refuse('invalid', 'is where links without a domain are', 'host');
  const { total } = await pageDomains(database, account, { limit: 1, offset: 0 });
  if (total >= DOMAINS_MAX) return refuse('conflict', `an account has at most ${DOMAINS_MAX} domains`);
  const row = await registerDomain(database, { account, host, token: newToken(), createdAt: clock.now() });
  await domains.refresh();
  return row ?? refuse('conflict', 'this account has the domain already', 'host');
}

/** The domain with this id, as text, if it is the account's; `account` null: any. */
export async function readDomain(
  { database }: Pick<DomainParts, 'database'>,
  account: number | null,
  id: string,
): Promise<DomainRow | Refusal> {
  const row = isId(id) ? await findDomain(database, Number(id), account) : undefined;
  return row ?? refuse('notFound', 'no such domain');
}

/** Between two orders of a certificate that somebody waits for: Let's Encrypt takes 5 failures of a host an hour. */
const ORDER_PAUSE_MS = 12 * 60_000;

/** Asks DNS now. Where the order of its certificate failed, the next is due soon. */
export async function verifyDomain(
  parts: DomainParts,
  account: number | null,
  id: string,
): Promise<DomainRow | Refusal> {
  const row = await readDomain(parts, account, id);
  if ('refusal' in row) return row;
  const checked = await parts.domainChecks.check(row);
  if (checked?.state === 'verified') await hastenOrder(parts.database, checked.host, parts.clock.now(), ORDER_PAUSE_MS);
  return checked ?? refuse('notFound', 'no such domain');
}

/** Gives a domain up: its links work no more, unless the account claims and proves the host again. */
export async function giveUpDomain(
  { database, clock, domains }: DomainParts,
  account: number | null,
  id: string,
): Promise<'removed' | Refusal> {
  const isRemoved = isId(id) && (await removeDomain(database, Number(id), account, clock.now()));
  await domains.refresh();
  return isRemoved ? 'removed' : refuse('notFound', 'no such domain');
}

/** What PostgreSQL takes for an integer. */
function isId(text: string): boolean {
  return /^[1-9][0-9]{0,8}$/.test(text);
}
