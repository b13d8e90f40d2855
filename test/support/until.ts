// Waits for a condition, with a deadline; the one way in which tests wait for what they cannot be told of.
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;

/**
 * Calls `probe` every 20 ms until it gives something other than undefined, false or null, and resolves with that. A probe that throws counts as not yet.
 * Throws after `timeoutMs`, naming `description` and what the probe last threw.
 */
export async function until<T>(
  description: string,
  probe: () => T | Promise<T>,
  timeoutMs = 10_000,
): Promise<Exclude<T, undefined | null | false>> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  do {
    try {
      const found = await probe();
      if (isFound(found)) return found;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await delay(POLL_MS);
  } while (performance.now() < deadline);
  throw new Error(`not within ${timeoutMs} ms: ${description}`, { cause });
}

function isFound<T>(found: T): found is Exclude<T, undefined | null | false> {
  return found !== undefined && found !== null && found !== false;
}
