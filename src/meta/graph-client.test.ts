// Against real sockets on loopback: what matters is what undici says when, which no mock knows.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { freePort } from '../../test/support/free-port.js';
import { until } from '../../test/support/until.js';
import { createGraphClient, type GraphAnswer, type GraphClient, type GraphClientOptions } from './graph-client.js';

async function listening(t: TestContext, server: Server): Promise<string> {
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
  return `127.0.0.1:${addressOf(server).port}`;
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address;
}

function client(t: TestContext, baseUrl: string, options: Partial<GraphClientOptions> = {}): GraphClient {
  const graph = createGraphClient({ baseUrl, version: 'v23.0', timeoutMs: 2000, ...options });
  t.after(() => graph.close());
  return graph;
}

async function http(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  return `http://${await listening(t, createHttpServer(answer))}`;
}

/** A server that treats each connection by hand once the first bytes of a request arrived. */
async function raw(t: TestContext, onRequest: (socket: Socket) => void): Promise<string> {
  return `http://${await listening(
    t,
    createServer((socket) => socket.once('data', () => onRequest(socket))),
  )}`;
}

function brief(answer: GraphAnswer): unknown {
  return answer.kind === 'answered' ? [answer.kind, answer.status, answer.body] : [answer.kind, answer.reason];
}

test('sends the body with the token to the number and reads the answer', async (t) => {
  const seen: unknown[] = [];
  const url = await http(t, (request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      seen.push([request.method, request.url, request.headers.authorization, request.headers['content-type'], body]);
      response.setHeader('x-business-use-case-usage', '{}').end('{"messages":[{"id":"wamid.A"}]}');
    });
  });
  const graph = client(t, `${url}/graph/`);
  assert.deepEqual(await graph.send('10/6', 'tok', '{"a":"é"}'), {
    kind: 'answered',
    status: 200,
    body: { messages: [{ id: 'wamid.A' }] },
    usage: '{}',
  });
  await graph.get('106?fields=id', 'tok');
  await graph.post('1020/subscribed_apps', 'tok');
  assert.deepEqual(seen, [
    ['POST', '/graph/v23.0/10%2F6/messages', 'Bearer tok', 'application/json', '{"a":"é"}'],
    ['GET', '/graph/v23.0/106?fields=id', 'Bearer tok', undefined, ''],
    ['POST', '/graph/v23.0/1020/subscribed_apps', 'Bearer tok', 'application/json', '{}'],
  ]);
});

test('says which trace a message belongs to, when it is told', async (t) => {
  const seen: unknown[] = [];
  const url = await http(t, (request, response) => {
    seen.push(request.headers.traceparent);
    request.resume();
    response.end('{}');
  });
  const graph = client(t, url);
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await graph.send('1', 't', '{}', { traceparent });
  await graph.send('1', 't', '{}');
  assert.deepEqual(seen, [traceparent, undefined]);
});

test('reuses connections for requests that follow each other', async (t) => {
  const ports = new Set<number | undefined>();
  const url = await http(t, (request, response) => {
    ports.add(request.socket.remotePort);
    request.resume();
    response.end('{}');
  });
  const graph = client(t, url);
  for (let i = 0; i < 20; i += 1) assert.equal((await graph.send('1', 't', '{}')).kind, 'answered');
  // The next request may begin before undici has put the last one's socket back.
  assert.ok(ports.size <= 2);
});

test('gives answers of any status with their body, undefined when it is no JSON', async (t) => {
  const url = await http(t, (request, response) => {
    request.resume();
    if (request.url?.includes('html') === true) response.writeHead(502).end('<html>');
    else response.writeHead(400).end('{"error":{"code":100}}');
  });
  const graph = client(t, url);
  assert.deepEqual(brief(await graph.send('1', 't', '{}')), ['answered', 400, { error: { code: 100 } }]);
  assert.deepEqual(brief(await graph.send('html', 't', '{}')), ['answered', 502, undefined]);
});

test('an error that repeats the token comes without it', async (t) => {
  const token = 'EAAGm0PX4ZCpsBAKZ';
  const url = await http(t, (_, response) => {
    response.writeHead(401).end(JSON.stringify({ error: { code: 190, message: `Malformed access token ${token}` } }));
  });
  const answer = await client(t, url).send('1', token, '{}');
  assert.deepEqual(brief(answer), ['answered', 401, { error: { code: 190, message: 'Malformed access token ***' } }]);
});

