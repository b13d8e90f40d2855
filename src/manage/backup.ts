// Backup: a snapshot of the database, and the files of users, as one compressed file, written while the gateway runs.
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { BlobStore } from '../media/blob-store.js';
import { ArchiveRefused, type ArchiveTable } from '../store/archive.js';
import { type Snapshot, withSnapshot } from '../store/archive-dump.js';
import { type FileCount, fileFrames } from './backup-files.js';
import { FRAME, openingOf, ROWS_BYTES, toFrame } from './backup-format.js';

/** What was written. */
export interface BackupSummary extends FileCount {
  tables: number;
  rows: number;
  bytes: number;
  /** Number of the newest migration. */
  schema: number;
}

/** Twice as fast as gzip's default, for files that are a tenth larger: the gateway works beside it. */
const GZIP_LEVEL = 3;

/** What to write, and where to. `now` is epoch ms; without `blobs` the backup has no files. */
export interface BackupOptions {
  url: string;
  file: string;
  blobs: Pick<BlobStore, 'list' | 'read'> | undefined;
  now: number;
  stopped: AbortSignal;
}

/**
 * Writes the database at `url` and the files of `blobs` to `file` (mode 0600), under another name until it is whole and on disk.
 * Throws ArchiveRefused when the file exists, or when another backup writes it; DatabaseUnreachable; the file system's and the store's errors.
 */
export async function writeBackup(options: BackupOptions): Promise<BackupSummary> {
  const { file } = options;
  const partial = `${file}.partial`;
  if (existsSync(file)) throw new ArchiveRefused(`${file} exists already`);
  if (existsSync(partial))
    throw new ArchiveRefused(
      `${partial} exists: another backup writes it, or one was killed and left it; remove it then`,
    );
  try {
    const summary = await writePartial(options, partial);
    const { size: bytes } = await stat(partial);
    await rename(partial, file);
    await flushFolder(dirname(file));
    return { ...summary, bytes };
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function writePartial(
  { url, blobs, now, stopped }: BackupOptions,
  partial: string,
): Promise<Omit<BackupSummary, 'bytes'>> {
  const count = { tables: 0, rows: 0, files: 0, fileBytes: 0 };
  const frames = new PassThrough();
  const written = pipeline(
    frames,
    createGzip({ level: GZIP_LEVEL }),
    createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true }),
    { signal: stopped },
  );
  // Whoever pours hears of it too; this one only keeps it from being nobody's.
  written.catch(() => undefined);
  try {
    const schema = await withSnapshot({ url, name: 'parley backup', stopped }, async (snapshot) => {
      await pour(tableSection(snapshot, now, count), frames, written);
      return snapshot.head.migrations.length;
    });
    // The snapshot has ended: files may take long, and the database need not wait for them.
    if (blobs !== undefined) await pour(fileFrames(blobs, count), frames, written);
    await pour([jsonFrame(FRAME.end, { tables: count.tables, files: count.files })], frames, written);
    frames.end();
    await written;
    return { ...count, schema };
  } catch (error) {
    frames.destroy();
    await written.catch(() => undefined);
    throw error;
  }
}

/** Writes everything to a stream that is written out meanwhile; rejects when that fails. */
async function pour(
  source: AsyncIterable<Buffer> | Iterable<Buffer>,
  to: PassThrough,
  written: Promise<void>,
): Promise<void> {
  for await (const chunk of source) if (!to.write(chunk)) await Promise.race([once(to, 'drain'), written]);
}

/** The name lasts only when the folder is on disk too. */
async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}

async function* tableSection(
  snapshot: Snapshot,
  takenAt: number,
  count: { tables: number; rows: number },
): AsyncGenerator<Buffer> {
  yield openingOf();
  yield jsonFrame(FRAME.head, { takenAt, ...snapshot.head });
  for (const table of snapshot.tables) {
    count.rows += yield* tableFrames(snapshot, table);
    count.tables += 1;
  }
}

async function* tableFrames(snapshot: Snapshot, table: ArchiveTable): AsyncGenerator<Buffer, number> {
  yield jsonFrame(FRAME.table, table);
  const source = snapshot.rows(table);
  let waiting: Buffer[] = [];
  let bytes = 0;
  let next = await source.next();
  for (; next.done !== true; next = await source.next()) {
    waiting.push(next.value);
    bytes += next.value.length;
    if (bytes < ROWS_BYTES) continue;
    yield* rowFrames(Buffer.concat(waiting));
    waiting = [];
    bytes = 0;
  }
  yield* rowFrames(Buffer.concat(waiting));
  yield jsonFrame(FRAME.tableEnd, { rows: next.value });
  return next.value;
}

function* rowFrames(bytes: Buffer): Generator<Buffer> {
  for (let from = 0; from < bytes.length; from += ROWS_BYTES)
    yield toFrame(FRAME.rows, bytes.subarray(from, from + ROWS_BYTES));
}

function jsonFrame(letter: string, content: object): Buffer {
  return toFrame(letter, Buffer.from(JSON.stringify(content)));
}
