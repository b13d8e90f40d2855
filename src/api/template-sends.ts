// POST /whatsapp/1/message/template: one message or many (Infobip 2.3). All are read before any is accepted; then each is judged by itself,
// and what is refused at once costs the others nothing.
import { createHash } from 'node:crypto';
import { ErrorId } from '../contract/errors.js';
import { bindPlatform } from '../contract/key-platform.js';
import { destinationOf } from '../contract/messages/wire.js';
import { type NamedPlatform, withAssociation } from '../contract/provisioning.js';
import { StatusId } from '../contract/statuses.js';
import {
  planOf,
  readTemplateBulk,
  type TemplateBulk,
  type TemplateSend,
  templateBulkAnswer,
} from '../contract/template-bulk.js';
import { hostOf } from '../contract/templates/short-urls.js';
import type { DirectAnswer, DirectHandler, DirectHead, DirectRoutes } from '../http/direct.js';
import { uuidv7 } from '../lib/id.js';
import type { AcceptOutcome } from '../pipeline/accept.js';
import { type Envelope, writeEnvelope } from '../pipeline/envelope.js';
import type { TemplateBook } from '../pipeline/template-book.js';
import { momentOf } from '../pipeline/template-report.js';
import { findIdempotencyKeys, type NewMessage, type RememberedAnswer } from '../store/accepting.js';
import type { DirectorySender } from '../store/directory.js';
import { scheduleMessages } from '../store/scheduled.js';
import type { AccountCaller, Denial } from './authenticate.js';
import { directException, directFailure } from './errors.js';
import { isDenial } from './gate.js';
import { readJson } from './json.js';
import { associationOf, IDEMPOTENCY_KEY, IDEMPOTENCY_MS, type MessageParts, NOT_BOUND } from './messages.js';
import { traced } from './traced.js';

/** What the endpoint works with. */
export interface TemplateSendParts extends MessageParts {
  book: TemplateBook;
  /** Messages were stored for later. */
  onScheduled(): void;
}

const PATH = '/whatsapp/1/message/template';
const BODY_BYTES_MAX = 32 * 1024 * 1024;
const JSON_TYPE = /^application\/json *(;|$)/i;

/** Serves the endpoint. */
export function addTemplateSends(direct: DirectRoutes, parts: TemplateSendParts): void {
  const guard = parts.gate.guard('POST', PATH);
  const inFlight = new Set<string>();
  const go = (outcome: AccountCaller | Denial, { headers }: DirectHead): DirectAnswer | DirectHandler => {
    if (!isDenial(outcome))
      return (body) =>
        traced(parts.traces, PATH, headers, (trace) =>
          handle(parts, { inFlight, caller: outcome, headers, trace }, body),
        );
    const { status, retryAfterSeconds } = outcome;
    return directException(status, { accept: headers.accept, retryAfterSeconds });
  };
  direct.add({
    path: PATH,
    bodyBytesMax: BODY_BYTES_MAX,
    begin(head) {
      const outcome = guard(head);
      return outcome instanceof Promise ? outcome.then((late) => go(late, head)) : go(outcome, head);
    },
    failed: (error, { headers }) => directFailure(error, parts.log, headers.accept),
    tooLarge: () => directException(413),
  });
}

/** One request on its way. */
interface Sending {
  inFlight: Set<string>;
  caller: AccountCaller;
  headers: DirectHead['headers'];
  /** What its messages are stored with, if anything. */
  trace: string | undefined;
}

