// Domains of accounts that short links are on: what was claimed, and what DNS proved.
import type { Runner } from './accounts.js';

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
