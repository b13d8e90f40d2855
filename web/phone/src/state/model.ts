// What the phone knows of the sandbox, read from the control API's answers.
import { at, flagAt, listAt, numberAt, textAt, timeAt } from '../pure/json.js';

/** The states of a message, in their order. */
export type StatusName = 'sent' | 'delivered' | 'read' | 'played' | 'failed';

/** A state and when it was reached, epoch ms. */
export interface Status {
  status: string;
  at: number;
}

/** A message either way; `payload` is Meta's: the request body (out) or the fragment (in). */
export interface Message {
  seq: number;
  id: string;
  direction: 'out' | 'in';
  user: string;
  phoneNumberId: string;
  type: string;
  payload: unknown;
  acceptedAt: number;
  statuses: readonly Status[];
  failure: { code: number; title: string; details: string } | null;
  graphMajor: number;
  /** Media ids by the path at which the message names the file. */
  media: ReadonlyMap<string, string>;
  /** What a template message shows, its parameters in place. */
  rendered: unknown;
}

/** A business number. */
export interface Business {
  phoneNumberId: string;
  number: string;
  wabaId: string;
  name: string;
}

/** A person that the phone can be. */
export interface User {
  number: string;
  profileName: string;
  exists: boolean;
  online: boolean;
  readReceipts: boolean;
  blocked: boolean;
  numberHidden: boolean;
}

/** A business number and a user that were in touch; times in epoch ms. */
export interface Pair {
  phoneNumberId: string;
  user: string;
  windowClosesAt: number;
  typingUntil: number;
}

/** A chat as the list shows it. */
export interface Chat {
  phoneNumberId: string;
  user: string;
  last: Message | null;
}

const SMS_THREAD = 'sms:';

/** Whether a chat is a thread of short messages: it can be read only. */
export function isSmsThread(phoneNumberId: string): boolean {
  return phoneNumberId.startsWith(SMS_THREAD);
}

/** Who writes in a thread of short messages, as if it were a business number. */
export function smsSender(phoneNumberId: string): Business {
  const name = phoneNumberId.slice(SMS_THREAD.length);
  return { phoneNumberId, number: name, wabaId: '', name };
}

/** A webhook of the sandbox with its attempts. */
export interface Webhook {
  id: string;
  url: string;
  body: string;
  state: string;
  dueAt: number | undefined;
  attempts: readonly { at: number; httpStatus: number | undefined; durationMs: number; error: string }[];
}

/** A fault, as the control API shows it. */
export interface Fault {
  id: string;
  on: string;
  match: unknown;
  effect: unknown;
  when: unknown;
  hits: number;
}

/** A template as the control API shows it. */
export interface Template {
  id: string;
  name: string;
  language: string;
  category: string;
  status: string;
  quality: string;
  body: string;
  rejectedReason: string;
  pausedUntil: number | undefined;
}

/** How messages get on by themselves. */
export interface Progress {
  mode: string;
  sentMs: number | null;
  deliveredMs: number | null;
  readMs: number | null;
}

/** Names a chat. */
export function chatKey(phoneNumberId: string, user: string): string {
  return `${phoneNumberId}:${user}`;
}

/** A message of the control API; undefined when it is none. */
export function readMessage(value: unknown): Message | undefined {
  const id = textAt(value, 'id');
  if (id === '') return undefined;
  const direction = textAt(value, 'direction') === 'in' ? 'in' : 'out';
  const failure = at(value, 'failure');
  return {
    seq: numberAt(value, 'seq') ?? 0,
    id,
    direction,
    user: textAt(value, direction === 'in' ? 'from' : 'to'),
    phoneNumberId: textAt(value, 'phoneNumberId'),
    type: textAt(value, 'type'),
    payload: at(value, 'payload'),
    acceptedAt: timeAt(value, 'acceptedAt') ?? 0,
    statuses: listAt(value, 'statuses').map((each) => ({
      status: textAt(each, 'status'),
      at: timeAt(each, 'at') ?? 0,
    })),
    failure:
      failure === null || failure === undefined
        ? null
        : {
            code: numberAt(failure, 'code') ?? 0,
            title: textAt(failure, 'title'),
            details: textAt(failure, 'details'),
          },
    graphMajor: numberAt(value, 'graphMajor') ?? 0,
    rendered: at(value, 'rendered'),
    media: new Map(listAt(value, 'media').map((use) => [textAt(use, 'path'), textAt(use, 'mediaId')])),
  };
}

