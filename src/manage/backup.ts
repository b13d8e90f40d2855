// Backup: a snapshot of the database as one compressed file, written while the gateway runs.
import { createWriteStream, existsSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { ArchiveRefused, type ArchiveTable } from '../store/archive.js';
import { type Snapshot, withSnapshot } from '../store/archive-dump.js';
import { FRAME, openingOf, ROWS_BYTES, toFrame } from './backup-format.js';

/** What was written. */
export interface BackupSummary {
  tables: number;
  rows: number;
  bytes: number;
  /** Number of the newest migration. */
  schema: number;
}

/** Twice as fast as gzip's default, for files that are a tenth larger: the gateway works beside it. */
const GZIP_LEVEL = 3;

/**
 * Writes the database at `url` to `file` (mode 0600), under another name until it is whole and on disk. `now` is epoch ms.
 * Throws ArchiveRefused when the file exists, or when another backup writes it; DatabaseUnreachable; the file system's errors.
 */
export async function writeBackup(options: {
  url: string;
  file: string;
  now: number;
  stopped: AbortSignal;
}): Promise<BackupSummary> {
  const { url, file, now, stopped } = options;
  const partial = `${file}.partial`;
  if (existsSync(file)) throw new ArchiveRefused(`${file} exists already`);
  if (existsSync(partial))
    throw new ArchiveRefused(
      `${partial} exists: another backup writes it, or one was killed and left it; remove it then`,
    );
  const count = { tables: 0, rows: 0 };
  try {
    const schema = await withSnapshot({ url, name: 'parley backup', stopped }, async (snapshot) => {
      await pipeline(
        Readable.from(framesOf(snapshot, now, count), { objectMode: false }),
        createGzip({ level: GZIP_LEVEL }),
        createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true }),
        { signal: stopped },
      );
      return snapshot.head.migrations.length;
    });
    const { size: bytes } = await stat(partial);
    await rename(partial, file);
    await flushFolder(dirname(file));
    return { ...count, bytes, schema };
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** The name lasts only when the folder is on disk too. */
async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}

async function* framesOf(
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
  yield jsonFrame(FRAME.end, { tables: count.tables });
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
