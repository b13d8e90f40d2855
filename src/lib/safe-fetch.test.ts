import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { freePort } from '../../test/support/free-port.js';
import { createSafeFetch, type SafeFetch, SafeFetchError, type SafeFetchOptions, type SafePost } from './safe-fetch.js';
import type { Resolve } from './safe-fetch-agent.js';

const LOOPBACK = ['127.0.0.0/8'];

async function portOf(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

function http(t: TestContext, answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  return portOf(t, createHttpServer(answer));
}

function guard(t: TestContext, options: Partial<SafeFetchOptions> = {}): SafeFetch {
  const safeFetch = createSafeFetch({ allowNetworks: LOOPBACK, ...options });
  t.after(() => safeFetch.close());
  return safeFetch;
}

/** Answers every name with these lists of addresses, one list a call, the last for good. */
function resolver(...answers: string[][]): Resolve {
  let calls = 0;
  return (_, __, callback) => {
    const addresses = answers[Math.min(calls, answers.length - 1)] ?? [];
    calls += 1;
    setImmediate(() =>
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      ),
    );
  };
}

const post: SafePost = { headers: { 'content-type': 'application/json' }, body: '{}', timeoutMs: 2000 };

async function failure(answer: Promise<unknown>): Promise<SafeFetchError> {
  const error: unknown = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SafeFetchError);
  return error;
}

test('posts body and headers and gives back status, headers and first bytes', async (t) => {
  let seen = '';
  const port = await http(t, (request, response) => {
    request.on('data', (chunk) => {
      seen += `${request.method} ${request.url} ${request.headers['content-type']} ${chunk}`;
    });
    request.on('end', () => response.writeHead(201, { 'retry-after': '5' }).end('thanks\0'));
  });
  const answer = await guard(t).post(`http://127.0.0.1:${port}/hook?x=1#y`, { ...post, body: '{"a":1}' });
  assert.equal(seen, 'POST /hook?x=1 application/json {"a":1}');
  assert.equal(answer.status, 201);
  assert.equal(answer.headers['retry-after'], '5');
  assert.equal(answer.firstBytes, 'thanks\ufffd');
  assert.ok(answer.durationMs >= 0);
});

test('says from the text alone which URLs can never be posted to', (t) => {
  const safeFetch = guard(t, { allowNetworks: [] });
  const refused = [
    'x',
    '/x',
    'ftp://a.example',
    'file:///etc/passwd',
    'http://u:p@a.example',
    'http://u@a.example',
    'http://127.0.0.1',
    'http://2130706433',
    'http://0x7f000001',
    'http://0177.0.0.1',
    'http://127.1',
    'http://[::1]',
    'http://[::ffff:10.0.0.1]',
    'http://169.254.169.254/latest',
    'http://0',
    'http://localhost',
    'http://LOCALHOST./',
    'http://any.localhost:81',
    'http://metadata.google.internal/computeMetadata/v1/',
  ];
  for (const url of refused) assert.notEqual(safeFetch.check(url), undefined, url);
  for (const url of ['http://a.example', 'https://a.example:8443/x', 'http://8.8.8.8'])
    assert.equal(safeFetch.check(url), undefined, url);
});

test('blocks a literal address however it is spelt, before any connection', async (t) => {
  let connections = 0;
  const port = await http(t, (_, response) => {
    connections += 1;
    response.end();
  });
  const safeFetch = guard(t, { allowNetworks: [] });
  for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '017700000001', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]']) {
    const error = await failure(safeFetch.post(`http://${host}:${port}/`, post));
    assert.equal(error.kind, 'blocked', host);
  }
  assert.equal(connections, 0);
});

test('blocks a name that resolves to a private address only', async (t) => {
  let connections = 0;
  const port = await http(t, (_, response) => {
    connections += 1;
    response.end();
  });
  const safeFetch = guard(t, { allowNetworks: [], resolve: resolver(['127.0.0.1', '::1']) });
  const error = await failure(safeFetch.post(`http://a.example:${port}/`, post));
  assert.equal(error.kind, 'blocked');
  assert.match(error.reason, /address$/);
  assert.equal(connections, 0);
});

test('checks the addresses at each connection, so a name that changes its mind is blocked', async (t) => {
  const port = await http(t, (request, response) => {
    request.resume();
    response.setHeader('connection', 'close').end('ok');
  });
  const resolve = resolver(['127.0.0.1'], ['10.9.9.9'], ['169.254.169.254']);
  const safeFetch = guard(t, { resolve });
  assert.equal((await safeFetch.post(`http://a.example:${port}/`, post)).status, 200);
  assert.equal((await failure(safeFetch.post(`http://a.example:${port}/`, post))).reason, 'private address');
  assert.equal((await failure(safeFetch.post(`http://a.example:${port}/`, post))).reason, 'metadata address');
});

test('uses only the open addresses of a name that has both kinds', async (t) => {
  const port = await http(t, (request, response) => {
    request.resume();
    response.end('ok');
  });
  const safeFetch = guard(t, { resolve: resolver(['10.9.9.9', '::1', '127.0.0.1']) });
  assert.equal((await safeFetch.post(`http://a.example:${port}/`, post)).status, 200);
});

