import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStreamBuffer, type StreamRow } from './stream-buffer.js';
import { readAhead, type StreamSource } from './stream-read.js';

const LIMITS = { rowsMax: 100, rowsLow: 20 };

/** Rows by day, at most three a read. */
function sourceOf(rows: readonly StreamRow[]): StreamSource<StreamRow> & { reads: number[] } {
  const reads: number[] = [];
  return {
    reads,
    async read(day, after) {
      reads.push(day);
      return rows.filter((row) => row.day === day && row.seq > after).slice(0, 3);
    },
    firstDay: async () => rows[0]?.day,
  };
}

function rowsOf(...days: [day: number, count: number][]): StreamRow[] {
  let seq = 0;
  return days.flatMap(([day, count]) =>
    Array.from({ length: count }, () => {
      seq += 1;
      return { seq, day };
    }),
  );
}

test('reads over the ends of days and months, days without rows included', async () => {
  const rows = rowsOf([20_240_228, 4], [20_240_302, 2]);
  const buffer = createStreamBuffer<StreamRow>({ seq: 0, day: 0 }, LIMITS);
  buffer.noteTail(7, 20_240_302);
  const source = sourceOf(rows);
  await readAhead(buffer, source);
  assert.equal(buffer.size(), 6);
  assert.deepEqual([...new Set(source.reads)], [20_240_228, 20_240_229, 20_240_301, 20_240_302]);
});

test('goes on behind the position that is on disk', async () => {
  const rows = rowsOf([20_240_101, 3], [20_240_102, 3]);
  const buffer = createStreamBuffer<StreamRow>({ seq: 2, day: 20_240_101 }, LIMITS);
  buffer.noteTail(7, 20_240_102);
  await readAhead(buffer, sourceOf(rows));
  assert.equal(buffer.peek()?.seq, 3);
  assert.equal(buffer.size(), 4);
});

test('stops when enough is read', async () => {
  const rows = rowsOf([20_240_101, 90]);
  const buffer = createStreamBuffer<StreamRow>({ seq: 0, day: 0 }, LIMITS);
  buffer.noteTail(91, 20_240_101);
  await readAhead(buffer, sourceOf(rows));
  assert.ok(buffer.size() >= LIMITS.rowsLow && buffer.size() < LIMITS.rowsLow + 3);
});

test('ends when rows that the tail promises are not to be seen yet', async () => {
  const buffer = createStreamBuffer<StreamRow>({ seq: 0, day: 0 }, LIMITS);
  buffer.noteTail(10, 20_240_101);
  const source = sourceOf(rowsOf([20_240_101, 4]));
  await readAhead(buffer, source);
  assert.equal(buffer.size(), 4);
  assert.ok(source.reads.length <= 4);
});

test('a stream whose first day is gone begins on the day of its tail', async () => {
  const buffer = createStreamBuffer<StreamRow>({ seq: 0, day: 0 }, LIMITS);
  buffer.noteTail(2, 20_240_105);
  const source: StreamSource<StreamRow> = {
    read: async (day) => (day === 20_240_105 ? [{ seq: 1, day }] : []),
    firstDay: async () => undefined,
  };
  await readAhead(buffer, source);
  assert.deepEqual(buffer.peek(), { seq: 1, day: 20_240_105 });
});

test('tells the source’s failure', async () => {
  const buffer = createStreamBuffer<StreamRow>({ seq: 1, day: 20_240_101 }, LIMITS);
  buffer.noteTail(10, 20_240_101);
  const broken = { read: () => Promise.reject(new Error('away')), firstDay: async () => undefined };
  await assert.rejects(readAhead(buffer, broken), /away/);
});
