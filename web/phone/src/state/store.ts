// A store: one value, replaced as a whole, and who is told when it changed.
import { useEffect, useState } from 'preact/hooks';

/** A value that components follow. */
export interface Store<S> {
  get(): S;
  /** Replaces some properties and tells everybody, once for all changes of one turn. */
  set(patch: Partial<S>): void;
  subscribe(listener: () => void): () => void;
}

/** A store with a first value. */
export function createStore<S extends object>(initial: S): Store<S> {
  const listeners = new Set<() => void>();
  let value = initial;
  let isQueued = false;
  return {
    get: () => value,
    set(patch) {
      value = { ...value, ...patch };
      if (isQueued) return;
      isQueued = true;
      queueMicrotask(() => {
        isQueued = false;
        for (const listener of [...listeners]) listener();
      });
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** A part of a store's value; the component is drawn anew when that part is another. `pick` must return what the store holds, nothing made up. */
export function useStore<S, T>(store: Store<S>, pick: (value: S) => T): T {
  const [, redraw] = useState({});
  const picked = pick(store.get());
  useEffect(() => {
    let last = picked;
    const look = () => {
      const next = pick(store.get());
      if (Object.is(next, last)) return;
      last = next;
      redraw({});
    };
    look();
    return store.subscribe(look);
  });
  return picked;
}
