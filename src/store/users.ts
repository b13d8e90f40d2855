// Users of accounts: who logs in by name and password.
import type { Page, Runner, Slice } from './accounts.js';

/** A user without the password. `createdAt` is epoch ms. */
export interface UserRow {
  username: string;
  enabled: boolean;
  /** Null: all. */
  scopes: readonly string[] | null;
  createdAt: number;
}

/** A user to be stored; `password` is argon2id in PHC form. */
export interface NewUser extends UserRow {
  account: number;
  password: string;
}

/** What is changed of a user; absent keeps its value. */
export interface UserChange {
  password?: string | undefined;
  enabled?: boolean | undefined;
  scopes?: readonly string[] | null | undefined;
}

const COLUMNS = 'username, enabled, scopes, created_at AS "createdAt"';
const INSERT = {
  name: 'user_insert',
  text: `INSERT INTO users (account, username, password, scopes, enabled, created_at) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (username) DO NOTHING RETURNING ${COLUMNS}`,
};
const PAGE = {
  name: 'user_page',
  text: `SELECT ${COLUMNS} FROM users WHERE account = $1 ORDER BY id LIMIT $2 OFFSET $3`,
};
const COUNT = { name: 'user_count', text: 'SELECT count(*) AS total FROM users WHERE account = $1' };
// Whose password changed or who may not log in any more keeps none of the tokens of before.
const CHANGE = {
  name: 'user_change',
  text: `WITH changed AS (
      UPDATE users SET password = coalesce($3, password), enabled = coalesce($4, enabled),
        scopes = CASE WHEN $5 THEN $6::text[] ELSE scopes END
      WHERE account = $1 AND username = $2 RETURNING id, ${COLUMNS}
    ), ended AS (
      DELETE FROM access_tokens t USING changed c WHERE t.user_id = c.id AND ($3 IS NOT NULL OR NOT c.enabled)
    )
    SELECT username, enabled, scopes, "createdAt" FROM changed`,
};
const DELETE = {
  name: 'user_delete',
  text: `WITH gone AS (DELETE FROM users WHERE account = $1 AND username = $2 RETURNING id),
      ended AS (DELETE FROM access_tokens t USING gone g WHERE t.user_id = g.id)
    SELECT id FROM gone`,
};

/** Adds a user; undefined when the name is taken, in whatever account. */
export async function insertUser(db: Runner, user: NewUser): Promise<UserRow | undefined> {
  const { account, username, password, scopes, enabled, createdAt } = user;
  const [row] = await db.run<UserRow>(INSERT, [account, username, password, scopes, enabled, createdAt]);
  return row;
}

/** Users of an account, oldest first. */
export async function pageUsers(db: Runner, account: number, { limit, offset }: Slice): Promise<Page<UserRow>> {
  const [count] = await db.run<{ total: number }>(COUNT, [account]);
  return { rows: await db.run<UserRow>(PAGE, [account, limit, offset]), total: count?.total ?? 0 };
}

/** Changes what is given of a user; undefined when the account has none of this name. */
export async function changeUser(
  db: Runner,
  account: number,
  username: string,
  { password, enabled, scopes }: UserChange,
): Promise<UserRow | undefined> {
  const values = [account, username, password ?? null, enabled ?? null, scopes !== undefined, scopes ?? null];
  const [row] = await db.run<UserRow>(CHANGE, values);
  return row;
}

/** Removes a user; false when the account has none of this name. */
export async function deleteUser(db: Runner, account: number, username: string): Promise<boolean> {
  return (await db.run(DELETE, [account, username])).length === 1;
}
