// API keys: only the SHA-256 of a secret is kept. A key of kind admin has no account.
import type { KeyPlatform } from '../contract/key-platform.js';
import type { Page, Runner, Slice } from './accounts.js';
import type { Value } from './database.js';

/** What can be said about a key. Times are epoch ms. */
export interface ApiKeySettings {
  name: string;
  enabled: boolean;
  /** Null: all. */
  scopes: readonly string[] | null;
  /** Addresses and networks it may be used from; none: from anywhere. */
  allowedIps: readonly string[];
  /** Null: since always. */
  validFrom: number | null;
  /** Null: for ever. */
  validTo: number | null;
  permissions: readonly string[];
  platform: readonly KeyPlatform[];
}

/** A key without its secret. */
export interface ApiKeyRow extends ApiKeySettings {
  id: string;
  createdAt: number;
}

/** A key that the configuration names; `account` null makes it one of kind admin. */
export interface NewApiKey {
  id: string;
  account: number | null;
  name: string;
  secretHash: Buffer;
  createdAt: number;
}

/** What a list of keys is narrowed to and ordered by. */
export interface ApiKeyFilter {
  name?: string | undefined;
  enabled?: boolean | undefined;
  secretHash?: Buffer | undefined;
  orderBy?: keyof typeof ORDERS;
  isDescending?: boolean;
}

const COLUMNS = `id, name, enabled, created_at AS "createdAt", scopes, allowed_ips AS "allowedIps", valid_from AS "validFrom",
  valid_to AS "validTo", permissions, platform`;
const INSERT = {
  name: 'api_key_insert',
  text: `INSERT INTO api_keys (id, kind, account, secret_hash, created_at, name, enabled, scopes, allowed_ips, valid_from, valid_to, permissions, platform)
    VALUES ($1, 'account', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING ${COLUMNS}`,
};
const CHANGE = {
  name: 'api_key_change',
  text: `UPDATE api_keys SET name = $3, enabled = $4, scopes = $5, allowed_ips = $6, valid_from = $7, valid_to = $8, permissions = $9, platform = $10
    WHERE account = $1 AND id = $2 RETURNING ${COLUMNS}`,
};
const PUT = {
  name: 'api_key_put',
  text: `INSERT INTO api_keys (id, kind, account, name, secret_hash, created_at)
    VALUES ($1, CASE WHEN $2::integer IS NULL THEN 'admin' ELSE 'account' END, $2::integer, $3, $4, $5)
    ON CONFLICT (id) DO UPDATE SET secret_hash = excluded.secret_hash, enabled = true
    WHERE api_keys.secret_hash <> excluded.secret_hash OR NOT api_keys.enabled`,
};
const MATCH = `WHERE account = $1 AND ($2::text IS NULL OR name = $2) AND ($3::boolean IS NULL OR enabled = $3)
  AND ($4::bytea IS NULL OR secret_hash = $4)`;
const COUNT = { name: 'api_key_count', text: `SELECT count(*) AS total FROM api_keys ${MATCH}` };
/** What a list can be ordered by, and the column of it. */
const ORDERS = {
  createdAt: 'created_at',
  id: 'id',
  name: 'name',
  validFrom: 'valid_from',
  validTo: 'valid_to',
  enabled: 'enabled',
} as const;
const FIND = { name: 'api_key_find', text: `SELECT ${COLUMNS} FROM api_keys WHERE account = $1 AND id = $2` };
const DELETE = { name: 'api_key_delete', text: 'DELETE FROM api_keys WHERE account = $1 AND id = $2 RETURNING id' };
const DROP = { name: 'api_key_drop', text: 'DELETE FROM api_keys WHERE id = $1' };

/** Adds a key of an account. Throws DatabaseError of kind data when the secret or the id is there already. */
export async function insertApiKey(
  db: Runner,
  key: ApiKeyRow & { account: number; secretHash: Buffer },
): Promise<ApiKeyRow> {
  const { id, account, secretHash, createdAt } = key;
  const [row] = await db.run<ApiKeyRow>(INSERT, [id, account, secretHash, createdAt, ...columnsOf(key)]);
  if (row === undefined) throw new Error('INSERT of a key returned no row');
  return row;
}

/** Gives a key of an account new settings; undefined when it has no such key. */
export async function changeApiKey(
  db: Runner,
  account: number,
  id: string,
  settings: ApiKeySettings,
): Promise<ApiKeyRow | undefined> {
  const [row] = await db.run<ApiKeyRow>(CHANGE, [account, id, ...columnsOf(settings)]);
  return row;
}

function columnsOf(settings: ApiKeySettings): Value[] {
  const { name, enabled, scopes, allowedIps, validFrom, validTo, permissions, platform } = settings;
  return [name, enabled, scopes, allowedIps, validFrom, validTo, permissions, JSON.stringify(platform)];
}

/** Adds a key or gives the one with this id a new secret; writes nothing when all is as it should be. */
export async function putApiKey(db: Runner, key: NewApiKey): Promise<void> {
  await db.run(PUT, [key.id, key.account, key.name, key.secretHash, key.createdAt]);
}

/** Keys of an account, oldest first unless the filter says otherwise. */
export async function pageApiKeys(
  db: Runner,
  account: number,
  { limit, offset }: Slice,
  { name, enabled, secretHash, orderBy = 'createdAt', isDescending = false }: ApiKeyFilter = {},
): Promise<Page<ApiKeyRow>> {
  const match = [account, name ?? null, enabled ?? null, secretHash ?? null];
  const [count] = await db.run<{ total: number }>(COUNT, match);
  const direction = isDescending ? 'DESC' : 'ASC';
  const page = {
    name: `api_key_page_${ORDERS[orderBy]}_${direction}`,
    text: `SELECT ${COLUMNS} FROM api_keys ${MATCH} ORDER BY ${ORDERS[orderBy]} ${direction}, id ${direction} LIMIT $5 OFFSET $6`,
  };
  return { rows: await db.run<ApiKeyRow>(page, [...match, limit, offset]), total: count?.total ?? 0 };
}

/** A key of an account. */
export async function findApiKey(db: Runner, account: number, id: string): Promise<ApiKeyRow | undefined> {
  const [row] = await db.run<ApiKeyRow>(FIND, [account, id]);
  return row;
}

/** Removes a key of an account; false when it has no such key. */
export async function deleteApiKey(db: Runner, account: number, id: string): Promise<boolean> {
  return (await db.run(DELETE, [account, id])).length === 1;
}

/** Removes the key with this id, if there is one. */
export async function dropApiKey(db: Runner, id: string): Promise<void> {
  await db.run(DROP, [id]);
}
