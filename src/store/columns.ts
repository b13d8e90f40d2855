// Rows as the arrays that a statement's unnest takes.
import type { Value } from './database.js';

/** The rows' values key by key, as the arrays that unnest takes. */
export function columns<Key extends string>(
  rows: readonly Readonly<Record<Key, string | number | boolean | null>>[],
  keys: readonly Key[],
): Value[] {
  return keys.map((key) => rows.map((row) => row[key]));
}
