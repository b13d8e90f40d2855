// Messages that wait for their time, by bulk: stored, released into their lanes, listed and cancelled.
import { keyColumns, messageColumns, type NewMessage } from './accepting.js';
import type { Page, Runner, Slice } from './accounts.js';
import type { Database } from './database.js';
import type { LaneMessage } from './lanes.js';
import type { Moment } from './templates.js';

/** A message and when it is to be accepted, epoch ms. */
export interface ScheduledMessage {
  message: NewMessage;
  dueAt: number;
}

const SCHEDULE = {
  name: 'schedule_messages',
  text: 'SELECT ord, outcome FROM schedule_messages($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18)',
};
const RELEASE = { name: 'release_scheduled', text: 'SELECT * FROM release_scheduled($1, $2, $3)' };
const CANCEL = { name: 'cancel_scheduled', text: 'SELECT cancel_scheduled($1,$2,$3,$4,$5,$6,$7) AS canceled' };
const NEXT = { name: 'next_scheduled', text: 'SELECT due_at AS "dueAt" FROM scheduled ORDER BY due_at LIMIT 1' };

/** What became of a message of a request: undefined when it waits now. */
export type ScheduleOutcome = 'duplicate-message-id' | 'duplicate-idempotency-key' | undefined;

/** Stores messages of one bulk for later, all or none; what became of each, in their order. */
export async function scheduleMessages(
  database: Database,
  { now, today }: Moment,
  bulkId: string,
  scheduled: readonly ScheduledMessage[],
  { statusId, duplicateStatusId }: { statusId: number; duplicateStatusId: number },
): Promise<ScheduleOutcome[]> {
  const messages = scheduled.map(({ message }) => message);
  const rows = await database.run<{ ord: number; outcome: number }>(SCHEDULE, [
    now,
    today,
    bulkId,
    scheduled.map(({ dueAt }) => dueAt),
    messages.map((m) => m.lane),
    ...messageColumns(messages),
    ...keyColumns(messages),
    statusId,
    duplicateStatusId,
  ]);
  const refused = new Map(rows.map(({ ord, outcome }) => [ord, outcome]));
  return messages.map((_, i) => {
    const outcome = refused.get(i + 1);
    if (outcome === undefined) return undefined;
    return outcome === 2 ? 'duplicate-idempotency-key' : 'duplicate-message-id';
  });
}

/** Accepts what is due, at most `limit`; the messages in the order of their lanes. */
export async function releaseScheduled(
  database: Database,
  { now, today }: Moment,
  limit: number,
): Promise<LaneMessage[]> {
  const rows = await database.run<Omit<LaneMessage, 'acceptedAt'>>(RELEASE, [now, today, limit]);
  return rows.map((row) => ({ ...row, acceptedAt: now }));
}

/** When the next message is due, if one waits. */
export async function nextScheduledAt(database: Database): Promise<number | undefined> {
  const [row] = await database.run<{ dueAt: number }>(NEXT, []);
  return row?.dueAt;
}

/** Cancels at most `limit` messages of a bulk that wait; how many. */
export async function cancelScheduled(
  database: Database,
  { now, today }: Moment,
  account: number,
  bulkId: string,
  { statusId, errorId, limit }: { statusId: number; errorId: number; limit: number },
): Promise<number> {
  const values = [now, today, account, bulkId, statusId, errorId, limit];
  const [row] = await database.run<{ canceled: number }>(CANCEL, values);
  return row?.canceled ?? 0;
}

/** A bulk of which messages wait. Times are epoch ms. */
export interface BulkRow {
  account: number;
  bulkId: string;
  waiting: number;
  firstDueAt: number;
  lastDueAt: number;
  createdAt: number;
}

const COLUMNS = `account, bulk_id AS "bulkId", count(*) AS waiting, min(due_at) AS "firstDueAt", max(due_at) AS "lastDueAt",
  min(created_at) AS "createdAt"`;
const PAGE = {
  name: 'bulk_page',
  text: `SELECT ${COLUMNS} FROM scheduled WHERE $1::integer IS NULL OR account = $1
    GROUP BY account, bulk_id ORDER BY min(due_at), account, bulk_id LIMIT $2 OFFSET $3`,
};
const COUNT = {
  name: 'bulk_count',
  text: `SELECT count(*) AS total FROM (SELECT DISTINCT account, bulk_id FROM scheduled WHERE $1::integer IS NULL OR account = $1) b`,
};
const FIND = {
  name: 'bulk_find',
  text: `SELECT ${COLUMNS} FROM scheduled WHERE ($1::integer IS NULL OR account = $1) AND bulk_id = $2 GROUP BY account, bulk_id ORDER BY account LIMIT 2`,
};

/** Bulks of an account, or of any when that is null, by when their next message is due. */
export async function pageBulks(db: Runner, account: number | null, { limit, offset }: Slice): Promise<Page<BulkRow>> {
  const [count] = await db.run<{ total: number }>(COUNT, [account]);
  return { rows: await db.run<BulkRow>(PAGE, [account, limit, offset]), total: count?.total ?? 0 };
}

/** The bulks of this id, at most two: accounts may have chosen the same. */
export function findBulks(db: Runner, account: number | null, bulkId: string): Promise<BulkRow[]> {
  return db.run<BulkRow>(FIND, [account, bulkId]);
}
