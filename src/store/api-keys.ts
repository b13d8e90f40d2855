// API keys: only the SHA-256 of a secret is kept. A key of kind admin has no account.
import type { Page, Runner, Slice } from './accounts.js';

/** A key without its secret. `createdAt` is epoch ms. */
export interface ApiKeyRow {
  id: string;
  name: string;
  createdAt: number;
}

/** A key to be stored; `account` null makes it one of kind admin. */
export interface NewApiKey {
  id: string;
  account: number | null;
  name: string;
  secretHash: Buffer;
  createdAt: number;
}

const COLUMNS = `id, name, created_at AS "createdAt"`;
const INSERT = {
  name: 'api_key_insert',
  text: `INSERT INTO api_keys (id, kind, account, name, secret_hash, created_at)
    VALUES ($1, CASE WHEN $2::integer IS NULL THEN 'admin' ELSE 'account' END, $2::integer, $3, $4, $5) RETURNING ${COLUMNS}`,
};
const PUT = {
  name: 'api_key_put',
  text: `INSERT INTO api_keys (id, kind, account, name, secret_hash, created_at)
    VALUES ($1, CASE WHEN $2::integer IS NULL THEN 'admin' ELSE 'account' END, $2::integer, $3, $4, $5)
    ON CONFLICT (id) DO UPDATE SET secret_hash = excluded.secret_hash, enabled = true
    WHERE api_keys.secret_hash <> excluded.secret_hash OR NOT api_keys.enabled`,
};
const PAGE = {
  name: 'api_key_page',
  text: `SELECT ${COLUMNS} FROM api_keys WHERE account = $1 ORDER BY created_at, id LIMIT $2 OFFSET $3`,
};
const COUNT = { name: 'api_key_count', text: 'SELECT count(*) AS total FROM api_keys WHERE account = $1' };
const DELETE = { name: 'api_key_delete', text: 'DELETE FROM api_keys WHERE account = $1 AND id = $2 RETURNING id' };
const DROP = { name: 'api_key_drop', text: 'DELETE FROM api_keys WHERE id = $1' };

/** Adds a key. Throws DatabaseError of kind data when the secret or the id is there already. */
export async function insertApiKey(db: Runner, key: NewApiKey): Promise<ApiKeyRow> {
  const [row] = await db.run<ApiKeyRow>(INSERT, [key.id, key.account, key.name, key.secretHash, key.createdAt]);
  if (row === undefined) throw new Error('INSERT of a key returned no row');
  return row;
}

/** Adds a key or gives the one with this id a new secret; writes nothing when all is as it should be. */
export async function putApiKey(db: Runner, key: NewApiKey): Promise<void> {
  await db.run(PUT, [key.id, key.account, key.name, key.secretHash, key.createdAt]);
}

/** Keys of an account, oldest first. */
export async function pageApiKeys(db: Runner, account: number, { limit, offset }: Slice): Promise<Page<ApiKeyRow>> {
  const [count] = await db.run<{ total: number }>(COUNT, [account]);
  return { rows: await db.run<ApiKeyRow>(PAGE, [account, limit, offset]), total: count?.total ?? 0 };
}

/** Removes a key of an account; false when it has no such key. */
export async function deleteApiKey(db: Runner, account: number, id: string): Promise<boolean> {
  return (await db.run(DELETE, [account, id])).length === 1;
}

/** Removes the key with this id, if there is one. */
export async function dropApiKey(db: Runner, id: string): Promise<void> {
  await db.run(DROP, [id]);
}
