// Posts one batch of reports to a customer's endpoint as its profile says, signed, through the SSRF guard. Says what came back; judging
// it is `verdict.ts`.
import type { DeliveryProfile } from '../contract/delivery-profile.js';
import { type SafeFetch, SafeFetchError, type SafePost } from '../lib/safe-fetch.js';
import { createClientTls } from './client-tls.js';
import { hmacHeader } from './hmac.js';
import { type Authorization, createTokenSource, type TokenSource } from './oauth.js';
import { signingHeaders } from './signing.js';
import { createSuccessTest } from './success.js';
import type { WebhookAnswer } from './verdict.js';

/** One POST. */
export interface WebhookPost {
  /** Whose it is: accounts share no tokens. */
  account: number;
  url: string;
  /** The batch's id, the same on every retry: `webhook-id`. */
  id: string;
  /** JSON text. */
  body: string;
  /** Live signing secrets of the account (`whsec_...`); none means unsigned. A profile's own are used instead. */
  secrets: readonly string[];
  profile?: DeliveryProfile | undefined;
  /** Time of this attempt, epoch ms. */
  now: number;
  /** Of the trace that it is part of. */
  traceparent?: string | undefined;
  signal?: AbortSignal;
}

/** Sends batches. */
export interface WebhookClient {
  /** Resolves for every outcome of the network; throws only on a malformed secret. */
  post(request: WebhookPost): Promise<WebhookAnswer>;
}

/** Time for the connection, and for the whole exchange (issue: 15 s). */
const CONNECT_TIMEOUT_MS = 5_000;
const READ_TIMEOUT_MS = 10_000;
/** Of an answer's body, when an expression is searched for in it. */
const BODY_BYTES = 64 * 1024;
/** What a profile's headers cannot set: it belongs to the connection. */
const CONNECTION_HEADERS = new Set(
  'host,content-length,transfer-encoding,connection,keep-alive,upgrade,te,trailer,expect,proxy-connection'.split(','),
);

/** How a connection ends that the other side closed while it was idle. */
const CUT = new Set(['other: UND_ERR_SOCKET', 'other: ECONNRESET', 'other: EPIPE']);
/** Origins remembered as having answered; the one that answered longest ago goes first. */
const ORIGINS_MAX = 10_000;

/** `version` is Parley's own, for `user-agent`. A POST cut on a kept connection, which servers close when they like, is made once more. */
export function createWebhookClient(
  safeFetch: SafeFetch,
  version: string,
  timeouts: { timeoutMs?: number; connectTimeoutMs?: number } = {},
): WebhookClient {
  const tokens = createTokenSource(safeFetch);
  const tlsOf = createClientTls();
  const isSuccess = createSuccessTest();
  const answered = new Set<string>();
  const common = { 'content-type': 'application/json', 'user-agent': `Parley/${version}`, accept: '*/*' };
  function toPost(request: WebhookPost, authorization: string | undefined): SafePost {
    const { profile = {}, body, signal } = request;
    const connectTimeoutMs = profile.connectTimeout ?? timeouts.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
    const tls = tlsOf(profile);
    return {
      headers: { ...common, ...headersOf(request, authorization) },
      body,
      connectTimeoutMs,
      timeoutMs:
        profile.readTimeout === undefined && timeouts.timeoutMs !== undefined
          ? timeouts.timeoutMs
          : connectTimeoutMs + (profile.readTimeout ?? READ_TIMEOUT_MS),
      ...(profile.responseBodyRegex === undefined ? {} : { keepBytes: BODY_BYTES }),
      ...(tls === undefined ? {} : { tls }),
      ...(signal === undefined ? {} : { signal }),
    };
  }
  async function exchange(request: WebhookPost, authorization: string | undefined): Promise<WebhookAnswer> {
    const origin = originOf(request.url);
    const hadAnswered = answered.has(origin);
    const first = await exchangeOnce(request, authorization);
    const isCut = first.kind === 'failed' && CUT.has(first.reason);
    // Taken out, so that an origin that cuts every connection costs one POST an attempt.
    if (isCut) answered.delete(origin);
    const answer = isCut && hadAnswered ? await exchangeOnce(request, authorization) : first;
    if (answer.kind === 'answered') remember(origin);
    return answer;
  }
  function remember(origin: string): void {
    answered.delete(origin);
    answered.add(origin);
    const [oldest] = answered;
    if (answered.size > ORIGINS_MAX && oldest !== undefined) answered.delete(oldest);
  }
  async function exchangeOnce(request: WebhookPost, authorization: string | undefined): Promise<WebhookAnswer> {
    try {
      const answer = await safeFetch.post(request.url, toPost(request, authorization));
      const { status, firstBytes, durationMs } = answer;
      const retryAfter = answer.headers['retry-after'];
      return {
        kind: 'answered',
        status,
        isSuccess: isSuccess(request.profile, status, firstBytes),
        retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
        firstBytes,
        durationMs,
      };
    } catch (error) {
      if (!(error instanceof SafeFetchError)) throw error;
      return { kind: 'failed', reason: error.message, durationMs: error.durationMs };
    }
  }
  return {
    async post(request) {
      const { security } = request.profile ?? {};
      if (security?.type !== 'OAUTH') return exchange(request, undefined);
      return withToken(tokens, { ...request, security }, (authorization) => exchange(request, authorization));
    },
  };
}

function originOf(url: string): string {
  const end = url.indexOf('/', url.indexOf('//') + 2);
  return end < 0 ? url : url.slice(0, end);
}

/** Posts with a token; one that was remembered and is refused (401) is replaced, and the POST made once more. */
async function withToken(
  tokens: TokenSource,
  { account, security, now }: { account: number; security: Parameters<TokenSource['authorize']>[1]; now: number },
  exchange: (authorization: string) => Promise<WebhookAnswer>,
): Promise<WebhookAnswer> {
  const first = await tokens.authorize(account, security, now);
  if (!first.ok) return toFailure(first);
  const answer = await exchange(first.authorization);
  if (answer.kind !== 'answered' || answer.status !== 401) return answer;
  tokens.reject(account, security, first.authorization);
  if (first.isFresh) return answer;
  const second = await tokens.authorize(account, security, now);
  return second.ok ? exchange(second.authorization) : toFailure(second);
}

function toFailure({ reason, durationMs }: Authorization & { ok: false }): WebhookAnswer {
  return { kind: 'failed', reason, durationMs };
}

/** The profile's own headers, then ours, then those of its security, which override all (Infobip 5). */
function headersOf(
  { profile = {}, id, now, body, secrets, traceparent }: WebhookPost,
  authorization: string | undefined,
): Record<string, string> {
  const { contentType, security, signingSecrets } = profile;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(profile.headers ?? {})) {
    const lower = name.toLowerCase();
    if (!CONNECTION_HEADERS.has(lower)) headers[lower] = value;
  }
  if (contentType !== undefined && contentType !== '') headers['content-type'] = contentType;
  if (traceparent !== undefined) headers.traceparent = traceparent;
  Object.assign(headers, signingHeaders(id, now, body, signingSecrets ?? secrets));
  if (authorization !== undefined) headers.authorization = authorization;
  if (security?.type === 'BASIC')
    headers.authorization = `Basic ${Buffer.from(`${security.username}:${security.password}`, 'utf8').toString('base64')}`;
  if (security?.type === 'HMAC') Object.assign(headers, hmacHeader(security, body));
  return headers;
}
