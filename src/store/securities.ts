// What notification profiles authenticate with, by account; credentials are sealed.
import type { KeyPlatform } from '../contract/key-platform.js';
import type { Page, Runner, Slice } from './accounts.js';
import { rangeValues, seenBy } from './key-range.js';

/** A security. Times are epoch ms. */
export interface SecurityRow {
  id: number;
  authId: string;
  type: string;
  /** Sealed; null for CUSTOM. */
  credentials: Buffer | null;
}

const COLUMNS = 'id, auth_id AS "authId", type, credentials';
const seen = (first: number): string => seenBy('h.security = x.id', first);
const FIND = {
  name: 'security_find',
  text: `SELECT ${COLUMNS} FROM securities x WHERE account = $1 AND auth_id = $2 AND ${seen(3)}`,
};
const PAGE = {
  name: 'security_page',
  text: `SELECT ${COLUMNS} FROM securities x WHERE account = $1 AND ${seen(2)} ORDER BY id DESC LIMIT $4 OFFSET $5`,
};
const COUNT = {
  name: 'security_count',
  text: `SELECT count(*) AS total FROM securities x WHERE account = $1 AND ${seen(2)}`,
};
const INSERT = {
  name: 'security_insert',
  text: `INSERT INTO securities (account, auth_id, type, credentials, created_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING RETURNING id`,
};
const UPDATE = {
  name: 'security_update',
  text: 'UPDATE securities SET type = $3, credentials = $4 WHERE account = $1 AND auth_id = $2 RETURNING id',
};
const IS_LINKED = { name: 'security_is_linked', text: 'SELECT FROM profiles WHERE security = $1 LIMIT 1' };
const DELETE = { name: 'security_delete', text: 'DELETE FROM securities WHERE id = $1 RETURNING id' };

/** An account's security by the client's id, as far as a key bound to `platform` may see it. */
export async function findSecurity(
  db: Runner,
  account: number,
  authId: string,
  platform: readonly KeyPlatform[] = [],
): Promise<SecurityRow | undefined> {
  const [row] = await db.run<SecurityRow>(FIND, [account, authId, ...rangeValues(platform)]);
  return row;
}

/** An account's securities that a key bound to `platform` may see, newest first. */
export async function pageSecurities(
  db: Runner,
  account: number,
  platform: readonly KeyPlatform[],
  { limit, offset }: Slice,
): Promise<Page<SecurityRow>> {
  const values = [account, ...rangeValues(platform)];
  const [count] = await db.run<{ total: number }>(COUNT, values);
  return { rows: await db.run<SecurityRow>(PAGE, [...values, limit, offset]), total: count?.total ?? 0 };
}

/** Adds one; undefined when the id is taken. */
export async function insertSecurity(
  db: Runner,
  account: number,
  { authId, type, credentials }: Omit<SecurityRow, 'id'>,
  now: number,
): Promise<number | undefined> {
  const [row] = await db.run<{ id: number }>(INSERT, [account, authId, type, credentials, now]);
  return row?.id;
}

/** Replaces one that is there. */
export async function updateSecurity(
  db: Runner,
  account: number,
  { authId, type, credentials }: Omit<SecurityRow, 'id'>,
): Promise<void> {
  await db.run(UPDATE, [account, authId, type, credentials]);
}

/** Whether a profile uses it. */
export async function isSecurityLinked(db: Runner, id: number): Promise<boolean> {
  return (await db.run(IS_LINKED, [id])).length > 0;
}

/** Removes one that no profile uses. */
export async function deleteSecurity(db: Runner, id: number): Promise<void> {
  await db.run(DELETE, [id]);
}
