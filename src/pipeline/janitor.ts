// Housekeeping: partitions made ahead and dropped when they are past the retention, old keys deleted, lanes aged.
// Every process does it; doing it twice does nothing.
import type { Clock } from '../lib/clock.js';
import { addDays, dayOf } from '../lib/day.js';
import type { Log } from '../lib/log.js';
import { forgetExpiredTokens } from '../store/access-tokens.js';
import { forgetClicks } from '../store/clicks.js';
import { type Database, DatabaseError } from '../store/database.js';
import { countLinkDays, forgetLinks } from '../store/links.js';
import { ensurePartitions, FAR_OFF_DAY, listPartitions } from '../store/partitions.js';
import { forgetProcesses } from '../store/processes.js';
import { forgetFullBuckets } from '../store/rate-buckets.js';
import { dropPartition, forgetOld, mayDrop, readUnfinished } from '../store/retention.js';
import { forgetUploads } from '../store/uploads.js';
import { createAccountRetention } from './account-retention.js';
import { UPLOAD_LIFE_MS } from './media-upload.js';

/** Keeps house. */
export interface Janitor {
  /** Makes today's partitions, then goes on by itself. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Runs a round now, e.g. after the clock moved. Resolves when it is done. */
  round(): Promise<void>;
  /** Oldest day that messages still have a partition for, yyyymmdd. */
  oldestDay(): number;
  /** Partitions kept past the retention because something unfinished points into them. */
  keptPartitions(): number;
}

/** What the janitor works with. */
export interface JanitorParts {
  database: Database;
  clock: Clock;
  log: Log;
  retentionDays: number;
  /** Ages what this process owns. */
  age(): Promise<void>;
}

const ROUND_MS = 60_000;
const IDEMPOTENCY_MS = 48 * 3_600_000;
const DAY_MS = 86_400_000;
/** What became of messages with links is known, as numbers, for two years. */
const NUMBERS_DAYS = 731;

/** Creates the janitor. */
export function createJanitor({ database, clock, log, retentionDays, age }: JanitorParts): Janitor {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let oldest = 0;
  let kept = 0;
  let isStopped = false;
  const forgetOfAccounts = createAccountRetention({ database, clock, retentionDays });

  async function dropOld(today: number): Promise<void> {
    const limit = addDays(today, -retentionDays);
    const partitions = await listPartitions(database);
    const old = partitions.filter(({ day }) => day < limit && day !== FAR_OFF_DAY);
    kept = 0;
    if (old.length > 0) {
      const unfinished = await readUnfinished(database, limit);
      for (const partition of old) {
        if (!mayDrop(partition, unfinished)) {
          kept += 1;
          log.warn({ event: 'partition.kept', table: partition.table, day: partition.day });
          continue;
        }
        if (partition.table === 'events') await countLinkDays(database, partition.day);
        await dropPartition(database, partition);
        log.info({ event: 'partition.dropped', table: partition.table, day: partition.day });
      }
    }
    const days = (await listPartitions(database)).filter(({ table }) => table === 'messages').map(({ day }) => day);
    oldest = days.length === 0 ? today : Math.min(...days);
  }

  async function work(): Promise<void> {
    const now = clock.now();
    const today = dayOf(now);
    await ensurePartitions(database, today);
    for (const task of [
      () => age(),
      () => dropOld(today),
      () => forgetOld(database, now - IDEMPOTENCY_MS, now - retentionDays * DAY_MS, addDays(today, -retentionDays)),
      forgetOfAccounts,
      () => forgetProcesses(database),
      () => forgetUploads(database, now - UPLOAD_LIFE_MS),
      () => forgetFullBuckets(database, now),
      () => forgetExpiredTokens(database, now),
      () => forgetClicks(database, now, addDays(today, -1), retentionDays),
      // Longer than their clicks, which tell of them.
      () => forgetLinks(database, now - retentionDays * DAY_MS, addDays(today, -NUMBERS_DAYS)),
    ]) {
      await task().catch(complain);
    }
  }

  function complain(error: unknown): void {
    const isQuiet = error instanceof DatabaseError && error.kind !== 'bug' && error.kind !== 'data';
    log[isQuiet ? 'warn' : 'error']({ event: 'janitor', err: isQuiet ? error.message : error });
  }

  function round(): Promise<void> {
    running ??= work()
      .catch(complain)
      .finally(() => {
        running = undefined;
      });
    return running;
  }

  function schedule(): void {
    if (isStopped) return;
    timer = setTimeout(() => void round().finally(schedule), ROUND_MS);
    timer.unref();
  }

  const detach = clock.onAdvance(() => void (running ?? Promise.resolve()).then(round));
  return {
    async start() {
      await ensurePartitions(database, dayOf(clock.now()));
      const days = (await listPartitions(database)).filter(({ table }) => table === 'messages').map(({ day }) => day);
      oldest = Math.min(dayOf(clock.now()), ...days);
      schedule();
      void round();
    },
    async stop() {
      isStopped = true;
      detach();
      if (timer !== undefined) clearTimeout(timer);
      await running;
    },
    round,
    oldestDay: () => oldest,
    keptPartitions: () => kept,
  };
}
