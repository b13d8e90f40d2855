// What a tick of dispatch writes of a message, as plain mappings.
import { ErrorId } from '../contract/errors.js';
import { EventKind, StatusId } from '../contract/statuses.js';
import type { Outcome } from '../meta/verdict.js';
import type { NewEvent } from '../store/events.js';
import type { DispatchTick } from '../store/lanes.js';
import type { Work } from './work.js';

type TickEvent = DispatchTick['events'][number];

/** The row in `held`; `claimedAt` is set while a POST is out. */
export function toHeldRow(work: Work, claimedAt: number | null): DispatchTick['held'][number] {
  const { lane, seq, day, id: message, recipient, reason, attempt, acceptedAt, dueAt } = work;
  return { lane, seq, day, message, recipient, reason, attempt, acceptedAt, dueAt, claimedAt };
}

/** Meta answered with a wamid. */
export function submittedOf(work: Work, wamid: string): TickEvent {
  return { ...attemptOf(work), kind: EventKind.submitted, wamid, metaCode: null, detail: null };
}

/** What an attempt that is not the end leaves behind for people. */
export function diagnosticOf(work: Work, outcome: Extract<Outcome, { kind: 'retry' | 'unknown' }>): TickEvent {
  const shared = { ...attemptOf(work), wamid: null };
  if (outcome.kind === 'unknown') return { ...shared, kind: EventKind.unknown, metaCode: null, detail: outcome.reason };
  const { refusal, reason } = outcome;
  return { ...shared, kind: EventKind.refused, metaCode: refusal?.metaCode ?? null, detail: refusal?.detail ?? reason };
}

function attemptOf({ day, id: message, attempt }: Work): Pick<TickEvent, 'day' | 'message' | 'attempt'> {
  return { day, message, attempt };
}

/** The end of a message by our own doing. */
export function endOf(work: Work, kind: number, at: number, statusId: number, errorId: number): NewEvent {
  const { id: message, attempt } = work;
  return {
    message,
    attempt,
    kind,
    at,
    phoneNumberId: null,
    wamid: null,
    statusId,
    errorId,
    metaCode: null,
    detail: null,
  };
}

/** The end of a message by Meta's answer. */
export function failureOf(work: Work, outcome: Extract<Outcome, { kind: 'failed' }>, at: number): NewEvent {
  const { metaCode, detail } = outcome.refusal;
  return {
    ...endOf(work, EventKind.failed, at, outcome.statusId, outcome.errorId),
    metaCode: metaCode ?? null,
    detail: detail ?? null,
  };
}

/** The sender was removed while the message waited. */
export const GONE: Outcome = failed(StatusId.rejectedSource, ErrorId.invalidSource, 'sender was removed');

/** Its content was erased while the message waited. */
export const FORGOTTEN: Outcome = failed(StatusId.notSent, ErrorId.canceled, 'erased before it was sent');

/** A fault of ours: the message fails, visibly, and the lane goes on. */
export const BROKEN: Outcome = failed(StatusId.rejectedSystemError, ErrorId.internal, 'internal fault');

function failed(statusId: number, errorId: number, detail: string): Outcome {
  const refusal = { metaCode: undefined, metaSubcode: undefined, httpStatus: 0, detail };
  return { kind: 'failed', statusId, errorId, refusal };
}
