// When a failed webhook or handshake is tried again: a pure function of how often it failed.

const FIRST_WAITS_MS = [1000, 1000, 2000, 2000];
const STEADY_WAIT_MS = 5000;
const STEADY_TRIES = 24;
const WAIT_MS_MAX = 3_600_000;

/** Meta gives up on a webhook after 7 days (Meta 2.1). */
export const WEBHOOK_LIFE_MS = 7 * 86_400_000;

/** Longest wait between two handshakes, so that a receiver that comes up late is found soon. */
export const HANDSHAKE_WAIT_MS_MAX = STEADY_WAIT_MS;

/** The wait after the `failures`th failure in a row (1 is the first), ms: 1, 1, 2, 2 s, every 5 s for 2 minutes, then doubling to 1 h. */
export function retryWaitMs(failures: number): number {
  const first = FIRST_WAITS_MS[failures - 1];
  if (first !== undefined) return first;
  const steady = failures - FIRST_WAITS_MS.length;
  if (steady <= STEADY_TRIES) return STEADY_WAIT_MS;
  return Math.min(WAIT_MS_MAX, STEADY_WAIT_MS * 2 ** Math.min(20, steady - STEADY_TRIES));
}
