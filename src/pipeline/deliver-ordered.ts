// Order per conversation, from and to the disk: which batches of an endpoint wait for which, as a new owner or a changed profile finds it, and
// the batches whose turn has come.
import type { Log } from '../lib/log.js';
import { freeParkedBatches, readBatches, readUnfinishedBatches } from '../store/batches.js';
import type { Database } from '../store/database.js';
import { readBatchReports } from '../store/reports.js';
import { complain } from './complain.js';
import { conversationOf, createConversationLines } from './conversation-lines.js';
import { type Dues, load } from './deliver-due.js';
import type { Tick } from './deliver-tick.js';
import type { Endpoint } from './endpoint.js';
import { PARKED_AT } from './ordered-cut.js';
import type { ReportReader } from './report-reader.js';

/** What this works with. */
export interface OrderParts {
  database: Database;
  reader: ReportReader;
  log: Log;
  now(): number;
}

/** Makes endpoints keep order, or no longer. */
export interface OrderKeeper {
  /** The limits of an endpoint say something else than it does: from now on nothing of it begins, until it was made ready. */
  want(endpoint: Endpoint): void;
  /** Begins with those that have nothing under way. What this process has done must be on disk. */
  run(): void;
  forget(): void;
}

/** Creates the keeper; `onReady` is told of each endpoint that was made ready. */
export function createOrderKeeper(parts: OrderParts, onReady: (endpoint: Endpoint) => void): OrderKeeper {
  const wanted = new Set<Endpoint>();
  const preparing = new Set<Endpoint>();
  async function make(endpoint: Endpoint): Promise<void> {
    try {
      await prepareOrder(parts, endpoint);
      endpoint.isPreparing = false;
      wanted.delete(endpoint);
      onReady(endpoint);
    } catch (error) {
      // A later tick tries again.
      complain(parts.log, 'deliver.order', error);
    } finally {
      preparing.delete(endpoint);
    }
  }
  return {
    want(endpoint) {
      endpoint.isPreparing = true;
      wanted.add(endpoint);
    },
    run() {
      for (const endpoint of wanted) {
        if (endpoint.inFlight > 0 || preparing.has(endpoint)) continue;
        preparing.add(endpoint);
        void make(endpoint);
      }
    },
    forget: () => wanted.clear(),
  };
}

async function prepareOrder({ database, reader, now }: OrderParts, endpoint: Endpoint): Promise<void> {
  if (!endpoint.limits.isOrdered) {
    await freeParkedBatches(database, endpoint.id, now(), PARKED_AT);
    endpoint.setLines(undefined);
    return;
  }
  const rows = await readUnfinishedBatches(database, endpoint.id);
  const lines = createConversationLines();
  const batchOf = new Map<number, string>();
  for (const { id, seqs } of rows) {
    lines.add(id);
    for (const seq of seqs) batchOf.set(seq, id);
  }
  const days = rows.flatMap(({ fromDay, toDay }) => [fromDay, toDay]);
  const span = {
    endpoint: endpoint.id,
    seqs: [...batchOf.keys()],
    fromDay: Math.min(...days),
    toDay: Math.max(...days),
  };
  const reports = rows.length === 0 ? [] : await reader.bodies(await readBatchReports(database, span));
  for (const report of reports.sort((a, b) => a.seq - b.seq))
    lines.join(batchOf.get(report.seq) ?? '', conversationOf(report));
  endpoint.setLines(lines);
  for (const { id, dueAt } of rows) if (dueAt === PARKED_AT && !lines.isBlocked(id)) endpoint.released.add(id);
}

/** Posts parked batches whose turn has come, as far as slots and rates allow. Returns whether some must wait for this tick's commit. Throws DatabaseError. */
export async function takeReleased(dues: Dues, endpoints: readonly Endpoint[], tick: Tick): Promise<boolean> {
  const fresh = new Set(tick.rows.batches.map(({ id }) => id));
  let isEarly = false;
  for (const endpoint of endpoints) {
    if (endpoint.released.size === 0 || !endpoint.isUp() || endpoint.isPreparing) continue;
    const { window } = endpoint.limits;
    const allowed = Math.min(window - endpoint.inFlight, endpoint.rate.available(dues.monotonic()));
    const room = dues.slots.room(endpoint, allowed);
    const ids = [...endpoint.released].filter((id) => !fresh.has(id));
    if (ids.length < endpoint.released.size) isEarly = true;
    const rows = await readBatches(dues.database, ids.slice(0, room));
    for (const id of ids.slice(0, room)) endpoint.released.delete(id);
    for (const row of rows) {
      const batch = await load(dues, endpoint, row, tick);
      if (batch !== undefined) dues.post(endpoint, batch, false, tick);
    }
  }
  return isEarly;
}
