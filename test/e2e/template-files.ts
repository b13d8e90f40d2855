// A host of small files, as examples of templates and as what messages link to.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { MP4, PDF } from './sandbox-files.js';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** Files by the end of their name. */
export const FILES: Readonly<Record<string, { type: string; bytes: Buffer }>> = {
  png: { type: 'image/png', bytes: PNG },
  mp4: { type: 'video/mp4', bytes: MP4 },
  pdf: { type: 'application/pdf', bytes: PDF },
};

/** A running host. */
export interface FilesHost {
  /** Base URL without a final slash; names are free but for `none`, which is not there. */
  url: string;
  stop(): void;
}

/** Starts one on a free loopback port. */
export async function startFilesHost(): Promise<FilesHost> {
  const server = createServer(({ url = '' }, response) => {
    const file = url.includes('none') ? undefined : FILES[url.slice(url.lastIndexOf('.') + 1)];
    if (file === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': file.type, 'content-length': file.bytes.length }).end(file.bytes);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
