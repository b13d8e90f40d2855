// What a Graph answer means for the message and its stream (Meta 7.2). Pure.
import { ErrorId } from '../contract/errors.js';
import { codeAt, integerAt, isObject, itemsAt, type JsonObject, objectAt, textAt } from '../contract/json.js';
import { errorOf, type RetryClass } from '../contract/meta-errors.js';
import type { GraphAnswer } from './graph-client.js';

/** Who has to wait: this message (and its pair's later ones), all of the pair, all of the number, or the whole lane as broken. */
export type RetryScope = 'message' | 'pair' | 'number' | 'lane';

/** Meta's own words on a refusal, kept for people. */
export interface Refusal {
  metaCode: number | undefined;
  metaSubcode: number | undefined;
  httpStatus: number;
  detail: string | undefined;
}

/** What follows from one attempt to send. */
export type Outcome =
  | { kind: 'accepted'; wamid: string }
  | { kind: 'failed'; errorId: number; statusId: number; refusal: Refusal }
  | { kind: 'retry'; delayMs: number; scope: RetryScope; reason: string; refusal: Refusal | undefined }
  /** Written, answer lost: P8 applies. */
  | { kind: 'unknown'; reason: string };

const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 60_000;
/** 4^5 s; a longer wait tells Meta nothing that this does not. */
const POWER_MAX = 5;
/** Tries at a code that is retried once. */
const ONCE_ATTEMPTS_MAX = 2;
/** Tries at what may never end: a code that is retried a few times, an answer without Graph's own error in it (a proxy, a firewall). */
const FEW_ATTEMPTS_MAX = 5;
const LANE_PAUSE_MS = 60_000;
const DETAIL_LENGTH_MAX = 500;
/** Longest wait that a usage header may ask for. */
const REGAIN_SECONDS_MAX = 3_600;

/** The delay before the try after failed try number `attempt` (from 1): doubling from 1 s to 60 s, the upper half of it random. `random` is in [0, 1). */
export function retryDelayMs(attempt: number, random: number): number {
  const full = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(attempt, 16));
  return Math.max(RETRY_MIN_MS, Math.round(full / 2 + (full / 2) * random));
}

/** Judges the answer to try number `attempt` (from 1) of a message. */
export function verdictOf(answer: GraphAnswer, attempt: number, random: number): Outcome {
  if (answer.kind === 'unknown') return { kind: 'unknown', reason: answer.reason };
  if (answer.kind === 'notWritten') {
    return {
      kind: 'retry',
      delayMs: retryDelayMs(attempt, random),
      scope: 'message',
      reason: answer.reason,
      refusal: undefined,
    };
  }
  const { status, body } = answer;
  const error = objectAt(body, 'error');
  if (error !== undefined) return refused(answer, error, attempt, random);
  if (status >= 200 && status < 300) {
    const wamid = textAt(itemsAt(body, 'messages')[0], 'id');
    return wamid === undefined ? { kind: 'unknown', reason: 'no wamid in the answer' } : { kind: 'accepted', wamid };
  }
  if (status >= 500 || status === 408) return { kind: 'unknown', reason: `http ${status}` };
  return alien(status, attempt, random);
}

function refused(
  { status: httpStatus, usage }: { status: number; usage: string | undefined },
  error: JsonObject,
  attempt: number,
  random: number,
): Outcome {
  const metaCode = codeAt(error, 'code');
  const metaSubcode = integerAt(error, 'error_subcode');
  const detail = textAt(objectAt(error, 'error_data'), 'details') ?? textAt(error, 'message');
  const refusal: Refusal = { metaCode, metaSubcode, httpStatus, detail: detail?.slice(0, DETAIL_LENGTH_MAX) };
  // A Graph error without a code is treated as Meta's code 1, an unknown error.
  const { errorId, statusId, retry, waitSeconds } = errorOf(metaCode ?? 1, metaSubcode);
  const reason = `meta ${metaCode ?? 'error without code'}`;
  const again = againAfter(retry, Math.max(waitSeconds, regainSeconds(usage)), attempt, random);
  if (again === undefined) return { kind: 'failed', errorId, statusId, refusal };
  return { kind: 'retry', ...again, reason, refusal };
}

/** What Meta's usage header says about when access comes back, in seconds; 0 when it says nothing (Meta 0.4). */
function regainSeconds(usage: string | undefined): number {
  if (usage === undefined) return 0;
  let minutes = 0;
  try {
    const byAccount: unknown = JSON.parse(usage);
    for (const id of isObject(byAccount) ? Object.keys(byAccount) : []) {
      for (const entry of itemsAt(byAccount, id)) {
        minutes = Math.max(minutes, integerAt(entry, 'estimated_time_to_regain_access') ?? 0);
      }
    }
  } catch {
    return 0;
  }
  return Math.min(minutes * 60, REGAIN_SECONDS_MAX);
}

/** Undefined when there is no next try. */
function againAfter(
  retry: RetryClass,
  waitSeconds: number,
  attempt: number,
  random: number,
): { delayMs: number; scope: RetryScope } | undefined {
  switch (retry) {
    case 'never':
      return undefined;
    case 'retry-few':
      return attempt < FEW_ATTEMPTS_MAX ? { delayMs: retryDelayMs(attempt, random), scope: 'message' } : undefined;
    case 'retry-once':
      return attempt < ONCE_ATTEMPTS_MAX ? { delayMs: retryDelayMs(attempt, random), scope: 'message' } : undefined;
    case 'retry':
      return { delayMs: retryDelayMs(attempt, random), scope: 'message' };
    case 'wait':
      return { delayMs: waitSeconds * 1000, scope: 'message' };
    case 'pair':
    case 'number':
      return { delayMs: 1000 * 4 ** Math.min(attempt - 1, POWER_MAX), scope: retry };
    case 'lane':
      return { delayMs: waitSeconds * 1000, scope: 'lane' };
  }
}

/** An answer that is not Graph's: 429, credentials, redirects and 404 would meet every message; the rest may be about this one. */
function alien(httpStatus: number, attempt: number, random: number): Outcome {
  const refusal: Refusal = { metaCode: undefined, metaSubcode: undefined, httpStatus, detail: undefined };
  const reason = `http ${httpStatus} without a Graph error`;
  if (httpStatus < 400 || [401, 403, 404, 407, 429].includes(httpStatus)) {
    return { kind: 'retry', delayMs: LANE_PAUSE_MS, scope: 'lane', reason, refusal };
  }
  if (attempt < FEW_ATTEMPTS_MAX)
    return { kind: 'retry', delayMs: retryDelayMs(attempt, random), scope: 'message', reason, refusal };
  return { kind: 'failed', errorId: ErrorId.providerInternal, statusId: 4, refusal };
}
