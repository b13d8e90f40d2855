import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createLog } from '../lib/log.js';
import { createDirectRoutes } from './direct.js';
import { createServer, listen } from './server.js';

const KEY = 'App abc';

/** A server that echoes at /echo, and answers at /slow when told to; `requests` counts those that Node parsed. */
async function start(t: TestContext, limits: Parameters<typeof createServer>[1] = {}, isWhole = true) {
  const direct = createDirectRoutes();
  const app = createServer(createLog('silent'), limits, undefined, isWhole ? direct : undefined);
  const counts = { byNode: 0 };
  const slow = new EventEmitter();
  const shared = { bodyBytesMax: 100_000, failed: () => ({ status: 500 }), tooLarge: () => ({ status: 413 }) };
  direct.add({
    ...shared,
    path: '/echo',
    begin: ({ headers }) =>
      headers.authorization === KEY
        ? async (body) => ({ status: 200, body: `${body}` })
        : { status: 429, body: '{}', retryAfterSeconds: 3 },
  });
  direct.add({
    ...shared,
    path: '/slow',
    begin: () => async () => {
      setImmediate(() => slow.emit('begun'));
      const [body] = await once(slow, 'told');
      return { status: 200, body };
    },
  });
  app.get('/framework', async () => 'framework');
  app.get('/framework/large', async () => LARGE);
  app.get('/framework/slow', async () => {
    setImmediate(() => slow.emit('begun'));
    const [body] = await once(slow, 'told');
    return body;
  });
  app.server.on('request', () => {
    counts.byNode += 1;
  });
  const url = new URL(await listen(app, '127.0.0.1', 0));
  t.after(() => app.close());
  return { app, counts, slow, open: () => openSocket(t, Number(url.port)) };
}

/** A client that keeps all it was sent. */
function openSocket(t: TestContext, port: number) {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  t.after(() => socket.destroy());
  const state = { text: '' };
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    state.text += chunk;
  });
  socket.on('error', () => {});
  return {
    socket,
    write: (text: string) => socket.write(text),
    text: () => state.text,
    async until(isThere: (text: string) => boolean): Promise<string> {
      while (!isThere(state.text)) await once(socket, 'data', { signal: AbortSignal.timeout(20_000) });
      return state.text;
    },
    closed: () => closed(socket),
  };
}

async function closed(socket: Socket): Promise<void> {
  if (!socket.readableEnded && !socket.destroyed) await once(socket, 'end', { signal: AbortSignal.timeout(20_000) });
}

