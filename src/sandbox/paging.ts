// Pages of numbered records, in either direction.
import type { Table } from './table.js';

/** One page of records with `seq` above `after`, oldest first, and the `seq` to go on from (null on the last page). */
export function pageAfter<V extends { seq: number }>(
  table: Table<V>,
  nextSeq: number,
  { after, limit, keep }: { after: number; limit: number; keep: (value: V) => boolean },
): { page: V[]; next: number | null } {
  const page: V[] = [];
  const first = table.values().next().value?.seq ?? nextSeq;
  for (let seq = Math.max(after + 1, first); seq < nextSeq; seq++) {
    const value = table.get(String(seq));
    if (value === undefined || !keep(value)) continue;
    if (page.length === limit) return { page, next: page[limit - 1]?.seq ?? null };
    page.push(value);
  }
  return { page, next: null };
}

/** As `pageAfter`, newest first: records with `seq` below `after`. */
export function pageBefore<V extends { seq: number }>(
  table: Table<V>,
  nextSeq: number,
  { after, limit, keep }: { after: number; limit: number; keep: (value: V) => boolean },
): { page: V[]; next: number | null } {
  const page: V[] = [];
  const first = table.values().next().value?.seq ?? nextSeq;
  for (let seq = Math.min(after, nextSeq) - 1; seq >= first; seq--) {
    const value = table.get(String(seq));
    if (value === undefined || !keep(value)) continue;
    if (page.length === limit) return { page, next: page[limit - 1]?.seq ?? null };
    page.push(value);
  }
  return { page, next: null };
}
