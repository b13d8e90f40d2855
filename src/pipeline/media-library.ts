// The files of an account's senders as their owner uses them: read, measured, removed.
import type { Readable } from 'node:stream';
import type { Clock } from '../lib/clock.js';
import { isUuid } from '../lib/id.js';
import type { BlobStore } from '../media/blob-store.js';
import type { Database } from '../store/database.js';
import { readStoredMedia, removeMedia, type StoredMedia } from '../store/media.js';

/** Which file, asked for by whom. */
export interface MediaAddress {
  account: number;
  sender: string;
  id: string;
}

/** Reads and removes. Throws DatabaseError, or the store's error. */
export interface MediaLibrary {
  /** Undefined when the account has no such file, or it is not there yet or any more. */
  find(address: MediaAddress): Promise<StoredMedia | undefined>;
  /** The bytes from `start` to `end`, both included. */
  read(id: string, range?: { start: number; end: number }): Promise<Readable | undefined>;
  /** False when there is no such file. */
  remove(address: MediaAddress): Promise<boolean>;
}

/** Creates the library. */
export function createMediaLibrary(parts: { database: Database; clock: Clock; blobs: BlobStore }): MediaLibrary {
  const { database, clock, blobs } = parts;
  return {
    find: async ({ account, sender, id }) => (isUuid(id) ? readStoredMedia(database, account, sender, id) : undefined),
    read: (id, range) => blobs.read(id, range),
    async remove({ account, sender, id }) {
      if (!isUuid(id) || !(await removeMedia(database, clock.now(), account, sender, id))) return false;
      // What a crash leaves here the sweep takes away.
      await blobs.remove(id);
      return true;
    },
  };
}
