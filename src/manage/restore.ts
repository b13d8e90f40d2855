// Restore: a backup file into an empty database. The file is read once to see that it is whole, then again to load it in one transaction.
import type { Log } from '../lib/log.js';
import {
  type ArchiveHead,
  ArchiveRefused,
  type ArchiveTable,
  parseArchiveHead,
  parseArchiveTable,
} from '../store/archive.js';
import { type Loading, migrationsOf, withEmptyDatabase } from '../store/archive-load.js';
import { migrate } from '../store/migrate.js';
import { FRAME, type Frame, readFrames } from './backup-format.js';

/** A backup that was read to its end and found whole. */
export interface CheckedBackup {
  file: string;
  head: ArchiveHead;
  tables: number;
  rows: number;
}

/** What was loaded. */
export interface RestoreSummary {
  tables: number;
  rows: number;
  /** Tables of the backup that are none of Parley's. */
  leftOut: string[];
}

/** Reads `file` to its end. Throws ArchiveRefused when it is no backup, not whole, or of a schema that this Parley does not know; ENOENT and the like as they are. */
export async function checkBackup(file: string, stopped: AbortSignal): Promise<CheckedBackup> {
  const count = { tables: 0, rows: 0 };
  const head = await walk(file, stopped, async (_, rows, announced) => {
    const read = await drain(rows);
    if (read !== announced()) throw cutShort(file);
    count.rows += read;
    count.tables += 1;
  });
  migrationsOf(head);
  return { file, head, ...count };
}

/**
 * Loads a checked backup into the empty database at `url`, pauses all lanes, and brings the schema to this Parley's.
 * Throws ArchiveRefused, DatabaseUnreachable or PostgreSQL's error with the database still empty; MigrationRefused or what a migration throws with the rows
 * loaded, in which case `parley migrate` goes on.
 */
export async function restoreBackup(
  { file, head }: CheckedBackup,
  { url, log, stopped }: { url: string; log: Log; stopped: AbortSignal },
): Promise<RestoreSummary> {
  const summary = await withEmptyDatabase({ url, name: 'parley restore', stopped }, head, (loading) =>
    loadAll(file, stopped, loading),
  );
  await migrate(url, log);
  return summary;
}

async function loadAll(file: string, stopped: AbortSignal, loading: Loading): Promise<RestoreSummary> {
  const summary: RestoreSummary = { tables: 0, rows: 0, leftOut: [] };
  await walk(file, stopped, async (table, rows, announced) => {
    const loaded = await loading.load(table, rows);
    if (loaded === undefined) {
      await drain(rows);
      summary.leftOut.push(table.name);
      return;
    }
    if (loaded !== announced())
      throw new ArchiveRefused(`${file} is damaged: ${table.name} has ${loaded} rows, not ${announced()}`);
    summary.rows += loaded;
    summary.tables += 1;
  });
  return summary;
}

/** Reads a backup from beginning to end; `visit` must read the rows of each table. `announced` is known after the last of them. */
async function walk(
  file: string,
  stopped: AbortSignal,
  visit: (table: ArchiveTable, rows: AsyncGenerator<Buffer>, announced: () => number) => Promise<void>,
): Promise<ArchiveHead> {
  const frames = readFrames(file, stopped);
  try {
    const head = parseArchiveHead(textOf(await frames.next(), FRAME.head, file));
    let tables = 0;
    for (let next = await frames.next(); ; next = await frames.next()) {
      if (next.done === true) throw cutShort(file);
      if (next.value.letter === FRAME.end) {
        if (numberIn(textOf(next, FRAME.end, file), 'tables', file) !== tables) throw cutShort(file);
        break;
      }
      const end = { rows: -1 };
      await visit(parseArchiveTable(textOf(next, FRAME.table, file)), rowsOf(frames, file, end), () => end.rows);
      if (end.rows < 0) throw new Error('rows were not read to their end');
      tables += 1;
    }
    // The checksum is behind the last frame.
    if ((await frames.next()).done !== true) throw cutShort(file);
    return head;
  } finally {
    await frames.return(undefined);
  }
}

async function* rowsOf(frames: AsyncGenerator<Frame>, file: string, end: { rows: number }): AsyncGenerator<Buffer> {
  for (;;) {
    const next = await frames.next();
    if (next.done === true) throw cutShort(file);
    if (next.value.letter === FRAME.rows) yield next.value.content;
    else {
      end.rows = numberIn(textOf(next, FRAME.tableEnd, file), 'rows', file);
      return;
    }
  }
}

/** The number in `{"<name>":<number>}`. */
function numberIn(text: string, name: string, file: string): number {
  const [, found, digits] = /^\{"(\w+)":(\d{1,15})\}$/.exec(text) ?? [];
  if (found !== name) throw cutShort(file);
  return Number(digits);
}

/** The text of a frame that must have `letter`. */
function textOf(next: IteratorResult<Frame>, letter: string, file: string): string {
  if (next.done === true) throw cutShort(file);
  if (next.value.letter !== letter)
    throw new ArchiveRefused(
      `${file} has a part that this Parley does not know; it was made by a newer one, or is damaged`,
    );
  return next.value.content.toString('utf8');
}

function cutShort(file: string): ArchiveRefused {
  return new ArchiveRefused(`${file} is damaged or cut short`);
}

async function drain(rows: AsyncIterable<Buffer>): Promise<number> {
  let lines = 0;
  for await (const chunk of rows) for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
  return lines;
}
