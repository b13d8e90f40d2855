// AWS Signature Version 4 for S3: how a request proves who sends it. Small enough that no SDK is worth its weight here.
import { createHash, createHmac } from 'node:crypto';

/** Who signs, and where. */
export interface S3Identity {
  region: string;
  accessKey: string;
  secretKey: string;
}

/** A request to sign. `headers` are signed all, names in lower case; `host` and the two `x-amz-` headers are added. */
export interface S3Request {
  method: string;
  url: URL;
  headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body in hex; that of nothing for requests without one. */
  bodySha256: string;
}

/** SHA-256 of an empty body, in hex. */
export const EMPTY_SHA256 = createHash('sha256').digest('hex');

/** The headers with which `request` is sent at `now` (epoch ms): the given ones and those that sign it. */
export function signS3(request: S3Request, identity: S3Identity, now: number): Record<string, string> {
  const time = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = time.slice(0, 8);
  const scope = `${day}/${identity.region}/s3/aws4_request`;
  const headers: Record<string, string> = {
    ...request.headers,
    host: request.url.host,
    'x-amz-content-sha256': request.bodySha256,
    'x-amz-date': time,
  };
  const names = Object.keys(headers).sort();
  const canonical = [
    request.method,
    request.url.pathname,
    canonicalQuery(request.url),
    ...names.map((name) => `${name}:${(headers[name] ?? '').trim()}`),
    '',
    names.join(';'),
    request.bodySha256,
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const key = [day, identity.region, 's3', 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part),
    `AWS4${identity.secretKey}`,
  );
  const signature = hmac(key, text).toString('hex');
  const credential = `${identity.accessKey}/${scope}`;
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return headers;
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function canonicalQuery(url: URL): string {
  const pairs = [...url.searchParams].map(([name, value]) => [encode(name), encode(value)] as const);
  return pairs
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** As RFC 3986 has it, which AWS asks for. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
