// What deliver takes up again: batches that are due, probes of endpoints that are down, and what has become too old.
import { DELIVERY_MS_MAX } from '../customer/backoff.js';
import { type BatchRow, readBatches, readDueBatches, readExpiredBatches, readOldestBatches } from '../store/batches.js';
import type { Database } from '../store/database.js';
import { readBatchReports, readExpiredReports } from '../store/reports.js';
import { divide, splitFirst } from './batch-parts.js';
import { toDeadLetter } from './deliver-judge.js';
import type { Tick } from './deliver-tick.js';
import type { DeliverySlots } from './delivery-slots.js';
import type { Batch, Endpoint } from './endpoint.js';
import type { EndpointSet } from './endpoint-set.js';
import { PARKED_AT } from './ordered-cut.js';
import type { ReportReader } from './report-reader.js';

/** What this works with. */
export interface Dues {
  database: Database;
  endpoints: EndpointSet;
  reader: ReportReader;
  slots: DeliverySlots;
  /** Batches being posted; their rows say that they are due, or will one day. */
  posting: Set<string>;
  newId(): string;
  /** Monotonic ms. */
  monotonic(): number;
  /** A batch is posted in this tick: takes its slot. */
  post(endpoint: Endpoint, batch: Batch, isProbe: boolean, tick: Tick): void;
}

const OLDEST = 5;
const EXPIRED_MAX = 200;
const DEAD_MAX = 1_000;
const DEAD_REASON = 'endpoint was down for 72 h';

/** Takes batches of `endpoints` that are due again, as far as slots and rates allow. Throws DatabaseError. */
export async function takeDue(dues: Dues, endpoints: readonly Endpoint[], tick: Tick): Promise<void> {
  const { database, posting, slots } = dues;
  const free = endpoints.filter(
    (endpoint) => endpoint.isUp() && !endpoint.isPreparing && endpoint.inFlight < endpoint.limits.window,
  );
  if (free.length === 0) return;
  const rows = await readDueBatches(
    database,
    free.map((endpoint) => endpoint.id),
    tick.now,
    // Rows on disk that this tick is about to change are not what they seem.
    [...posting, ...tick.rows.finished, ...tick.rows.batches.map((batch) => batch.id)],
    Math.max(...free.map((endpoint) => endpoint.limits.window - endpoint.inFlight)),
  );
  for (const row of rows) {
    const endpoint = dues.endpoints.get(row.endpoint);
    if (endpoint === undefined || endpoint.lines?.isBlocked(row.id) === true) continue;
    // Replays are served with what the stream leaves free.
    const window = row.isReplay ? endpoint.limits.window / 2 : endpoint.limits.window;
    if (endpoint.inFlight >= window || slots.room(endpoint, 1) === 0 || endpoint.rate.available(dues.monotonic()) === 0)
      continue;
    const batch = await load(dues, endpoint, row, tick);
    if (batch !== undefined) dues.post(endpoint, batch, false, tick);
  }
}

/** The batch of a row with its reports, if they are still there; of one that is larger than its profile allows by now, the first part. */
export async function load(
  { database, reader, newId }: Dues,
  endpoint: Endpoint,
  row: BatchRow,
  { now, rows }: Tick,
): Promise<Batch | undefined> {
  const found = await reader.bodies(await readBatchReports(database, row));
  const reports = found.filter((report) => report.url !== '');
  if (reports.length === 0) {
    // Its partition is gone: there is nothing left to tell.
    rows.finished.push(row.id);
    endpoint.left(row.id);
    return undefined;
  }
  const batch = { ...row, reports };
  if (reports.length <= endpoint.limits.results) return batch;
  const parts = divide(batch, endpoint.limits.results, { newId, now, isOrdered: endpoint.lines !== undefined });
  endpoint.divided(batch, parts);
  rows.finished.push(batch.id);
  rows.batches.push(...parts);
  return parts[0];
}

