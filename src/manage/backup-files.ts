// The files of a backup: every file that is kept, as frames behind the tables, and back into a store.
import type { BlobStore } from '../media/blob-store.js';
import type { Spool } from '../media/spool.js';
import { FRAME, ROWS_BYTES, toFrame } from './backup-format.js';

/** What was written or loaded of files. */
export interface FileCount {
  files: number;
  fileBytes: number;
}

/** Where files come back to. */
export interface FilesPlace {
  blobs: Pick<BlobStore, 'keep'>;
  spool: Pick<Spool, 'write' | 'finish' | 'remove'>;
}

/** Ids become names of files: nothing else than these is read from a backup. */
export const FILE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Every kept file. Call it after the snapshot of the tables: a file whose row the snapshot has is there then, unless it was removed since;
 * one that came later is removed after the restore, as no row knows it. `count` counts. Throws what the store throws.
 */
export async function* fileFrames(
  blobs: Pick<BlobStore, 'list' | 'read'>,
  count: FileCount,
): AsyncGenerator<Buffer, void> {
  for await (const { id } of blobs.list()) {
    const bytes = FILE_ID.test(id) ? await blobs.read(id) : undefined;
    if (bytes === undefined) continue;
    yield toFrame(FRAME.file, Buffer.from(JSON.stringify({ id })));
    let written = 0;
    for await (const chunk of bytes) {
      const part: Buffer = Buffer.from(chunk);
      for (let from = 0; from < part.length; from += ROWS_BYTES)
        yield toFrame(FRAME.bytes, part.subarray(from, from + ROWS_BYTES));
      written += part.length;
    }
    yield toFrame(FRAME.fileEnd, Buffer.from(JSON.stringify({ bytes: written })));
    count.files += 1;
    count.fileBytes += written;
  }
}

/** Puts one file back. One that is there already is replaced. Throws what `bytes`, the disk or the store throws; nothing is left half then. */
export async function loadFile({ blobs, spool }: FilesPlace, id: string, bytes: AsyncIterable<Buffer>): Promise<void> {
  try {
    await spool.write(id, 0, bytes, Number.MAX_SAFE_INTEGER);
    await blobs.keep(id, await spool.finish(id));
  } catch (error) {
    await spool.remove(id);
    throw error;
  }
}
