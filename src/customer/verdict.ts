// What a customer's answer means for the reports in the POST and for the endpoint. Pure.

/** How a POST ended, as `webhook-client` tells it. */
export type WebhookAnswer =
  | {
      kind: 'answered';
      status: number;
      /** 2xx, or what the profile takes for success. */
      isSuccess: boolean;
      retryAfter: string | undefined;
      firstBytes: string;
      durationMs: number;
    }
  /** No answer: connect error, timeout, blocked address. */
  | { kind: 'failed'; reason: string; durationMs: number };

/** What follows. */
export type DeliveryVerdict =
  | { kind: 'delivered' }
  /** 410: the endpoint wants nothing any more; disable it. */
  | { kind: 'gone' }
  /** A live endpoint did not take this body: look for the culprit. */
  | { kind: 'refused'; status: number }
  /** The endpoint takes nothing now: hold everything. `retryAfterMs` only when it said so. */
  | { kind: 'down'; reason: string; retryAfterMs?: number };

/** Longest Retry-After honoured; beyond it we ask again. */
export const RETRY_AFTER_MS_MAX = 3_600_000;

const DOWN = new Set([429, 502, 503, 504]);

/** Judges an answer. Redirects are refusals; `now` is epoch ms, for a Retry-After date. */
export function deliveryVerdict(answer: WebhookAnswer, now: number): DeliveryVerdict {
  if (answer.kind === 'failed') return { kind: 'down', reason: answer.reason };
  const { status } = answer;
  if (answer.isSuccess) return { kind: 'delivered' };
  if (status === 410) return { kind: 'gone' };
  if (!DOWN.has(status)) return { kind: 'refused', status };
  const retryAfterMs = retryAfterOf(answer.retryAfter, now);
  const reason = `http ${status}`;
  return retryAfterMs === undefined ? { kind: 'down', reason } : { kind: 'down', reason, retryAfterMs };
}

/** Seconds or an HTTP date (RFC 9110); undefined for anything else. A time that is past counts as now. */
function retryAfterOf(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Math.min(Number(text) * 1000, RETRY_AFTER_MS_MAX);
  // Date.parse takes much that is no HTTP date ("-1", "5"); those begin with a day's name.
  const at = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.min(Math.max(0, at - now), RETRY_AFTER_MS_MAX);
}
