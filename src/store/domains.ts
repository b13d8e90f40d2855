// Domains of accounts that short links are on: what was claimed, and what DNS proved.
import type { Page, Runner, Slice } from './accounts.js';

/** unverified: not proved yet; verified; failed: was proved once, and is not any more. */
export type DomainState = 'unverified' | 'verified' | 'failed';
/** What proved it: that the host points at us, or a record that only its owner can make. */
export type DomainProof = 'cname' | 'txt';

/** A domain. Times are epoch ms. */
export interface DomainRow {
  id: number;
  account: number;
  /** In the form of DNS. */
  host: string;
  /** What its TXT record must say. */
  token: string;
  state: DomainState;
  proof: DomainProof | null;
  /** Why the last check did not prove it. */
  reason: string | null;
  createdAt: number;
  checkedAt: number | null;
  verifiedAt: number | null;
}

const COLUMNS = `id, account, host, token, state, proof, reason, created_at AS "createdAt", checked_at AS "checkedAt", verified_at AS "verifiedAt"`;
const REGISTER = {
  name: 'domain_register',
  text: `INSERT INTO domains (account, host, token, created_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (account, host) DO UPDATE SET token = excluded.token, created_at = excluded.created_at, deleted_at = NULL, state = 'unverified',
      proof = NULL, reason = NULL, checked_at = NULL, verified_at = NULL
    WHERE domains.deleted_at IS NOT NULL RETURNING ${COLUMNS}`,
};
const REMOVE = {
  name: 'domain_remove',
  text: `UPDATE domains SET deleted_at = $3 WHERE id = $1 AND deleted_at IS NULL AND ($2::integer IS NULL OR account = $2) RETURNING id`,
};

/** Claims a host for an account; undefined when the account has it already. */
export async function registerDomain(
  db: Runner,
  domain: Pick<DomainRow, 'account' | 'host' | 'token' | 'createdAt'>,
): Promise<DomainRow | undefined> {
  const [row] = await db.run<DomainRow>(REGISTER, [domain.account, domain.host, domain.token, domain.createdAt]);
  return row;
}

/** Removes a domain of `account`, or of any when it is null; false when there is none. */
export async function removeDomain(db: Runner, id: number, account: number | null, now: number): Promise<boolean> {
  return (await db.run(REMOVE, [id, account, now])).length === 1;
}

const SETTLE = {
  name: 'domain_settle',
  text: `UPDATE domains SET state = $2, proof = coalesce($3, proof), reason = $4, checked_at = $5,
    verified_at = CASE WHEN $2 = 'verified' THEN $5 ELSE verified_at END WHERE id = $1 AND deleted_at IS NULL RETURNING ${COLUMNS}`,
};
/** Notes what a check found. `proof` null keeps the one there was. Undefined when the domain was removed. */
export async function settleDomain(
  tx: Runner,
  id: number,
  found: { state: DomainState; proof: DomainProof | null; reason: string | null; checkedAt: number },
): Promise<DomainRow | undefined> {
  const [row] = await tx.run<DomainRow>(SETTLE, [id, found.state, found.proof, found.reason, found.checkedAt]);
  return row;
}

const FIND = {
  name: 'domain_find',
  text: `SELECT ${COLUMNS} FROM domains WHERE id = $1 AND deleted_at IS NULL AND ($2::integer IS NULL OR account = $2)`,
};
const PAGE = {
  name: 'domain_page',
  text: `SELECT ${COLUMNS} FROM domains WHERE deleted_at IS NULL AND ($1::integer IS NULL OR account = $1) ORDER BY id DESC LIMIT $2 OFFSET $3`,
};
const COUNT = {
  name: 'domain_count',
  text: 'SELECT count(*) AS total FROM domains WHERE deleted_at IS NULL AND ($1::integer IS NULL OR account = $1)',
};

/** A domain of `account`, or of any account when that is null. */
export async function findDomain(db: Runner, id: number, account: number | null): Promise<DomainRow | undefined> {
  const [row] = await db.run<DomainRow>(FIND, [id, account]);
  return row;
}

/** Domains of one account, or of all when `account` is null, newest first. */
export async function pageDomains(
  db: Runner,
  account: number | null,
  { limit, offset }: Slice,
): Promise<Page<DomainRow>> {
  const [count] = await db.run<{ total: number }>(COUNT, [account]);
  return { rows: await db.run<DomainRow>(PAGE, [account, limit, offset]), total: count?.total ?? 0 };
}

const LOCK = {
  name: 'domain_lock',
  text: `SELECT ${COLUMNS} FROM domains WHERE host = $1 AND deleted_at IS NULL ORDER BY id FOR UPDATE`,
};
const DUE = {
  name: 'domains_due',
  text: `UPDATE domains SET checked_at = $3 WHERE id = ANY (ARRAY(
      SELECT id FROM domains WHERE deleted_at IS NULL AND state <> 'unverified'
        AND (checked_at < $1 OR state = 'verified' AND reason IS NOT NULL AND checked_at < $2)
      ORDER BY checked_at LIMIT $4 FOR UPDATE SKIP LOCKED))
    RETURNING ${COLUMNS}`,
};

/** All claims of a host, locked until the transaction ends. */
export function lockClaims(tx: Runner, host: string): Promise<DomainRow[]> {
  return tx.run<DomainRow>(LOCK, [host]);
}

/**
 * Takes at most `limit` that were proved once and not looked at since `before`, or since `againBefore` when the last look had no answer; the
 * others of this moment do not get them.
 */
export function takeDueDomains(
  db: Runner,
  { before, againBefore, now }: { before: number; againBefore: number; now: number },
  limit: number,
): Promise<DomainRow[]> {
  return db.run<DomainRow>(DUE, [before, againBefore, now, limit]);
}