test('does not follow redirects', async (t) => {
  let requests = 0;
  const url = await http(t, (request, response) => {
    requests += 1;
    request.resume();
    response.writeHead(302, { location: '/' }).end();
  });
  assert.deepEqual(brief(await client(t, url).send('1', 't', '{}')), ['answered', 302, undefined]);
  assert.equal(requests, 1);
});

test('knows nothing was written when the connection is refused', async (t) => {
  assert.deepEqual(brief(await client(t, `http://127.0.0.1:${await freePort()}`).send('1', 't', '{}')), [
    'notWritten',
    'ECONNREFUSED',
  ]);
});

test('knows nothing was written when the name does not resolve', async (t) => {
  const answer = await client(t, 'http://nowhere.invalid').send('1', 't', '{}');
  assert.equal(answer.kind, 'notWritten');
});

test('knows nothing was written when TLS fails or never ends', async (t) => {
  const plain = await listening(
    t,
    createServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))),
  );
  assert.equal((await client(t, `https://${plain}`).send('1', 't', '{}')).kind, 'notWritten');
  const silent = await listening(t, createServer());
  const answer = await client(t, `https://${silent}`, { timeoutMs: 200, connectTimeoutMs: 5000 }).send('1', 't', '{}');
  assert.deepEqual(brief(answer), ['notWritten', 'timeout']);
});

test('knows nothing was written for a request that waited for a socket until its time was up, and never writes it later', async (t) => {
  const held: ServerResponse[] = [];
  const bodies: string[] = [];
  const url = await http(t, (request, response) => {
    request.on('data', (chunk) => bodies.push(String(chunk)));
    held.push(response);
  });
  const graph = client(t, url, { connections: 1, timeoutMs: 5_000 });
  const first = graph.send('1', 't', '"first"');
  const abort = new AbortController();
  const second = graph.send('1', 't', '"second"', { signal: abort.signal });
  abort.abort();
  assert.deepEqual(brief(await second), ['notWritten', 'aborted']);
  await until('the first is there', () => held.length === 1);
  held[0]?.end('{}');
  await first;
  const third = graph.send('1', 't', '"third"');
  await until('the third is there', () => held.length === 2);
  held[1]?.end('{}');
  await third;
  assert.deepEqual(bodies, ['"first"', '"third"']);
});

test('knows nothing was written after the client was closed, and for a token that no header can hold', async (t) => {
  const url = await http(t, (_, response) => response.end('{}'));
  const graph = client(t, url);
  assert.equal((await graph.send('1', 'to\nken', '{}')).kind, 'notWritten');
  await graph.close();
  assert.equal((await graph.send('1', 't', '{}')).kind, 'notWritten');
});

test('does not know the outcome when the connection ends before the answer', async (t) => {
  const ended = await raw(t, (socket) => socket.end());
  assert.deepEqual(brief(await client(t, ended).send('1', 't', '{}')), ['unknown', 'UND_ERR_SOCKET']);
  const reset = await raw(t, (socket) => socket.resetAndDestroy());
  assert.equal((await client(t, reset).send('1', 't', '{}')).kind, 'unknown');
});

