// Lists for people: columns as wide as their widest value.
import type { JsonObject } from '../contract/json.js';

/** Lines of a table of `rows`, a heading first; one line that says so when there are none. */
export function tableOf(rows: readonly JsonObject[], columns: readonly string[]): string[] {
  if (rows.length === 0) return ['(none)'];
  const cells = [columns, ...rows.map((row) => columns.map((column) => cellOf(row[column])))];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]?.length ?? 0)));
  return cells.map((line) =>
    line
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return '-';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
