// The sandbox's clock: the machine's time plus an offset that the control API moves forward and a reset or snapshot sets.
import type { Clock } from '../lib/clock.js';

/** A clock whose offset can also be set outright; listeners hear of that as of an advance. */
export interface VirtualClock extends Clock {
  /** Milliseconds ahead of the machine's clock. */
  offsetMs(): number;
  setOffsetMs(offsetMs: number): void;
}

/** A clock that stands at the machine's time. */
export function createVirtualClock(): VirtualClock {
  const listeners = new Set<() => void>();
  let offset = 0;
  function setOffsetMs(offsetMs: number): void {
    offset = offsetMs;
    for (const listener of [...listeners]) listener();
  }
  return {
    now: () => Date.now() + offset,
    monotonic: () => performance.now(),
    offsetMs: () => offset,
    setOffsetMs,
    advance(seconds) {
      if (!Number.isFinite(seconds) || seconds < 0) throw new RangeError('advanceSeconds must be a number >= 0');
      setOffsetMs(offset + Math.round(seconds * 1000));
      return Date.now() + offset;
    },
    onAdvance(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