test('does not know the outcome of an answer that is truncated, not HTTP, or a 200 that is not JSON', async (t) => {
  const truncated = await raw(t, (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"messages"'));
  assert.equal((await client(t, truncated).send('1', 't', '{}')).kind, 'unknown');
  const garbage = await raw(t, (socket) => socket.end('hello\r\n\r\n'));
  assert.equal((await client(t, garbage).send('1', 't', '{}')).kind, 'unknown');
  const html = await raw(t, (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>'));
  assert.deepEqual(brief(await client(t, html).send('1', 't', '{}')), ['unknown', 'answer is not JSON']);
});

test('does not know the outcome when the answer does not come or end in time', async (t) => {
  const silent = await raw(t, () => undefined);
  assert.deepEqual(brief(await client(t, silent, { timeoutMs: 1_000 }).send('1', 't', '{}')), ['unknown', 'timeout']);
  const half = await raw(t, (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{'));
  assert.deepEqual(brief(await client(t, half, { timeoutMs: 1_000 }).send('1', 't', '{}')), ['unknown', 'timeout']);
});

test('does not know the outcome when it is aborted after the request was written', async (t) => {
  const abort = new AbortController();
  const url = await raw(t, () => abort.abort());
  assert.deepEqual(brief(await client(t, url).send('1', 't', '{}', { signal: abort.signal })), ['unknown', 'aborted']);
  assert.deepEqual(brief(await client(t, url).send('1', 't', '{}', { signal: abort.signal })), [
    'notWritten',
    'aborted',
  ]);
});

test('stops reading an answer that is too large', async (t) => {
  const url = await http(t, (request, response) => {
    request.resume();
    response.end(JSON.stringify('x'.repeat(4 * 1024 * 1024 + 1)));
  });
  assert.deepEqual(brief(await client(t, url).send('1', 't', '{}')), ['unknown', 'answer too large']);
});

test('keeps to its number of connections', async (t) => {
  const held: ServerResponse[] = [];
  let most = 0;
  const url = await http(t, (request, response) => {
    request.resume();
    held.push(response);
    most = Math.max(most, held.length);
    if (held.length === 3) for (const one of held.splice(0)) one.end('{}');
  });
  const graph = client(t, url, { connections: 3 });
  const answers = await Promise.all(Array.from({ length: 30 }, () => graph.send('1', 't', '{}')));
  assert.ok(answers.every(({ kind }) => kind === 'answered'));
  assert.equal(most, 3);
});

test('writes nothing after its time, when the process stood still while the connection was made', async (t) => {
  const requests: string[] = [];
  const url = await http(t, (request, response) => {
    requests.push(request.url ?? '');
    response.end('{}');
  });
  const graph = client(t, url, { timeoutMs: 30 });
  const sending = new Promise<GraphAnswer>((resolve) => {
    setTimeout(() => resolve(graph.send('1', 'token', '{}')), 1);
    // In the same turn of timers, so that the connection is met by the next look at sockets, before the timer of the request.
    setTimeout(() => {
      const until = performance.now() + 100;
      while (performance.now() < until);
    }, 1);
  });
  assert.equal((await sending).kind, 'notWritten');
  const later = client(t, url);
  assert.equal((await later.get('2', 'token')).kind, 'answered');
  assert.equal(requests.length, 1);
});

test('JSON of a flow leaves as it comes, and no faster than Meta reads it', async (t) => {
  const met = new EventEmitter();
  const url = await http(t, (request, response) => {
    request.once('data', () => met.emit('paused', request.pause()));
    request.on('end', () => response.end('{"success":true}'));
  });
  const [mebibyte, count] = [Buffer.alloc(1024 * 1024, 'x'), 64];
  let taken = 0;
  async function* bytes(): AsyncGenerator<Buffer> {
    for (; taken < count; taken += 1) yield mebibyte;
  }
  const paused = once(met, 'paused');
  const answer = client(t, url).postFlowJson('8801', 'tok', { bytes: bytes(), length: undefined });
  const [request]: IncomingMessage[] = await paused;
  let before = -1;
  // What the kernel holds on both sides is taken; then nothing more is asked for.
  while (before !== taken) {
    before = taken;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(taken < count / 2, `${taken} of ${count} MiB were taken`);
  request?.resume();
  assert.deepEqual(brief(await answer), ['answered', 200, { success: true }]);
  assert.equal(taken, count);
});

test('JSON of a flow that breaks off is not sent whole', async (t) => {
  const met = new EventEmitter();
  const url = await http(t, (request) => {
    request.on('error', () => undefined).resume();
    request.on('close', () => met.emit('closed', request.complete));
  });
  async function* bytes(): AsyncGenerator<Buffer> {
    yield Buffer.from('{');
    throw new TypeError('enough');
  }
  const closed = once(met, 'closed');
  const answer = await client(t, url).postFlowJson('8801', 'tok', { bytes: bytes(), length: undefined });
  assert.ok(answer.kind !== 'answered' && answer.cause instanceof TypeError);
  assert.deepEqual(await closed, [false]);
});
