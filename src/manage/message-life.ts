// The whole life of one message as one object for people: what was asked, what happened, where it waits, what was reported.
import { errorObject } from '../contract/errors.js';
import { eventIdOf } from '../contract/event-ids.js';
import { ACCEPTED, stateName, statusObject } from '../contract/statuses.js';
import { isUuid } from '../lib/id.js';
import type { Runner } from '../store/accounts.js';
import {
  findMessage,
  findMessageIds,
  type MessageAttemptRow,
  type MessageEventRow,
  type MessagePlaceRow,
  type MessageReportRow,
  type MessageRow,
  readMessageEvents,
  readMessagePlace,
  readMessageReports,
  readReportAttempts,
} from '../store/message-life.js';
import { REPORT_KIND_NAMES } from '../store/reports.js';
import { type Refusal, refuse } from './refusal.js';

/** An instant as RFC 3339, or null. */
type Time = string | null;

/** One thing that happened. */
interface LifeEvent {
  kind: string;
  attempt: number;
  at: Time;
  recordedAt: Time;
  wamid: string | null;
  status: string | null;
  error: string | null;
  metaCode: number | null;
  detail: string | null;
}

/** Where a message waits to be sent; null once it does not. */
interface LifeWait {
  /** `queue`: behind `ahead` others of its lane; `scheduled`: for its time; else why it is held. */
  reason: string;
  ahead: number;
  attempt: number;
  dueAt: Time;
  isInFlight: boolean;
}

/** One request that carried a report. */
interface LifeAttempt {
  webhookId: string;
  attempt: number;
  results: number;
  at: Time;
  durationMs: number;
  httpStatus: number | null;
  verdict: string;
  error: string | null;
  answer: string | null;
  nextAt: Time;
}

/** One report and its delivery. */
interface LifeReport {
  eventId: string;
  kind: string;
  endpointId: number;
  url: string | null;
  state: 'waiting' | 'underway' | 'dead' | 'done';
  at: Time;
  nextAttemptAt: Time;
  deadAt: Time;
  deadReason: string | null;
  isReplayed: boolean;
  attempts: LifeAttempt[];
}

/** A message's life. `account` is internal. */
export interface MessageLife {
  account: number;
  messageId: string;
  id: string;
  sender: string | null;
  to: string;
  type: string;
  state: string;
  acceptedAt: Time;
  endpointId: number | null;
  content: unknown;
  envelope: unknown;
  waiting: LifeWait | null;
  events: LifeEvent[];
  reports: LifeReport[];
}

/** The state of a message that waits for its time, and why it waits. */
const SCHEDULED = 'scheduled';
const HELD_REASONS = ['queue', 'order', 'pace', 'retry', 'lane', 'unknown'];

/** From this kind on events say something but decide nothing. */
const DIAGNOSTIC_KIND = 20;

/** The life of the message with this messageId or UUID, of `account` or of any when that is null. */
export async function readMessageLife(
  db: Runner,
  account: number | null,
  messageId: string,
): Promise<MessageLife | Refusal> {
  const message = await findByEither(db, account, messageId);
  if (message === undefined) return refuse('notFound', 'no such message');
  if (message === 'several')
    return refuse('conflict', 'several accounts have a message with this messageId; name one', 'accountId');
  if (message.dueAt !== null) return waitingLife(message, message.dueAt);
  const [events, place, reports] = await Promise.all([
    readMessageEvents(db, message),
    readMessagePlace(db, message),
    readMessageReports(db, message),
  ]);
  const notifyUrl = textIn(parseOwn(message.envelope), 'notifyUrl');
  const withAttempts = await Promise.all(
    reports.map(async (report) => reportOf(message.id, notifyUrl, report, await readReportAttempts(db, report))),
  );
  return {
    ...askedOf(message),
    state: stateName(Math.max(ACCEPTED, ...events.map(({ kind }) => (kind < DIAGNOSTIC_KIND ? kind : ACCEPTED)))),
    waiting: waitOf(place),
    events: events.map(eventOf),
    reports: withAttempts,
  };
}

