// From offsets to the lines and columns that people read.
import type { Span } from './source.js';

/** Lines and columns count from 1, columns in UTF-16 units as editors have them; the end is inclusive (*Meta 5.1*). */
export interface Position {
  line_start: number;
  line_end: number;
  column_start: number;
  column_end: number;
}

/** A function from spans of `text` to positions; it costs a scan of the text once, then a binary search for each end. */
export function positionsIn(text: string): (span: Span) => Position {
  const lineStarts = startsOfLines(text);
  return ({ start, end }) => {
    const last = Math.max(start, end - 1);
    const first = lineAt(lineStarts, start);
    const final = lineAt(lineStarts, last);
    return {
      line_start: first + 1,
      line_end: final + 1,
      column_start: start - (lineStarts[first] ?? 0) + 1,
      column_end: last - (lineStarts[final] ?? 0) + 1,
    };
  };
}

function startsOfLines(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