async function handle(parts: TemplateSendParts, sending: Sending, body: Buffer): Promise<DirectAnswer> {
  const { inFlight, caller, headers } = sending;
  if (body.length > 0 && !JSON_TYPE.test(headers['content-type'] ?? '')) return directException(415);
  const parsed = readJson(body);
  if (!parsed.ok) return directException(400, { text: 'Request body is not valid JSON' });
  const read = readTemplateBulk(parsed.value);
  if (!read.ok) return refuse(parts, read.violations);
  const bound = boundAll(caller, read.value);
  if (bound === undefined) return directException(403, { accept: headers.accept, text: NOT_BOUND });
  const blocked = blockedUrls(parts, bound);
  if (blocked !== undefined) return refuse(parts, blocked);
  const key = headers['idempotency-key'];
  if (key === undefined) return send(parts, sending, bound, undefined);
  if (typeof key !== 'string' || !IDEMPOTENCY_KEY.test(key))
    return refuse(parts, { 'Idempotency-Key': ['must be 1 to 255 printable ASCII characters'] });
  const lock = `${caller.account.id} ${key}`;
  if (inFlight.has(lock)) return directException(409, { text: 'A request with this Idempotency-Key is under way' });
  inFlight.add(lock);
  try {
    return await send(parts, sending, bound, key);
  } finally {
    inFlight.delete(lock);
  }
}

function refuse(parts: TemplateSendParts, validationErrors: Record<string, string[]>): DirectAnswer {
  parts.count('invalid');
  return directException(400, { validationErrors });
}

/** With what the key fills in or forces; undefined when it may not name what a message does. */
function boundAll({ platform }: AccountCaller, bulk: TemplateBulk): TemplateBulk | undefined {
  if (platform.length === 0) return bulk;
  const messages: TemplateSend[] = [];
  for (const message of bulk.messages) {
    const named = bindPlatform(platform, message);
    if (named === undefined) return undefined;
    const { applicationId: _, entityId: __, ...rest } = message;
    messages.push({ ...rest, ...named });
  }
  return { ...bulk, messages };
}

function blockedUrls({ urls }: TemplateSendParts, { messages }: TemplateBulk): Record<string, string[]> | undefined {
  for (const [i, { notifyUrl, urlOptions }] of messages.entries()) {
    const reason = notifyUrl === undefined ? undefined : urls.check(notifyUrl);
    if (reason !== undefined) return { [`messages[${i}].notifyUrl`]: [reason] };
    const tracking = urlOptions?.trackingUrl === undefined ? undefined : urls.check(urlOptions.trackingUrl);
    if (tracking !== undefined) return { [`messages[${i}].urlOptions.trackingUrl`]: [tracking] };
  }
  return undefined;
}

/** Each message of a bulk has an Idempotency-Key of its own, so that what a crash cut in two can be sent again whole. */
function keyOf(key: string, i: number): string {
  return i === 0 ? key : `${key}\n${i}`;
}

async function send(
  parts: TemplateSendParts,
  sending: Sending,
  bulk: TemplateBulk,
  key: string | undefined,
): Promise<DirectAnswer> {
  const { account } = sending.caller;
  const bodyHash =
    key === undefined
      ? Buffer.alloc(0)
      : createHash('sha256')
          .update(`template\n${JSON.stringify(bulk)}`)
          .digest();
  const remembered = key === undefined ? [] : await recall(parts, account.id, key, bulk.messages.length);
  if (remembered.some((answer) => answer !== undefined && !answer.bodyHash.equals(bodyHash)))
    return directException(422, { text: 'This Idempotency-Key was used with another request' });
  const planned = planOf(bulk, parts.clock.now());
  if ('violations' in planned) return refuse(parts, planned.violations);
  const { plan } = planned;
  const needsId = bulk.messages.length > 1 || plan !== undefined;
  const bulkId = bulk.bulkId ?? bulk.options?.schedule?.bulkId ?? (needsId ? uuidv7(parts.clock.now()) : undefined);
  const messages = await toMessages(parts, sending, bulk.messages, bulkId);
  if (key !== undefined)
    for (const [i, message] of messages.entries()) message.idempotency = { key: keyOf(key, i), bodyHash };
  const fresh = messages.filter((_, i) => remembered[i] === undefined);
  const dueOf = plan === undefined ? undefined : new Map(messages.map((message, i) => [message, plan(i)]));
  const outcomes = await take(parts, fresh, bulkId ?? '', dueOf);
  for (const { outcome } of outcomes) parts.count(outcome);
  const worst = outcomes.find(({ outcome }) => outcome === 'busy' || outcome === 'unavailable');
  if (worst !== undefined) return directException(worst.outcome === 'busy' ? 429 : 503);
  if (outcomes.some(({ outcome }) => outcome === 'duplicate-idempotency-key'))
    return directException(409, { text: 'A request with this Idempotency-Key is under way' });
  const answered = new Map(fresh.map((message, i) => [message, outcomes[i]]));
  const pending = plan === undefined ? StatusId.pendingEnroute : StatusId.pendingAccepted;
  const answers = messages.map((message, i) => remembered[i] ?? answerTo(message, answered.get(message), pending));
  return {
    status: 200,
    body: JSON.stringify(
      templateBulkAnswer(
        bulkId,
        answers.map(({ recipient, messageId, statusId }) => ({ to: recipient, messageId, statusId })),
      ),
    ),
  };
}