function post(path: string, body: string, authorization = KEY): string {
  return `POST ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

const times = (text: string, part: string): number => text.split(part).length - 1;
const undated = (text: string): string => text.replace(/Date: [^\r]*/g, 'Date: now');

test('answers requests that came whole as Node would, without it', async (t) => {
  const { open, counts } = await start(t);
  const whole = open();
  whole.write(post('/echo', '{"a":"é"}'));
  const first = await whole.until((text) => text.endsWith('}'));
  assert.equal(counts.byNode, 0);
  const two = open();
  two.write(post('/echo', '{"a":"é"}').repeat(2));
  const answers = await two.until((text) => times(text, '}') === 2);
  assert.equal(undated(answers), undated(first).repeat(2));
  assert.equal(counts.byNode, 2);
  whole.write(post('/echo', 'x', 'App other'));
  const second = (await whole.until((answer) => answer.endsWith('{}'))).slice(first.length);
  assert.match(second, /^HTTP\/1\.1 429 Too Many Requests\r\n(.*\r\n)*retry-after: 3\r\n/);
  assert.equal(counts.byNode, 2);
});

test('gives a connection to Node from the first request on that is not its own', async (t) => {
  const { open, counts } = await start(t);
  const client = open();
  client.write(post('/echo', 'one!'));
  await client.until((text) => text.endsWith('one!'));
  const long = 'z'.repeat(90_000);
  client.write(post('/echo', long));
  await client.until((text) => text.endsWith(long));
  client.write('GET /framework HTTP/1.1\r\nHost: a\r\n\r\n');
  await client.until((text) => text.endsWith('framework'));
  client.write(post('/echo', 'two!'));
  await client.until((text) => text.endsWith('two!'));
  assert.equal(counts.byNode, 3);
});

test('answers pipelined requests in their order', async (t) => {
  const { open, slow } = await start(t);
  const client = open();
  const begun = once(slow, 'begun');
  client.write(post('/slow', '1'));
  await begun;
  client.write(post('/echo', 'two!') + post('/echo', 'three!'));
  client.write(post('/echo', 'four!'));
  slow.emit('told', 'one!');
  const text = await client.until((all) => all.endsWith('four!'));
  assert.deepEqual(text.match(/\w+!/g), ['one!', 'two!', 'three!', 'four!']);
});

test("refuses in Node's words what is no request", async (t) => {
  const { open } = await start(t);
  const client = open();
  client.write('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab');
  assert.match(await client.until((text) => text.includes('\r\n\r\n')), /^HTTP\/1\.1 400 /);
  await client.closed();
});

test('answers a client that has already closed its side, then closes', async (t) => {
  const { open, slow } = await start(t);
  const client = open();
  const begun = once(slow, 'begun');
  client.socket.end(post('/slow', '1'));
  await begun;
  slow.emit('told', 'late');
  await client.closed();
  assert.ok(client.text().endsWith('late'));
});

test('closes silent connections: before the first byte sooner than between requests', async (t) => {
  const { open } = await start(t, { headersTimeoutMs: 300, keepAliveMs: 600, checkEveryMs: 20 });
  const silent = open();
  await silent.closed();
  assert.equal(silent.text(), '');
  const idle = open();
  idle.write(post('/echo', 'one!'));
  await idle.closed();
  assert.equal(times(idle.text(), 'HTTP/1.1 200'), 1);
});

test('closes idle connections when the server closes, busy ones after their answer', async (t) => {
  const { app, open, slow } = await start(t);
  const idle = open();
  idle.write(post('/echo', 'one!'));
  await idle.until((text) => text.endsWith('one!'));
  const busy = open();
  const begun = once(slow, 'begun');
  busy.write(post('/slow', '1'));
  await begun;
  const isClosed = app.close();
  await idle.closed();
  slow.emit('told', 'late');
  await busy.closed();
  assert.match(busy.text(), /Connection: close\r\n(.*\r\n)*\r\nlate$/);
  await isClosed;
});

const LARGE = 'x'.repeat(30_000_000);

test('what the framework answers while the server closes is written to its end, and holds it no longer', async (t) => {
  const { app, open, slow } = await start(t);
  const busy = open();
  const begun = once(slow, 'begun');
  busy.write('GET /framework/slow HTTP/1.1\r\nHost: a\r\n\r\n');
  await begun;
  const reading = open();
  reading.write('GET /framework/large HTTP/1.1\r\nHost: a\r\n\r\n');
  await reading.until((text) => text.length > 0);
  reading.socket.pause();
  await delay(200);
  const isClosed = app.close();
  await delay(100);
  reading.socket.resume();
  await reading.closed();
  assert.ok(reading.text().endsWith(`\r\n\r\n${LARGE}`));
  slow.emit('told', 'late');
  await busy.closed();
  assert.match(busy.text(), /^HTTP\/1\.1 200 .*\r\nlate$/s);
  await isClosed;
});

test('who says nothing, and who never ends the head of a request, do not hold a server that closes', async (t) => {
  for (const isWhole of [true, false]) {
    const { app, open } = await start(t, {}, isWhole);
    const silent = open();
    const idle = open();
    idle.write('GET /framework HTTP/1.1\r\nHost: a\r\n\r\n');
    await idle.until((text) => text.endsWith('framework'));
    const half = open();
    half.write('GET /framework HTTP/1.1\r\nHo');
    await delay(100);
    const from = performance.now();
    await Promise.all([app.close(), silent.closed(), idle.closed()]);
    assert.ok(performance.now() - from < 10_000);
    assert.equal(half.text(), '');
  }
});
