// Sends the short messages of messages that WhatsApp could not deliver. A row per message, made in the transaction that ended it, is
// claimed before anything is sent and settled after; what was claimed by a process that is gone may have been sent, and is told so.
import { ErrorId } from '../contract/errors.js';
import { EventKind, StatusId } from '../contract/statuses.js';
import type { Clock } from '../lib/clock.js';
import { crashPoint } from '../lib/crash-point.js';
import { dayOf } from '../lib/day.js';
import type { Log } from '../lib/log.js';
import type { PieceAnswer, Receipt } from '../sms/provider.js';
import { otherFormsOf } from '../sms/receipts.js';
import { type Database, DatabaseError } from '../store/database.js';
import type { AppendedEvent } from '../store/events.js';
import {
  appendSmsEvents,
  type ClaimedSms,
  claimSms,
  findLostSms,
  findOverdueSms,
  findUnroutedSms,
  receiveSmsReceipt,
  releaseSms,
  type SmsEvent,
  SmsState,
  settleSms,
} from '../store/sms.js';
import { createDueLoop } from './due-loop.js';
import { startLate } from './failover-late.js';
import type { SmsRoutes } from './sms-routes.js';
import { waitMs } from './wait.js';

/** What became of a short message, for the metrics. */
export type SmsCount = 'submitted' | 'delivered' | 'failed' | 'expired' | 'unknown' | 'later';

/** The sender of short messages. */
export interface Failover {
  /** Something may be due. */
  wake(): void;
  /** A receipt of an account's provider; resolves when it is on disk. Rejects with DatabaseError. */
  receive(account: number, receipt: Receipt): Promise<void>;
  /** Claims nothing more and waits for what is under way. */
  stop(): Promise<void>;
}

/** What it works with. */
export interface FailoverParts {
  database: Database;
  clock: Clock;
  log: Log;
  routes: SmsRoutes;
  processId(): number | undefined;
  onLost(): void;
  onEvents(events: AppendedEvent[]): void;
  count(what: SmsCount): void;
}

const POLL_MS = 1_000;
const CLAIM_MAX = 50;
const ROWS_MAX = 500;
const HOUR_MS = 3_600_000;
/** How long it is tried to be sent, and how long its receipt is waited for. */
const VALIDITY_MS = 48 * HOUR_MS;
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 10 * 60_000;
/** A receipt may be faster than the note of what it is a receipt of, also when another process writes that. */
const RECEIPT_WAIT_MS = 3_000;
const RECEIPT_STEP_MS = 100;
/** Before it is looked for under other ways to write its id. */
const RECEIPT_EXACT_MS = 500;
const DETAIL_CHARACTERS_MAX = 500;

const OUTCOME_KINDS = {
  delivered: EventKind.smsDelivered,
  failed: EventKind.smsFailed,
  expired: EventKind.smsExpired,
} as const;

/** Creates it; nothing happens before the first `wake`. */
export function createFailover(parts: FailoverParts): Failover {
  const { clock, log, routes } = parts;
  const stopping = new AbortController();
  /** Whether rows may be ours of which we never heard. */
  let isClaimLost = false;
  const loop = createDueLoop({ clock, pollMs: POLL_MS, run, onError });
  routes.onReady(loop.wake);

  async function run(): Promise<undefined> {
    await routes.refresh();
    if (isClaimLost) await release(parts);
    isClaimLost = false;
    await startLate(parts);
    await endThose(parts);
    const onClaimLost = (): void => {
      isClaimLost = true;
    };
    for (let hasMore = true; hasMore && !stopping.signal.aborted; )
      hasMore = await sendSome(parts, stopping.signal, onClaimLost);
  }

  function onError(error: unknown): void {
    if (error instanceof DatabaseError && error.kind === 'lease') parts.onLost();
    log.warn({ event: 'sms.waits', err: String(error) });
  }

  return {
    wake: loop.wake,
    receive: (account, receipt) => receive(parts, account, receipt),
    async stop() {
      stopping.abort();
      await loop.stop();
      await routes.stop();
    },
  };
}

