// The feed of changes: which records changed, the last change of each only, so that who listens can go on where it stopped.
import { newTraceId } from './ids.js';
import type { TouchListener } from './table.js';

/** Changes remembered; who is further behind must load everything anew. */
const CHANGES_MAX = 50_000;

/** A record that changed since. */
export interface Change {
  table: string;
  id: string;
}

/** What came after a position, and the position to go on from. */
export interface Stretch {
  changes: Change[];
  position: number;
}

/** Changes in their order, numbered from 1. */
export interface Feed {
  /** Names this life of the feed: positions of another mean nothing here. */
  epoch: string;
  touch: TouchListener;
  /** The number of the last change. */
  position(): number;
  /** At most `max` changes after `position`, each record once; undefined when some of them are forgotten or never were. */
  since(position: number, max: number): Stretch | undefined;
  /** Calls `listener` after each change, until the returned function is called. Nothing is remembered before the first listener. */
  listen(listener: () => void): () => void;
}

/** A feed without changes. */
export function createFeed(changesMax = CHANGES_MAX): Feed {
  const listeners = new Set<() => void>();
  const lastOf = new Map<string, number>();
  let log: Change[] = [];
  let before = 0;
  let isWatched = false;
  const keyOf = ({ table, id }: Change) => `${table}:${id}`;
  const position = () => before + log.length;
  /** Forgets the older half, so that the cost of forgetting is shared by many changes. */
  function forget(): void {
    const dropped = log.slice(0, log.length >> 1);
    log = log.slice(dropped.length);
    before += dropped.length;
    dropped.forEach((change, index) => {
      const number = before - dropped.length + index + 1;
      if (lastOf.get(keyOf(change)) === number) lastOf.delete(keyOf(change));
    });
  }
  return {
    epoch: newTraceId(),
    touch(table, id) {
      if (!isWatched) return;
      const change = { table, id };
      log.push(change);
      lastOf.set(keyOf(change), position());
      if (log.length > changesMax) forget();
      for (const listener of listeners) listener();
    },
    position,
    since(from, max) {
      if (!isWatched || from < before || from > position()) return undefined;
      const changes: Change[] = [];
      let at = from;
      while (at < position() && changes.length < max) {
        at += 1;
        const change = log[at - before - 1];
        if (change !== undefined && lastOf.get(keyOf(change)) === at) changes.push(change);
      }
      return { changes, position: at };
    },
    listen(listener) {
      isWatched = true;
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