/** A message that waits for its time: nothing has happened to it yet. */
function waitingLife(message: MessageRow, dueAt: number): MessageLife {
  const waiting = { reason: SCHEDULED, ahead: 0, attempt: 0, dueAt: timeOf(dueAt), isInFlight: false };
  return { ...askedOf(message), state: SCHEDULED, waiting, events: [], reports: [] };
}

/** What was asked for. */
function askedOf(message: MessageRow): Omit<MessageLife, 'state' | 'waiting' | 'events' | 'reports'> {
  return {
    account: message.account,
    messageId: message.messageId ?? message.id,
    id: message.id,
    sender: message.sender,
    to: message.recipient,
    type: message.type,
    acceptedAt: timeOf(message.acceptedAt),
    endpointId: message.endpoint,
    content: parseOwn(message.content),
    envelope: parseOwn(message.envelope),
  };
}

/** A caller's own messageId comes first: it may look like a UUID. */
async function findByEither(
  db: Runner,
  account: number | null,
  messageId: string,
): Promise<MessageRow | 'several' | undefined> {
  const [named, another] = await findMessageIds(db, account, messageId);
  if (another !== undefined) return 'several';
  if (named !== undefined) return findMessage(db, account, named);
  return isUuid(messageId) ? findMessage(db, account, messageId) : undefined;
}

function eventOf(row: MessageEventRow): LifeEvent {
  const { kind, attempt, wamid, statusId, errorId, metaCode, detail } = row;
  return {
    kind: stateName(kind),
    attempt,
    at: timeOf(row.at),
    recordedAt: timeOf(row.recordedAt),
    wamid,
    status: statusId === null ? null : statusObject(statusId).name,
    error: errorId === null ? null : errorObject(errorId).name,
    metaCode,
    detail,
  };
}

function waitOf(place: MessagePlaceRow | undefined): LifeWait | null {
  if (place === undefined || (place.isClaimed && place.reason === null)) return null;
  return {
    reason: HELD_REASONS[place.reason ?? 0] ?? 'unknown',
    ahead: place.ahead,
    attempt: place.attempt ?? 0,
    dueAt: timeOf(place.dueAt),
    isInFlight: place.claimedAt !== null,
  };
}

function reportOf(
  ref: string,
  notifyUrl: string | null,
  report: MessageReportRow,
  attempts: MessageAttemptRow[],
): LifeReport {
  return {
    eventId: eventIdOf({ ref, attempt: report.attempt, eventKind: report.eventKind }),
    kind: REPORT_KIND_NAMES.get(report.kind) ?? 'unknown',
    endpointId: report.endpoint,
    url: report.url ?? notifyUrl,
    state: reportState(report),
    at: timeOf(report.at),
    nextAttemptAt: timeOf(report.batchDueAt),
    deadAt: timeOf(report.deadAt),
    deadReason: report.deadReason,
    isReplayed: report.isReplay ?? false,
    attempts: attempts.map(({ batch, at, nextAt, ...rest }) => ({
      webhookId: batch,
      at: timeOf(at),
      nextAt: timeOf(nextAt),
      ...rest,
    })),
  };
}

function reportState({ isRead, batch, deadAt }: MessageReportRow): LifeReport['state'] {
  if (!isRead) return 'waiting';
  if (batch !== null) return 'underway';
  return deadAt === null ? 'done' : 'dead';
}

function timeOf(atMs: number | null): Time {
  return atMs === null ? null : new Date(atMs).toISOString();
}

/** JSON that we wrote ourselves. */
function parseOwn(text: string | null): unknown {
  return text === null ? null : JSON.parse(text);
}

function textIn(value: unknown, key: string): string | null {
  const found = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return typeof found === 'string' ? found : null;
}
