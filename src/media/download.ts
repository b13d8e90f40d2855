// Fetches a file from Meta into the spool, going on where an earlier try ended (Meta 3: the URL serves ranges, lives 5 minutes, does not
// redirect).
import type { Dispatcher } from 'undici';
import type { Spool } from './spool.js';

/** Why a download ended early. `status` is undefined when the connection failed. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError';
  constructor(
    readonly status: number | undefined,
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

/** What to fetch. */
export interface Download {
  url: URL;
  token: string;
  id: string;
  /** What Meta says it has. */
  bytes: number | undefined;
  bytesMax: number;
  signal: AbortSignal;
}

const HEADERS_TIMEOUT_MS = 10_000;
const BODY_TIMEOUT_MS = 15_000;
/** Some of Meta's hosts refuse requests without one. */
const USER_AGENT = 'Parley';

/** Completes the file in the spool. Throws DownloadError, SpoolFull or the disk's error; the bytes that came stay in the spool. */
export async function download(dispatcher: Dispatcher, spool: Spool, what: Download): Promise<void> {
  const have = await spool.size(what.id);
  if (have > 0 && have === what.bytes) return;
  const start = what.bytes !== undefined && have < what.bytes ? have : 0;
  const answer = await ask(dispatcher, what, start);
  const from = answer.statusCode === 206 ? startOf(answer) : 0;
  if ((answer.statusCode !== 200 && answer.statusCode !== 206) || (from !== 0 && from !== start)) {
    answer.body.on('error', () => undefined).destroy();
    if (start > 0) await spool.remove(what.id);
    throw new DownloadError(answer.statusCode, `the file is answered with ${answer.statusCode}`);
  }
  await spool.write(what.id, from, chunksOf(answer), what.bytesMax);
  const now = await spool.size(what.id);
  if (what.bytes !== undefined && now !== what.bytes)
    throw new DownloadError(answer.statusCode, `${now} bytes came of ${what.bytes}`);
}

async function ask(
  dispatcher: Dispatcher,
  { url, token, signal }: Download,
  start: number,
): Promise<Dispatcher.ResponseData> {
  try {
    return await dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'GET',
      headers: {
        authorization: `Bearer ${token}`,
        'user-agent': USER_AGENT,
        ...(start > 0 ? { range: `bytes=${start}-` } : {}),
      },
      headersTimeout: HEADERS_TIMEOUT_MS,
      bodyTimeout: BODY_TIMEOUT_MS,
      signal,
    });
  } catch (error) {
    throw new DownloadError(undefined, codeOf(error), error);
  }
}

async function* chunksOf(answer: Dispatcher.ResponseData): AsyncIterable<Uint8Array> {
  try {
    yield* answer.body;
  } catch (error) {
    throw new DownloadError(answer.statusCode, `broke off: ${codeOf(error)}`, error);
  }
}

function startOf(answer: Dispatcher.ResponseData): number {
  const range = answer.headers['content-range'];
  return Number(/^bytes (\d{1,15})-/.exec(typeof range === 'string' ? range : '')?.[1] ?? Number.NaN);
}

function codeOf(error: unknown): string {
  const code = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : String(error instanceof Error ? error.message : error);
}
