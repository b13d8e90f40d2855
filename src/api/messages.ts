// POST /whatsapp/1/message/<type>: one route for each type of the registry (Infobip 2.1).
import { createHash } from 'node:crypto';
import { sendAnswer } from '../contract/answers.js';
import { ErrorId } from '../contract/errors.js';
import { bindPlatform } from '../contract/key-platform.js';
import type { MessageType, SendRequest } from '../contract/messages/envelope.js';
import { messageTypes } from '../contract/messages/registry.js';
import { destinationOf } from '../contract/messages/wire.js';
import { type NamedPlatform, withAssociation } from '../contract/provisioning.js';
import { StatusId } from '../contract/statuses.js';
import type { DirectAnswer, DirectHandler, DirectHead, DirectRoute, DirectRoutes } from '../http/direct.js';
import type { Clock } from '../lib/clock.js';
import { uuidv7 } from '../lib/id.js';
import type { Log } from '../lib/log.js';
import type { Traces } from '../lib/traces.js';
import type { Accept } from '../pipeline/accept.js';
import { type Envelope, writeEnvelope } from '../pipeline/envelope.js';
import type { PlatformDirectory } from '../pipeline/platform-directory.js';
import type { UrlDirectory } from '../pipeline/url-directory.js';
import { findIdempotencyKey, forgetIdempotencyKey, type NewMessage } from '../store/accepting.js';
import type { Database } from '../store/database.js';
import type { Directory, DirectoryAccount, DirectorySender } from '../store/directory.js';
import type { AccountCaller, Denial } from './authenticate.js';
import { directException, directFailure } from './errors.js';
import { type Gate, isDenial } from './gate.js';
import { readJson } from './json.js';
import { traced } from './traced.js';

/** What the send endpoints work with. */
export interface MessageParts {
  database: Database;
  directory: Directory;
  gate: Gate;
  clock: Clock;
  accept: Accept;
  /** Where reports to a URL go, and whether they may. */
  urls: UrlDirectory;
  /** Applications and entities, made on first use. */
  platforms: PlatformDirectory;
  log: Log;
  /** Undefined: nobody wants traces. */
  traces: Traces | undefined;
  count(outcome: string): void;
}

/** How long an Idempotency-Key is remembered. */
export const IDEMPOTENCY_MS = 48 * 3_600_000;
/** What an Idempotency-Key looks like. */
export const IDEMPOTENCY_KEY = /^[\x20-\x7e]{1,255}$/;

const PATH = '/whatsapp/1/message/';
/** Said to a key that names what it is not bound to. */
export const NOT_BOUND = 'This API key may not name this application or entity';
const BODY_BYTES_MAX = 1024 * 1024;
const JSON_TYPE = /^application\/json *(;|$)/i;

/** Adds a route for every type of the registry. */
export function addMessageRoutes(direct: DirectRoutes, parts: MessageParts): void {
  const inFlight = new Set<string>();
  for (const type of messageTypes) {
    direct.add({
      path: `${PATH}${type.path}`,
      bodyBytesMax: BODY_BYTES_MAX,
      begin: beginner(parts, type, inFlight),
      failed: (error, { headers }) => directFailure(error, parts.log, headers.accept),
      tooLarge: () => directException(413),
    });
  }
}

/** Who calls is asked before the body is read. */
function beginner(parts: MessageParts, type: MessageType, inFlight: Set<string>): DirectRoute['begin'] {
  const path = `${PATH}${type.path}`;
  const guard = parts.gate.guard('POST', path);
  const go = (outcome: AccountCaller | Denial, { headers }: DirectHead): DirectAnswer | DirectHandler => {
    if (!isDenial(outcome))
      return (body) =>
        traced(parts.traces, path, headers, (trace) =>
          handle(parts, { type, inFlight, caller: outcome, headers, trace }, body),
        );
    const { status, retryAfterSeconds } = outcome;
    return directException(status, { accept: headers.accept, retryAfterSeconds });
  };
  return (head) => {
    const outcome = guard(head);
    return outcome instanceof Promise ? outcome.then((late) => go(late, head)) : go(outcome, head);
  };
}

