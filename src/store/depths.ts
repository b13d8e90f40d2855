// How much waits where, for the metrics and for people.
import type { Database } from './database.js';

/** What waits. Ages in seconds of the oldest that waits, 0 when nothing does. */
export interface Depths {
  /** Messages accepted and not claimed, and those held. */
  lanes: number;
  held: number;
  /** Reports not in a batch yet. */
  reports: number;
  /** Batches that have not succeeded. */
  batches: number;
  oldestLaneSeconds: number;
  oldestReportSeconds: number;
  oldestHeldSeconds: number;
  oldestBatchSeconds: number;
  deadLetters: number;
}

const DEPTHS = {
  name: 'depths',
  text: `SELECT
    (SELECT coalesce(sum(t.next - 1 - h.claimed), 0)::bigint FROM lane_heads h JOIN tails t ON t.stream = h.lane) AS lanes,
    (SELECT count(*) FROM held) AS held,
    (SELECT coalesce(sum(t.next - 1 - h.position), 0)::bigint FROM endpoint_heads h JOIN tails t ON t.stream = endpoint_stream(h.endpoint)) AS reports,
    (SELECT count(*) FROM batches) AS batches,
    (SELECT coalesce(greatest(0, $1 - min(m.accepted_at)) / 1000, 0) FROM lane_heads h JOIN tails t ON t.stream = h.lane,
      LATERAL (SELECT accepted_at FROM messages m WHERE m.lane = h.lane AND m.seq = h.claimed + 1 OFFSET 0) m
      WHERE t.next > h.claimed + 1) AS "oldestLaneSeconds",
    (SELECT coalesce(greatest(0, $1 - min(r.at)) / 1000, 0) FROM endpoint_heads h JOIN tails t ON t.stream = endpoint_stream(h.endpoint),
      LATERAL (SELECT at FROM reports r WHERE r.endpoint = h.endpoint AND r.seq = h.position + 1 OFFSET 0) r
      WHERE t.next > h.position + 1) AS "oldestReportSeconds",
    (SELECT coalesce(greatest(0, $1 - min(accepted_at)) / 1000, 0) FROM held) AS "oldestHeldSeconds",
    (SELECT coalesce(greatest(0, $1 - min(first_due_at)) / 1000, 0) FROM batches) AS "oldestBatchSeconds",
    (SELECT count(*) FROM dead_letters) AS "deadLetters"`,
};

/** Counts what waits. Throws DatabaseError. */
export async function readDepths(database: Database, now: number): Promise<Depths> {
  const [row] = await database.run<Depths>(DEPTHS, [now]);
  if (row === undefined) throw new Error('depths: no row');
  return row;
}

const PING = { name: 'ping', text: 'SELECT 1' };

/** Whether the database answers. */
export async function ping(database: Database): Promise<boolean> {
  return database.run(PING, []).then(
    () => true,
    () => false,
  );
}

const ENSURE_ENDPOINT = { name: 'ensure_endpoint', text: `SELECT ensure_endpoint($1, $2, '', $3) AS id` };

/** The endpoint of an account and the origin of a URL; made when it is new. */
export async function ensureEndpoint(
  database: Database,
  account: number,
  origin: string,
  now: number,
): Promise<number> {
  const [row] = await database.run<{ id: number }>(ENSURE_ENDPOINT, [account, origin, now]);
  if (row === undefined) throw new Error('ensure_endpoint gave no id');
  return row.id;
}
