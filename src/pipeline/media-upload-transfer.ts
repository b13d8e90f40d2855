// One file from its host to Meta, streamed: nothing of it is kept here. Type and size are judged while the bytes pass.

import { isObject, textAt } from '../contract/json.js';
import { bareType, limitsOf, type MediaKind, type MediaLink, mimeTypeOf } from '../contract/outbound-media.js';
import type { DownloadAnswer, SafeDownload } from '../lib/safe-download.js';
import { SafeFetchError } from '../lib/safe-fetch.js';
import type { GraphAnswer, GraphClient } from '../meta/graph-client.js';
import { type Outcome, retryDelayMs, verdictOf } from '../meta/verdict.js';
import type { DirectorySender } from '../store/directory.js';

/** How an attempt ends that has no file. */
export type Failed = Extract<Outcome, { kind: 'failed' }> | Extract<Outcome, { kind: 'retry' }>;

/** What became of a transfer. `same`: the host says that it is what `etag` stands for. */
export type Transfer = { kind: 'uploaded'; mediaId: string; etag: string | null } | { kind: 'same' } | Failed;

/** What it works with. */
export interface TransferParts {
  graph: GraphClient;
  downloads: SafeDownload;
  /** The clear access token of a sender; undefined when no key of ours opens it. */
  tokenOf(sender: DirectorySender): string | undefined;
}

/** One transfer. `etag` is what an earlier upload had. */
export interface TransferRequest {
  sender: DirectorySender;
  link: MediaLink;
  attempt: number;
  etag: string | undefined;
}

const HOSTING_ERROR = 7013;
const FETCH_ERROR = 7014;
const METADATA_ERROR = 7015;
/** Nothing was sent. */
const UNSENT = 31;
const TIMEOUT_MS = 30_000;
const ATTEMPTS_MAX = 5;
const ETAG_LENGTH_MAX = 256;
const UNSEALED_PAUSE_MS = 60_000;
/** Meta's code for a parameter that is wrong: of an upload that is the file. */
const PARAMETER_CODE = 100;

/** Thrown into the stream that goes to Meta, which ends the upload. */
class Refused extends Error {}

/** Fetches the file and uploads it. Never rejects. */
export async function transfer(parts: TransferParts, request: TransferRequest): Promise<Transfer> {
  const { link, attempt, etag } = request;
  const headers = {
    'user-agent': 'Parley',
    'accept-encoding': 'identity',
    ...(etag === undefined ? {} : { 'if-none-match': etag }),
  };
  let answer: DownloadAnswer;
  try {
    answer = await parts.downloads.get(link.url, { headers, timeoutMs: TIMEOUT_MS });
  } catch (error) {
    if (!(error instanceof SafeFetchError)) throw error;
    const reason = `media: ${error.kind}: ${error.reason}`;
    return error.kind === 'blocked' ? failed(FETCH_ERROR, reason) : again(attempt, FETCH_ERROR, reason);
  }
  try {
    if (answer.status === 304 && etag !== undefined) return { kind: 'same' };
    if (answer.status !== 200) return badStatus(answer.status, attempt);
    return await upload(parts, request, answer);
  } finally {
    answer.body.destroy();
  }
}

function badStatus(status: number, attempt: number): Failed {
  const reason = `media: http ${status}`;
  const isPassing = status >= 500 || status === 429 || status === 408;
  return isPassing ? again(attempt, FETCH_ERROR, reason) : failed(FETCH_ERROR, reason);
}

async function upload(
  { graph, tokenOf }: TransferParts,
  { sender, link, attempt }: TransferRequest,
  answer: DownloadAnswer,
): Promise<Transfer> {
  const mimeType = mimeTypeOf(textAt(answer.headers, 'content-type'), answer.url.pathname);
  const length = lengthOf(answer);
  const wrong = wrongType(link.kind, mimeType, answer) ?? wrongLength(link.kind, length);
  if (wrong !== undefined || mimeType === undefined) return failed(METADATA_ERROR, `media: ${wrong ?? 'no type'}`);
  const token = tokenOf(sender);
  if (token === undefined) return unsealable();
  const passed = watch(answer, limitsOf(link.kind).bytesMax);
  const told = await graph.upload(sender.phoneNumberId, token, {
    mimeType,
    bytes: passed.bytes,
    length,
    timeoutMs: TIMEOUT_MS,
  });
  if (passed.problem.refused !== undefined) return failed(METADATA_ERROR, `media: ${passed.problem.refused}`);
  if (passed.problem.broke) return again(attempt, FETCH_ERROR, 'media: the host broke off');
  return judged(told, attempt, etagOf(answer));
}

