import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { createSafeDownload, type SafeDownload } from './safe-download.js';
import { SafeFetchError } from './safe-fetch.js';
import type { Resolve } from './safe-fetch-agent.js';

async function serve(t: TestContext, answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return `http://127.0.0.1:${address.port}`;
}

function guard(t: TestContext, allowNetworks = ['127.0.0.0/8'], resolve?: Resolve): SafeDownload {
  const downloads = createSafeDownload({ allowNetworks, ...(resolve === undefined ? {} : { resolve }) });
  t.after(() => downloads.close());
  return downloads;
}

const REQUEST = { headers: { 'if-none-match': '"1"' }, timeoutMs: 5_000 };

function kindOf(error: unknown): string {
  assert.ok(error instanceof SafeFetchError);
  return `${error.kind}: ${error.reason}`;
}

test('gives status, headers and bytes, and sends the headers given', async (t) => {
  const url = await serve(t, ({ headers }, response) => response.end(String(headers['if-none-match'])));
  const { status, body } = await guard(t).get(`${url}/a?b=c`, REQUEST);
  assert.equal(status, 200);
  assert.equal(Buffer.concat(await body.toArray()).toString(), '"1"');
});

test('follows three redirects and says where it came to, but not a fourth', async (t) => {
  const url = await serve(t, (request, response) => {
    const left = Number(request.url?.slice(1));
    if (left === 0) response.end('here');
    else response.writeHead(302, { location: `/${left - 1}` }).end();
  });
  const downloads = guard(t);
  const answer = await downloads.get(`${url}/3`, REQUEST);
  assert.equal(answer.url.href, `${url}/0`);
  answer.body.destroy();
  await assert.rejects(downloads.get(`${url}/4`, REQUEST), (error) => kindOf(error) === 'other: too many redirects');
});

test('reaches nothing private, whether the URL, a redirect or a name leads there', async (t) => {
  const seen: string[] = [];
  const url = await serve(t, (request, response) => {
    seen.push(request.url ?? '');
    response.writeHead(301, { location: 'http://169.254.169.254/latest' }).end();
  });
  await assert.rejects(guard(t, []).get(`${url}/direct`, REQUEST), (error) => kindOf(error).startsWith('blocked'));
  await assert.rejects(guard(t).get(`${url}/redirect`, REQUEST), (error) => kindOf(error).startsWith('blocked'));
  const resolve: Resolve = (_, __, callback) => callback(null, [{ address: '10.0.0.1', family: 4 }]);
  await assert.rejects(guard(t, [], resolve).get('http://files.example/x', REQUEST), (error) =>
    kindOf(error).startsWith('blocked'),
  );
  assert.deepEqual(seen, ['/redirect']);
});

test('a host that is not there or too slow is told apart, and one that stops amid the body fails it', async (t) => {
  const url = await serve(t, (request, response) => {
    if (request.url !== '/half') return;
    response.writeHead(200, { 'content-length': 100 });
    response.write('half');
  });
  const downloads = guard(t);
  const short = { headers: {}, timeoutMs: 1_000 };
  await assert.rejects(downloads.get(`${url}/never`, short), (error) => kindOf(error) === 'timeout: no answer in time');
  await assert.rejects(downloads.get('http://127.0.0.1:9/', REQUEST), (error) => kindOf(error).startsWith('connect'));
  const { body } = await downloads.get(`${url}/half`, short);
  await assert.rejects(body.toArray());
});
