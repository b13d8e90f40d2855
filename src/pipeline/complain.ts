// Telling of trouble: a database that is away is expected and short, anything else comes with its stack.
import type { Log } from '../lib/log.js';
import { DatabaseError } from '../store/database.js';

/** Logs `error` under `event`, as a warning when trying again is all there is to do. */
export function complain(log: Log, event: string, error: unknown): void {
  const isPassing = error instanceof DatabaseError && ['unavailable', 'conflict', 'lease'].includes(error.kind);
  if (isPassing) log.warn({ event, err: error.message });
  else log.error({ event, err: error });
}
