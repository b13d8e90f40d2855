// What was started is stopped in reverse order, each step bounded in time, whatever the others do.

/** A stack of parts that were started. */
export interface Lifecycle {
  /** Remembers how to stop what was just started. */
  add(name: string, stop: () => void | Promise<void>): void;
  /** Stops all, last started first. A step that throws or takes longer than `stepTimeoutMs` is reported and passed over. Safe to call twice. */
  stop(): Promise<void>;
}

/** `report` is told of each part whose stop failed. */
export function createLifecycle(report: (name: string, error: unknown) => void, stepTimeoutMs = 15_000): Lifecycle {
  const parts: { name: string; stop: () => void | Promise<void> }[] = [];
  let stopping: Promise<void> | undefined;
  async function stopAll(): Promise<void> {
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      try {
        await within(Promise.resolve(part.stop()), stepTimeoutMs);
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
