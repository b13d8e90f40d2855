// Releases messages when their time comes: they enter their lanes as if they were accepted then. Any number of processes may do it; what one
// has locked the others skip.
import type { Clock } from '../lib/clock.js';
import { crashPoint } from '../lib/crash-point.js';
import type { Log } from '../lib/log.js';
import type { Database } from '../store/database.js';
import type { LaneMessage } from '../store/lanes.js';
import { nextScheduledAt, releaseScheduled } from '../store/scheduled.js';
import { createDueLoop, type DueLoop } from './due-loop.js';
import { momentOf } from './template-report.js';

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
export function createSchedule({ database, clock, log, onAccepted }: ScheduleParts): DueLoop {
  async function run(isStopped: () => boolean): Promise<number | undefined> {
    for (let hasMore = true; hasMore && !isStopped(); ) {
      const released = await releaseScheduled(database, momentOf(clock), GROUP_MAX);
      if (released.length > 0) {
        crashPoint('schedule.released');
        onAccepted(released);
      }
      hasMore = released.length === GROUP_MAX;
    }
    return nextScheduledAt(database);
  }

  function onError(error: unknown): void {
    log.warn({ event: 'schedule.waits', err: String(error) });
  }

  return createDueLoop({ clock, pollMs: POLL_MS, run, onError });
}
