// Secrets that sign webhooks to customers: sealed at rest, at most two live per account so that one can be changed at leisure.
import type { Page, Runner, Slice } from './accounts.js';

/** A signing secret without the secret. `account` is internal. */
export interface SigningSecretRow {
  id: string;
  account: number;
  createdAt: number;
}

const COLUMNS = `id, account, created_at AS "createdAt"`;
const LOCK_ACCOUNT = { name: 'signing_secret_lock', text: 'SELECT FROM accounts WHERE id = $1 FOR UPDATE' };
const INSERT = {
  name: 'signing_secret_insert',
  text: `INSERT INTO signing_secrets (id, account, secret, created_at)
    SELECT $1, $2, $3, $4 WHERE (SELECT count(*) FROM signing_secrets WHERE account = $2) < $5 RETURNING ${COLUMNS}`,
};
const PAGE = {
  name: 'signing_secret_page',
  text: `SELECT ${COLUMNS} FROM signing_secrets WHERE $1::integer IS NULL OR account = $1 ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3`,
};
const COUNT = {
  name: 'signing_secret_count',
  text: 'SELECT count(*) AS total FROM signing_secrets WHERE $1::integer IS NULL OR account = $1',
};
const DELETE = {
  name: 'signing_secret_delete',
  text: 'DELETE FROM signing_secrets WHERE id = $1 AND ($2::integer IS NULL OR account = $2) RETURNING id',
};

/** Adds a secret unless the account has `liveMax` already: then undefined. `tx` must be a transaction, so that two callers cannot both be the last. */
export async function insertSigningSecret(
  tx: Runner,
  secret: { id: string; account: number; sealed: Buffer; createdAt: number },
  liveMax: number,
): Promise<SigningSecretRow | undefined> {
  await tx.run(LOCK_ACCOUNT, [secret.account]);
  const values = [secret.id, secret.account, secret.sealed, secret.createdAt, liveMax];
  const [row] = await tx.run<SigningSecretRow>(INSERT, values);
  return row;
}

/** Secrets of one account, or of all when `account` is null, newest first. */
export async function pageSigningSecrets(
  db: Runner,
  account: number | null,
  { limit, offset }: Slice,
): Promise<Page<SigningSecretRow>> {
  const [count] = await db.run<{ total: number }>(COUNT, [account]);
  return { rows: await db.run<SigningSecretRow>(PAGE, [account, limit, offset]), total: count?.total ?? 0 };
}

/** Removes a secret of `account`, or of any account when it is null; false when there is none. */
export async function deleteSigningSecret(db: Runner, account: number | null, id: string): Promise<boolean> {
  return (await db.run(DELETE, [id, account])).length === 1;
}
