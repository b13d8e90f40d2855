// Certificates of the hosts of short links: which are due, who orders them, what came of it.
import type { Runner } from './accounts.js';

/** An order that this process has taken; `attempt` fences it. */
export interface TakenOrder {
  host: string;
  attempt: number;
  /** Orders before this one that failed in a row. */
  failures: number;
}

/** What is known of the certificate of a host, without its key. Times are epoch ms. */
export interface CertificateStatus {
  host: string;
  /** Null: there is none yet. */
  validUntil: number | null;
  /** When the next order is due. */
  dueAt: number;
  failures: number;
  /** Why the last order failed. */
  reason: string | null;
}

/** A certificate as it was issued; `content` is sealed. */
export interface KeptCertificate {
  content: Buffer;
  validFrom: number;
  validUntil: number;
  dueAt: number;
}

/** What is ordered for: verified domains, and $1 when it is given. */
const WANTED = `SELECT host FROM domains WHERE state = 'verified' AND deleted_at IS NULL UNION SELECT $1::text WHERE $1::text IS NOT NULL`;
const ADD = {
  name: 'certificates_add',
  text: `INSERT INTO host_certificates (host, due_at) SELECT w.host, $2 FROM (${WANTED}) w
    WHERE NOT EXISTS (SELECT FROM host_certificates c WHERE c.host = w.host) ON CONFLICT DO NOTHING`,
};
const TAKE = {
  name: 'certificates_take',
  text: `UPDATE host_certificates SET attempt = attempt + 1, attempted_at = $2, leased_until = clock_timestamp() + make_interval(secs => $3)
    WHERE host = ANY (ARRAY(
      SELECT c.host FROM host_certificates c
      WHERE c.due_at <= $2 AND c.host IN (${WANTED}) AND (c.leased_until IS NULL OR c.leased_until < clock_timestamp())
      ORDER BY c.due_at
      LIMIT (SELECT least($4::bigint, greatest(0, $5::bigint - count(*))) FROM host_certificates WHERE attempted_at > $2::bigint - 3600000)
      FOR UPDATE OF c SKIP LOCKED))
    RETURNING host, attempt, failures`,
};

/**
 * Takes at most `atOnce` orders that are due, for `leaseSeconds`, and none that would be more than `hourlyMax` hosts in an hour; others do not
 * get them meanwhile. Hosts are those of verified domains, and `publicHost`.
 */
export async function takeOrders(
  db: Runner,
  publicHost: string | null,
  now: number,
  { leaseSeconds, atOnce, hourlyMax }: { leaseSeconds: number; atOnce: number; hourlyMax: number },
): Promise<TakenOrder[]> {
  await db.run(ADD, [publicHost, now]);
  return db.run<TakenOrder>(TAKE, [publicHost, now, leaseSeconds, atOnce, hourlyMax]);
}

const KEEP = {
  name: 'certificate_keep',
  text: `UPDATE host_certificates SET content = $3, valid_from = $4, valid_until = $5, due_at = $6, failures = 0, reason = NULL, leased_until = NULL
    WHERE host = $1 AND attempt = $2 RETURNING host`,
};
const FAIL = {
  name: 'certificate_fail',
  text: `UPDATE host_certificates SET failures = failures + 1, reason = $3, due_at = $4, leased_until = NULL WHERE host = $1 AND attempt = $2`,
};
const RELEASE = {
  name: 'certificate_release',
  text: 'UPDATE host_certificates SET leased_until = NULL WHERE host = $1 AND attempt = $2',
};

/** Keeps what an order brought; false when it is no longer this process's, or the host is gone. */
export async function keepCertificate(db: Runner, order: TakenOrder, kept: KeptCertificate): Promise<boolean> {
  const { content, validFrom, validUntil, dueAt } = kept;
  return (await db.run(KEEP, [order.host, order.attempt, content, validFrom, validUntil, dueAt])).length === 1;
}

/** Notes that an order failed, and when the next is due. */
export async function failOrder(
  db: Runner,
  order: TakenOrder,
  { reason, dueAt }: { reason: string; dueAt: number },
): Promise<void> {
  await db.run(FAIL, [order.host, order.attempt, reason, dueAt]);
}

/** Gives an order back as it was taken. */
export async function releaseOrder(db: Runner, order: TakenOrder): Promise<void> {
  await db.run(RELEASE, [order.host, order.attempt]);
}

const HASTEN = {
  name: 'certificate_hasten',
  text: 'UPDATE host_certificates SET due_at = least(due_at, greatest($2, attempted_at + $3)) WHERE host = $1 AND failures > 0',
};
/** Makes the order of a host due again that failed, though not sooner than `pauseMs` after the last. */
export async function hastenOrder(db: Runner, host: string, now: number, pauseMs: number): Promise<void> {
  await db.run(HASTEN, [host, now, pauseMs]);
}

const CONTENT = {
  name: 'certificate_content',
  text: 'SELECT content FROM host_certificates WHERE host = $1 AND content IS NOT NULL',
};
const STATUSES = {
  name: 'certificate_statuses',
  text: `SELECT host, valid_until AS "validUntil", due_at AS "dueAt", failures, reason FROM host_certificates WHERE host = ANY ($1::text[])`,
};
const HEALTH = {
  name: 'certificate_health',
  text: `SELECT min(valid_until) AS "firstEnd", count(*) FILTER (WHERE failures > 0) AS failing FROM host_certificates WHERE host IN (${WANTED})`,
};

/** The sealed certificate of a host; undefined: there is none yet. */
export async function readCertificateOf(db: Runner, host: string): Promise<Buffer | undefined> {
  const [row] = await db.run<{ content: Buffer }>(CONTENT, [host]);
  return row?.content;
}

/** What is known of the certificates of hosts, by host. */
export async function readCertificateStatuses(
  db: Runner,
  hosts: readonly string[],
): Promise<Map<string, CertificateStatus>> {
  const rows = await db.run<CertificateStatus>(STATUSES, [hosts]);
  return new Map(rows.map((row) => [row.host, row]));
}

/** When the first certificate in use ends (epoch ms, null: there is none), and for how many hosts the last order failed. */
export async function readCertificateHealth(
  db: Runner,
  publicHost: string | null,
): Promise<{ firstEnd: number | null; failing: number }> {
  const [row] = await db.run<{ firstEnd: number | null; failing: number }>(HEALTH, [publicHost]);
  return row ?? { firstEnd: null, failing: 0 };
}
