// Where files are kept: what a folder and an S3 bucket both do. A file is there whole or not at all.
import type { Readable } from 'node:stream';

/** Bytes from `start` to `end`, both included. */
export interface ByteRange {
  start: number;
  end: number;
}

/** A complete file on this machine, on disk for good, that is to be kept. */
export interface FinishedFile {
  path: string;
  bytes: number;
  /** SHA-256 in hex. */
  sha256: string;
}

/** A kept file. `at`: when it was put there, epoch ms of the store's own clock. */
export interface KeptFile {
  id: string;
  at: number;
}

/** Keeps files under ids (UUIDs). Every call throws when the store cannot be reached, and may then be repeated. */
export interface BlobStore {
  /** Keeps a file; the file at `path` is gone afterwards. When it resolves the file outlives a crash. */
  keep(id: string, file: FinishedFile): Promise<void>;
  /** How many bytes a file has; undefined when it is not there. */
  size(id: string): Promise<number | undefined>;
  /** The bytes of a file, or a part; undefined when it is not there. The stream may fail later. */
  read(id: string, range?: ByteRange): Promise<Readable | undefined>;
  /** Removes a file; one that is not there is no error. */
  remove(id: string): Promise<void>;
  /** Every kept file, in any order. */
  list(): AsyncIterable<KeptFile>;
  stop(): Promise<void>;
}

/** Where a file lies among others: UUIDv7 begin with the time, so their last digits spread them best. */
export function shardOf(id: string): string {
  return id.slice(-2);
}
