// One timer that fires at the earliest wall time asked of it and re-arms at once when the clock is advanced.
import type { Clock } from './clock.js';

/** setTimeout overflows above 2^31 - 1 ms; a longer wait is taken in steps of this. */
const TIMER_STEP_MS_MAX = 60_000;

/** A timer on wall time. `ring` is called once for each time set, never before it is due; it must not throw. */
export interface Alarm {
  /** Asks for a call at `atMs` (epoch ms); an earlier time already asked for wins. */
  set(atMs: number): void;
  /** Forgets what was asked for. The alarm can be set again. */
  clear(): void;
  /** Clears and detaches from the clock for good. */
  stop(): void;
}

/** Creates an alarm that calls `ring` when due on `clock`. The timer never keeps the process alive. */
export function createAlarm(clock: Clock, ring: () => void): Alarm {
  let dueAt: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  function arm(): void {
    if (timer !== undefined) clearTimeout(timer);
    timer = undefined;
    if (dueAt === undefined) return;
    const waitMs = Math.min(Math.max(0, dueAt - clock.now()), TIMER_STEP_MS_MAX);
    timer = setTimeout(check, waitMs);
    timer.unref();
  }
  function check(): void {
    timer = undefined;
    if (dueAt === undefined) return;
    if (clock.now() < dueAt) {
      arm();
      return;
    }
    dueAt = undefined;
    ring();
  }
  const detach = clock.onAdvance(arm);
  return {
    set(atMs) {
      if (dueAt !== undefined && dueAt <= atMs) return;
      dueAt = atMs;
      arm();
    },
    clear() {
      dueAt = undefined;
      arm();
    },
    stop() {
      dueAt = undefined;
      arm();
      detach();
    },
  };
}
