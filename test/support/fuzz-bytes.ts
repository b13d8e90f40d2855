// Bytes that are nearly HTTP, to throw at a socket: lies about lengths, smuggling, halves, other protocols, garbage in a pipeline.
import { fc } from './property.js';

/** What to write at a server; Latin-1 stands for bytes. `path` is one that exists, `authorization` a right header. */
export function bytesOf(path: string, authorization: string): fc.Arbitrary<string> {
  const head = `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\ncontent-type: application/json\r\n`;
  const whole = `${head}content-length: 2\r\n\r\n{}`;
  const known = fc.constantFrom(...framingLies(head), ...oddRequests(path, authorization), ...otherProtocols(), whole);
  return fc.oneof(
    { arbitrary: known, weight: 6 },
    { arbitrary: fc.tuple(known, known, known).map((parts) => parts.join('')), weight: 2 },
    { arbitrary: fc.tuple(known, fc.nat()).map(([bytes, end]) => bytes.slice(0, end % (bytes.length + 1))), weight: 3 },
    { arbitrary: fc.tuple(known, fc.array(flip, { minLength: 1, maxLength: 5 })).map(flipped), weight: 4 },
    { arbitrary: fc.uint8Array({ maxLength: 3_000 }).map((bytes) => Buffer.from(bytes).toString('latin1')), weight: 1 },
    {
      arbitrary: fc
        .nat(300)
        .map((count) => `${'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(count)}${whole}\x00\x01`),
      weight: 1,
    },
  );
}

const flip = fc.record({
  place: fc.nat(),
  byte: fc.constantFrom('\0', '\r', '\n', ' ', ':', '\x80', '\xff', 'A', '\t'),
});

function flipped([bytes, flips]: [string, { place: number; byte: string }[]]): string {
  return flips.reduce((text, { place, byte }) => {
    const at = place % (text.length + 1);
    return text.slice(0, at) + byte + text.slice(at + 1);
  }, bytes);
}

function framingLies(head: string): string[] {
  const chunked = `${head}transfer-encoding: chunked\r\n\r\n`;
  return [
    `${head}content-length: 1000\r\n\r\n{}`,
    `${head}content-length: 1\r\n\r\n{}{}{}`,
    `${head}content-length: -1\r\n\r\n{}`,
    `${head}content-length: 2e3\r\n\r\n{}`,
    `${head}content-length: 99999999999999999999\r\n\r\n{}`,
    `${head}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`,
    `${head}content-length: 2, 2\r\n\r\n{}`,
    `${head}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nhost: x\r\n\r\n`,
    `${head}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    `${head}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    `${head}transfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n`,
    `${head}transfer-encoding: nothing\r\n\r\n{}`,
    `${head}\r\n`,
    `${chunked}2\r\n{}\r\n0\r\n\r\n`,
    `${chunked}zz\r\n{}\r\n0\r\n\r\n`,
    `${chunked}ffffffffffffffff\r\n{}`,
    `${chunked}-2\r\n{}\r\n0\r\n\r\n`,
    `${chunked}2;${'e'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`,
    `${chunked}2\r\n{}\r\n0\r\n${'trailer: x\r\n'.repeat(5_000)}\r\n`,
    chunked + '1\r\n{\r\n'.repeat(3_000),
    `${head}expect: 100-continue\r\ncontent-length: 2\r\n\r\n{}`,
    `${head}expect: 200-ok\r\ncontent-length: 2\r\n\r\n{}`,
  ];
}

function oddRequests(path: string, authorization: string): string[] {
  const end = `host: x\r\nauthorization: ${authorization}\r\n\r\n`;
  return [
    `GET ${path} HTTP/1.0\r\n\r\n`,
    `GET ${path} HTTP/1.1\r\n\r\n`,
    `GET ${path} HTTP/9.9\r\n${end}`,
    `GET ${path}\r\n\r\n`,
    `get ${path} HTTP/1.1\r\n${end}`,
    `FETCH ${path} HTTP/1.1\r\n${end}`,
    `${'G'.repeat(5_000)} ${path} HTTP/1.1\r\n${end}`,
    `GET ${path}%00 HTTP/1.1\r\n${end}`,
    `GET ${path}\0 HTTP/1.1\r\n${end}`,
    `GET ${path}?\xff\xfe HTTP/1.1\r\n${end}`,
    `GET /${'a'.repeat(15_000)} HTTP/1.1\r\n${end}`,
    `GET /${'a'.repeat(70_000)} HTTP/1.1\r\n${end}`,
    `GET /${'../'.repeat(2_000)} HTTP/1.1\r\n${end}`,
    `GET http://elsewhere.example${path} HTTP/1.1\r\n${end}`,
    `GET //elsewhere.example${path} HTTP/1.1\r\n${end}`,
    `OPTIONS * HTTP/1.1\r\n${end}`,
    `CONNECT 127.0.0.1:1 HTTP/1.1\r\n${end}`,
    `CONNECT ${path} HTTP/1.1\r\n${end}`,
    `TRACE ${path} HTTP/1.1\r\n${end}`,
    `GET ${path} HTTP/1.1\nhost: x\n\n`,
    `GET ${path} HTTP/1.1\r\nhost : x\r\n\r\n`,
    `GET ${path} HTTP/1.1\r\nhost: x\r\n folded: y\r\n\r\n`,
    `GET ${path} HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n`,
    `GET ${path} HTTP/1.1\r\nhost: a b\0c\r\n\r\n`,
    `GET ${path} HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(64 * 1024)}\r\n\r\n`,
    `GET ${path} HTTP/1.1\r\nhost: x\r\n${'x: y\r\n'.repeat(3_000)}\r\n`,
    `GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: a\r\nauthorization: b\r\n\r\n`,
    `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close, keep-alive, upgrade\r\nupgrade: websocket\r\n\r\n`,
    `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAAA\r\n\r\n`,
  ];
}

function otherProtocols(): string[] {
  return [
    '',
    '\r\n\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0',
    '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
    'EHLO x\r\n',
    'SSH-2.0-x\r\n',
    '\0\0\0\x08\x04\xd2\x16\x2f',
    'PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n',
    '{"jsonrpc":"2.0"}\n',
  ];
}
