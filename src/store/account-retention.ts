// Forgetting what accounts keep for fewer days than the platform: rows of theirs in partitions that are kept for others, in small batches.
// What is unfinished is found first, as for partitions (retention.ts), but by account: nothing from its oldest day on is touched.
import type { Database } from './database.js';
import { countLinkDay } from './links.js';
import { FAR_OFF_DAY, listPartitions, type Partitioned } from './partitions.js';

/** An account that keeps its data for `days`, fewer than others do. */
export interface ShortAccount {
  id: number;
  days: number;
}

const SHORT = {
  name: 'accounts_short',
  text: 'SELECT id, retention_days AS days FROM accounts WHERE retention_days < $1 ORDER BY id',
};

/** Accounts that keep their data for fewer days than `retentionDays`. */
export function readShortAccounts(database: Database, retentionDays: number): Promise<ShortAccount[]> {
  return database.run<ShortAccount>(SHORT, [retentionDays]);
}

const LANES = '(SELECT id FROM senders WHERE account = $1)';
const ENDPOINTS = '(SELECT id FROM endpoints WHERE account = $1)';
/** Messages that are not settled, held, or not aged; files and short messages that are awaited; reports that are not read, or wait in a batch. */
const UNFINISHED = {
  name: 'unfinished_of_account',
  text: `SELECT least(
      (SELECT min(m.day) FROM lane_heads h, messages m WHERE h.lane IN ${LANES} AND m.lane = h.lane AND m.seq = least(h.settled, h.aged) + 1),
      (SELECT min(day) FROM held WHERE lane IN ${LANES}),
      (SELECT min(day) FROM media WHERE reported IS NULL AND lane IN ${LANES}),
      (SELECT min(day) FROM sms WHERE state < 3 AND account = $1)) AS messages,
    least(
      (SELECT min(r.day) FROM endpoint_heads h, reports r WHERE h.endpoint IN ${ENDPOINTS} AND r.endpoint = h.endpoint AND r.seq = h.position + 1),
      (SELECT min(from_day) FROM batches WHERE endpoint IN ${ENDPOINTS})) AS reports`,
};
const REFERENCED = {
  name: 'referenced_of_account',
  text: `SELECT min(r.ref_day) AS day FROM reports r WHERE r.endpoint IN ${ENDPOINTS} AND r.day >= $2 AND r.ref_day < $3 AND (
      EXISTS (SELECT FROM endpoint_heads h WHERE h.endpoint = r.endpoint AND r.seq > h.position)
      OR EXISTS (SELECT FROM batches b WHERE b.endpoint = r.endpoint AND r.seq = ANY (b.seqs)))`,
};

/** The oldest day that something unfinished of an account points into, if that is before `day`; `day` otherwise. */
export async function forgettableDay(database: Database, account: number, day: number): Promise<number> {
  const [row] = await database.run<{ messages: number | null; reports: number | null }>(UNFINISHED, [account]);
  const reports = row?.reports ?? undefined;
  const found = Math.min(day, row?.messages ?? day, reports ?? day);
  if (reports === undefined) return found;
  const [referenced] = await database.run<{ day: number | null }>(REFERENCED, [account, reports, day]);
  return Math.min(found, referenced?.day ?? day);
}

const BATCH_ROWS = 1_000;

/** Rows of one day: by account, day, the time before which they were written, and how many. The order is that of forgetting. */
const DAILY = {
  reports: `endpoint = ANY (ARRAY${ENDPOINTS})`,
  attempts: `endpoint = ANY (ARRAY${ENDPOINTS})`,
  inbound: `lane = ANY (ARRAY${LANES}) AND recorded_at < $3`,
  notices: 'account = $1',
  // What another account keeps for longer may be in the same WABA.
  meta_changes: `recorded_at < $3 AND waba_id IN (SELECT waba_id FROM senders GROUP BY waba_id HAVING bool_and(account = $1))`,
} as const satisfies Partial<Record<Partitioned, string>>;
const MESSAGES = {
  name: 'forget_messages_of_account',
  text: `WITH old AS MATERIALIZED (
      SELECT lane, seq, id FROM messages WHERE day = $2 AND account = $1 AND lane = ANY (ARRAY${LANES} || 0) AND $3::bigint > 0 LIMIT $4
    ), told AS (
      DELETE FROM events e USING old o WHERE e.day = $2 AND e.message = o.id
    )
    DELETE FROM messages m USING old o WHERE m.day = $2 AND m.lane = o.lane AND m.seq = o.seq RETURNING 1`,
};
/** What has no partitions: by account, day and time before which, and how many. */
const OTHERS = {
  dead_letters: `endpoint = ANY (ARRAY${ENDPOINTS}) AND at < $3`,
  sms: 'account = $1 AND day < $2 AND state = 3',
  message_keys: 'account = $1 AND day < $2',
  user_calls: `lane = ANY (ARRAY${LANES}) AND called_at < $3`,
  media: `lane = ANY (ARRAY${LANES}) AND created_at < $3 AND state > 2 AND reported IS NOT NULL`,
} as const;

/** Until when something is forgotten: days before `day`, times before `before` (epoch ms). */
export interface Cutoff {
  day: number;
  before: number;
}

/** Deletes what an account has from before `cutoff`, at most about `rowsMax` rows. True when nothing is left of it. */
export async function forgetOfAccount(
  database: Database,
  account: number,
  cutoff: Cutoff,
  rowsMax: number,
): Promise<boolean> {
  let left = rowsMax;
  const clear = async (statement: { name: string; text: string }, day: number): Promise<boolean> => {
    for (;;) {
      if (left <= 0) return false;
      const rows = await database.run(statement, [account, day, cutoff.before, BATCH_ROWS]);
      left -= rows.length;
      if (rows.length < BATCH_ROWS) return true;
    }
  };
  for (const { table, day } of await listPartitions(database)) {
    if (day >= cutoff.day) continue;
    const statement = statementOf(table, day);
    if (table === 'messages') await countLinkDay(database, account, day);
    if (statement !== undefined && !(await clear(statement, day))) return false;
  }
  for (const [table, where] of Object.entries(OTHERS)) {
    const name = `forget_${table}_of_account`;
    const text = `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE ${where} AND $2::integer > 0 AND $3::bigint > 0 LIMIT $4)) RETURNING 1`;
    if (!(await clear({ name, text }, cutoff.day))) return false;
  }
  return true;
}

/** Undefined: events go with their messages, clicks have their own days, templates are nobody's life; on the far-off day lies only what has times of its own. */
function statementOf(table: Partitioned, day: number): { name: string; text: string } | undefined {
  if (table === 'messages') return MESSAGES;
  if (table === 'events' || table === 'template_events' || table === 'clicks') return undefined;
  if (day === FAR_OFF_DAY && table !== 'inbound' && table !== 'meta_changes') return undefined;
  const text = `DELETE FROM ${table} WHERE day = $2 AND ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE day = $2 AND $3::bigint > 0 AND ${DAILY[table]} LIMIT $4)) RETURNING 1`;
  return { name: `forget_${table}_of_account`, text };
}
