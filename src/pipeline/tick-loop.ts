// What dispatch and deliver have in common: one tick at a time, the next one gathering meanwhile; commits that outlast a
// database that is away; a poll for what other processes wrote.
import { DatabaseError } from '../store/database.js';
import { waitMs } from './wait.js';

/** Runs ticks. */
export interface TickLoop {
  /** Asks for a tick. Many askings before it starts are one. */
  wake(): void;
  isRunning(): boolean;
  /** Resolves when the tick under way, if there is one, has ended; at the latest at `deadline` (monotonic ms). */
  settled(deadline: number, monotonic: () => number): Promise<void>;
}

/** `tick` does the work; `onBroken` is told when it threw: memory may be ahead of the disk then. */
export function createTickLoop(tick: () => Promise<void>, onBroken: (error: unknown) => void): TickLoop {
  let isRunning = false;
  let isWanted = false;
  let ticks = 0;
  async function run(): Promise<void> {
    try {
      while (isWanted) {
        isWanted = false;
        await tick();
        ticks += 1;
      }
    } catch (error) {
      onBroken(error);
    } finally {
      isRunning = false;
      if (isWanted) wake();
    }
  }
  function wake(): void {
    isWanted = true;
    if (isRunning) return;
    isRunning = true;
    setImmediate(() => void run());
  }
  return {
    wake,
    isRunning: () => isRunning,
    async settled(deadline, monotonic) {
      const last = ticks;
      while (isRunning && ticks === last && monotonic() < deadline) await waitMs(5);
    },
  };
}

const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 2_000;

/** Commits, however long the database is away: a tick changes nothing when it is repeated. Throws when `isOwner` no longer holds. */
export async function persist(commit: () => Promise<void>, isOwner: () => boolean): Promise<void> {
  for (let wait = RETRY_MIN_MS; ; wait = Math.min(RETRY_MAX_MS, wait * 2)) {
    try {
      await commit();
      return;
    } catch (error) {
      if (!(error instanceof DatabaseError) || !['unavailable', 'conflict'].includes(error.kind)) throw error;
      if (!isOwner()) throw error;
      await waitMs(wait);
    }
  }
}

/** Looks now and then. */
export interface Poll {
  /** Looks at once and goes on. */
  start(): void;
  stop(): void;
}

/** `look` must not throw; `everyMs` is asked after each look. */
export function createPoll(look: () => Promise<void>, everyMs: () => number): Poll {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  function schedule(ms: number): void {
    clearTimeout(timer);
    if (isStopped) return;
    timer = setTimeout(() => void look().finally(() => schedule(everyMs())), ms);
    timer.unref();
  }
  return {
    start: () => schedule(0),
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
