import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { Agent } from 'undici';
import { until } from '../../test/support/until.js';
import { DownloadError, download } from './download.js';
import { createSpool, type Spool, SpoolFull } from './spool.js';

const BYTES = randomBytes(300_000);
const SHA256 = createHash('sha256').update(BYTES).digest('hex');
const ID = 'file';

let answer: (request: IncomingMessage, response: ServerResponse) => void;
let ranges: (string | undefined)[] = [];
let server: Server;
let url: URL;
let folder: string;
let spool: Spool;
const agent = new Agent();

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parley-download-'));
  spool = createSpool(join(folder, 'spool'));
  server = createServer((request, response) => {
    assert.equal(request.headers.authorization, 'Bearer token');
    ranges.push(request.headers.range);
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address !== 'string');
  url = new URL(`http://127.0.0.1:${address.port}/file`);
});
afterEach(async () => {
  ranges = [];
  await spool.remove(ID);
});
after(async () => {
  await agent.destroy();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

function fetchFile(known: number | 'unknown' = BYTES.length, bytesMax = BYTES.length): Promise<void> {
  const bytes = known === 'unknown' ? undefined : known;
  const signal = new AbortController().signal;
  return download(agent, spool, { url, token: 'token', id: ID, bytes, bytesMax, signal });
}

/** Serves ranges as Meta does; the connection breaks after `cutAfter` bytes. */
function serving(cutAfter = Number.POSITIVE_INFINITY): typeof answer {
  return (request, response) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const part = BYTES.subarray(start);
    const headers: Record<string, string | number> = { 'content-length': part.length };
    if (start > 0) headers['content-range'] = `bytes ${start}-${BYTES.length - 1}/${BYTES.length}`;
    response.writeHead(start > 0 ? 206 : 200, headers);
    if (cutAfter >= part.length) response.end(part);
    else {
      response.write(part.subarray(0, cutAfter));
      // What lies unread in the client's buffer is lost with the connection.
      const reached = until('the bytes in the spool', async () => (await spool.size(ID)) === start + cutAfter);
      void reached.finally(() => response.socket?.destroy());
    }
  };
}

test('fetches a file whole', async () => {
  answer = serving();
  await fetchFile();
  const { bytes, sha256 } = await spool.finish(ID);
  assert.deepEqual([bytes, sha256, ranges], [BYTES.length, SHA256, [undefined]]);
});

test('goes on where a broken connection ended, asking for the rest only', async () => {
  answer = serving(100_000);
  await assert.rejects(fetchFile(), DownloadError);
  const came = await spool.size(ID);
  assert.equal(came, 100_000);
  answer = serving();
  await fetchFile();
  assert.deepEqual(ranges, [undefined, `bytes=${came}-`]);
  assert.equal((await spool.finish(ID)).sha256, SHA256);
});

test('begins anew when the server knows no ranges', async () => {
  answer = serving(100_000);
  await assert.rejects(fetchFile(), DownloadError);
  answer = (_, response) => void response.end(BYTES);
  await fetchFile();
  assert.equal((await spool.finish(ID)).sha256, SHA256);
});

test('begins anew when the length is not known', async () => {
  answer = serving(100_000);
  await assert.rejects(fetchFile('unknown'), DownloadError);
  answer = serving();
  await fetchFile('unknown');
  assert.deepEqual(ranges, [undefined, undefined]);
  assert.equal((await spool.finish(ID)).sha256, SHA256);
});

test('asks for nothing when all of it came before', async () => {
  answer = serving();
  await fetchFile();
  await fetchFile();
  assert.equal(ranges.length, 1);
});

test('throws on an answer that is not the file, and on a part that is not the one asked for', async () => {
  answer = (_, response) => void response.writeHead(404).end('gone');
  await assert.rejects(fetchFile(), { name: 'DownloadError', status: 404 });
  answer = (_, response) => void response.writeHead(302, { location: 'http://elsewhere.example' }).end();
  await assert.rejects(fetchFile(), { name: 'DownloadError', status: 302 });
  answer = serving(100_000);
  await assert.rejects(fetchFile(), DownloadError);
  answer = (_, response) => void response.writeHead(206, { 'content-range': 'bytes 7-9/10' }).end('abc');
  await assert.rejects(fetchFile(), DownloadError);
  answer = serving();
  await fetchFile();
  assert.equal((await spool.finish(ID)).sha256, SHA256);
});

test('throws when the body ends early although the answer was well formed', async () => {
  answer = (_, response) => void response.end(BYTES.subarray(0, 10));
  await assert.rejects(fetchFile(), /10 bytes came of 300000/);
});

test('stops above the limit, however long the body claims to be', async () => {
  answer = (_, response) => void response.end(BYTES);
  await assert.rejects(fetchFile('unknown', 1000), SpoolFull);
});

test('an empty file is a file', async () => {
  answer = (_, response) => void response.end();
  await fetchFile(0);
  assert.equal((await spool.finish(ID)).bytes, 0);
});
