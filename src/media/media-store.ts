// What the configuration says of files, made: where they are kept, how they come in, who looks at them, how they are reached.
import { join } from 'node:path';
import { Agent, type Dispatcher } from 'undici';
import { createGuardedAgent } from '../lib/safe-fetch-agent.js';
import type { BlobStore } from './blob-store.js';
import { createFolderStore } from './folder.js';
import { createS3Store, type S3Options } from './s3.js';
import { createClamavScan, type Scan } from './scanner.js';
import { createSpool, type Spool } from './spool.js';

/** The settings that matter to files. */
export interface MediaSettings {
  dataDir: string;
  mediaStore: { kind: 'folder'; folder: string } | ({ kind: 's3' } & S3Options);
  /** `host:port`. */
  mediaScanner: string | undefined;
  /** Meta's Graph API: files may come from its own host although it is private. */
  metaUrl: string;
  allowNetworks: readonly string[];
}

/** All that handles files. `blobs.stop` ends the sockets of the others too. */
export interface MediaStore {
  blobs: BlobStore;
  spool: Spool;
  scan: Scan | undefined;
  /** Sockets for a URL that Meta named; undefined when the token must not go there. */
  dispatcherOf(url: URL): Dispatcher | undefined;
}

const CONNECTIONS = 16;
const CONNECT_TIMEOUT_MS = 5_000;

/** Makes it; nothing is written or connected yet. */
export function createMediaStore(settings: MediaSettings): MediaStore {
  const { mediaStore, mediaScanner, metaUrl, allowNetworks, dataDir } = settings;
  const store = mediaStore.kind === 'folder' ? createFolderStore(mediaStore.folder) : createS3Store(mediaStore);
  const spoolIn = mediaStore.kind === 'folder' ? mediaStore.folder : join(dataDir, 'media');
  const graphOrigin = new URL(metaUrl).origin;
  const own = new Agent({ connections: CONNECTIONS, connect: { timeout: CONNECT_TIMEOUT_MS } });
  const guarded = createGuardedAgent({ allowNetworks, connectionsPerOrigin: CONNECTIONS });
  return {
    blobs: {
      ...store,
      async stop() {
        await Promise.all([store.stop(), own.destroy(), guarded.destroy()]);
      },
    },
    spool: createSpool(join(spoolIn, '.spool')),
    scan: mediaScanner === undefined ? undefined : createClamavScan(mediaScanner),
    dispatcherOf(url) {
      if (url.username !== '' || url.password !== '') return undefined;
      if (url.origin === graphOrigin) return own;
      // Elsewhere the token goes over TLS only.
      return url.protocol === 'https:' ? guarded : undefined;
    },
  };
}
