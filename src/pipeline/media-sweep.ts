// Removes files whose time is over, and what a crash left behind: kept files that no row knows, unfinished ones that nobody wants.
// Every process may do it; doing it twice does nothing.
import type { Clock } from '../lib/clock.js';
import { addDays, dayOf, startOfDay } from '../lib/day.js';
import type { Log } from '../lib/log.js';
import type { BlobStore } from '../media/blob-store.js';
import type { Spool } from '../media/spool.js';
import { readShortAccounts } from '../store/account-retention.js';
import type { Database } from '../store/database.js';
import {
  forgetMedia,
  MediaState,
  markMediaRemoved,
  readExpiredMedia,
  readExpiredMediaOf,
  readKnownMedia,
} from '../store/media.js';
import { complain } from './complain.js';

/** Sweeps. */
export interface MediaSweep {
  /** Begins; the first round comes after a minute. */
  start(): void;
  stop(): Promise<void>;
}

/** What the sweep works with. */
export interface MediaSweepParts {
  database: Database;
  clock: Clock;
  log: Log;
  blobs: BlobStore;
  spool: Spool;
  /** Rows of files are kept as long as messages, and never less than the files. */
  retentionDays: number;
}

const ROUND_MS = 60_000;
const DAY_MS = 86_400_000;
/** How long inbound files are kept (Infobip 10). */
const KEPT_DAYS = 30;
/** How often all files are looked through. */
const ORPHANS_MS = 6 * 3_600_000;
/** A file younger than this may belong to something under way. */
const ORPHAN_AGE_MS = 3_600_000;
const BATCH = 500;

/** Creates the sweep. */
export function createMediaSweep(parts: MediaSweepParts): MediaSweep {
  const { clock, log } = parts;
  const state = { isStopped: false, orphansAt: clock.now() };
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  async function work(): Promise<void> {
    await removeExpired(parts, state);
    await forget(parts);
    if (clock.now() < state.orphansAt) return;
    state.orphansAt = clock.now() + ORPHANS_MS;
    await removeOrphans(parts, state);
    await removeUnfinished(parts);
  }

  function round(): Promise<void> {
    running ??= work()
      .catch((error: unknown) => complain(log, 'media.sweep', error))
      .finally(() => {
        running = undefined;
      });
    return running;
  }

  function schedule(): void {
    if (state.isStopped) return;
    timer = setTimeout(() => void round().finally(schedule), ROUND_MS);
    timer.unref();
  }

  const detach = clock.onAdvance(() => void (running ?? Promise.resolve()).then(round));
  return {
    start: schedule,
    async stop() {
      state.isStopped = true;
      detach();
      clearTimeout(timer);
      await running;
    },
  };
}

interface SweepState {
  isStopped: boolean;
}

/** The file first, then its row: what is cut off in between is done again. */
async function removeExpired(parts: MediaSweepParts, state: SweepState): Promise<void> {
  const { database, clock } = parts;
  await removeAll(parts, state, () => readExpiredMedia(database, clock.now() - KEPT_DAYS * DAY_MS, BATCH));
  for (const { id, days } of await readShortAccounts(database, KEPT_DAYS)) {
    const before = startOfDay(addDays(dayOf(clock.now()), -days));
    await removeAll(parts, state, () => readExpiredMediaOf(database, id, before, BATCH));
  }
}

async function removeAll(
  { database, clock, log, blobs }: MediaSweepParts,
  state: SweepState,
  read: () => Promise<string[]>,
): Promise<void> {
  while (!state.isStopped) {
    const ids = await read();
    for (const id of ids) await blobs.remove(id);
    await markMediaRemoved(database, clock.now(), ids);
    if (ids.length > 0) log.info({ event: 'media.expired', files: ids.length });
    if (ids.length < BATCH) return;
  }
}

async function forget({ database, clock, retentionDays }: MediaSweepParts): Promise<void> {
  const before = clock.now() - (Math.max(retentionDays, KEPT_DAYS) + 1) * DAY_MS;
  while ((await forgetMedia(database, before, BATCH)) === BATCH);
}

async function removeOrphans(parts: MediaSweepParts, state: SweepState): Promise<void> {
  const { clock, blobs } = parts;
  let batch: string[] = [];
  for await (const { id, at } of blobs.list()) {
    if (state.isStopped) return;
    if (clock.now() - at < ORPHAN_AGE_MS) continue;
    batch.push(id);
    if (batch.length < BATCH) continue;
    await removeUnknown(parts, batch);
    batch = [];
  }
  await removeUnknown(parts, batch);
}

async function removeUnknown({ database, log, blobs }: MediaSweepParts, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const known = new Set((await readKnownMedia(database, ids)).map(({ id }) => id));
  for (const id of ids) {
    if (known.has(id)) continue;
    await blobs.remove(id);
    log.info({ event: 'media.orphan', id });
  }
}

async function removeUnfinished({ database, spool }: MediaSweepParts): Promise<void> {
  const ids = (await spool.idle(ORPHAN_AGE_MS)).filter((id) => /^[0-9a-f-]{36}$/.test(id));
  const known = await readKnownMedia(database, ids);
  const wanted = new Set(known.filter(({ state }) => state === MediaState.wanted).map(({ id }) => id));
  for (const id of ids) if (!wanted.has(id)) await spool.remove(id);
}
