// The gauges: what waits where, how old it is, and how the database is, asked whenever Prometheus asks.
import type { Clock } from '../lib/clock.js';
import type { Metrics } from '../lib/metrics.js';
import type { Database } from '../store/database.js';
import {
  type DatabaseHealth,
  type Depths,
  readDatabaseHealth,
  readDepths,
  readEndpointDepths,
  readLaneDepths,
  type StreamDepth,
} from '../store/depths.js';
import type { Deliver } from './deliver.js';
import type { Dispatch } from './dispatch.js';
import type { Media } from './media.js';

const CACHE_MS = 1_000;

/** What gauges ask. Parts that this process does not run are undefined. */
export interface Gauged {
  database: Database;
  clock: Clock;
  dispatch: Dispatch | undefined;
  deliver: Deliver | undefined;
  media: Media | undefined;
  janitor: { keptPartitions(): number };
}

/** Registers everything that is asked when the metrics are read. What the database is asked for is remembered for a second. */
export function registerGauges(metrics: Metrics, { database, clock, dispatch, deliver, media, janitor }: Gauged): void {
  const depths = remembered(clock, () => readDepths(database, clock.now()));
  const depth = (key: keyof Depths): Promise<number> =>
    // Not known is not zero: Prometheus reads NaN as such.
    depths().then(
      (known) => Number(known[key]),
      () => Number.NaN,
    );
  metrics.gauge('parley_lanes_waiting', 'Messages accepted and not yet claimed', () => depth('lanes'));
  metrics.gauge('parley_lanes_oldest_seconds', 'Age of the oldest message not yet claimed', () =>
    depth('oldestLaneSeconds'),
  );
  metrics.gauge('parley_reports_oldest_seconds', 'Age of the oldest report not yet in a batch', () =>
    depth('oldestReportSeconds'),
  );
  metrics.gauge('parley_lanes_held', 'Messages claimed that wait (order, pace, retry, pause, unknown)', () =>
    depth('held'),
  );
  metrics.gauge('parley_lanes_oldest_held_seconds', 'Age of the oldest held message', () => depth('oldestHeldSeconds'));
  metrics.gauge('parley_reports_waiting', 'Reports not yet in a batch', () => depth('reports'));
  metrics.gauge('parley_batches_waiting', 'Batches that have not succeeded', () => depth('batches'));
  metrics.gauge('parley_batches_oldest_seconds', 'Age of the oldest batch', () => depth('oldestBatchSeconds'));
  metrics.gauge('parley_dead_letters', 'Reports given up', () => depth('deadLetters'));
  metrics.gauge('parley_lanes_paused', 'Lanes of this process that are paused', () => dispatch?.counts().paused ?? 0);
  metrics.gauge('parley_dispatch_in_flight', 'POSTs to Meta under way', () => dispatch?.counts().inFlight ?? 0);
  metrics.gauge('parley_media_in_flight', 'Files being fetched from Meta', () => media?.counts().fetching ?? 0);
  metrics.gauge('parley_deliver_in_flight', 'POSTs to customers under way', () => deliver?.counts().inFlight ?? 0);
  metrics.gauge(
    'parley_endpoints_down',
    'Endpoints of this process that are down or disabled',
    () => deliver?.counts().down ?? 0,
  );
  metrics.gauge(
    'parley_endpoints_disabled',
    'Endpoints of this process that are disabled until somebody enables them',
    () => deliver?.counts().disabled ?? 0,
  );
  metrics.gauge('parley_partitions_kept', 'Partitions kept past the retention', () => janitor.keptPartitions());
  streamGauges(
    metrics,
    'lane',
    remembered(clock, () => readLaneDepths(database, clock.now())),
  );
  streamGauges(
    metrics,
    'endpoint',
    remembered(clock, () => readEndpointDepths(database, clock.now())),
  );
  const health = remembered(clock, () => readDatabaseHealth(database));
  const of = (key: keyof DatabaseHealth): Promise<number> =>
    health().then(
      (known) => Number(known[key] ?? Number.NaN),
      () => Number.NaN,
    );
  metrics.gauge('parley_database_up', 'Whether the database answers', () =>
    of('bytes').then((bytes) => (Number.isNaN(bytes) ? 0 : 1)),
  );
  metrics.gauge('parley_database_bytes', 'Size of the database', () => of('bytes'));
  metrics.gauge('parley_database_connections', 'Connections to the database, of whomever', () => of('connections'));
  metrics.gauge('parley_database_connections_max', 'Connections that the database takes', () => of('connectionsMax'));
  metrics.gauge(
    'parley_database_transaction_id_age',
    'Transactions since the oldest row that is not frozen; the database stops near 2,000,000,000',
    () => of('transactionIdAge'),
  );
  metrics.gauge('parley_database_oldest_transaction_seconds', 'Age of the oldest transaction under way', () =>
    of('oldestTransactionSeconds'),
  );
  metrics.gauge('parley_database_deadlocks', 'Deadlocks since the statistics were reset', () => of('deadlocks'));
  metrics.gauge('parley_partitions', 'Partitions there are', () => of('partitions'));
  metrics.gauge('parley_database_dead_rows', 'Row versions that autovacuum has not removed yet, estimated', () =>
    of('deadRows'),
  );
  metrics.gauge('parley_database_standbys', 'Standbys that are connected', () => of('standbys'));
  metrics.gauge('parley_database_standby_lag_bytes', 'Log that the slowest standby has not replayed', () =>
    of('standbyLagBytes'),
  );
  metrics.gauge('parley_database_standby_lag_seconds', 'How long the slowest standby takes to replay', () =>
    of('standbyLagSeconds'),
  );
  metrics.gauge('parley_database_slot_bytes', 'Log that replication slots keep', () => of('slotBytes'));
}

const NAMES = {
  lane: {
    position: 'parley_lane_position',
    waiting: 'parley_lane_waiting',
    oldestSeconds: 'parley_lane_oldest_seconds',
  },
  endpoint: {
    position: 'parley_endpoint_position',
    waiting: 'parley_endpoint_waiting',
    oldestSeconds: 'parley_endpoint_oldest_seconds',
  },
} as const;
const HELP = {
  position: 'How far it has come; its growth is its rate',
  waiting: 'What waits in it',
  oldestSeconds: 'Age of the oldest that waits in it',
} as const;

/** Of the busiest only: there may be any number. */
function streamGauges(metrics: Metrics, kind: keyof typeof NAMES, read: () => Promise<StreamDepth[]>): void {
  for (const key of ['position', 'waiting', 'oldestSeconds'] as const)
    metrics.gaugeBy(NAMES[kind][key], `${HELP[key]}; of the 50 with the most`, kind, async () => {
      const streams = await read().catch(() => []);
      return streams.map((stream): [string, number] => [String(stream.id), Number(stream[key])]);
    });
}

/** What `ask` answers, asked at most once in a second. */
function remembered<T>(clock: Clock, ask: () => Promise<T>): () => Promise<T> {
  const last: { at: number; answer: Promise<T> | undefined } = { at: Number.NEGATIVE_INFINITY, answer: undefined };
  return () => {
    if (last.answer === undefined || clock.monotonic() - last.at > CACHE_MS) {
      last.at = clock.monotonic();
      last.answer = ask();
    }
    return last.answer;
  };
}