/** Accepts messages now, or stores those that are not refused at once for their time. */
async function take(
  parts: TemplateSendParts,
  messages: readonly NewMessage[],
  bulkId: string,
  dueOf: ReadonlyMap<NewMessage, number> | undefined,
): Promise<AcceptOutcome[]> {
  if (dueOf === undefined) return parts.accept.acceptAll(messages);
  const later = messages.filter(({ refusal }) => refusal === undefined);
  const refused = messages.filter(({ refusal }) => refusal !== undefined);
  const moment = momentOf(parts.clock);
  const statuses = { statusId: StatusId.pendingAccepted, duplicateStatusId: StatusId.rejectedDuplicateMessageId };
  const scheduled = later.map((message) => ({ message, dueAt: dueOf.get(message) ?? moment.now }));
  const found = new Map<NewMessage, AcceptOutcome>();
  const stored = later.length === 0 ? [] : await scheduleMessages(parts.database, moment, bulkId, scheduled, statuses);
  for (const [i, message] of later.entries()) {
    const outcome = stored[i];
    found.set(message, outcome === undefined ? { outcome: 'accepted', seq: 0, day: moment.today } : { outcome });
  }
  parts.onScheduled();
  const outcomes = await parts.accept.acceptAll(refused);
  for (const [i, message] of refused.entries()) found.set(message, outcomes[i] ?? { outcome: 'unavailable' });
  return messages.map((message) => found.get(message) ?? { outcome: 'unavailable' });
}

function answerTo(
  { recipient, messageId, id, refusal }: NewMessage,
  outcome: AcceptOutcome | undefined,
  pending: number,
): Pick<RememberedAnswer, 'recipient' | 'messageId' | 'statusId'> {
  const accepted = refusal?.statusId ?? pending;
  const statusId = outcome?.outcome === 'duplicate-message-id' ? StatusId.rejectedDuplicateMessageId : accepted;
  return { recipient, messageId: messageId ?? id, statusId };
}

/** The answers given under a key, by message; what is older than a key lives is taken for another request's. */
async function recall(
  { database, clock }: TemplateSendParts,
  account: number,
  key: string,
  count: number,
): Promise<(RememberedAnswer | undefined)[]> {
  const keys = Array.from({ length: count }, (_, i) => keyOf(key, i));
  const found = await findIdempotencyKeys(database, account, keys, clock.now() - IDEMPOTENCY_MS);
  return keys.map((one) => found.get(one));
}

async function toMessages(
  parts: TemplateSendParts,
  sending: Sending,
  requests: readonly TemplateSend[],
  bulkId: string | undefined,
): Promise<NewMessage[]> {
  const { directory } = parts;
  const { account } = sending.caller;
  // Another process may have made the sender a moment ago.
  if (requests.some(({ from }) => directory.senderOf(from) === undefined)) await directory.refresh();
  const messages: NewMessage[] = [];
  for (const request of requests) {
    const sender = directory.senderOf(request.from);
    messages.push(
      await toMessage(parts, sending, sender?.account === account.id ? sender : undefined, request, bulkId),
    );
  }
  return messages;
}

