// A strict stand-in for S3, written from AWS's documents and not from our client: it checks every signature, the body's hash and length,
// knows one bucket, ranges, listing in pages, and refuses whatever S3 would refuse.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** A running stub. */
export interface S3Stub {
  /** `http://127.0.0.1:port/bucket`. */
  url: string;
  /** Objects by key. */
  objects: Map<string, { bytes: Buffer; at: number }>;
  /** Requests refused, by code. */
  refused: string[];
  /** Everything answers this status from now on; undefined = as usual. */
  fail(status: number | undefined): void;
  stop(): Promise<void>;
}

/** Keys that the stub knows. */
export const S3_KEYS = { accessKey: 'AKIATEST', secretKey: 'secret/with+chars', region: 'eu-test-1' };

const PAGE = 3;
const CLOCK_SKEW_MS = 15 * 60_000;

/** Starts one with the bucket `bucket`. */
export async function startS3Stub(): Promise<S3Stub> {
  const objects = new Map<string, { bytes: Buffer; at: number }>();
  const refused: string[] = [];
  let failing: number | undefined;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const code = failing === undefined ? problemOf(request, body) : 'SlowDown';
    if (code !== undefined) {
      refused.push(code);
      const status = failing ?? (code === 'NoSuchBucket' ? 404 : 403);
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(request.method === 'HEAD' ? undefined : `<Error><Code>${code}</Code></Error>`);
      return;
    }
    serve(objects, request, body, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return {
    url: `http://127.0.0.1:${address.port}/bucket`,
    objects,
    refused,
    fail(status) {
      failing = status;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function problemOf(request: IncomingMessage, body: Buffer): string | undefined {
  const { headers, method = '', url = '' } = request;
  const parts =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    );
  if (parts === null) return 'AccessDenied';
  const [, key, day = '', region = '', names = '', signature = ''] = parts;
  if (key !== S3_KEYS.accessKey || region !== S3_KEYS.region) return 'InvalidAccessKeyId';
  const time = String(headers['x-amz-date']);
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time) ?? [];
  const at = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
  if (Number.isNaN(at) || Math.abs(Date.now() - at) > CLOCK_SKEW_MS || !time.startsWith(day))
    return 'RequestTimeTooSkewed';
  const signed = names.split(';');
  if (!['host', 'x-amz-content-sha256', 'x-amz-date'].every((name) => signed.includes(name))) return 'AccessDenied';
  const hash = createHash('sha256').update(body).digest('hex');
  if (headers['x-amz-content-sha256'] !== hash) return 'XAmzContentSHA256Mismatch';
  const [path = '', query = ''] = url.split('?');
  const pairs = query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => (pair.includes('=') ? pair : `${pair}=`));
  const canonicalHeaders = signed.map((name) => `${name}:${String(headers[name] ?? '').trim()}\n`).join('');
  const canonical = `${method}\n${path}\n${pairs.sort().join('&')}\n${canonicalHeaders}\n${names}\n${hash}`;
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`;
  let secret: Buffer = Buffer.from(`AWS4${S3_KEYS.secretKey}`);
  for (const part of [day, region, 's3', 'aws4_request']) secret = createHmac('sha256', secret).update(part).digest();
  const expected = createHmac('sha256', secret).update(text).digest();
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex'))) return 'SignatureDoesNotMatch';
  return /^\/bucket(\/|$)/.test(path) ? undefined : 'NoSuchBucket';
}

function serve(objects: S3Stub['objects'], request: IncomingMessage, body: Buffer, response: ServerResponse): void {
  const url = new URL(request.url ?? '', 'http://stub');
  const key = url.pathname.replace(/^\/bucket\/?/, '');
  if (key === '') {
    list(objects, url.searchParams, response);
    return;
  }
  const found = objects.get(key);
  if (request.method === 'PUT') {
    // Without a length S3 takes no body.
    if (request.headers['content-length'] === undefined) return void response.writeHead(411).end();
    objects.set(key, { bytes: body, at: Date.now() });
    return void response.writeHead(200, { etag: '"x"' }).end();
  }
  if (request.method === 'DELETE') {
    objects.delete(key);
    return void response.writeHead(204).end();
  }
  if (found === undefined) {
    response.writeHead(404, { 'content-type': 'application/xml' });
    return void response.end(request.method === 'HEAD' ? undefined : '<Error><Code>NoSuchKey</Code></Error>');
  }
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const part = first === undefined ? found.bytes : found.bytes.subarray(Number(first), Number(last) + 1);
  const range = first === undefined ? {} : { 'content-range': `bytes ${first}-${last}/${found.bytes.length}` };
  response.writeHead(first === undefined ? 200 : 206, { 'content-length': part.length, ...range });
  response.end(request.method === 'HEAD' ? undefined : part);
}

function list(objects: S3Stub['objects'], query: URLSearchParams, response: ServerResponse): void {
  if (query.get('list-type') !== '2')
    return void response.writeHead(400).end('<Error><Code>InvalidArgument</Code></Error>');
  const keys = [...objects.keys()].filter((key) => key.startsWith(query.get('prefix') ?? '')).sort();
  const from = Number(query.get('continuation-token')?.replace('page ', '') ?? 0);
  const page = keys.slice(from, from + PAGE);
  const entries = page.map((key) => {
    const at = new Date(objects.get(key)?.at ?? 0).toISOString();
    return `<Contents><Key>${key}</Key><LastModified>${at}</LastModified><Size>1</Size></Contents>`;
  });
  const next = from + PAGE < keys.length ? `<NextContinuationToken>page ${from + PAGE}</NextContinuationToken>` : '';
  response.writeHead(200, { 'content-type': 'application/xml' });
  response.end(
    `<?xml version="1.0"?><ListBucketResult><Name>bucket</Name>${entries.join('')}${next}</ListBucketResult>`,
  );
}
