// Batches: webhook requests that have not succeeded yet, by when they are due.
import type { Database } from './database.js';

/** A webhook request that has not succeeded yet; `id` is the webhook-id of every retry. */
export interface BatchRow {
  id: string;
  endpoint: number;
  kind: number;
  url: string;
  seqs: number[];
  fromDay: number;
  toDay: number;
  attempt: number;
  isReplay: boolean;
  /** Came out of a bisection: its refusal says nothing new about the endpoint. */
  isAlone: boolean;
  firstDueAt: number;
  dueAt: number;
}

const FREE = {
  name: 'free_new_batches',
  text: 'UPDATE batches SET due_at = $1 WHERE attempt = 0 AND NOT is_replay AND due_at > $1::bigint AND due_at < $1::bigint + 86400000 AND endpoint % $2 = ANY ($3::smallint[])',
};

/** What a former owner was posting for the first time is due at once. What waits for another batch is due in no such time, and replays keep their rate. */
export async function freeNewBatches(
  database: Database,
  now: number,
  groups: number,
  wanted: readonly number[],
): Promise<void> {
  await database.run(FREE, [now, groups, wanted]);
}

const BATCH_COLUMNS = `id, endpoint, kind, url, seqs, from_day AS "fromDay", to_day AS "toDay", attempt, is_replay AS "isReplay",
  is_alone AS "isAlone", first_due_at AS "firstDueAt", due_at AS "dueAt"`;
const DUE = {
  name: 'due_batches',
  text: `SELECT b.* FROM unnest($1::integer[]) AS e (id), LATERAL (
      SELECT ${BATCH_COLUMNS} FROM batches WHERE endpoint = e.id AND due_at <= $2 AND NOT id = ANY ($3::uuid[])
      ORDER BY is_replay, due_at LIMIT $4
    ) b`,
};
const OLDEST = {
  name: 'oldest_batches',
  text: `SELECT ${BATCH_COLUMNS} FROM batches WHERE endpoint = $1 ORDER BY is_replay, first_due_at, seqs[1] LIMIT $2`,
};
const BATCH_ENDPOINTS = {
  name: 'batch_endpoints',
  text: `SELECT DISTINCT endpoint FROM batches WHERE endpoint % $1 = ANY ($2::smallint[]) AND due_at <= $3`,
};
const EXPIRED = {
  name: 'expired_batches',
  text: `SELECT ${BATCH_COLUMNS} FROM batches WHERE endpoint = ANY ($1::integer[]) AND first_due_at <= $2 ORDER BY first_due_at LIMIT $3`,
};

/** Batches that are due, up to `limit` of each endpoint, oldest first, replays last, without those in `except`. */
export async function readDueBatches(
  database: Database,
  endpoints: readonly number[],
  now: number,
  except: readonly string[],
  limit: number,
): Promise<BatchRow[]> {
  return (await database.run<BatchRow>(DUE, [endpoints, now, except, limit])).map(withNumbers);
}

/** The oldest batches of an endpoint, replays last. */
export async function readOldestBatches(database: Database, endpoint: number, limit: number): Promise<BatchRow[]> {
  return (await database.run<BatchRow>(OLDEST, [endpoint, limit])).map(withNumbers);
}

/** Endpoints of some groups that have a batch due. */
export async function readDueEndpoints(
  database: Database,
  groups: number,
  wanted: readonly number[],
  now: number,
): Promise<number[]> {
  return (await database.run<{ endpoint: number }>(BATCH_ENDPOINTS, [groups, wanted, now])).map((row) => row.endpoint);
}

/** Batches of some endpoints that have been tried since `firstDueBefore` or earlier. */
export async function readExpiredBatches(
  database: Database,
  endpoints: readonly number[],
  firstDueBefore: number,
  limit: number,
): Promise<BatchRow[]> {
  return (await database.run<BatchRow>(EXPIRED, [endpoints, firstDueBefore, limit])).map(withNumbers);
}

const BATCHES = { name: 'batches_by_id', text: `SELECT ${BATCH_COLUMNS} FROM batches WHERE id = ANY ($1::uuid[])` };
const UNFINISHED = {
  name: 'unfinished_batches',
  text: `SELECT ${BATCH_COLUMNS} FROM batches WHERE endpoint = $1 AND NOT is_replay ORDER BY seqs[1]`,
};
const FREE_PARKED = {
  name: 'free_parked_batches',
  text: 'UPDATE batches SET due_at = $2 WHERE endpoint = $1 AND due_at = $3',
};

/** Batches by id, those that are still there. */
export async function readBatches(database: Database, ids: readonly string[]): Promise<BatchRow[]> {
  return ids.length === 0 ? [] : (await database.run<BatchRow>(BATCHES, [ids])).map(withNumbers);
}

/** All batches of an endpoint that are no replay, in the order of their first reports. */
export async function readUnfinishedBatches(database: Database, endpoint: number): Promise<BatchRow[]> {
  return (await database.run<BatchRow>(UNFINISHED, [endpoint])).map(withNumbers);
}

/** What was due at `parkedAt` is due now. */
export async function freeParkedBatches(
  database: Database,
  endpoint: number,
  now: number,
  parkedAt: number,
): Promise<void> {
  await database.run(FREE_PARKED, [endpoint, now, parkedAt]);
}

/** pg gives the members of bigint[] as text. */
function withNumbers(batch: BatchRow): BatchRow {
  return { ...batch, seqs: batch.seqs.map(Number) };
}
