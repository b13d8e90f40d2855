// Order among webhooks: what carries an update of a key waits until the one before it with the same key is over.
import { createFifo, type Fifo } from './fifo.js';

/** Something that holds up others of the same keys. */
export interface Linked {
  keys: string[];
}

/** One chain a key; at the head of each is what is on its way. */
export interface Chains<T extends Linked> {
  /** True when nothing of its keys is on its way: `item` now is. False when it was put behind. */
  enter(item: T): boolean;
  /** Takes the keys as held, whoever holds them. */
  occupy(keys: readonly string[]): void;
  /** Gives up the keys of `item`; returns those that take its place. */
  leave(item: T): T[];
  /** Takes the first that waits behind one of `keys`, holds no other key, and passes `test`. */
  takeFollower(keys: readonly string[], test: (item: T) => boolean): T | undefined;
  clear(): void;
}

/** No chains. */
export function createChains<T extends Linked>(): Chains<T> {
  /** Who waits behind the head of a key; null when nobody does. */
  const followers = new Map<string, Fifo<T> | null>();
  function occupy(keys: readonly string[]): void {
    for (const key of keys) if (!followers.has(key)) followers.set(key, null);
  }
  function nextOf(key: string): T | undefined {
    const next = followers.get(key)?.shift();
    if (next === undefined) followers.delete(key);
    else occupy(next.keys);
    return next;
  }
  return {
    occupy,
    enter(item) {
      const busy = item.keys.find((key) => followers.has(key));
      if (busy === undefined) {
        occupy(item.keys);
        return true;
      }
      const waiting = followers.get(busy) ?? createFifo<T>();
      waiting.push(item);
      followers.set(busy, waiting);
      return false;
    },
    leave(item) {
      const keys = item.keys;
      item.keys = [];
      return keys.flatMap((key) => nextOf(key) ?? []);
    },
    takeFollower(keys, test) {
      for (const key of keys) {
        const waiting = followers.get(key);
        const first = waiting?.peek();
        if (first === undefined || !first.keys.every((each) => keys.includes(each)) || !test(first)) continue;
        return waiting?.shift();
      }
      return undefined;
    },
    clear: () => followers.clear(),
  };
}
