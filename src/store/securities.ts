// What notification profiles authenticate with, by account; credentials are sealed.
import type { Page, Runner, Slice } from './accounts.js';

/** A security. Times are epoch ms. */
export interface SecurityRow {
  id: number;
  authId: string;
  type: string;
  /** Sealed; null for CUSTOM. */
  credentials: Buffer | null;
}

const COLUMNS = 'id, auth_id AS "authId", type, credentials';
const FIND = {
  name: 'security_find',
  text: `SELECT ${COLUMNS} FROM securities WHERE account = $1 AND auth_id = $2`,
};
const PAGE = {
  name: 'security_page',
  text: `SELECT ${COLUMNS} FROM securities WHERE account = $1 ORDER BY id DESC LIMIT $2 OFFSET $3`,
};
const COUNT = { name: 'security_count', text: 'SELECT count(*) AS total FROM securities WHERE account = $1' };
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

/** An account's security by the client's id. */
export async function findSecurity(db: Runner, account: number, authId: string): Promise<SecurityRow | undefined> {
  const [row] = await db.run<SecurityRow>(FIND, [account, authId]);
  return row;
}

/** An account's securities, newest first. */
export async function pageSecurities(
  db: Runner,
  account: number,
  { limit, offset }: Slice,
): Promise<Page<SecurityRow>> {
  const [count] = await db.run<{ total: number }>(COUNT, [account]);
  return { rows: await db.run<SecurityRow>(PAGE, [account, limit, offset]), total: count?.total ?? 0 };
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

/** Replaces one; false when there is none. */
export async function updateSecurity(
  db: Runner,
  account: number,
  { authId, type, credentials }: Omit<SecurityRow, 'id'>,
): Promise<boolean> {
  return (await db.run(UPDATE, [account, authId, type, credentials])).length === 1;
}

/** Whether a profile uses it. */
export async function isSecurityLinked(db: Runner, id: number): Promise<boolean> {
  return (await db.run(IS_LINKED, [id])).length > 0;
}

/** Removes one that no profile uses. */
export async function deleteSecurity(db: Runner, id: number): Promise<void> {
  await db.run(DELETE, [id]);
}