async function toMessage(
  { clock, urls, book, platforms }: TemplateSendParts,
  { caller, trace }: Sending,
  sender: DirectorySender | undefined,
  request: TemplateSend,
  bulkId: string | undefined,
): Promise<NewMessage> {
  const { account } = caller;
  const { from, to, messageId, content, notifyUrl } = request;
  const destination = destinationOf(to);
  const platform = sender === undefined ? request : withAssociation(request, associationOf(sender));
  const unknown = platforms.ensure(account.id, platform);
  if (unknown !== undefined) await unknown;
  const fitting = judged(sender === undefined ? undefined : await book.fit(sender, content), request);
  const placed = fitting?.kind === 'fits' ? { ...content, ...placesIn(fitting) } : content;
  const isShortened = fitting?.kind === 'fits' && fitting.shortLinks !== undefined;
  const message: NewMessage = {
    id: uuidv7(clock.now()),
    account: account.id,
    lane: sender?.id ?? 0,
    endpoint: notifyUrl === undefined ? null : await urls.endpointOf(account.id, notifyUrl),
    messageId: messageId ?? null,
    sender: from,
    recipient: to,
    type: 'TEMPLATE',
    content: JSON.stringify(placed),
    envelope: writeEnvelope(
      envelopeOf(isShortened ? { urlOptions: {}, ...request } : request, platform, { bulkId, trace }),
    ),
  };
  if (destination !== undefined) message.recipient = destination.kind === 'phone' ? destination.digits : destination.id;
  const refusal = refusalOf(sender !== undefined, destination !== undefined, fitting);
  if (refusal !== undefined) {
    message.refusal = refusal;
    message.lane = 0;
  }
  return message;
}

type Fitting = Awaited<ReturnType<TemplateBook['fit']>>;

/** Links must be on the domain that the template was registered with (Infobip 7). */
function judged(fitting: Fitting | undefined, { urlOptions }: TemplateSend): Fitting | undefined {
  if (fitting?.kind !== 'fits' || urlOptions?.customDomain === undefined) return fitting;
  const own = fitting.shortLinks === undefined ? undefined : hostOf(fitting.shortLinks.domain);
  return own !== undefined && own === hostOf(urlOptions.customDomain)
    ? fitting
    : { kind: 'refused', errorId: ErrorId.invalidTemplateArgs };
}

/** Only what is not as it would be counted: most templates have no buttons that are left out, nor short links. */
function placesIn({ places, cardPlaces, shortLinks }: Extract<Fitting, { kind: 'fits' }>): object {
  const isPlain = (own: readonly number[]): boolean => own.every((place, i) => place === i);
  return {
    ...(isPlain(places) ? {} : { places }),
    ...(cardPlaces.every(isPlain) ? {} : { cardPlaces }),
    ...(shortLinks === undefined ? {} : { shortLinks }),
  };
}

function refusalOf(isOwn: boolean, isReachable: boolean, fitting: Fitting | undefined): NewMessage['refusal'] {
  if (!isOwn) return { statusId: StatusId.rejectedSource, errorId: ErrorId.invalidSource };
  if (!isReachable) return { statusId: StatusId.rejectedDestination, errorId: ErrorId.invalidDestination };
  return fitting?.kind === 'refused' ? { statusId: StatusId.rejectedPlatform, errorId: fitting.errorId } : undefined;
}

function envelopeOf(
  request: TemplateSend,
  { applicationId, entityId }: NamedPlatform,
  { bulkId, trace }: { bulkId: string | undefined; trace: string | undefined },
): Envelope {
  const { callbackData, notifyUrl, context, urlOptions, smsFailover } = request;
  return {
    ...(bulkId === undefined ? {} : { bulkId }),
    ...(callbackData === undefined ? {} : { callbackData }),
    ...(notifyUrl === undefined ? {} : { notifyUrl }),
    ...(applicationId === undefined ? {} : { applicationId }),
    ...(entityId === undefined ? {} : { entityId }),
    ...(context === undefined ? {} : { replyTo: context.replyToMessageId }),
    ...(urlOptions === undefined ? {} : { urlOptions }),
    ...(smsFailover === undefined ? {} : { smsFailover }),
    ...(trace === undefined ? {} : { trace }),
  };
}