function lengthOf({ headers }: DownloadAnswer): number | undefined {
  const text = textAt(headers, 'content-length');
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function etagOf({ headers }: DownloadAnswer): string | null {
  const etag = textAt(headers, 'etag');
  return etag !== undefined && etag.length <= ETAG_LENGTH_MAX && /^[\x21-\x7e]+$/.test(etag) ? etag : null;
}

function wrongType(kind: MediaKind, mimeType: string | undefined, { headers }: DownloadAnswer): string | undefined {
  const coding = textAt(headers, 'content-encoding') ?? 'identity';
  if (coding !== 'identity') return `encoded with ${coding}`;
  const bare = mimeType === undefined ? 'unknown' : bareType(mimeType);
  return limitsOf(kind).types.includes(bare) ? undefined : `type ${bare.slice(0, 100)} cannot be sent as ${kind}`;
}

function wrongLength(kind: MediaKind, length: number | undefined): string | undefined {
  const { bytesMax } = limitsOf(kind);
  if (length === 0) return 'empty file';
  return length !== undefined && length > bytesMax ? `more than ${bytesMax} bytes` : undefined;
}

interface Watched {
  bytes: AsyncIterable<Buffer>;
  /** What ended the bytes before their end. */
  problem: { refused: string | undefined; broke: boolean };
}

/** The bytes as they pass, stopped when they are too many or none. */
function watch({ body }: DownloadAnswer, bytesMax: number): Watched {
  const problem: Watched['problem'] = { refused: undefined, broke: false };
  async function* pass(): AsyncGenerator<Buffer> {
    let bytes = 0;
    try {
      for await (const chunk of body) {
        if (!Buffer.isBuffer(chunk)) throw new TypeError('a body gives buffers');
        bytes += chunk.length;
        if (bytes > bytesMax) throw new Refused(`more than ${bytesMax} bytes`);
        yield chunk;
      }
      if (bytes === 0) throw new Refused('empty file');
    } catch (error) {
      if (error instanceof Refused) problem.refused = error.message;
      else problem.broke = true;
      throw error;
    }
  }
  return { bytes: pass(), problem };
}

/** What Meta's answer to an upload means; one that is lost leaves nothing that anybody sees. */
function judged(answer: GraphAnswer, attempt: number, etag: string | null): Transfer {
  if (answer.kind === 'answered' && answer.status >= 200 && answer.status < 300 && isObject(answer.body)) {
    const mediaId = textAt(answer.body, 'id');
    return mediaId === undefined
      ? again(attempt, HOSTING_ERROR, 'media: no id in the answer to the upload')
      : { kind: 'uploaded', mediaId, etag };
  }
  const outcome = verdictOf(answer, attempt, Math.random());
  switch (outcome.kind) {
    case 'failed': {
      const errorId = outcome.refusal.metaCode === PARAMETER_CODE ? METADATA_ERROR : HOSTING_ERROR;
      return { ...outcome, errorId, statusId: UNSENT };
    }
    case 'retry':
      if (outcome.scope === 'lane') return outcome;
      return again(attempt, HOSTING_ERROR, `media: upload: ${outcome.reason}`);
    default:
      return again(attempt, HOSTING_ERROR, `media: upload: ${outcome.kind === 'unknown' ? outcome.reason : 'no id'}`);
  }
}

function failed(errorId: number, detail: string): Failed {
  const refusal = { metaCode: undefined, metaSubcode: undefined, httpStatus: 0, detail };
  return { kind: 'failed', errorId, statusId: UNSENT, refusal };
}

/** Five tries in all. */
function again(attempt: number, errorId: number, reason: string): Failed {
  if (attempt >= ATTEMPTS_MAX) return failed(errorId, reason);
  const delayMs = retryDelayMs(attempt, Math.random());
  return { kind: 'retry', delayMs, scope: 'message', reason, refusal: undefined };
}

function unsealable(): Failed {
  const reason = 'access token cannot be opened with PARLEY_SECRET_KEY';
  return { kind: 'retry', delayMs: UNSEALED_PAUSE_MS, scope: 'lane', reason, refusal: undefined };
}