/** Ends what nobody will send, what was lost with its process, and what nobody heard of. */
async function endThose(parts: FailoverParts): Promise<void> {
  const { database, clock } = parts;
  const now = clock.now();
  const ends: SmsEvent[] = [];
  for (const message of await findUnroutedSms(database, now, ROWS_MAX))
    ends.push(failed(message, StatusId.rejectedRouteNotAvailable, ErrorId.serviceNotActivated, 'no SMS provider'));
  for (const { message, state } of await findOverdueSms(database, now, now - VALIDITY_MS, ROWS_MAX)) {
    const statusId = state === SmsState.waiting ? StatusId.expired : StatusId.expiredDlrUnknown;
    ends.push(expired(message, statusId, null));
  }
  const reason = 'the process that sent it ended';
  for (const message of await findLostSms(database, now)) ends.push(...unknown(message, reason));
  await append(parts, uniqueIn(ends));
}

function uniqueIn(events: readonly SmsEvent[]): SmsEvent[] {
  return [...new Map(events.map((event) => [`${event.message}:${event.kind}`, event])).values()];
}

/** Sends what is due of accounts whose provider can take it; whether there may be more. */
async function sendSome(parts: FailoverParts, stopped: AbortSignal, onClaimLost: () => void): Promise<boolean> {
  const { database, clock, routes } = parts;
  const process = parts.processId();
  const ready = routes.ready();
  if (process === undefined || ready.length === 0) return false;
  const claimed = await claimSms(database, process, clock.now(), ready, CLAIM_MAX).catch((error: unknown) => {
    onClaimLost();
    throw error;
  });
  if (claimed.length === 0) return false;
  crashPoint('sms.claimed');
  await Promise.all(claimed.map((sms) => sendOne(parts, { process, stopped }, sms)));
  return claimed.length === CLAIM_MAX;
}

async function sendOne(
  parts: FailoverParts,
  { process, stopped }: { process: number; stopped: AbortSignal },
  sms: ClaimedSms & { taken: Set<number> },
): Promise<void> {
  const { database, clock, routes } = parts;
  const { message, day, sender: from, text, taken } = sms;
  const to = sms.recipient.replace(/[^\d]/g, '');
  const route = routes.find(sms.account);
  const settle = (pieces: readonly { piece: number; id: string }[], next: { state: number; dueAt: number }) =>
    persist(stopped, () => settleSms(database, { process, now: clock.now() }, message, pieces, next));
  if (/[A-Za-z]/.test(sms.recipient) || !/^\d{5,15}$/.test(to)) {
    const end = failed(message, StatusId.rejectedDestination, ErrorId.invalidDestination, 'no phone number');
    await persist(stopped, () => append(parts, [end]));
    return;
  }
  if (route === undefined) {
    await settle([], { state: SmsState.waiting, dueAt: clock.now() });
    return;
  }
  const answers = await route.provider.send({ message, day, from, to, text, taken });
  crashPoint('sms.answered');
  const pieces = answers.filter((answer) => answer.kind === 'taken');
  const trouble = worstOf(answers);
  if (trouble === undefined) {
    const isMine = await settle(pieces, { state: SmsState.submitted, dueAt: clock.now() + VALIDITY_MS });
    if (isMine) parts.count('submitted');
    return;
  }
  if (trouble.kind === 'later' || (trouble.kind === 'unknown' && route.smsUnknown === 'resend')) {
    parts.count(trouble.kind);
    await settle(pieces, { state: SmsState.waiting, dueAt: clock.now() + retryMs(sms.attempt) });
    return;
  }
  const isMine = await settle(pieces, { state: SmsState.ending, dueAt: 0 });
  if (!isMine) return;
  const ends =
    trouble.kind === 'unknown'
      ? unknown(message, trouble.reason)
      : [failed(message, StatusId.undeliverableRejectedOperator, ErrorId.smsProvider, trouble.reason)];
  await persist(stopped, () => append(parts, ends));
}

/** Tries until the database has it: what was sent must not be forgotten while we live. Throws when it is not ours any more, or on stop. */
async function persist<T>(stopped: AbortSignal, write: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      const isPassing = error instanceof DatabaseError && (error.kind === 'unavailable' || error.kind === 'conflict');
      if (!isPassing || stopped.aborted) throw error;
      await waitMs(POLL_MS, stopped);
    }
  }
}

