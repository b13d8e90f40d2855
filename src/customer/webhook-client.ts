// Posts one batch of reports to a customer's endpoint, signed, through the SSRF guard. Says what came back; judging it is `verdict.ts`.
import type { SafeFetch } from '../lib/safe-fetch.js';
import { SafeFetchError } from '../lib/safe-fetch.js';
import { signingHeaders } from './signing.js';
import type { WebhookAnswer } from './verdict.js';

/** One POST. */
export interface WebhookPost {
  url: string;
  /** The batch's id, the same on every retry: `webhook-id`. */
  id: string;
  /** JSON text. */
  body: string;
  /** Live signing secrets of the account (`whsec_...`); none means unsigned. */
  secrets: readonly string[];
  /** Time of this attempt, epoch ms. */
  now: number;
  signal?: AbortSignal;
}

/** Sends batches. */
export interface WebhookClient {
  /** Resolves for every outcome of the network; throws only on a malformed secret. */
  post(request: WebhookPost): Promise<WebhookAnswer>;
}

/** Time for the whole exchange (issue: 15 s) and for the connection. */
const TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 5_000;

/** `version` is Parley's own, for `user-agent`. */
export function createWebhookClient(
  safeFetch: SafeFetch,
  version: string,
  timeouts: { timeoutMs?: number; connectTimeoutMs?: number } = {},
): WebhookClient {
  const timeoutMs = timeouts.timeoutMs ?? TIMEOUT_MS;
  const connectTimeoutMs = timeouts.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  const common = { 'content-type': 'application/json', 'user-agent': `Parley/${version}`, accept: '*/*' };
  return {
    async post({ url, id, body, secrets, now, signal }) {
      const headers = { ...common, ...signingHeaders(id, now, body, secrets) };
      const request = { headers, body, timeoutMs, connectTimeoutMs };
      try {
        const answer = await safeFetch.post(url, signal === undefined ? request : { ...request, signal });
        const retryAfter = answer.headers['retry-after'];
        return {
          kind: 'answered',
          status: answer.status,
          retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
          firstBytes: answer.firstBytes,
          durationMs: answer.durationMs,
        };
      } catch (error) {
        if (!(error instanceof SafeFetchError)) throw error;
        return { kind: 'failed', reason: error.message, durationMs: error.durationMs };
      }
    },
  };
}
