// The limits of the HTTP shell that gateway and sandbox stand on, at small scale: each is provoked, fires in time, and hurts nobody else.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createServer, listen, type ServerLimits } from '../../src/http/server.js';
import { createLog } from '../../src/lib/log.js';
import { converse, openRaw, type RawClient, statusesOf } from '../support/fuzz-sockets.js';
import { until } from '../support/until.js';

const HEADERS_TIMEOUT_MS = 300;
const REQUEST_TIMEOUT_MS = 600;
const KEEP_ALIVE_MS = 300;
const CHECK_EVERY_MS = 50;
/** A limit that fires later than this after its time was not one. */
const SLACK_MS = 3_000;
const GET = 'GET /echo HTTP/1.1\r\nhost: x\r\n\r\n';

async function start(t: TestContext, limits: Partial<ServerLimits> = {}): Promise<string> {
  const app = createServer(createLog('silent'), {
    headersTimeoutMs: HEADERS_TIMEOUT_MS,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    keepAliveMs: KEEP_ALIVE_MS,
    checkEveryMs: CHECK_EVERY_MS,
    ...limits,
  });
  app.get('/echo', () => ({ ok: true }));
  app.get<{ Params: { number: string } }>('/number/:number', ({ params }) => ({ number: params.number }));
  app.get('/large', () => 'x'.repeat(100_000));
  app.post('/echo', (request) => ({ bytes: JSON.stringify(request.body).length }));
  t.after(async () => {
    app.server.closeAllConnections();
    await app.close();
  });
  return listen(app, '127.0.0.1', 0);
}

async function assertServes(url: string): Promise<void> {
  const answer = await fetch(`${url}/echo`, { signal: AbortSignal.timeout(SLACK_MS) });
  assert.equal(answer.status, 200);
  await answer.text();
}

/** Sends `bytes` one by one for as long as the server lets it. */
async function drip(client: RawClient, bytes: string): Promise<void> {
  for (const byte of bytes) {
    if (client.isClosed() || client.socket.destroyed) return;
    client.socket.write(byte, () => {});
    // Not a wait for something to have happened: slowness is what is being tested.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('cuts off clients that send their headers byte by byte, and serves the others meanwhile', async (t) => {
  const url = await start(t);
  const slow = await Promise.all(Array.from({ length: 50 }, () => openRaw(url)));
  const dripping = slow.map((client) => drip(client, `GET /echo HTTP/1.1\r\nhost: x\r\nx-long: ${'y'.repeat(500)}`));
  await assertServes(url);
  await until('all are cut off', () => slow.every((client) => client.isClosed()), HEADERS_TIMEOUT_MS + SLACK_MS);
  for (const client of slow) assert.deepEqual(statusesOf(client.text()), [408]);
  await Promise.all(dripping);
  await assertServes(url);
});

test('cuts off a client whose body does not come to its end', async (t) => {
  const url = await start(t);
  const head = 'POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
  const [short, chunked] = await Promise.all([
    converse(url, `${head}content-length: 1000\r\n\r\n{"a":`, { holds: true, timeoutMs: SLACK_MS }),
    converse(url, `${head}transfer-encoding: chunked\r\n\r\n5\r\n{"a":\r\n`, { holds: true, timeoutMs: SLACK_MS }),
  ]);
  for (const { isClosed, text, durationMs } of [short, chunked]) {
    assert.ok(isClosed);
    assert.deepEqual(statusesOf(text), [408]);
    assert.ok(durationMs >= REQUEST_TIMEOUT_MS - CHECK_EVERY_MS, `after ${durationMs} ms`);
  }
  await assertServes(url);
});

test('closes a connection that never says anything, and one that says no more', async (t) => {
  const url = await start(t);
  const silent = await converse(url, '', { holds: true, timeoutMs: HEADERS_TIMEOUT_MS + SLACK_MS });
  assert.ok(silent.isClosed);
  const idle = await converse(url, GET, { holds: true, timeoutMs: KEEP_ALIVE_MS + SLACK_MS });
  assert.ok(idle.isClosed);
  assert.deepEqual(statusesOf(idle.text), [200]);
});