test('does not follow redirects', async (t) => {
  let requests = 0;
  const port = await http(t, (request, response) => {
    requests += 1;
    request.resume();
    response.writeHead(307, { location: 'http://169.254.169.254/' }).end();
  });
  assert.equal((await guard(t).post(`http://127.0.0.1:${port}/`, post)).status, 307);
  assert.equal(requests, 1);
});

test('keeps connections for posts that follow each other', async (t) => {
  const ports = new Set<number | undefined>();
  const port = await http(t, (request, response) => {
    ports.add(request.socket.remotePort);
    request.resume();
    response.end();
  });
  const safeFetch = guard(t);
  for (let i = 0; i < 20; i += 1) await safeFetch.post(`http://127.0.0.1:${port}/${i}`, post);
  // The next post may begin before undici has put the last one's socket back.
  assert.ok(ports.size <= 2);
});

test('reads a bounded part of an endless answer and keeps 1 KiB of it', async (t) => {
  const port = await http(t, (request, response) => {
    request.resume();
    const write = (): void => {
      while (!response.destroyed && response.write('x'.repeat(10_000)));
      if (!response.destroyed) response.once('drain', write);
    };
    write();
  });
  const answer = await guard(t).post(`http://127.0.0.1:${port}/`, post);
  assert.equal(answer.status, 200);
  assert.equal(answer.firstBytes, 'x'.repeat(1024));
});

test('takes the status for the answer when the body stalls or breaks off', async (t) => {
  const stalls = await portOf(
    t,
    createServer((socket) => socket.once('data', () => socket.write('HTTP/1.1 204 No\r\ncontent-length: 9\r\n\r\nab'))),
  );
  const breaks = await portOf(
    t,
    createServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 503 No\r\ncontent-length: 9\r\n\r\nab'))),
  );
  const safeFetch = guard(t);
  assert.equal((await safeFetch.post(`http://127.0.0.1:${stalls}/`, { ...post, timeoutMs: 1_000 })).status, 204);
  assert.equal((await safeFetch.post(`http://127.0.0.1:${breaks}/`, post)).status, 503);
});

test('tells refused, silent, broken and aborted apart', async (t) => {
  const silent = await portOf(t, createServer());
  const broken = await portOf(
    t,
    createServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
  );
  const safeFetch = guard(t);
  const refused = await failure(safeFetch.post(`http://127.0.0.1:${await freePort()}/`, post));
  assert.deepEqual([refused.kind, refused.reason], ['connect', 'ECONNREFUSED']);
  assert.equal(
    (await failure(safeFetch.post(`http://127.0.0.1:${silent}/`, { ...post, timeoutMs: 100 }))).kind,
    'timeout',
  );
  const noTls = await failure(safeFetch.post(`https://127.0.0.1:${silent}/`, { ...post, connectTimeoutMs: 100 }));
  assert.deepEqual([noTls.kind, noTls.reason], ['timeout', 'no connection in time']);
  assert.equal((await failure(safeFetch.post(`http://127.0.0.1:${broken}/`, post))).kind, 'other');
  const abort = AbortSignal.abort();
  assert.equal(
    (await failure(safeFetch.post(`http://127.0.0.1:${silent}/`, { ...post, signal: abort }))).reason,
    'aborted',
  );
});

test('bounds the requests in flight and serves the waiting in order', async (t) => {
  let open = 0;
  let most = 0;
  const order: string[] = [];
  const port = await http(t, (request, response) => {
    request.resume();
    order.push(request.url ?? '');
    open += 1;
    most = Math.max(most, open);
    setImmediate(() => {
      open -= 1;
      response.end();
    });
  });
  const safeFetch = guard(t, { inFlightMax: 2 });
  await Promise.all(Array.from({ length: 10 }, (_, i) => safeFetch.post(`http://127.0.0.1:${port}/${i}`, post)));
  assert.equal(most, 2);
  assert.deepEqual(
    order.map((path) => Number(path.slice(1))).sort((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
});

test('fails what waits and what runs when it is closed', async (t) => {
  let arrived: (() => void) | undefined;
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const port = await portOf(
    t,
    createServer((socket) => socket.once('data', () => arrived?.())),
  );
  const safeFetch = createSafeFetch({ allowNetworks: LOOPBACK, inFlightMax: 1 });
  const running = failure(safeFetch.post(`http://127.0.0.1:${port}/`, post));
  const waiting = failure(safeFetch.post(`http://127.0.0.1:${port}/`, post));
  await arrival;
  await safeFetch.close();
  assert.equal((await waiting).reason, 'closed');
  assert.equal((await running).kind, 'other');
});

test('keeps connections open while there are few, and none when there are many', async (t) => {
  const answer = (request: IncomingMessage, response: ServerResponse): void =>
    void response.end(`${request.headers.connection} ${request.socket.remotePort}`);
  const [first, second] = await Promise.all([http(t, answer), http(t, answer)]);
  const safeFetch = guard(t, { keptSocketsMax: 1 });
  const ask = async (port: number) => (await safeFetch.post(`http://127.0.0.1:${port}/`, post)).firstBytes.split(' ');
  const [kept, ofFirst] = await ask(first);
  assert.equal(kept, 'keep-alive');
  const [crowded, ofSecond] = await ask(second);
  assert.equal(crowded, 'close');
  const [, next] = await ask(second);
  assert.notEqual(next, ofSecond);
  const [, again] = await ask(first);
  assert.equal(again, ofFirst);
});
