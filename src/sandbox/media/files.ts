// Files of the media library on disk: written as a stream, hashed on the way, read by range.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type FileFacts, factsOf, HEAD_BYTES } from './facts.js';

/** A file that was written; `sha256` in base64, as Meta says it (Meta 2.2). */
export interface WrittenFile {
  bytes: number;
  sha256: string;
  facts: FileFacts;
}

/** Bytes from `start` to `end`, both included. */
export interface ByteRange {
  start: number;
  end: number;
}

/** A folder of files by id. */
export interface MediaFiles {
  /** Writes a file and puts it in place when complete; null, with nothing left behind, once it has more than `bytesMax` bytes. Throws what `chunks` or the disk throws. */
  write(id: string, chunks: AsyncIterable<Uint8Array>, bytesMax: number): Promise<WrittenFile | null>;
  read(id: string, range: ByteRange): Readable;
  readAll(id: string): Promise<Buffer>;
  remove(id: string): Promise<void>;
  /** Ids of all complete files. */
  ids(): Promise<string[]>;
  /** Removes the folder when it was a temporary one. */
  stop(): Promise<void>;
}

const PART_SUFFIX = '.part';

/** Names the machine and the process, so that what a killed sandbox left can be told from what another one uses. */
const TEMPORARY_PREFIX = `parley-sandbox-media-${hostname().replace(/[^\w.-]/g, '_')}-`;

/**
 * Files in `folder`, which is made when first written to; without one in a temporary folder, inside `temporary`, that goes away with the
 * sandbox, or when the next one needs one if it was killed.
 */
export function createMediaFiles(folder: string | undefined, temporary = tmpdir()): MediaFiles {
  let made: Promise<string> | undefined;
  const isTemporary = folder === undefined;
  let place = folder;
  async function make(): Promise<string> {
    if (isTemporary) await removeAbandoned(temporary);
    const path = folder ?? (await mkdtemp(join(temporary, `${TEMPORARY_PREFIX}${process.pid}-`)));
    await mkdir(path, { recursive: true, mode: 0o700 });
    place = path;
    return path;
  }
  const pathOf = (id: string): string => join(place ?? temporary, id);
  return {
    async write(id, chunks, bytesMax) {
      made ??= make();
      await made;
      return writeFile(pathOf(id), chunks, bytesMax);
    },
    read: (id, range) => createReadStream(pathOf(id), range),
    readAll: (id) => readFile(pathOf(id)),
    remove: (id) => rm(pathOf(id), { force: true }),
    async ids() {
      if (place === undefined) return [];
      const names = await readdir(place).catch(() => []);
      await Promise.all(names.filter((name) => name.endsWith(PART_SUFFIX)).map((name) => rm(pathOf(name))));
      return names.filter((name) => /^\d+$/.test(name));
    },
    async stop() {
      if (isTemporary && place !== undefined) await rm(place, { recursive: true, force: true });
    },
  };
}

/** Removes temporary folders of sandboxes of this machine that are gone. */
async function removeAbandoned(temporary: string): Promise<void> {
  for (const name of await readdir(temporary).catch(() => [])) {
    const [, pid] = name.startsWith(TEMPORARY_PREFIX)
      ? (/^(\d+)-/.exec(name.slice(TEMPORARY_PREFIX.length)) ?? [])
      : [];
    if (pid === undefined || isAlive(Number(pid))) continue;
    await rm(join(temporary, name), { recursive: true, force: true }).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: somebody else's, but there.
    return error instanceof Error && 'code' in error && error.code !== 'ESRCH';
  }
}

async function writeFile(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<WrittenFile | null> {
  const part = `${path}${PART_SUFFIX}`;
  const file = await open(part, 'w', 0o600);
  try {
    const written = await pour(file, chunks, bytesMax);
    await file.close();
    if (written === null) await rm(part, { force: true });
    else await rename(part, path);
    return written;
  } catch (error) {
    await file.close().catch(() => {});
    await rm(part, { force: true });
    throw error;
  }
}

async function pour(
  file: FileHandle,
  chunks: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<WrittenFile | null> {
  const hash = createHash('sha256');
  let head = Buffer.alloc(0);
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > bytesMax) return null;
    hash.update(chunk);
    if (head.length < HEAD_BYTES) head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES - head.length)]);
    for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten;
  }
  return { bytes, sha256: hash.digest('base64'), facts: factsOf(head) };
}
