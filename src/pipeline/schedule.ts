// Releases messages when their time comes: they enter their lanes as if they were accepted then. Any number of processes may do it; what one
// has locked the others skip.
import { createAlarm } from '../lib/alarm.js';
import type { Clock } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import type { Database } from '../store/database.js';
import type { LaneMessage } from '../store/lanes.js';
import { nextScheduledAt, releaseScheduled } from '../store/scheduled.js';
import { momentOf } from './template-report.js';

/** Releases what is due. */
export interface Schedule {
  /** Something was added, or it is time to begin. */
  wake(): void;
  /** Releases nothing more; resolves when nothing is under way. */
  stop(): Promise<void>;
}

/** What it works with. */
export interface ScheduleParts {
  database: Database;
  clock: Clock;
  log: Log;
  /** Told of the messages, in lane order. */
  onAccepted(messages: LaneMessage[]): void;
}

const GROUP_MAX = 500;
/** How often what other processes added is looked for. */
const POLL_MS = 1_000;

/** Creates it; nothing happens before the first `wake`. */
export function createSchedule({ database, clock, log, onAccepted }: ScheduleParts): Schedule {
  let running: Promise<void> | undefined;
  let isWanted = false;
  let isStopped = false;
  const alarm = createAlarm(clock, wake);

  function wake(): void {
    isWanted = true;
    if (isStopped || running !== undefined) return;
    running = run().finally(() => {
      running = undefined;
      if (isWanted) wake();
    });
  }

  async function run(): Promise<void> {
    isWanted = false;
    let nextAt: number | undefined;
    try {
      for (let hasMore = true; hasMore && !isStopped; ) {
        const released = await releaseScheduled(database, momentOf(clock), GROUP_MAX);
        if (released.length > 0) onAccepted(released);
        hasMore = released.length === GROUP_MAX;
      }
      nextAt = await nextScheduledAt(database);
    } catch (error) {
      log.warn({ event: 'schedule.waits', err: String(error) });
    }
    const pollAt = clock.now() + POLL_MS;
    if (!isStopped) alarm.set(Math.min(nextAt ?? pollAt, pollAt));
  }

  return {
    wake,
    async stop() {
      isStopped = true;
      isWanted = false;
      alarm.stop();
      await running;
    },
  };
}
