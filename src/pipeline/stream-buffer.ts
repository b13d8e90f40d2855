// What was read ahead of a stream's position: rows in sequence, without gaps, whether they came from the process that wrote
// them or from the database, and where to read next when the writers are further.

/** A row of a stream. */
export interface StreamRow {
  seq: number;
  day: number;
}

/** Rows read ahead, first in, first out. */
export interface StreamBuffer<Row extends StreamRow> {
  /** Takes rows that follow directly on what was read; the rest are ignored. Returns how many were taken. */
  offer(rows: readonly Row[]): number;
  /** The writers have come this far. */
  noteTail(next: number, day: number): void;
  /** Where to read next, or undefined when nothing is missing or enough is buffered. Day 0: nothing was ever read. */
  wanted(): { day: number; after: number; tailDay: number } | undefined;
  /** Nothing more is on the day read last: go on with this one. */
  skipTo(day: number): void;
  peek(): Row | undefined;
  /** Drops the first row, which becomes the position. */
  shift(): void;
  /** The last row that was shifted. */
  position(): StreamRow;
  /** Everything up to `row` is done with: it becomes the position. Only forward. */
  jump(row: StreamRow): void;
  /** Keeps other numbers of rows from now on; rows above `rowsMax` are dropped and read again when there is room. */
  limit(limits: StreamBufferLimits): void;
  size(): number;
}

/** Limits: rows kept at most, and below which number more is read. */
export interface StreamBufferLimits {
  rowsMax: number;
  rowsLow: number;
}

const COMPACT_AT = 1024;

/** An empty buffer at `position`. */
export function createStreamBuffer<Row extends StreamRow>(
  position: StreamRow,
  limits: StreamBufferLimits,
): StreamBuffer<Row> {
  let { rowsMax, rowsLow } = limits;
  let rows: Row[] = [];
  let first = 0;
  let at = position;
  let read = position;
  let tail = { next: position.seq + 1, day: position.day };
  const size = (): number => rows.length - first;
  return {
    offer(offered) {
      let taken = 0;
      for (const row of offered) {
        if (row.seq !== read.seq + 1 || size() >= rowsMax) continue;
        rows.push(row);
        read = { seq: row.seq, day: row.day };
        taken += 1;
      }
      return taken;
    },
    noteTail(next, day) {
      if (next > tail.next) tail = { next, day: Math.max(day, tail.day) };
    },
    wanted() {
      if (read.seq + 1 >= tail.next || size() >= rowsLow) return undefined;
      return { day: read.day, after: read.seq, tailDay: tail.day };
    },
    skipTo(day) {
      read = { seq: read.seq, day };
    },
    peek: () => rows[first],
    shift() {
      const row = rows[first];
      if (row === undefined) return;
      at = { seq: row.seq, day: row.day };
      first += 1;
      if (first < COMPACT_AT && first < rows.length) return;
      rows = rows.slice(first);
      first = 0;
    },
    position: () => at,
    jump({ seq, day }) {
      if (seq <= at.seq) return;
      while (first < rows.length && (rows[first]?.seq ?? 0) <= seq) first += 1;
      at = { seq, day };
      if (read.seq < seq) read = at;
    },
    limit(next) {
      ({ rowsMax, rowsLow } = next);
      if (size() <= rowsMax) return;
      rows = rows.slice(first, first + rowsMax);
      first = 0;
      const last = rows[rows.length - 1] ?? at;
      read = { seq: last.seq, day: last.day };
    },
    size,
  };
}
