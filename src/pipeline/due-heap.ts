// A binary heap of things by the time they are due. Entries are not removed when they change: whoever pops checks them.

/** A min-heap by `dueAt`. */
export interface DueHeap<Item> {
  push(dueAt: number, item: Item): void;
  /** The earliest time, Infinity when empty. */
  earliest(): number;
  /** Takes the earliest item when it is due at `now`. */
  popDue(now: number): Item | undefined;
  size(): number;
}

/** An empty heap. */
export function createDueHeap<Item>(): DueHeap<Item> {
  const entries: { dueAt: number; item: Item }[] = [];
  const at = (i: number): number => entries[i]?.dueAt ?? Number.POSITIVE_INFINITY;
  function swap(i: number, j: number): void {
    const a = entries[i];
    const b = entries[j];
    if (a === undefined || b === undefined) return;
    entries[i] = b;
    entries[j] = a;
  }
  function sink(): void {
    for (let i = 0; ; ) {
      const left = 2 * i + 1;
      const child = at(left + 1) < at(left) ? left + 1 : left;
      if (at(child) >= at(i)) return;
      swap(i, child);
      i = child;
    }
  }
  return {
    push(dueAt, item) {
      entries.push({ dueAt, item });
      for (let i = entries.length - 1; i > 0; ) {
        const parent = (i - 1) >> 1;
        if (at(parent) <= at(i)) return;
        swap(i, parent);
        i = parent;
      }
    },
    earliest: () => at(0),
    popDue(now) {
      if (at(0) > now) return undefined;
      swap(0, entries.length - 1);
      const last = entries.pop();
      sink();
      return last?.item;
    },
    size: () => entries.length,
  };
}
