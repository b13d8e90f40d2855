// Conversations: when a user last wrote to a number, read off the inbound messages themselves; and when a user last called.
import type { Database } from './database.js';

// The author as JSON wrote it, quotes and all: that is what the index of migrations/0002_typing.sql has.
const LAST_INBOUND_AT = {
  name: 'conversation_last_inbound_at',
  text: `SELECT sent_at AS "sentAt" FROM inbound WHERE lane = $1 AND left((raw::json -> 'from')::text, 160) = left($2, 160) AND day >= $3
    ORDER BY sent_at DESC LIMIT 1`,
};

/** Meta's time, epoch ms, of the newest message of `user` (digits or a user id) to `lane` since `firstDay` (yyyymmdd); undefined when there is none. */
export async function findLastInboundAt(
  database: Database,
  lane: number,
  user: string,
  firstDay: number,
): Promise<number | undefined> {
  const [row] = await database.run<{ sentAt: number }>(LAST_INBOUND_AT, [lane, JSON.stringify(user), firstDay]);
  return row?.sentAt;
}

const HAS_INBOUND = {
  name: 'conversation_has_inbound',
  text: 'SELECT 1 AS found FROM inbound WHERE lane = $1 AND wamid = $2 AND day >= $3 LIMIT 1',
};

/** Whether message `wamid` came to `lane` since `firstDay` (yyyymmdd). */
export async function hasInbound(database: Database, lane: number, wamid: string, firstDay: number): Promise<boolean> {
  return (await database.run(HAS_INBOUND, [lane, wamid, firstDay])).length > 0;
}

/** A call of a user. `user`: digits or a user id; `at`: Meta's time, epoch ms. */
export interface UserCall {
  user: string;
  at: number;
}

const NOTE_CALLS = {
  name: 'conversation_note_calls',
  text: `INSERT INTO user_calls AS c (lane, user_id, called_at)
    SELECT $1, u.user_id, max(u.called_at) FROM unnest($2::text[], $3::bigint[]) AS u (user_id, called_at) GROUP BY 2 ORDER BY 2
    ON CONFLICT (lane, user_id) DO UPDATE SET called_at = excluded.called_at WHERE c.called_at < excluded.called_at`,
};
const LAST_CALL_AT = {
  name: 'conversation_last_call_at',
  text: 'SELECT called_at AS "calledAt" FROM user_calls WHERE lane = $1 AND user_id = $2',
};

/** Keeps the newest call of each user to `lane`. Doing it again changes nothing. */
export async function noteCalls(database: Database, lane: number, calls: readonly UserCall[]): Promise<void> {
  await database.run(NOTE_CALLS, [lane, calls.map(({ user }) => user), calls.map(({ at }) => at)]);
}

/** Meta's time, epoch ms, of the newest call of `user` to `lane`; undefined when none is remembered. */
export async function findLastCallAt(database: Database, lane: number, user: string): Promise<number | undefined> {
  const [row] = await database.run<{ calledAt: number }>(LAST_CALL_AT, [lane, user]);
  return row?.calledAt;
}
