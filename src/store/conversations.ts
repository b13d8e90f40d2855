// Conversations: when a user last wrote to a number, read off the inbound messages themselves.
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