/** One request on its way. */
interface Sending {
  type: MessageType;
  inFlight: Set<string>;
  caller: AccountCaller;
  headers: DirectHead['headers'];
  /** What the message is stored with, if anything. */
  trace: string | undefined;
}

async function handle(parts: MessageParts, sending: Sending, body: Buffer): Promise<DirectAnswer> {
  const { type, caller, headers } = sending;
  if (body.length > 0 && !JSON_TYPE.test(headers['content-type'] ?? '')) return directException(415);
  const parsed = readJson(body);
  if (!parsed.ok) return directException(400, { text: 'Request body is not valid JSON' });
  const validated = type.validate(parsed.value);
  if (!validated.ok) return refuse(parts, validated.violations);
  const request = bound(caller, validated.value);
  if (request === undefined) return directException(403, { accept: headers.accept, text: NOT_BOUND });
  const { notifyUrl } = request;
  const blocked = notifyUrl === undefined ? undefined : parts.urls.check(notifyUrl);
  if (blocked !== undefined) return refuse(parts, { notifyUrl: [blocked] });
  const { trackingUrl } = request.urlOptions ?? {};
  const untracked = trackingUrl === undefined ? undefined : parts.urls.check(trackingUrl);
  if (untracked !== undefined) return refuse(parts, { 'urlOptions.trackingUrl': [untracked] });
  const key = headers['idempotency-key'];
  if (key === undefined) return send(parts, sending, request, undefined);
  if (typeof key !== 'string' || !IDEMPOTENCY_KEY.test(key)) {
    return refuse(parts, { 'Idempotency-Key': ['must be 1 to 255 printable ASCII characters'] });
  }
  return sendOnce(parts, sending, request, key);
}

/** With the application and entity that the key fills in or forces; undefined when it may not name those that the request does. */
function bound({ platform }: AccountCaller, request: SendRequest): SendRequest | undefined {
  if (platform.length === 0) return request;
  const named = bindPlatform(platform, request);
  if (named === undefined) return undefined;
  const { applicationId: _, entityId: __, ...rest } = request;
  return { ...rest, ...named };
}

function refuse(parts: MessageParts, validationErrors: Record<string, string[]>): DirectAnswer {
  parts.count('invalid');
  return directException(400, { validationErrors });
}

/** Same key and request within 48 h: the same answer; another request 422; the first still under way 409. */
async function sendOnce(
  parts: MessageParts,
  sending: Sending,
  request: SendRequest,
  key: string,
): Promise<DirectAnswer> {
  const { type, inFlight } = sending;
  const { account } = sending.caller;
  // Of what was read, not of the bytes: unknown fields change nothing, and cannot be too deep to be written again.
  const bodyHash = createHash('sha256')
    .update(`${type.path}\n${JSON.stringify(request)}`)
    .digest();
  const lock = `${account.id} ${key}`;
  if (inFlight.has(lock)) return directException(409, { text: 'A request with this Idempotency-Key is under way' });
  inFlight.add(lock);
  try {
    const replayed = await replay(parts, account, key, bodyHash);
    return replayed ?? (await send(parts, sending, request, { key, bodyHash }));
  } finally {
    inFlight.delete(lock);
  }
}

async function replay(
  parts: MessageParts,
  account: DirectoryAccount,
  key: string,
  bodyHash: Buffer,
): Promise<DirectAnswer | undefined> {
  const remembered = await findIdempotencyKey(parts.database, account.id, key);
  if (remembered === undefined) return undefined;
  if (parts.clock.now() - remembered.createdAt > IDEMPOTENCY_MS) {
    await forgetIdempotencyKey(parts.database, account.id, key, remembered.createdAt);
    return undefined;
  }
  if (!remembered.bodyHash.equals(bodyHash)) {
    return directException(422, { text: 'This Idempotency-Key was used with another request' });
  }
  parts.count('replayed');
  return answerOf(remembered.recipient, remembered.messageId, remembered.statusId);
}