/** Probes every endpoint that is down and whose time has come: one report each. Throws DatabaseError. */
export async function probeDown(dues: Dues, tick: Tick): Promise<void> {
  for (const endpoint of dues.endpoints.notUp()) {
    if (!endpoint.mayProbe(tick.now) || dues.slots.room(endpoint, 1) === 0) continue;
    const batch = (await oldProbe(dues, endpoint, tick)) ?? freshProbe(dues, endpoint, tick);
    if (batch !== undefined) dues.post(endpoint, batch, true, tick);
  }
}

/** One report out of the oldest batches, in turn. */
async function oldProbe(dues: Dues, endpoint: Endpoint, tick: Tick): Promise<Batch | undefined> {
  const { now, rows } = tick;
  const oldest = (await candidates(dues, endpoint)).filter(({ id }) => !rows.finished.includes(id));
  const row = oldest[endpoint.probes() % Math.max(1, oldest.length)];
  const batch = row === undefined ? undefined : await load(dues, endpoint, row, tick);
  if (batch === undefined || batch.reports.length === 1) return batch;
  const parts = splitFirst(batch, { newId: dues.newId, now, isOrdered: endpoint.lines !== undefined });
  const [first] = parts;
  endpoint.divided(batch, parts);
  rows.finished.push(batch.id);
  rows.batches.push(...parts);
  return { ...first, isAlone: false, attempt: batch.attempt };
}

/** The oldest batches; where order is kept, of those that wait for no other. */
async function candidates({ database }: Dues, endpoint: Endpoint): Promise<BatchRow[]> {
  const firsts = endpoint.lines?.firsts(OLDEST) ?? [];
  if (firsts.length > 0) return readBatches(database, firsts);
  const oldest = await readOldestBatches(database, endpoint.id, OLDEST);
  return oldest.filter(({ id }) => endpoint.lines?.isBlocked(id) !== true);
}

function freshProbe({ newId }: Dues, endpoint: Endpoint, { now, rows, touched }: Tick): Batch | undefined {
  const batches = endpoint.cut(now, newId, 1, 1);
  if (batches.length === 0) return undefined;
  rows.batches.push(...batches);
  touched.add(endpoint);
  return batches.find(({ dueAt }) => dueAt !== PARKED_AT);
}

/** Gives up what has been due for 72 h at endpoints that are not up. Returns whether more is left. Throws DatabaseError. */
export async function sweep({ database, endpoints, posting }: Dues, tick: Tick): Promise<boolean> {
  const { now, rows, touched } = tick;
  const notUp = endpoints.notUp();
  const before = now - DELIVERY_MS_MAX;
  const heads = notUp.map((endpoint) => endpoint.head());
  const taken = new Map<Endpoint, number>();
  for (const report of await readExpiredReports(database, heads, before, DEAD_MAX)) {
    const endpoint = endpoints.get(report.endpoint);
    // What a probe has cut in this tick is in a batch already; what does not follow directly is younger than what it follows.
    if (endpoint === undefined || report.seq !== endpoint.buffer.position().seq + 1) continue;
    rows.dead.push(toDeadLetter(report, now, DEAD_REASON));
    endpoint.buffer.jump(report);
    touched.add(endpoint);
    taken.set(endpoint, (taken.get(endpoint) ?? 0) + 1);
  }
  const ids = heads.map(({ endpoint }) => endpoint);
  const batches = await readExpiredBatches(database, ids, before, EXPIRED_MAX);
  for (const row of batches) {
    if (posting.has(row.id)) continue;
    for (const seq of row.seqs) rows.dead.push(toDeadLetter({ ...row, seq, day: row.toDay }, now, DEAD_REASON));
    rows.finished.push(row.id);
    endpoints.get(row.endpoint)?.left(row.id);
  }
  return batches.length === EXPIRED_MAX || [...taken.values()].some((count) => count === DEAD_MAX);
}
