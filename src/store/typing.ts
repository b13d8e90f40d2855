// Typing indicators that wait to be shown, and the message of a user that they answer.
import type { Database } from './database.js';

/** An indicator. Times are epoch ms; `recipient` is digits or a user id. */
export interface TypingRow {
  id: string;
  messageId: string;
  lane: number;
  recipient: string;
  dueAt: number;
  expiresAt: number;
}

/** One that is due; `attempt` counts from 1. */
export interface DueTyping extends TypingRow {
  attempt: number;
}

const ADD = {
  name: 'typing_add',
  text: `INSERT INTO typing (id, message_id, lane, recipient, due_at, expires_at)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::text[], $5::bigint[], $6::bigint[])`,
};
const CLAIM = {
  name: 'typing_claim',
  text: `UPDATE typing t SET due_at = $2, attempt = t.attempt + 1
    FROM (SELECT id FROM typing WHERE due_at <= $1 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED) d
    WHERE t.id = d.id
    RETURNING t.id, t.message_id AS "messageId", t.lane, t.recipient, t.due_at AS "dueAt", t.expires_at AS "expiresAt", t.attempt`,
};
const POSTPONE = { name: 'typing_postpone', text: 'UPDATE typing SET due_at = $2 WHERE id = $1' };
const REMOVE = { name: 'typing_remove', text: 'DELETE FROM typing WHERE id = $1' };
const NEXT = { name: 'typing_next', text: 'SELECT due_at AS "dueAt" FROM typing ORDER BY due_at LIMIT 1' };
const LAST_INBOUND = {
  name: 'typing_last_inbound',
  text: `SELECT wamid FROM inbound WHERE lane = $1 AND left(substring(raw from '"from":("[^"]*")'), 160) = left($2, 160) AND day >= $3
    ORDER BY sent_at DESC LIMIT 1`,
};

/** Stores indicators, all or none. */
export async function addTyping(database: Database, rows: readonly TypingRow[]): Promise<void> {
  await database.run(ADD, [
    rows.map((row) => row.id),
    rows.map((row) => row.messageId),
    rows.map((row) => row.lane),
    rows.map((row) => row.recipient),
    rows.map((row) => row.dueAt),
    rows.map((row) => row.expiresAt),
  ]);
}

/** Takes at most `limit` that are due; nobody else gets them before `until`. */
export function claimTyping(database: Database, now: number, until: number, limit: number): Promise<DueTyping[]> {
  return database.run<DueTyping>(CLAIM, [now, until, limit]);
}

/** When the next one is due, if there is any. */
export async function nextTypingAt(database: Database): Promise<number | undefined> {
  const [row] = await database.run<{ dueAt: number }>(NEXT, []);
  return row?.dueAt;
}

/** Makes one due again at `dueAt`. */
export async function postponeTyping(database: Database, id: string, dueAt: number): Promise<void> {
  await database.run(POSTPONE, [id, dueAt]);
}

/** Forgets one that is done with. */
export async function removeTyping(database: Database, id: string): Promise<void> {
  await database.run(REMOVE, [id]);
}

/** Meta's id of the newest message of `user` to `lane` since `firstDay` (yyyymmdd); undefined when there is none. */
export async function findLastInbound(
  database: Database,
  lane: number,
  user: string,
  firstDay: number,
): Promise<string | undefined> {
  const [row] = await database.run<{ wamid: string }>(LAST_INBOUND, [lane, JSON.stringify(user), firstDay]);
  return row?.wamid;
}