/** The business numbers of a WABA. */
export function readBusinesses(value: unknown): Business[] {
  return listAt(value, 'numbers').map((each) => {
    const number = textAt(each, 'number');
    const name = textAt(each, 'name') || `Sandbox ${number.slice(-4)}`;
    return { phoneNumberId: textAt(each, 'phoneNumberId'), number, wabaId: textAt(value, 'wabaId'), name };
  });
}

/** A user of the control API. */
export function readUser(value: unknown): User {
  return {
    number: textAt(value, 'number'),
    profileName: textAt(value, 'profileName'),
    exists: flagAt(value, 'exists'),
    online: flagAt(value, 'online'),
    readReceipts: flagAt(value, 'readReceipts'),
    blocked: flagAt(value, 'blocked'),
    numberHidden: flagAt(value, 'numberHidden'),
  };
}

/** A pair of the control API. */
export function readPair(value: unknown): Pair {
  return {
    phoneNumberId: textAt(value, 'phoneNumberId'),
    user: textAt(value, 'user'),
    windowClosesAt: timeAt(value, 'windowClosesAt') ?? 0,
    typingUntil: timeAt(value, 'typingUntil') ?? 0,
  };
}

/** A webhook of the control API. */
export function readWebhook(value: unknown): Webhook {
  return {
    id: textAt(value, 'id'),
    url: textAt(value, 'url'),
    body: textAt(value, 'body'),
    state: textAt(value, 'state'),
    dueAt: timeAt(value, 'dueAt'),
    attempts: listAt(value, 'attempts').map((each) => ({
      at: timeAt(each, 'at') ?? 0,
      httpStatus: numberAt(each, 'httpStatus'),
      durationMs: numberAt(each, 'durationMs') ?? 0,
      error: textAt(each, 'error'),
    })),
  };
}

/** A fault of the control API. */
export function readFault(value: unknown): Fault {
  return {
    id: textAt(value, 'id'),
    on: textAt(value, 'on'),
    match: at(value, 'match'),
    effect: at(value, 'effect'),
    when: at(value, 'when'),
    hits: numberAt(value, 'hits') ?? 0,
  };
}

/** A template of the control API. */
export function readTemplate(value: unknown): Template {
  const body = listAt(value, 'components').find((component) => textAt(component, 'type') === 'BODY');
  return {
    id: textAt(value, 'id'),
    name: textAt(value, 'name'),
    language: textAt(value, 'language'),
    category: textAt(value, 'category'),
    status: textAt(value, 'status'),
    quality: textAt(value, 'quality'),
    body: textAt(body, 'text'),
    rejectedReason: textAt(value, 'rejectedReason'),
    pausedUntil: timeAt(value, 'pausedUntil'),
  };
}

/** A progress policy of the control API. */
export function readProgress(value: unknown): Progress {
  return {
    mode: textAt(value, 'mode'),
    sentMs: numberAt(value, 'sentMs') ?? null,
    deliveredMs: numberAt(value, 'deliveredMs') ?? null,
    readMs: numberAt(value, 'readMs') ?? null,
  };
}

/** How far a message has come. */
export function furthest(message: Message): 'accepted' | StatusName {
  const reached = new Set(message.statuses.map(({ status }) => status));
  const order: readonly StatusName[] = ['failed', 'played', 'read', 'delivered', 'sent'];
  return order.find((status) => reached.has(status)) ?? 'accepted';
}

/** Whether the message is on the user's phone: what users send always is. */
export function isOnPhone(message: Message): boolean {
  if (message.direction === 'in') return true;
  return message.statuses.some(({ status }) => status === 'delivered' || status === 'read' || status === 'played');
}