/** Gives back what was claimed by a statement whose answer was lost: nothing of it was sent. */
async function release({ database, processId }: FailoverParts): Promise<void> {
  const process = processId();
  if (process !== undefined) await releaseSms(database, process);
}

function retryMs(attempt: number): number {
  return Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(attempt, 20));
}

type Trouble = Exclude<PieceAnswer, { kind: 'taken' }>;

/** A refusal of one piece ends the whole; what is unknown comes before what can simply be sent later. */
function worstOf(answers: readonly PieceAnswer[]): Trouble | undefined {
  const troubles = answers.filter((answer): answer is Trouble => answer.kind !== 'taken');
  for (const kind of ['refused', 'unknown', 'later'] as const) {
    const found = troubles.find((trouble) => trouble.kind === kind);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function receive(parts: FailoverParts, account: number, receipt: Receipt): Promise<void> {
  const outcome = OUTCOME_KINDS[receipt.outcome];
  const startedAt = performance.now();
  const recipient = receipt.recipient ?? null;
  const look = (ids: readonly string[]) => receiveSmsReceipt(parts.database, account, { ids, recipient, outcome });
  let found = await look([receipt.id]);
  for (let ms = 0; found === undefined && ms < RECEIPT_WAIT_MS; ms = performance.now() - startedAt) {
    await waitMs(RECEIPT_STEP_MS);
    found = await look(ms < RECEIPT_EXACT_MS ? [receipt.id] : [receipt.id, ...otherFormsOf(receipt.id)]);
  }
  if (found === undefined) parts.log.warn({ event: 'sms.receipt.unknown' });
  else await conclude(parts, found, receipt.detail);
}

async function conclude(
  parts: FailoverParts,
  { message, outcome }: { message: string; outcome: number | null },
  detail: string,
): Promise<void> {
  if (outcome === null) return;
  const event: SmsEvent = { message, kind: outcome, detail: detailOf(detail), statusId: null, errorId: null };
  if (outcome === EventKind.smsDelivered) event.statusId = StatusId.deliveredToHandset;
  if (outcome === EventKind.smsFailed) {
    event.statusId = StatusId.undeliverableNotDelivered;
    event.errorId = ErrorId.smsUnknownError;
  }
  if (outcome === EventKind.smsExpired) {
    event.statusId = StatusId.expired;
    event.errorId = ErrorId.validityExpired;
  }
  await append(parts, [event]);
}

async function append(parts: FailoverParts, events: readonly SmsEvent[]): Promise<void> {
  if (events.length === 0) return;
  const { database, clock } = parts;
  const appended = await appendSmsEvents(database, clock.now(), dayOf(clock.now()), events);
  for (const { kind } of events) {
    if (kind === EventKind.smsDelivered) parts.count('delivered');
    if (kind === EventKind.smsFailed) parts.count('failed');
    if (kind === EventKind.smsExpired) parts.count('expired');
    if (kind === EventKind.smsUnknown) parts.count('unknown');
  }
  parts.onEvents(appended);
}

function failed(message: string, statusId: number, errorId: number, detail: string): SmsEvent {
  return { message, kind: EventKind.smsFailed, statusId, errorId, detail: detailOf(detail) };
}

function expired(message: string, statusId: number, detail: string | null): SmsEvent {
  return { message, kind: EventKind.smsExpired, statusId, errorId: ErrorId.validityExpired, detail };
}

/** Nobody knows whether it was sent, and it is not sent again: reported with status 29. */
function unknown(message: string, detail: string): SmsEvent[] {
  return [
    { message, kind: EventKind.smsUnknown, statusId: null, errorId: null, detail: detailOf(detail) },
    expired(message, StatusId.expiredDlrUnknown, detailOf(detail)),
  ];
}

/** The other side's words, as PostgreSQL can keep them. */
function detailOf(text: string): string {
  return text.toWellFormed().replaceAll('\u0000', '\ufffd').slice(0, DETAIL_CHARACTERS_MAX);
}
