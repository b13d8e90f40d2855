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

/** How many lanes, and how many endpoints, have values of their own in the metrics: those with the most that waits. */
const STREAMS_MAX = 50;

/** One lane or endpoint. */
export interface StreamDepth {
  id: number;
  /** How far it has come: what it has done since it was made. */
  position: number;
  waiting: number;
  /** Age in seconds of the oldest that waits, 0 when nothing does. */
  oldestSeconds: number;
}

const LANES = {
  name: 'lane_depths',
  text: `SELECT d.id, d.position, d.waiting, coalesce(greatest(0, $1 - m.accepted_at) / 1000, 0) AS "oldestSeconds" FROM (
      SELECT h.lane AS id, h.claimed AS position, t.next - 1 - h.claimed AS waiting
      FROM lane_heads h JOIN tails t ON t.stream = h.lane WHERE h.claimed > 0 OR t.next > 1 ORDER BY waiting DESC, h.claimed DESC, id LIMIT ${STREAMS_MAX}
    ) d LEFT JOIN LATERAL (SELECT accepted_at FROM messages m WHERE d.waiting > 0 AND m.lane = d.id AND m.seq = d.position + 1 OFFSET 0) m ON true`,
};
const ENDPOINTS = {
  name: 'endpoint_depths',
  text: `SELECT d.id, d.position, d.waiting, coalesce(greatest(0, $1 - r.at) / 1000, 0) AS "oldestSeconds" FROM (
      SELECT h.endpoint AS id, h.position, t.next - 1 - h.position AS waiting
      FROM endpoint_heads h JOIN tails t ON t.stream = endpoint_stream(h.endpoint) WHERE t.next > 1 ORDER BY waiting DESC, h.position DESC, id LIMIT ${STREAMS_MAX}
    ) d LEFT JOIN LATERAL (SELECT at FROM reports r WHERE d.waiting > 0 AND r.endpoint = d.id AND r.seq = d.position + 1 OFFSET 0) r ON true`,
};
/** The end of the log. Read for each row, and so after it: a standby may replay more between the two, and would be ahead of an end read before. */
const WRITTEN = 'CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_lsn() END';
const HEALTH = {
  name: 'database_health',
  text: `SELECT pg_database_size(current_database()) AS bytes,
    (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()) AS connections,
    (SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float8 FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle') AS "oldestTransactionSeconds",
    (SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()) AS deadlocks,
    current_setting('max_connections')::integer AS "connectionsMax",
    (SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database()) AS "transactionIdAge",
    (SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent WHERE c.relkind = 'p') AS partitions,
    (SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_user_tables) AS "deadRows",
    (SELECT count(*) FROM pg_stat_replication) AS standbys,
    (SELECT max(pg_wal_lsn_diff(${WRITTEN}, replay_lsn)) FROM pg_stat_replication) AS "standbyLagBytes",
    (SELECT max(extract(epoch FROM replay_lag))::float8 FROM pg_stat_replication) AS "standbyLagSeconds",
    (SELECT max(pg_wal_lsn_diff(${WRITTEN}, restart_lsn)) FROM pg_replication_slots) AS "slotBytes"`,
};

/** How PostgreSQL is. */
export interface DatabaseHealth {
  bytes: number;
  connections: number;
  connectionsMax: number;
  /** Transactions since the oldest row that is not frozen. */
  transactionIdAge: number;
  /** Age of the oldest transaction under way. */
  oldestTransactionSeconds: number;
  deadlocks: number;
  partitions: number;
  /** Row versions that nobody sees any more and autovacuum has not removed, by PostgreSQL's own estimate. */
  deadRows: number;
  standbys: number;
  /** What the standby furthest behind has not replayed; null without one, or when the role may not see it (`pg_monitor`). */
  standbyLagBytes: number | null;
  /** How long it takes to replay; null also when everything is replayed. */
  standbyLagSeconds: number | null;
  /** Log that replication slots keep from being removed; null without a slot. */
  slotBytes: number | null;
}

/** The 50 lanes in which most waits. Throws DatabaseError. */
export async function readLaneDepths(database: Database, now: number): Promise<StreamDepth[]> {
  return database.run<StreamDepth>(LANES, [now]);
}

/** The 50 endpoints for which most waits. Throws DatabaseError. */
export async function readEndpointDepths(database: Database, now: number): Promise<StreamDepth[]> {
  return database.run<StreamDepth>(ENDPOINTS, [now]);
}

/** Asks PostgreSQL how it is. Throws DatabaseError. */
export async function readDatabaseHealth(database: Database): Promise<DatabaseHealth> {
  const [row] = await database.run<DatabaseHealth>(HEALTH, []);
  if (row === undefined) throw new Error('health: no row');
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
