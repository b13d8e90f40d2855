// Files in a bucket of S3 or whatever speaks its protocol. Paths name the bucket (`https://host/bucket/prefix`), which all of them take.
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { Agent, type Dispatcher } from 'undici';
import { type BlobStore, type ByteRange, type FinishedFile, type KeptFile, shardOf } from './blob-store.js';
import { EMPTY_SHA256, type S3Identity, signS3 } from './s3-signature.js';

/** Which bucket. */
export interface S3Options extends S3Identity {
  /** `https://host/bucket` or `https://host/bucket/prefix`. */
  url: string;
}

/** S3 refused or did not answer. `status` is undefined without an answer. */
export class S3Error extends Error {
  override readonly name = 'S3Error';
  constructor(
    readonly status: number | undefined,
    readonly code: string,
    cause?: unknown,
  ) {
    super(`S3: ${status ?? 'no answer'} ${code}`, { cause });
  }
}

const HEADERS_TIMEOUT_MS = 30_000;
const BODY_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 5 * 60_000;
const CONNECTIONS = 32;
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

interface Bucket {
  agent: Agent;
  base: URL;
  identity: S3Identity;
}

interface Call {
  method: 'GET' | 'PUT' | 'HEAD' | 'DELETE';
  url: URL;
  headers?: Record<string, string>;
  bodySha256?: string;
  body?: Readable;
}

/** A store in a bucket. Throws TypeError when the URL is none. */
export function createS3Store({ url, ...identity }: S3Options): BlobStore {
  const base = new URL(url.endsWith('/') ? url : `${url}/`);
  const agent = new Agent({
    connections: CONNECTIONS,
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: BODY_TIMEOUT_MS,
    connect: { timeout: CONNECT_TIMEOUT_MS },
  });
  const bucket: Bucket = { agent, base, identity };
  const urlOf = (id: string): URL => new URL(`${shardOf(id)}/${id}`, base);
  return {
    keep: (id, file) => put(bucket, urlOf(id), file),
    async size(id) {
      const answer = await call(bucket, { method: 'HEAD', url: urlOf(id) });
      answer.body.resume();
      if (answer.statusCode === 404) return undefined;
      if (answer.statusCode !== 200) throw new S3Error(answer.statusCode, 'HEAD refused');
      return Number(answer.headers['content-length']);
    },
    read: (id, range) => get(bucket, urlOf(id), range),
    async remove(id) {
      const answer = await call(bucket, { method: 'DELETE', url: urlOf(id) });
      if (answer.statusCode === 404 || answer.statusCode === 204 || answer.statusCode === 200) answer.body.resume();
      else throw await refusal(answer);
    },
    list: () => list(bucket),
    stop: () => agent.destroy(),
  };
}

async function call(
  { agent, identity }: Bucket,
  { method, url, headers = {}, bodySha256 = EMPTY_SHA256, body }: Call,
): Promise<Dispatcher.ResponseData> {
  try {
    return await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      // AWS compares the time with its own: the machine's clock, whatever a test does to the gateway's.
      headers: signS3({ method, url, headers, bodySha256 }, identity, Date.now()),
      body: body ?? null,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
  } catch (error) {
    throw new S3Error(undefined, error instanceof Error ? error.message : String(error), error);
  }
}

async function put(bucket: Bucket, url: URL, { path, bytes, sha256 }: FinishedFile): Promise<void> {
  const body = createReadStream(path);
  try {
    const headers = { 'content-length': String(bytes) };
    const answer = await call(bucket, { method: 'PUT', url, headers, bodySha256: sha256, body });
    if (answer.statusCode !== 200) throw await refusal(answer);
    answer.body.resume();
  } finally {
    body.destroy();
  }
  await rm(path, { force: true });
}

async function get(bucket: Bucket, url: URL, range: ByteRange | undefined): Promise<Readable | undefined> {
  const headers: Record<string, string> = range === undefined ? {} : { range: `bytes=${range.start}-${range.end}` };
  const answer = await call(bucket, { method: 'GET', url, headers });
  if (answer.statusCode === (range === undefined ? 200 : 206)) return answer.body;
  if (answer.statusCode !== 404) throw await refusal(answer);
  answer.body.resume();
  return undefined;
}

async function* list(bucket: Bucket): AsyncIterable<KeptFile> {
  const [, name = '', prefix = ''] = /^\/([^/]+)\/(.*)$/.exec(bucket.base.pathname) ?? [];
  for (let token: string | undefined = ''; token !== undefined; ) {
    const url = new URL(`/${name}`, bucket.base);
    url.searchParams.set('list-type', '2');
    if (prefix !== '') url.searchParams.set('prefix', prefix);
    if (token !== '') url.searchParams.set('continuation-token', token);
    // URLSearchParams writes a space as +, which is not what is signed.
    url.search = url.search.replaceAll('+', '%20');
    const answer = await call(bucket, { method: 'GET', url });
    if (answer.statusCode !== 200) throw await refusal(answer);
    const text = await textOf(answer);
    for (const [, entry = ''] of text.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
      const id = /<Key>(?:[^<]*\/)?[0-9a-f-]{2}\/([0-9a-f-]{36})<\/Key>/.exec(entry)?.[1];
      const at = Date.parse(/<LastModified>([^<]+)</.exec(entry)?.[1] ?? '');
      if (id !== undefined && !Number.isNaN(at)) yield { id, at };
    }
    token = /<NextContinuationToken>([^<]+)</.exec(text)?.[1];
  }
}

async function refusal(answer: Dispatcher.ResponseData): Promise<S3Error> {
  const text = await textOf(answer).catch(() => '');
  return new S3Error(answer.statusCode, /<Code>([A-Za-z0-9.]{1,64})<\/Code>/.exec(text)?.[1] ?? 'refused');
}

async function textOf(answer: Dispatcher.ResponseData): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer.body) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new S3Error(answer.statusCode, 'answer too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
