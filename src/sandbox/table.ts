// A table of plain records by id, kept in memory, that tells a listener which ids changed.
import type { Static, TSchema } from 'typebox';
import { checkerOf } from './checker.js';

/** Told of each id that was put or deleted; must be cheap. */
export type TouchListener = (table: string, id: string) => void;

/** Records of one kind in insertion order. A record changed in place is put again, so that the listener hears of it. */
export interface Table<V> {
  readonly name: string;
  readonly size: number;
  get(id: string): V | undefined;
  put(id: string, value: V): void;
  delete(id: string): void;
  values(): IterableIterator<V>;
  clear(): void;
}

/** A table as the journal and the snapshot see it: records unseen. */
export interface StoredTable {
  readonly name: string;
  /** Whether some records are not stored. */
  readonly isPartial: boolean;
  ids(): IterableIterator<string>;
  /** The record that must survive a restart, or undefined when there is none. */
  stored(id: string): unknown;
  /** Puts a record read from outside. Throws Error when it is not one of this table. */
  load(id: string, value: unknown): void;
  clear(): void;
}

/** An empty table. `isStored` says which records must survive a restart (all by default). */
export function createTable<S extends TSchema>(
  name: string,
  schema: S,
  touch: TouchListener,
  isStored?: (value: Static<S>) => boolean,
): Table<Static<S>> & StoredTable {
  const validator = checkerOf(schema);
  const isRecord = (value: unknown): value is Static<S> => validator.Check(value);
  const rows = new Map<string, Static<S>>();
  return {
    name,
    isPartial: isStored !== undefined,
    get size() {
      return rows.size;
    },
    get: (id) => rows.get(id),
    put(id, value) {
      rows.set(id, value);
      touch(name, id);
    },
    delete(id) {
      if (rows.delete(id)) touch(name, id);
    },
    values: () => rows.values(),
    clear() {
      for (const id of rows.keys()) touch(name, id);
      rows.clear();
    },
    ids: () => rows.keys(),
    stored(id) {
      const value = rows.get(id);
      return value !== undefined && isStored?.(value) !== false ? value : undefined;
    },
    load(id, value) {
      if (!isRecord(value)) throw new Error(`not a record of ${name}: ${id}`);
      rows.set(id, value);
      touch(name, id);
    },
  };
}
