// Forgetting: partitions past the retention, unless something unfinished still points into them, and old keys.
import type { Database } from './database.js';
import { nameOf, type Partition, type Partitioned } from './partitions.js';

/** The oldest day that something unfinished points into, by table; undefined when nothing does. */
export interface Unfinished {
  messages: number | undefined;
  reports: number | undefined;
  /** Reports that wait point at messages, events and inbound of older days. */
  referenced: number | undefined;
  /** Inbound messages whose report waits for a file. */
  unreported: number | undefined;
}

const UNFINISHED = {
  name: 'unfinished_days',
  text: `SELECT
    (SELECT min(d) FROM (
      SELECT settled_day AS d FROM lane_heads h JOIN tails t ON t.stream = h.lane WHERE h.settled + 1 < t.next AND settled_day > 0
      UNION ALL SELECT min(day) FROM held) m) AS messages,
    (SELECT min(d) FROM (
      SELECT h.position_day AS d FROM endpoint_heads h JOIN tails t ON t.stream = endpoint_stream(h.endpoint)
        WHERE h.position + 1 < t.next AND h.position_day > 0
      UNION ALL SELECT min(from_day) FROM batches) r) AS reports,
    (SELECT min(day) FROM media WHERE reported IS NULL) AS unreported`,
};
const NEVER_READ = {
  name: 'never_read_days',
  text: `SELECT
    (SELECT min(m.day) FROM lane_heads h JOIN messages m ON m.lane = h.lane AND m.seq = 1 WHERE h.claimed = 0) AS messages,
    (SELECT min(r.day) FROM endpoint_heads h JOIN reports r ON r.endpoint = h.endpoint AND r.seq = 1 WHERE h.position = 0) AS reports`,
};
const REFERENCED = {
  name: 'referenced_days',
  text: `SELECT min(r.ref_day) AS day FROM reports r WHERE r.day >= $1 AND (
      EXISTS (SELECT FROM endpoint_heads h WHERE h.endpoint = r.endpoint AND r.seq > h.position)
      OR EXISTS (SELECT FROM batches b WHERE b.endpoint = r.endpoint AND r.seq = ANY (b.seqs)))
    AND r.ref_day < $2`,
};

/** What must be kept. `olderThan`: only references to days before it matter. */
export async function readUnfinished(database: Database, olderThan: number): Promise<Unfinished> {
  const [positions] = await database.run<Record<'messages' | 'reports' | 'unreported', number | null>>(UNFINISHED, []);
  const [never] = await database.run<{ messages: number | null; reports: number | null }>(NEVER_READ, []);
  const messages = least(positions?.messages, never?.messages);
  const reports = least(positions?.reports, never?.reports);
  const unreported = positions?.unreported ?? undefined;
  if (reports === undefined) return { messages, reports, referenced: undefined, unreported };
  const [row] = await database.run<{ day: number | null }>(REFERENCED, [reports, olderThan]);
  return { messages, reports, referenced: row?.day ?? undefined, unreported };
}

function least(...days: (number | null | undefined)[]): number | undefined {
  const known = days.filter((day) => day !== null && day !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** Whether `partition` may go, given what is unfinished. */
export function mayDrop({ table, day }: Partition, unfinished: Unfinished): boolean {
  const blockers: Record<Partitioned, (number | undefined)[]> = {
    messages: [unfinished.messages, unfinished.referenced],
    events: [unfinished.messages, unfinished.referenced],
    inbound: [unfinished.referenced, unfinished.unreported],
    meta_changes: [],
    reports: [unfinished.reports],
    attempts: [],
    template_events: [unfinished.referenced],
    notices: [unfinished.referenced],
    clicks: [unfinished.referenced],
  };
  return blockers[table].every((blocker) => blocker === undefined || day < blocker);
}

/** Drops a partition without queueing behind open snapshots for long. Throws DatabaseError (conflict when it could not get the lock). */
export async function dropPartition(database: Database, partition: Partition): Promise<void> {
  const name = nameOf(partition);
  const session = await database.session(() => undefined);
  try {
    await session.run({ name: '', text: `SET lock_timeout = '2s'` }, []);
    // DETACH CONCURRENTLY cannot run inside a transaction; one that was interrupted is finished first.
    const pending = await session.run(
      { name: '', text: `SELECT 1 FROM pg_inherits WHERE inhrelid = to_regclass($1) AND inhdetachpending` },
      [name],
    );
    const how = pending.length > 0 ? 'FINALIZE' : 'CONCURRENTLY';
    await session.run({ name: '', text: `ALTER TABLE ${partition.table} DETACH PARTITION ${name} ${how}` }, []);
    await session.run({ name: '', text: `DROP TABLE ${name}` }, []);
  } finally {
    await session.close();
  }
}

const BATCH_ROWS = 5_000;
const OLD_KEYS = [
  {
    name: 'forget_idempotency_keys',
    text: `DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(SELECT ctid FROM idempotency_keys WHERE created_at < $1 LIMIT ${BATCH_ROWS})) RETURNING 1`,
  },
  {
    name: 'forget_dead_letters',
    text: `DELETE FROM dead_letters WHERE ctid = ANY (ARRAY(SELECT ctid FROM dead_letters WHERE at < $1 LIMIT ${BATCH_ROWS})) RETURNING 1`,
  },
  {
    name: 'forget_message_keys',
    text: `DELETE FROM message_keys WHERE ctid = ANY (ARRAY(SELECT ctid FROM message_keys WHERE day < $1 LIMIT ${BATCH_ROWS})) RETURNING 1`,
  },
  {
    name: 'forget_user_calls',
    text: `DELETE FROM user_calls WHERE ctid = ANY (ARRAY(SELECT ctid FROM user_calls WHERE called_at < $1 LIMIT ${BATCH_ROWS})) RETURNING 1`,
  },
  {
    name: 'forget_sms',
    text: `DELETE FROM sms WHERE ctid = ANY (ARRAY(SELECT ctid FROM sms WHERE day < $1 AND state = 3 LIMIT ${BATCH_ROWS})) RETURNING 1`,
  },
  {
    name: 'forget_sms_pieces',
    text: `DELETE FROM sms_pieces WHERE ctid = ANY (ARRAY(
      SELECT p.ctid FROM sms_pieces p WHERE NOT EXISTS (SELECT FROM sms s WHERE s.message = p.message) AND $1 > 0 LIMIT ${BATCH_ROWS})) RETURNING 1`,
  },
] as const;

/** Deletes, in small batches, Idempotency-Keys made before `keysBefore`, dead letters and calls before `deadBefore` (ms), messageIds and ended short messages of days before `day`. */
export async function forgetOld(
  database: Database,
  keysBefore: number,
  deadBefore: number,
  day: number,
): Promise<void> {
  const limits = [keysBefore, deadBefore, day, deadBefore, day, day];
  for (const [i, statement] of OLD_KEYS.entries()) {
    for (;;) {
      const rows = await database.run(statement, [limits[i] ?? 0]);
      if (rows.length < BATCH_ROWS) break;
    }
  }
}
