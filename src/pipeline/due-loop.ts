// What is done when it is due: one run at a time, at once when woken, else at the earliest time asked for, and every so often to find what other
// processes added.
import { createAlarm } from '../lib/alarm.js';
import type { Clock } from '../lib/clock.js';

/** The loop. */
export interface DueLoop {
  /** Runs now, or once more after the run under way. */
  wake(): void;
  /** Begins no run any more; resolves when none is under way. */
  stop(): Promise<void>;
}

/** What a loop does. */
export interface DueWork {
  clock: Clock;
  /** Longest wait between two runs, ms. */
  pollMs: number;
  /** Does what is due; resolves with the wall ms at which the next is, if that is known. It looks at `isStopped` between its steps. */
  run(isStopped: () => boolean): Promise<number | undefined>;
  /** A run failed; the next comes after `pollMs`. */
  onError(error: unknown): void;
}

/** Creates it; nothing happens before the first `wake`. */
export function createDueLoop({ clock, pollMs, run, onError }: DueWork): DueLoop {
  let running: Promise<void> | undefined;
  let isWanted = false;
  let isStopped = false;
  const alarm = createAlarm(clock, wake);

  function wake(): void {
    isWanted = true;
    if (isStopped || running !== undefined) return;
    running = runOnce().finally(() => {
      running = undefined;
      if (isWanted) wake();
    });
  }

  async function runOnce(): Promise<void> {
    isWanted = false;
    let nextAt: number | undefined;
    try {
      nextAt = await run(() => isStopped);
    } catch (error) {
      onError(error);
    }
    const pollAt = clock.now() + pollMs;
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
