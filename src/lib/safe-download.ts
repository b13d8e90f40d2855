// GET of URLs that customers name, as a stream, under the same guard as POSTs to them: every address of every hop is checked when
// the connection is made.
import { lookup as dnsLookup } from 'node:dns';
import type { Readable } from 'node:stream';
import { Agent, type Dispatcher } from 'undici';
import { codeOf, SafeFetchError, staticReason } from './safe-fetch.js';
import { type AddressRule, createAddressRule } from './safe-fetch-address.js';
import { guardedConnector, type Resolve } from './safe-fetch-agent.js';
import { readUrl } from './url.js';

/** An answer of any status but a redirect. */
export interface DownloadAnswer {
  status: number;
  headers: Dispatcher.ResponseData['headers'];
  /** To be read to its end or destroyed. Fails when the time is over. */
  body: Readable;
  /** Where the last redirect led. */
  url: URL;
}

/** One GET. */
export interface DownloadRequest {
  headers: Readonly<Record<string, string>>;
  /** From the call to the last byte, redirects included, ms. */
  timeoutMs: number;
}

/** Gets under the guard. */
export interface SafeDownload {
  /** Throws SafeFetchError only. */
  get(url: string, request: DownloadRequest): Promise<DownloadAnswer>;
  /** Cuts every connection. */
  close(): Promise<void>;
}

/** Limits and what is allowed. */
export interface SafeDownloadOptions {
  /** CIDRs or addresses that may be reached although private; metadata addresses never. */
  allowNetworks: readonly string[];
  /** Resolves names; for tests. */
  resolve?: Resolve;
}

const CONNECTIONS_PER_ORIGIN = 16;
const HEADERS_TIMEOUT_MS = 10_000;
/** Longest silence within a body. */
const BODY_TIMEOUT_MS = 10_000;
const REDIRECTS_MAX = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Creates the guard. Throws TypeError when `allowNetworks` has an entry that is no network. */
export function createSafeDownload({ allowNetworks, resolve = dnsLookup }: SafeDownloadOptions): SafeDownload {
  const rule = createAddressRule(allowNetworks);
  const agent = new Agent({
    connections: CONNECTIONS_PER_ORIGIN,
    allowH2: false,
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: BODY_TIMEOUT_MS,
    connect: guardedConnector(rule, resolve),
  });
  return {
    async get(url, { headers, timeoutMs }) {
      const startedAt = performance.now();
      const signal = AbortSignal.timeout(timeoutMs);
      try {
        return await follow(agent, rule, url, headers, signal);
      } catch (error) {
        throw toSafeFetchError(error, signal, Math.round(performance.now() - startedAt));
      }
    },
    close: () => agent.destroy(),
  };
}

async function follow(
  agent: Agent,
  rule: AddressRule,
  first: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<DownloadAnswer> {
  let text = first;
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects += 1) {
    const reason = staticReason(text, rule);
    if (reason !== undefined) throw new SafeFetchError('blocked', reason, 0);
    const url = new URL(text);
    const path = url.pathname + url.search;
    const answer = await agent.request({ origin: url.origin, path, method: 'GET', headers: { ...headers }, signal });
    const { statusCode: status, headers: said, body } = answer;
    // A stream that is given up must not end the process.
    body.on('error', () => undefined);
    if (!REDIRECTS.has(status)) return { status, headers: said, body, url };
    body.destroy();
    const { location } = said;
    const next = typeof location === 'string' ? readUrl(location, url) : undefined;
    if (next === undefined) throw new SafeFetchError('other', 'redirect without a place', 0);
    text = next.href;
  }
  throw new SafeFetchError('other', 'too many redirects', 0);
}

function toSafeFetchError(error: unknown, signal: AbortSignal, durationMs: number): SafeFetchError {
  if (error instanceof SafeFetchError) return new SafeFetchError(error.kind, error.reason, durationMs, error.cause);
  if (signal.aborted) return new SafeFetchError('timeout', 'no answer in time', durationMs, error);
  const code = codeOf(error);
  if (code === 'PARLEY_BLOCKED' && error instanceof Error)
    return new SafeFetchError('blocked', error.message, durationMs, error);
  return new SafeFetchError(code.includes('TIMEOUT') ? 'timeout' : 'connect', code, durationMs, error);
}
