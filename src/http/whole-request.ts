// Reads a request that came whole, and that no two parsers could read in two ways. What it is not sure of it leaves alone:
// the caller then gives the same bytes to Node's parser. So this may refuse to read anything, but must never read it differently;
// a test compares the two on requests mutated at random.
import type { IncomingHttpHeaders } from 'node:http';
import type { DirectMethod } from './direct.js';

/** A GET or POST as it was sent. */
export interface WholeRequest {
  method: DirectMethod;
  /** The request target, as written. */
  url: string;
  /** Each header once, names in lower case. */
  headers: IncomingHttpHeaders;
  body: Buffer;
}

const HEAD_BYTES_MAX = 8 * 1024;
const HEADERS_MAX = 50;
const HEAD_END = Buffer.from('\r\n\r\n');
const REQUEST_LINE = /^(GET|POST) (\/[\w./-]*) HTTP\/1\.1\r\n/;
/** Visible ASCII and blanks only: no line ends otherwise than with CR LF, and none goes on in the next. A tab is blank to some only. */
const FIELD = /([A-Za-z][A-Za-z0-9-]*):([\x20-\x7e]*)\r\n/y;
const LENGTH = /^\d{1,9}$/;
/** Headers that say how the message is framed, or what becomes of the connection. `connection` may ask for what is so anyway. */
const DELICATE = new Set(['expect', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade']);

/**
 * The request that `bytes` are: from its first byte to its last, a POST with Content-Length, a GET without a body, each header once.
 * Undefined for anything else, whether it is wrong, incomplete, followed by another, or only unusual.
 */
export function readWholeRequest(bytes: Buffer): WholeRequest | undefined {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd === -1 || headEnd > HEAD_BYTES_MAX) return undefined;
  const bodyStart = headEnd + HEAD_END.length;
  const head = bytes.toString('latin1', 0, headEnd + 2);
  const line = REQUEST_LINE.exec(head);
  if (line === null) return undefined;
  const [{ length }, verb, url = ''] = line;
  const method = verb === 'GET' ? verb : 'POST';
  const headers = readHeaders(head, length);
  if (headers?.host === undefined) return undefined;
  const { connection, 'content-length': bodyBytes = method === 'GET' ? '0' : undefined } = headers;
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return undefined;
  if (bodyBytes === undefined || !LENGTH.test(bodyBytes)) return undefined;
  if (bodyStart + Number(bodyBytes) !== bytes.length) return undefined;
  if (method === 'GET' && bodyStart !== bytes.length) return undefined;
  return { method, url, headers, body: bytes.subarray(bodyStart) };
}

function readHeaders(head: string, from: number): IncomingHttpHeaders | undefined {
  const headers: IncomingHttpHeaders = {};
  let count = 0;
  for (FIELD.lastIndex = from; FIELD.lastIndex < head.length; count += 1) {
    const field = FIELD.exec(head);
    if (field === null || count === HEADERS_MAX) return undefined;
    const [, written = '', value = ''] = field;
    const name = written.toLowerCase();
    // Twice, or a name that every object has.
    if (headers[name] !== undefined || DELICATE.has(name)) return undefined;
    headers[name] = value.trim();
  }
  return headers;
}
