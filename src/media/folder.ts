// Files in a folder: put in place by rename, so that a reader sees all of a file or nothing; 256 subfolders by the id's last digits.
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type BlobStore, type KeptFile, shardOf } from './blob-store.js';

const ID = /^[0-9a-f-]{36}$/;

/** A store in `folder`, which is made when first written to. Finished files must lie on the same file system. */
export function createFolderStore(folder: string): BlobStore {
  const pathOf = (id: string): string => join(folder, shardOf(id), id);
  return {
    async keep(id, file) {
      await mkdir(join(folder, shardOf(id)), { recursive: true, mode: 0o700 });
      await rename(file.path, pathOf(id));
      // The rename outlives a crash only when both folders are on disk.
      await syncFolder(join(folder, shardOf(id)));
      await syncFolder(folder);
    },
    size: async (id) => (await stat(pathOf(id)).catch(noFile))?.size,
    async read(id, range) {
      const file = await open(pathOf(id), 'r').catch(noFile);
      return file === undefined ? undefined : createReadStream('', { fd: file, ...range });
    },
    remove: (id) => rm(pathOf(id), { force: true }),
    list: () => listFolder(folder),
    stop: async () => undefined,
  };
}

async function* listFolder(folder: string): AsyncIterable<KeptFile> {
  const shards = (await readdir(folder).catch(noFile)) ?? [];
  for (const shard of shards.filter((name) => /^[0-9a-f-]{2}$/.test(name))) {
    for (const id of (await readdir(join(folder, shard)).catch(noFile)) ?? []) {
      const found = ID.test(id) ? await stat(join(folder, shard, id)).catch(noFile) : undefined;
      if (found !== undefined) yield { id, at: found.mtimeMs };
    }
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function noFile(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
    return undefined;
  throw error;
}
