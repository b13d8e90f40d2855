// Files on their way in: written piece by piece under their id, taken up again after an interruption, hashed when complete.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FinishedFile } from './blob-store.js';

/** A folder of unfinished files. */
export interface Spool {
  /** How many bytes of a file are there already. */
  size(id: string): Promise<number>;
  /**
   * Writes `chunks` from byte `start` on (what lies behind it is cut off), up to `bytesMax` in all. Throws SpoolFull above that, or what
   * `chunks` or the disk throws; what was written stays, to go on from.
   */
  write(id: string, start: number, chunks: AsyncIterable<Uint8Array>, bytesMax: number): Promise<void>;
  /** The file as it is, on disk for good, with its hash. */
  finish(id: string): Promise<FinishedFile>;
  pathOf(id: string): string;
  remove(id: string): Promise<void>;
  /** Ids of files that nothing was written to for `idleMs`. */
  idle(idleMs: number): Promise<string[]>;
}

/** A file has more bytes than it may. */
export class SpoolFull extends Error {
  override readonly name = 'SpoolFull';
}

/** A spool in `folder`, made when first written to. */
export function createSpool(folder: string): Spool {
  const pathOf = (id: string): string => join(folder, id);
  const size = async (id: string): Promise<number> =>
    stat(pathOf(id)).then(
      (found) => found.size,
      () => 0,
    );
  return {
    pathOf,
    size,
    async write(id, start, chunks, bytesMax) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      // Not 'a': a part may be written anew from its start.
      const file = await open(pathOf(id), start === 0 ? 'w' : 'r+', 0o600);
      try {
        await file.truncate(start);
        await pour(file, start, chunks, bytesMax);
      } finally {
        await file.close();
      }
    },
    finish: (id) => finish(pathOf(id)),
    remove: (id) => rm(pathOf(id), { force: true }),
    async idle(idleMs) {
      const names = await readdir(folder).catch(() => []);
      const found = await Promise.all(names.map((id) => stat(pathOf(id)).catch(() => undefined)));
      return names.filter((_, i) => Date.now() - (found[i]?.mtimeMs ?? Number.POSITIVE_INFINITY) > idleMs);
    },
  };
}

async function pour(
  file: FileHandle,
  start: number,
  chunks: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<void> {
  let at = start;
  for await (const chunk of chunks) {
    if (at + chunk.length > bytesMax) throw new SpoolFull(`more than ${bytesMax} bytes`);
    for (let written = 0; written < chunk.length; )
      written += (await file.write(chunk, written, chunk.length - written, at + written)).bytesWritten;
    at += chunk.length;
  }
}

async function finish(path: string): Promise<FinishedFile> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { path, bytes, sha256: hash.digest('hex') };
}
