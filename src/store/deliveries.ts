// The delivery log: POSTs to customers as they went, and test reports, which are posted as all others are.
import { addDays } from '../lib/day.js';
import type { Runner } from './accounts.js';
import { ReportKind } from './reports.js';

/** One POST. Times are epoch ms. */
export interface DeliveryRow {
  /** Its batch: the `webhook-id` of every try. */
  webhookId: string;
  endpoint: number;
  attempt: number;
  kind: number;
  results: number;
  at: number;
  durationMs: number;
  httpStatus: number | null;
  verdict: string;
  error: string | null;
  answer: string | null;
  nextAt: number | null;
}

/** Which POSTs: those of some endpoints begun in [from, to], newest first, behind `after`. Days are yyyymmdd. */
export interface DeliveryFilter {
  endpoints: readonly number[];
  from: number;
  to: number;
  fromDay: number;
  toDay: number;
  verdict: string | null;
  after: Pick<DeliveryRow, 'at' | 'webhookId' | 'attempt'> | null;
}

const COLUMNS = `batch AS "webhookId", endpoint, attempt, kind, results, at, duration_ms AS "durationMs", http_status AS "httpStatus", verdict,
  error, answer, next_at AS "nextAt"`;
const OF_DAY = {
  name: 'deliveries_of_day',
  text: `SELECT a.* FROM unnest($1::integer[]) AS e (id), LATERAL (
      SELECT ${COLUMNS} FROM attempts
      WHERE day = $2 AND endpoint = e.id AND at BETWEEN $3 AND $4 AND ($5::text IS NULL OR verdict = $5)
        AND ($6::bigint IS NULL OR (at, batch, attempt) < ($6, $7::uuid, $8::smallint))
      ORDER BY at DESC, batch DESC, attempt DESC LIMIT $9
    ) a ORDER BY a.at DESC, a."webhookId" DESC, a.attempt DESC LIMIT $9`,
};

/** Up to `limit` POSTs, newest first. A POST is kept on the day on which its answer was written, which is at most one after its own. */
export async function readDeliveries(db: Runner, filter: DeliveryFilter, limit: number): Promise<DeliveryRow[]> {
  const { endpoints, from, to, fromDay, toDay, verdict, after } = filter;
  const last = after === null ? [null, null, null] : [after.at, after.webhookId, after.attempt];
  const rows: DeliveryRow[] = [];
  for (let day = addDays(toDay, 1); day >= fromDay; day = addDays(day, -1)) {
    rows.push(...(await db.run<DeliveryRow>(OF_DAY, [endpoints, day, from, to, verdict, ...last, limit])));
    // What a day too late has kept may be older than what its own day has.
    if (rows.length >= limit && day <= toDay) break;
  }
  return rows
    .sort((a, b) => b.at - a.at || (b.webhookId < a.webhookId ? -1 : 1) || b.attempt - a.attempt)
    .slice(0, limit);
}

const OF_BATCH = {
  name: 'deliveries_of_batch',
  text: `SELECT ${COLUMNS} FROM attempts WHERE batch = $1 ORDER BY attempt`,
};
const WAITING = {
  name: 'delivery_waiting',
  text: `SELECT endpoint, kind, cardinality(seqs) AS results, url, attempt, due_at AS "dueAt", is_replay AS "isReplay" FROM batches WHERE id = $1`,
};

/** A request that has not succeeded yet. */
export interface WaitingDelivery {
  endpoint: number;
  kind: number;
  results: number;
  url: string;
  attempt: number;
  dueAt: number;
  isReplay: boolean;
}

/** All tries of one request, oldest first, and the request itself while it waits for another. */
export async function readDelivery(
  db: Runner,
  webhookId: string,
): Promise<{ attempts: DeliveryRow[]; waiting: WaitingDelivery | undefined }> {
  const [waiting] = await db.run<WaitingDelivery>(WAITING, [webhookId]);
  return { attempts: await db.run<DeliveryRow>(OF_BATCH, [webhookId]), waiting };
}

const APPEND_TEST = {
  name: 'append_test_report',
  text: `WITH moved AS (
      UPDATE tails SET next = next + 1, day = greatest(day, $3) WHERE stream = endpoint_stream($1) RETURNING next - 1 AS seq, day
    )
    INSERT INTO reports (day, endpoint, seq, ref, ref_day, kind, at, url)
    SELECT m.day, $1, m.seq, $4, m.day, ${ReportKind.test}, $2, $5 FROM moved m RETURNING seq`,
};

/** Appends a test report for `url` to the stream of its endpoint; its sequence number. */
export async function appendTestReport(
  db: Runner,
  { endpoint, now, today, ref, url }: { endpoint: number; now: number; today: number; ref: string; url: string },
): Promise<number> {
  const [row] = await db.run<{ seq: number }>(APPEND_TEST, [endpoint, now, today, ref, url]);
  if (row === undefined) throw new Error(`endpoint ${endpoint} has no stream`);
  return row.seq;
}

const OF_SEQ = {
  name: 'delivery_of_seq',
  text: `SELECT ${COLUMNS} FROM attempts
    WHERE endpoint = $1 AND kind = $2 AND day >= $3 AND last_seq BETWEEN $4 AND $4 + 2000 AND first_seq <= $4 ORDER BY at LIMIT 1`,
};

/** The first POST that carried a test report, if there was one yet. */
export async function findTestDelivery(
  db: Runner,
  { endpoint, seq, today }: { endpoint: number; seq: number; today: number },
): Promise<DeliveryRow | undefined> {
  const [row] = await db.run<DeliveryRow>(OF_SEQ, [endpoint, ReportKind.test, today, seq]);
  return row;
}
