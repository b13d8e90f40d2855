// One timer for many who wait on the monotonic clock: it rings for the first of them, who ask again then. (lib/alarm.ts is for wall time.)

/** The timer. */
export interface EarliestTimer {
  /** Asks to be rung `waitMs` after `now` (monotonic ms), at once for 0: then nothing is set. An earlier time already asked for wins. */
  ringAfter(waitMs: number, now: number): void;
  stop(): void;
}

/** Creates it; it never keeps the process alive. */
export function createEarliestTimer(ring: () => void): EarliestTimer {
  let at = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  function rung(): void {
    at = Number.POSITIVE_INFINITY;
    ring();
  }
  return {
    ringAfter(waitMs, now) {
      if (waitMs === 0 || now + waitMs >= at) return;
      at = now + waitMs;
      clearTimeout(timer);
      timer = setTimeout(rung, waitMs);
      timer.unref();
    },
    stop: () => clearTimeout(timer),
  };
}