test('holds no more connections than it may, serves those it has, and takes new ones when some leave', async (t) => {
  const connectionsMax = 20;
  const url = await start(t, {
    connectionsMax,
    headersTimeoutMs: 60_000,
    requestTimeoutMs: 60_000,
    keepAliveMs: 60_000,
  });
  const held = await Promise.all(Array.from({ length: connectionsMax }, () => openRaw(url)));
  await Promise.all(
    held.map((client, i) => {
      client.socket.write(GET);
      return until(`connection ${i} is served`, () => statusesOf(client.text()).length === 1);
    }),
  );
  const refused = await Promise.all(Array.from({ length: 30 }, () => converse(url, GET, { timeoutMs: SLACK_MS })));
  for (const { isClosed, text } of refused) assert.deepEqual([isClosed, text], [true, '']);
  const [first, second] = held;
  assert.ok(first !== undefined && second !== undefined);
  second.socket.write(GET);
  await until('one that is held is still served', () => statusesOf(second.text()).length === 2);
  first.socket.destroy();
  const taken = await until('there is room again', async () => {
    const { text } = await converse(url, GET.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'));
    return text !== '' && statusesOf(text);
  });
  assert.deepEqual(taken, [200]);
  for (const client of held) client.socket.destroy();
});

test('takes headers of 12 KB and refuses those of 64 KB', async (t) => {
  const url = await start(t);
  const withHeader = (bytes: number) =>
    `GET /echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-big: ${'a'.repeat(bytes)}\r\n\r\n`;
  assert.deepEqual(statusesOf((await converse(url, withHeader(12 * 1024))).text), [200]);
  const large = await converse(url, withHeader(64 * 1024));
  assert.deepEqual([large.isClosed, statusesOf(large.text)], [true, [431]]);
  const many = Array.from({ length: 20_000 }, (_, i) => `h${i}: v\r\n`).join('');
  assert.deepEqual(statusesOf((await converse(url, `GET /echo HTTP/1.1\r\nhost: x\r\n${many}\r\n`)).text), [431]);
});

test('answers pipelined requests in order, and garbage among them ends the connection only', async (t) => {
  const url = await start(t);
  const numbers = Array.from({ length: 500 }, (_, i) => i);
  const requests = numbers.map((i) => GET.replace('/echo', `/number/${i}`));
  const client = await openRaw(url);
  client.socket.write(requests.join(''));
  const answered = () => [...client.text().matchAll(/"number":"(\d+)"/g)].map(([, number]) => Number(number));
  await until('all are answered', () => answered().length === numbers.length);
  assert.deepEqual(answered(), numbers);
  client.socket.write(`\x16\x03\x01 garbage\r\n\r\n${GET}`);
  await client.closed;
  assert.deepEqual(statusesOf(client.text()).slice(numbers.length), [400]);
  const { isClosed, text } = await converse(url, `${GET.repeat(500)}\x16\x03\x01 garbage\r\n\r\n${GET}`);
  assert.ok(isClosed);
  assert.ok(statusesOf(text).every((status) => status === 200 || status === 400));
  await assertServes(url);
});

test('reads no further for a client that does not read its answers', async (t) => {
  const url = await start(t);
  const client = await openRaw(url);
  client.socket.pause();
  const megabyte = Buffer.from(GET.replace('/echo', '/large').repeat(27_000));
  const before = process.memoryUsage().rss;
  // Answers of 64 MB of requests would be 170 GB. What the kernel and the server do not take waits on our side.
  for (let i = 0; i < 64 && client.socket.writableLength < 16 * megabyte.length; i += 1) {
    client.socket.write(megabyte);
    await nextTurn();
  }
  assert.ok(client.socket.writableLength >= 16 * megabyte.length, 'the server took nearly every request');
  await assertServes(url);
  assert.ok(process.memoryUsage().rss - before < 300 * 1024 * 1024);
  client.socket.destroy();
  await once(client.socket, 'close');
});

test('refuses a body that is too large, said or found', async (t) => {
  const url = await start(t, { bodyBytesMax: 10_000 });
  const head = 'POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
  const said = await converse(url, `${head}content-length: 10000000\r\n\r\n{`, { holds: true, timeoutMs: SLACK_MS });
  assert.deepEqual(statusesOf(said.text), [413]);
  const chunk = `2000\r\n${'1'.repeat(0x2000)}\r\n`;
  const found = await converse(url, `${head}transfer-encoding: chunked\r\n\r\n${chunk.repeat(50)}0\r\n\r\n`);
  assert.deepEqual(statusesOf(found.text).slice(0, 1), [413]);
  await assertServes(url);
});
