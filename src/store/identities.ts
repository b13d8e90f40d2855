// Identities of users as their WhatsApp keys have them, by sender: which one is known, and whether the customer has confirmed it.
import type { Database } from './database.js';

/** What is known of a user. `createdAt` is when Meta says that it came to be, epoch ms. */
export interface IdentityRow {
  hash: string;
  acknowledged: boolean;
  createdAt: number;
}

/** What a webhook told of a user's identity. Times are epoch ms. */
export interface SeenIdentity {
  lane: number;
  user: string;
  hash: string;
  createdAt: number;
  seenAt: number;
  /** Meta said that it changed; otherwise it came along with a message. */
  isChange: boolean;
}

// The first that comes with a message counts as confirmed, any other does not. Of two in one second the change is the later one.
const SEE = {
  name: 'identity_see',
  text: `INSERT INTO identities AS i (lane, user_id, hash, acknowledged, created_at, seen_at) VALUES ($1, $2, $3, NOT $6, $4, $5)
    ON CONFLICT (lane, user_id) DO UPDATE
      SET hash = excluded.hash, acknowledged = false, created_at = excluded.created_at, seen_at = excluded.seen_at
      WHERE i.hash <> excluded.hash AND (i.seen_at < excluded.seen_at OR (i.seen_at = excluded.seen_at AND $6))`,
};
const FIND = {
  name: 'identity_find',
  text: 'SELECT hash, acknowledged, created_at AS "createdAt" FROM identities WHERE lane = $1 AND user_id = $2',
};
const CONFIRM = {
  name: 'identity_confirm',
  text: 'UPDATE identities SET acknowledged = true WHERE lane = $1 AND user_id = $2 AND hash = $3 RETURNING 1 AS done',
};
const FORGET = { name: 'identity_forget', text: 'DELETE FROM identities WHERE lane = $1 AND user_id = $2' };

/** Keeps what was seen, unless something newer is known. Doing it again changes nothing. */
export async function seeIdentity(database: Database, seen: SeenIdentity): Promise<void> {
  const { lane, user, hash, createdAt, seenAt, isChange } = seen;
  await database.run(SEE, [lane, user, hash, createdAt, seenAt, isChange]);
}

/** The identity of `user` (digits or a user id) as `lane` knows it. */
export async function findIdentity(database: Database, lane: number, user: string): Promise<IdentityRow | undefined> {
  const [row] = await database.run<IdentityRow>(FIND, [lane, user]);
  return row;
}

/** Confirms the identity that is known; false when it is another or none. */
export async function confirmIdentity(database: Database, lane: number, user: string, hash: string): Promise<boolean> {
  return (await database.run(CONFIRM, [lane, user, hash])).length > 0;
}

/** Forgets what is known: the next that comes with a message counts as confirmed. */
export async function forgetIdentity(database: Database, lane: number, user: string): Promise<void> {
  await database.run(FORGET, [lane, user]);
}
