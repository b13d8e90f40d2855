// Restore: a backup file into an empty database and a store of files. The file is read once to see that it is whole, then again to load
// it: its rows in one transaction, which ends when its files are in place.
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
import { FILE_ID, type FileCount, type FilesPlace, loadFile } from './backup-files.js';
import { FRAME, type Frame, readFrames } from './backup-format.js';

/** A backup that was read to its end and found whole. */
export interface CheckedBackup extends FileCount {
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
  const count = { tables: 0, rows: 0, files: 0, fileBytes: 0 };
  const head = await walk(file, stopped, {
    async table(_, rows, announced) {
      const read = await linesOf(rows);
      if (read !== announced()) throw cutShort(file);
      count.rows += read;
      count.tables += 1;
    },
    async file(_, bytes, announced) {
      const read = await lengthOf(bytes);
      if (read !== announced()) throw cutShort(file);
      count.fileBytes += read;
      count.files += 1;
    },
  });
  migrationsOf(head);
  return { file, head, ...count };
}

/**
 * Loads the rows of a checked backup into the empty database at `url` and its files into `place` (undefined: they are left out), pauses
 * all lanes, and brings the schema to this Parley's.
 * Throws ArchiveRefused, DatabaseUnreachable, what the store throws or PostgreSQL's error with the database still empty; files that were
 * put back stay, and are replaced when it is done again. MigrationRefused or what a migration throws with the rows loaded, in which case
 * `parley migrate` goes on.
 */
export async function restoreBackup(
  { file, head }: CheckedBackup,
  { url, place, log, stopped }: { url: string; place: FilesPlace | undefined; log: Log; stopped: AbortSignal },
): Promise<RestoreSummary> {
  const summary = await withEmptyDatabase({ url, name: 'parley restore', stopped }, head, (loading) =>
    loadAll({ file, place, stopped }, loading),
  );
  await migrate(url, log);
  return summary;
}

async function loadAll(
  { file, place, stopped }: { file: string; place: FilesPlace | undefined; stopped: AbortSignal },
  loading: Loading,
): Promise<RestoreSummary> {
  const summary: RestoreSummary = { tables: 0, rows: 0, leftOut: [] };
  await walk(file, stopped, {
    async table(table, rows, announced) {
      const loaded = await loading.load(table, rows);
      if (loaded === undefined) {
        await lengthOf(rows);
        summary.leftOut.push(table.name);
        return;
      }
      if (loaded !== announced())
        throw new ArchiveRefused(`${file} is damaged: ${table.name} has ${loaded} rows, not ${announced()}`);
      summary.rows += loaded;
      summary.tables += 1;
    },
    async file(id, bytes) {
      const told = tellingOf(bytes, loading.alive);
      if (place === undefined) await lengthOf(told);
      else await loadFile(place, id, told);
    },
  });
  return summary;
}

/** What is done with the parts of a backup. Each must read its bytes to their end; `announced` is known after the last of them. */
interface Visitor {
  table(table: ArchiveTable, rows: AsyncGenerator<Buffer>, announced: () => number): Promise<void>;
  file(id: string, bytes: AsyncGenerator<Buffer>, announced: () => number): Promise<void>;
}

/** Reads a backup from beginning to end. */
async function walk(file: string, stopped: AbortSignal, visitor: Visitor): Promise<ArchiveHead> {
  const frames = readFrames(file, stopped);
  const seen = { tables: 0, files: 0 };
  try {
    const head = parseArchiveHead(textOf(await frames.next(), FRAME.head, file));
    for (let next = await frames.next(); ; next = await frames.next()) {
      if (next.done === true) throw cutShort(file);
      const { letter } = next.value;
      if (letter === FRAME.end) {
        if (textOf(next, FRAME.end, file) !== JSON.stringify(seen)) throw cutShort(file);
        break;
      }
      const isFile = letter === FRAME.file;
      const end = { count: -1 };
      const parts = partsOf(frames, file, isFile ? FILE_PARTS : TABLE_PARTS, end);
      if (isFile) await visitor.file(fileIdOf(textOf(next, FRAME.file, file), file), parts, () => end.count);
      else await visitor.table(parseArchiveTable(textOf(next, FRAME.table, file)), parts, () => end.count);
      if (end.count < 0) throw new Error('a part was not read to its end');
      seen[isFile ? 'files' : 'tables'] += 1;
    }
    // The checksum is behind the last frame.
    if ((await frames.next()).done !== true) throw cutShort(file);
    return head;
  } finally {
    await frames.return(undefined);
  }
}

/** Of what a table and a file are made: the letter of the parts, that of the end, and what the end counts. */
const TABLE_PARTS = { part: FRAME.rows, end: FRAME.tableEnd, counted: 'rows' } as const;
const FILE_PARTS = { part: FRAME.bytes, end: FRAME.fileEnd, counted: 'bytes' } as const;

async function* partsOf(
  frames: AsyncGenerator<Frame>,
  file: string,
  of: typeof TABLE_PARTS | typeof FILE_PARTS,
  end: { count: number },
): AsyncGenerator<Buffer> {
  for (;;) {
    const next = await frames.next();
    if (next.done === true) throw cutShort(file);
    if (next.value.letter === of.part) yield next.value.content;
    else {
      end.count = numberIn(textOf(next, of.end, file), of.counted, file);
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

/** The id in `{"id":"<id>"}`. */
function fileIdOf(text: string, file: string): string {
  const [, id = ''] = /^\{"id":"([^"]*)"\}$/.exec(text) ?? [];
  if (!FILE_ID.test(id)) throw cutShort(file);
  return id;
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

async function* tellingOf(chunks: AsyncIterable<Buffer>, tell: () => void): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    tell();
    yield chunk;
  }
}

async function linesOf(rows: AsyncIterable<Buffer>): Promise<number> {
  let lines = 0;
  for await (const chunk of rows) for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
  return lines;
}

async function lengthOf(chunks: AsyncIterable<Buffer>): Promise<number> {
  let length = 0;
  for await (const chunk of chunks) length += chunk.length;
  return length;
}
