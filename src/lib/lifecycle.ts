// What was started is stopped in reverse order, each step and all of them together bounded in time, whatever the others do.

/** A stack of parts that were started. */
export interface Lifecycle {
  /** Remembers how to stop what was just started. */
  add(name: string, stop: () => void | Promise<void>): void;
  /** Stops all, last started first. A step that throws or is given up is reported and passed over. Safe to call twice. */
  stop(): Promise<void>;
}

/** How long stopping may take, ms. */
export interface StopLimits {
  /** One step at most. */
  stepMs: number;
  /** All steps at most; what is left then is still told to stop, and hardly waited for. Unlimited by default. */
  totalMs?: number;
}

const STEP_MS = 15_000;
/** Each of the steps for which no time is left gets so much: enough to close what closes at once. */
const LAST_MS = 50;

/** `report` is told of each part whose stop failed or took too long. */
export function createLifecycle(
  report: (name: string, error: unknown) => void,
  { stepMs, totalMs = Number.POSITIVE_INFINITY }: StopLimits = { stepMs: STEP_MS },
): Lifecycle {
  const parts: { name: string; stop: () => void | Promise<void> }[] = [];
  let stopping: Promise<void> | undefined;
  async function stopAll(): Promise<void> {
    const deadline = performance.now() + totalMs;
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const leftMs = Math.max(LAST_MS, Math.ceil(deadline - performance.now()));
      try {
        await within(Promise.resolve(part.stop()), Math.min(stepMs, leftMs));
      } catch (error) {
        report(part.name, error);
      }
    }
  }
  return {
    add(name, stop) {
      parts.push({ name, stop });
    },
    stop() {
      stopping ??= stopAll();
      return stopping;
    },
  };
}

async function within(work: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not stop within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