async function send(
  parts: MessageParts,
  sending: Sending,
  request: SendRequest,
  idempotency: { key: string; bodyHash: Buffer } | undefined,
): Promise<DirectAnswer> {
  const { account } = sending.caller;
  const message = await toMessage(parts, sending, request);
  if (idempotency !== undefined) message.idempotency = idempotency;
  const { outcome } = await parts.accept.accept(message);
  parts.count(message.refusal === undefined ? outcome : `refused-${outcome}`);
  const answer = (statusId: number): DirectAnswer =>
    answerOf(message.recipient, message.messageId ?? message.id, statusId);
  switch (outcome) {
    case 'accepted':
      return answer(message.refusal?.statusId ?? StatusId.pendingEnroute);
    case 'duplicate-message-id':
      return answer(StatusId.rejectedDuplicateMessageId);
    case 'duplicate-idempotency-key': {
      // Another process took the key between our look and our commit: its answer is the answer.
      const { key, bodyHash } = idempotency ?? { key: '', bodyHash: Buffer.alloc(0) };
      return (await replay(parts, account, key, bodyHash)) ?? directException(409);
    }
    case 'busy':
      return directException(429);
    case 'unavailable':
      return directException(503);
  }
}

function answerOf(to: string, messageId: string, statusId: number): DirectAnswer {
  return { status: 200, body: JSON.stringify(sendAnswer(to, messageId, statusId)) };
}

/** A sender that another process made a moment ago may send here at once. */
async function justMade(directory: Directory, from: string): Promise<DirectorySender | undefined> {
  await directory.refresh();
  return directory.senderOf(from);
}

async function toMessage(
  { clock, directory, urls, platforms }: MessageParts,
  { type, caller, trace }: Sending,
  request: SendRequest,
): Promise<NewMessage> {
  const { account, username } = caller;
  const { from, to, messageId, content, notifyUrl } = request;
  const sender = directory.senderOf(from) ?? (await justMade(directory, from));
  const isOwn = sender !== undefined && sender.account === account.id;
  const destination = destinationOf(to);
  const platform = isOwn ? withAssociation(request, associationOf(sender)) : request;
  const unknown = platforms.ensure(account.id, platform);
  if (unknown !== undefined) await unknown;
  const message: NewMessage = {
    id: uuidv7(clock.now()),
    account: account.id,
    lane: isOwn ? sender.id : 0,
    endpoint: notifyUrl === undefined ? null : await urls.endpointOf(account.id, notifyUrl),
    messageId: messageId ?? null,
    sender: from,
    recipient: to,
    type: type.type,
    content: JSON.stringify(content ?? {}),
    envelope: writeEnvelope(envelopeOf(request, platform, { username, trace })),
  };
  if (!isOwn) message.refusal = { statusId: StatusId.rejectedSource, errorId: ErrorId.invalidSource };
  else if (destination === undefined) {
    message.refusal = { statusId: StatusId.rejectedDestination, errorId: ErrorId.invalidDestination };
  } else message.recipient = destination.kind === 'phone' ? destination.digits : destination.id;
  if (!type.isSendable) {
    message.refusal ??= { statusId: StatusId.rejectedRouteNotAvailable, errorId: ErrorId.serviceNotActivated };
  }
  if (message.refusal !== undefined) message.lane = 0;
  return message;
}

/** What a sender is associated with. */
export function associationOf({ applicationId, entityId }: DirectorySender): NamedPlatform {
  return { applicationId: applicationId ?? undefined, entityId: entityId ?? undefined };
}

function envelopeOf(
  { callbackData, notifyUrl, context, urlOptions }: SendRequest,
  { applicationId, entityId }: NamedPlatform,
  { username, trace }: { username: string | undefined; trace: string | undefined },
): Envelope {
  const envelope: Envelope = {};
  if (callbackData !== undefined) envelope.callbackData = callbackData;
  if (notifyUrl !== undefined) envelope.notifyUrl = notifyUrl;
  if (applicationId !== undefined) envelope.applicationId = applicationId;
  if (entityId !== undefined) envelope.entityId = entityId;
  if (context !== undefined) envelope.replyTo = context.replyToMessageId;
  if (urlOptions !== undefined) envelope.urlOptions = urlOptions;
  if (username !== undefined) envelope.user = username;
  if (trace !== undefined) envelope.trace = trace;
  return envelope;
}
