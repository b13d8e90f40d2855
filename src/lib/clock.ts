// The clock that every decision is given: wall time that tests can move forward, and monotonic time that nothing moves.

/** Source of time. `now` is epoch milliseconds and may be advanced; `monotonic` is milliseconds that only the machine moves. */
export interface Clock {
  now(): number;
  monotonic(): number;
  /** Moves `now` forward and tells every listener; returns the new `now`. Throws RangeError on a negative or non-finite step. */
  advance(seconds: number): number;
  /** Calls `listener` after each `advance`; returns the function that stops it. */
  onAdvance(listener: () => void): () => void;
}

/** A clock that starts at the machine's time plus `offsetMs`. */
export function createClock(offsetMs = 0): Clock {
  const listeners = new Set<() => void>();
  let offset = offsetMs;
  return {
    now: () => Date.now() + offset,
    monotonic: () => performance.now(),
    advance(seconds) {
      if (!Number.isFinite(seconds) || seconds < 0) throw new RangeError('advanceSeconds must be a number >= 0');
      offset += Math.round(seconds * 1000);
      for (const listener of [...listeners]) listener();
      return Date.now() + offset;
    },
    onAdvance(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
