import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { fc } from '../../test/support/property.js';
import { readWholeRequest } from './whole-request.js';

const HEAD = 'POST /send HTTP/1.1\r\nHost: a.example\r\nAuthorization: App abc\r\n';
const WHOLE = `${HEAD}Content-Type: application/json\r\nContent-Length: 8\r\n\r\n{"a":12}`;

const GET = 'GET /4xk9m2q7v0bt HTTP/1.1\r\nHost: go.example\r\nUser-Agent: Mozilla/5.0 (Linux)\r\nAccept: */*\r\n\r\n';

interface Seen {
  url: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

/** What Node's parser makes of `bytes` and the end of the connection: its requests, and whether it refused something. */
async function readByNode(bytes: Buffer): Promise<{ seen: Seen[]; isRefused: boolean }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.push({ url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString('latin1') });
      response.end();
    });
    request.on('error', () => {});
  });
  let isRefused = false;
  const socket = new Duplex({ read() {}, write: (_, __, done) => done() });
  const closed = new Promise<void>((resolve) => {
    server.on('clientError', () => {
      isRefused = true;
      resolve();
    });
    socket.on('error', () => resolve());
    socket.on('finish', () => resolve());
  });
  server.emit('connection', socket);
  socket.push(bytes);
  socket.push(null);
  await closed;
  server.closeAllConnections();
  socket.destroy();
  return { seen, isRefused };
}

test('reads a request that came whole', () => {
  const read = readWholeRequest(Buffer.from(WHOLE));
  assert.equal(read?.url, '/send');
  assert.equal(String(read?.body), '{"a":12}');
  assert.deepEqual(read?.headers, {
    host: 'a.example',
    authorization: 'App abc',
    'content-type': 'application/json',
    'content-length': '8',
  });
});

test('reads a GET that came whole and has no body', () => {
  const read = readWholeRequest(Buffer.from(GET));
  assert.deepEqual([read?.method, read?.url, read?.body.length], ['GET', '/4xk9m2q7v0bt', 0]);
  assert.equal(readWholeRequest(Buffer.from(GET.replace('Accept: */*', 'Content-Length: 0')))?.method, 'GET');
});

test('leaves to Node whatever two parsers could read in two ways', () => {
  const body = '\r\n\r\n{"a":12}';
  const others = [
    WHOLE.slice(0, -1),
    `${WHOLE}P`,
    WHOLE + WHOLE,
    WHOLE.replace('POST', 'GET'),
    WHOLE.replace('HTTP/1.1', 'HTTP/1.0'),
    WHOLE.replace('/send', '/send x'),
    WHOLE.replaceAll('\r\n', '\n'),
    WHOLE.replace('Host: a.example\r\n', ''),
    WHOLE.replace('Host:', 'Host :'),
    WHOLE.replace('App abc', 'App\r\n abc'),
    WHOLE.replace('App abc', 'App\rabc'),
    WHOLE.replace('App abc', 'App\nabc'),
    WHOLE.replace('App abc', 'App \u0000abc'),
    WHOLE.replace('App abc', 'App \u00e9'),
    `${HEAD}Content-Length: 8\r\nContent-Length: 8${body}`,
    `${HEAD}Content-Length: 8\r\nTransfer-Encoding: chunked${body}`,
    `${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${HEAD}Content-Length: +8${body}`,
    `${HEAD}Content-Length: 8, 8${body}`,
    `${HEAD}Content-Length: 0x8${body}`,
    `${HEAD}Content-Length: 8\t${body}`,
    `${HEAD}Content_Length: 3\r\nContent-Length: 8${body}`,
    `${HEAD}Expect: 100-continue\r\nContent-Length: 8${body}`,
    `${HEAD}Connection: close\r\nContent-Length: 8${body}`,
    `${HEAD}Connection: content-length\r\nContent-Length: 8${body}`,
    `${HEAD}Upgrade: h2c\r\nContent-Length: 8${body}`,
    `${HEAD}X: ${'x'.repeat(9_000)}\r\nContent-Length: 8${body}`,
    `${HEAD}${Array.from({ length: 60 }, (_, i) => `X-${i}: 1\r\n`).join('')}Content-Length: 8${body}`,
    `${HEAD.trimEnd()}${body}`,
    GET + GET,
    GET.slice(0, -2),
    GET.replace('GET', 'HEAD'),
    GET.replace('HTTP/1.1', 'HTTP/1.0'),
    GET.replace('/4xk9m2q7v0bt', '/4xk9m2q7v0bt?a=b'),
    `${GET.replace('Accept: */*', 'Content-Length: 1')}x`,
    GET.replace('Accept: */*', 'Transfer-Encoding: chunked'),
    GET.replace('Accept: */*', 'Connection: close'),
  ];
  for (const text of others) assert.equal(readWholeRequest(Buffer.from(text, 'latin1')), undefined, text.slice(0, 200));
});

test('reads nothing otherwise than Node reads it', async () => {
  const pieces = fc.constantFrom(
    ...[
      '\r',
      '\n',
      '\r\n',
      '\r\n\r\n',
      ' ',
      '\t',
      ':',
      ',',
      ';',
      '\u0000',
      '\u000b',
      '\u007f',
      '\u0080',
      '\u00ff',
      '0',
      '8',
      '9',
    ],
    ...['Content-Length: 8\r\n', 'content-length:\t8 \r\n', 'Content-Length: 1\r\n', 'Transfer-Encoding: chunked\r\n'],
    ...[
      'Connection: keep-alive\r\n',
      'Connection: close\r\n',
      'X-Forwarded-For: 1.2.3.4\r\n',
      'Accept: \r\n',
      'Host: b\r\n',
      'X:\r\n',
    ],
    ...['POST ', '/', ' HTTP/1.1', '-', '_', 'a', '?b=%20', '#', '%'],
  );
  const edit = fc.record({
    at: fc.nat(GET.length),
    removed: fc.constantFrom(0, 0, 1, 2, 8),
    added: fc.oneof(fc.constant(''), pieces),
  });
  const counted = { both: 0, left: 0 };
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(WHOLE, GET), fc.array(edit, { maxLength: 4 }), async (whole, edits) => {
      let text = whole;
      for (const { at, removed, added } of edits) text = text.slice(0, at) + added + text.slice(at + removed);
      const bytes = Buffer.from(text, 'latin1');
      const read = readWholeRequest(bytes);
      if (read === undefined) {
        counted.left += 1;
        return;
      }
      counted.both += 1;
      const { url, headers, body } = read;
      const { seen, isRefused } = await readByNode(bytes);
      assert.equal(isRefused, false);
      assert.deepEqual(seen, [{ url, headers: { ...headers }, body: body.toString('latin1') }]);
    }),
    { numRuns: 3_000 },
  );
  assert.ok(counted.both > 200 && counted.left > 200, JSON.stringify(counted));
});
