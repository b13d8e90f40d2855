// Things that happen at a time of the virtual clock: a binary heap and one alarm.
import { createAlarm } from '../lib/alarm.js';
import type { Clock } from '../lib/clock.js';

/** Items waiting for their time. */
export interface DueList<T> {
  readonly size: number;
  add(dueAt: number, item: T): void;
  clear(): void;
  /** Forgets everything and detaches from the clock. */
  stop(): void;
}

interface Entry<T> {
  dueAt: number;
  order: number;
  item: T;
}

/** Items fired before the event loop gets a turn. */
const FIRE_CHUNK_MAX = 500;

/** A list that calls `fire` for each item once its time has come, earliest first, in the order added when times are equal. `fire` must not throw. */
export function createDueList<T>(clock: Clock, fire: (item: T) => void): DueList<T> {
  const heap: Entry<T>[] = [];
  const alarm = createAlarm(clock, ring);
  let order = 0;
  function ring(): void {
    for (let fired = 0; fired < FIRE_CHUNK_MAX; fired++) {
      const first = heap[0];
      if (first === undefined) return;
      if (first.dueAt > clock.now()) break;
      fire(pop(heap, first).item);
    }
    if (heap[0] !== undefined) alarm.set(heap[0].dueAt);
  }
  return {
    get size() {
      return heap.length;
    },
    add(dueAt, item) {
      order += 1;
      push(heap, { dueAt, order, item });
      alarm.set(dueAt);
    },
    clear() {
      heap.length = 0;
      alarm.clear();
    },
    stop() {
      heap.length = 0;
      alarm.stop();
    },
  };
}

function isBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.order < b.order);
}

function push<T>(heap: Entry<T>[], entry: Entry<T>): void {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const parentAt = (at - 1) >> 1;
    const parent = heap[parentAt];
    if (parent === undefined || !isBefore(entry, parent)) break;
    heap[at] = parent;
    at = parentAt;
  }
  heap[at] = entry;
}

/** Takes out `first`, which is the root, and restores the heap. */
function pop<T>(heap: Entry<T>[], first: Entry<T>): Entry<T> {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    const left = heap[2 * at + 1];
    const right = heap[2 * at + 2];
    if (left === undefined) break;
    const isRightFirst = right !== undefined && isBefore(right, left);
    const child = isRightFirst ? right : left;
    if (!isBefore(child, last)) break;
    heap[at] = child;
    at = 2 * at + (isRightFirst ? 2 : 1);
  }
  heap[at] = last;
  return first;
}
