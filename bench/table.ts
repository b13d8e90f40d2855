// The result for people: one line a row, numbers short and to the right.
import type { Row } from './bench.js';

const HEADERS = [
  'case',
  'value',
  'unit',
  'p99 ms',
  'baseline',
  'its value',
  'ratio',
  'spread',
  'gateway ms',
  'PostgreSQL ms',
];
const LEFT = new Set(['case', 'unit', 'baseline']);

/** The lines of the table, header first. The last two columns are CPU time a message. */
export function tableOf(rows: readonly Row[]): string[] {
  const cells = [HEADERS, ...rows.map(toCells)];
  const widths = HEADERS.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  return cells.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return LEFT.has(HEADERS[column] ?? '') ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

function toCells(row: Row): string[] {
  return [
    row.case,
    show(row.value, 0),
    row.unit,
    show(row.p99Ms, 0),
    row.baseline ?? '',
    show(row.baselineValue, 0),
    show(row.ratio, 2),
    row.spread === null ? '' : `${(row.spread * 100).toFixed(0)} %`,
    show(row.cpuMsGateway, 3),
    show(row.cpuMsPostgres, 3),
  ];
}

function show(value: number | null, digits: number): string {
  return value === null ? '' : value.toFixed(digits);
}
