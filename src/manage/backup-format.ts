// The form of a backup file: gzip over a line that says what it is, then frames. A frame is a letter, the length of its content
// in 4 bytes and the content. head, then for each table: table, rows .., tableEnd; for each file: file, bytes .., fileEnd; at last end.
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { ArchiveRefused } from '../store/archive.js';

const MAGIC = Buffer.from('parley backup 1\n');

/**
 * The letters of frames. head and table: JSON; rows: bytes of COPY; tableEnd: `{rows}`; file: `{id}`; bytes: of the file; fileEnd: `{bytes}`;
 * end: `{tables,files}`.
 */
export const FRAME = {
  head: 'H',
  table: 'T',
  rows: 'R',
  tableEnd: 't',
  file: 'F',
  bytes: 'B',
  fileEnd: 'f',
  end: 'E',
} as const;

/** One frame. */
export interface Frame {
  letter: string;
  content: Buffer;
}

const PREFIX_BYTES = 5;
/** Rows and files are cut into frames of this size, so a reader never holds much more. */
export const ROWS_BYTES = 64 * 1024;
const CONTENT_BYTES_MAX = 8 * 1024 * 1024;

/** The first bytes of the file, before compression. */
export function openingOf(): Buffer {
  return Buffer.from(MAGIC);
}

/** A frame as bytes. */
export function toFrame(letter: string, content: Buffer): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.write(letter, 0, 'latin1');
  prefix.writeUInt32BE(content.length, 1);
  return Buffer.concat([prefix, content]);
}

/**
 * The frames of a backup file, to its very end, so that gzip's checksum counts. At most one frame is in memory.
 * Throws ArchiveRefused when the file is no backup, is damaged or is cut short; the file system's errors as they are.
 */
export async function* readFrames(file: string, signal: AbortSignal): AsyncGenerator<Frame> {
  const source = createReadStream(file, { signal });
  const bytes = source.pipe(createGunzip());
  // pipe passes no errors on.
  source.once('error', (error) => bytes.destroy(error));
  try {
    yield* framesOf(bytes, file);
  } catch (error) {
    throw explain(error, file);
  } finally {
    source.destroy();
    bytes.destroy();
  }
}

async function* framesOf(bytes: AsyncIterable<Buffer>, file: string): AsyncGenerator<Frame> {
  const reader = createReader(bytes);
  const magic = await reader.take(MAGIC.length);
  if (magic === undefined || !magic.equals(MAGIC)) throw new ArchiveRefused(`${file} is not a backup of Parley`);
  for (;;) {
    const prefix = await reader.take(PREFIX_BYTES);
    if (prefix === undefined) return;
    const length = prefix.readUInt32BE(1);
    if (length > CONTENT_BYTES_MAX) throw damaged(file);
    const content = await reader.take(length);
    if (content === undefined) throw damaged(file);
    yield { letter: prefix.toString('latin1', 0, 1), content };
  }
}

function damaged(file: string): ArchiveRefused {
  return new ArchiveRefused(`${file} is damaged or cut short`);
}

/** gzip's own complaints have codes that begin with Z_. */
function explain(error: unknown, file: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!code.startsWith('Z_')) return error;
  const isOther = error instanceof Error && error.message === 'incorrect header check';
  return isOther ? new ArchiveRefused(`${file} is not a backup of Parley`) : damaged(file);
}

/** Takes exactly so many bytes; undefined at the end of the bytes, also when fewer were left. */
function createReader(bytes: AsyncIterable<Buffer>): { take(count: number): Promise<Buffer | undefined> } {
  const source = bytes[Symbol.asyncIterator]();
  let chunks: Buffer[] = [];
  let held = 0;
  return {
    async take(count) {
      while (held < count) {
        const next = await source.next();
        if (next.done === true) return undefined;
        chunks.push(next.value);
        held += next.value.length;
      }
      const all = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
      chunks = [all.subarray(count)];
      held -= count;
      return all.subarray(0, count);
    },
  };
}
