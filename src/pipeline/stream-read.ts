// Fills a stream's buffer from the database, day by day.
import { addDays } from '../lib/day.js';
import type { StreamBuffer, StreamRow } from './stream-buffer.js';

/** Where the rows of one stream are. */
export interface StreamSource<Row extends StreamRow> {
  /** Rows of a day after `after`, in order, some at most. */
  read(day: number, after: number): Promise<Row[]>;
  /** The day of the stream's first row that still exists, if there is one. */
  firstDay(): Promise<number | undefined>;
}

/** Reads until the buffer has enough or nothing more is there. Throws what the source throws. */
export async function readAhead<Row extends StreamRow>(
  buffer: StreamBuffer<Row>,
  source: StreamSource<Row>,
): Promise<void> {
  for (let wanted = buffer.wanted(); wanted !== undefined; wanted = buffer.wanted()) {
    const { day, after, tailDay } = wanted;
    if (day === 0) {
      buffer.skipTo((await source.firstDay()) ?? tailDay);
      continue;
    }
    const rows = await source.read(day, after);
    if (rows.length > 0) {
      if (buffer.offer(rows) === 0) return;
    } else if (day < tailDay) buffer.skipTo(addDays(day, 1));
    else return;
  }
}
