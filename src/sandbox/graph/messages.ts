// POST /{phone-number-id}/messages: sends a message, or marks inbound ones as read (Meta 1.1-1.4).
import Type, { type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { newWamid } from '../ids.js';
import type { Pace } from '../pace.js';
import type { ProgressEngine } from '../progress.js';
import type { BusinessNumber, Failure, Message } from '../records.js';
import type { World } from '../world.js';
import { type GraphAnswer, type GraphCall, notFound, ownNumber, refuse } from './call.js';
import { type Refusal, titleOf, unknownObject } from './errors.js';
import { META_TYPES, OUTBOUND_TYPES, type OutboundType } from './messages/registry.js';
import { checkBody, invalidValue, missingParameter } from './schema.js';

const USER_ID_PATTERN = '^[A-Z]{2}\\.(ENT\\.)?[0-9A-Za-z]{1,128}$';
const Wamid = Type.String({ minLength: 1, maxLength: 512 });
const ENVELOPE = {
  messaging_product: Type.Literal('whatsapp'),
  recipient_type: Type.Optional(Type.Enum(['individual', 'group'])),
  to: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  recipient: Type.Optional(Type.String({ pattern: USER_ID_PATTERN })),
  context: Type.Optional(Type.Object({ message_id: Wamid }, { additionalProperties: false })),
  biz_opaque_callback_data: Type.Optional(Type.String({ maxLength: 512 })),
  recipient_identity_key_hash: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
};

const MarkAsRead = Compile(
  Type.Object(
    {
      messaging_product: Type.Literal('whatsapp'),
      status: Type.Literal('read'),
      message_id: Wamid,
      typing_indicator: Type.Optional(Type.Object({ type: Type.Literal('text') }, { additionalProperties: false })),
    },
    { additionalProperties: false },
  ),
);

/** What sending needs. */
export interface MessagesParts {
  world: World;
  pace: Pace;
  progress: ProgressEngine;
}

/** The route's handler. */
export function createMessagesNode(parts: MessagesParts): (call: GraphCall) => GraphAnswer {
  const validators = new Map(OUTBOUND_TYPES.map((type) => [type.name, compile(type)]));
  return (call) => {
    const number = ownNumber(parts.world, call);
    if (number === undefined) return notFound(call);
    const body = call.body;
    if (!isObject(body)) return refuse({ code: 100, details: 'The request body must be a JSON object.' });
    if (body.status !== undefined) return markAsRead(parts.world, call, number);
    const type = body.type ?? 'text';
    if (typeof type !== 'string') return refuse({ code: 100, message: '(#100) Param type must be a string.' });
    if (!META_TYPES.has(type)) return refuse(invalidValue('type', `must be one of ${[...META_TYPES].join(', ')}`));
    const validator = validators.get(type);
    if (validator === undefined) return refuse({ code: 131051, details: `Type ${type} is not supported.` });
    if (!validator.Check(body)) return refuse(checkBody(validator, body) ?? { code: 100 });
    return send(parts, call, number, { ...body, type });
  };
}

function compile(type: OutboundType) {
  const properties: Record<string, TSchema> = { [type.name]: type.schema };
  return Compile(
    Type.Object(
      { ...ENVELOPE, type: Type.Optional(Type.Literal(type.name)), ...properties },
      { additionalProperties: false },
    ),
  );
}

type Envelope = Type.Static<Type.TObject<typeof ENVELOPE>> & { type: string };

function send(parts: MessagesParts, call: GraphCall, number: BusinessNumber, body: Envelope): GraphAnswer {
  const { world, pace } = parts;
  const user = recipientOf(world, body);
  if (typeof user !== 'string') return refuse(user);
  if (user === number.number)
    return refuse({ code: 131021, details: 'Recipient phone number and sender phone number cannot be the same.' });
  const tooFast = pace.take(number, user);
  if (tooFast !== null) return refuse({ code: tooFast, details: RATE_DETAILS[tooFast] });
  const message = newMessage(world, number, user, body, call.major);
  world.addMessage(message);
  const known = world.userOf(user);
  if (known.lastPhoneNumberId !== number.phoneNumberId) {
    world.users.put(user, { ...known, lastPhoneNumberId: number.phoneNumberId });
  }
  parts.progress.begin(message, failureOf(world, message, body));
  const contact =
    body.to === undefined ? { input: body.recipient, user_id: body.recipient } : { input: body.to, wa_id: user };
  return { body: { messaging_product: 'whatsapp', contacts: [contact], messages: [{ id: message.id }] } };
}

const RATE_DETAILS = {
  130429:
    'Message failed to send because there were too many messages sent from this phone number in a short period of time.',
  131056:
    'Message failed to send because there were too many messages sent from this phone number to the same phone number in a short period of time.',
} as const;

/** The user's digits; `to` wins over `recipient` (Meta 1.1). */
function recipientOf(world: World, body: Envelope): string | Refusal {
  if (body.to === undefined && body.recipient === undefined) return missingParameter('to');
  if (body.recipient_type === 'group') return { code: 131041, details: 'The group does not exist.' };
  if (body.to !== undefined) {
    return normalisePhone(body.to) ?? invalidValue('to', 'must be a phone number with country code');
  }
  const user = world.numberOfUserId(body.recipient ?? '');
  return user ?? invalidValue('recipient', 'is not a user of this business');
}

/** Digits of a phone number written with `+`, spaces, dashes or parentheses (Meta 1.1); undefined when it is none. */
export function normalisePhone(text: string): string | undefined {
  const digits = text.replace(/^\s*\+/, '').replace(/[\s()-]/g, '');
  return /^[1-9][0-9]{4,14}$/.test(digits) ? digits : undefined;
}

function newMessage(world: World, number: BusinessNumber, user: string, body: Envelope, graphMajor: number): Message {
  const settings = world.settings();
  const seq = settings.nextMessageSeq;
  settings.nextMessageSeq += 1;
  world.saveSettings();
  return {
    seq,
    id: newWamid('out', user),
    direction: 'out',
    from: number.number,
    to: user,
    phoneNumberId: number.phoneNumberId,
    type: body.type,
    payload: body,
    bizOpaque: body.biz_opaque_callback_data ?? null,
    acceptedAt: world.clock.now(),
    graphMajor,
    statuses: [],
    plan: [],
    nextAt: null,
    failure: null,
  };
}

/** What makes an accepted message fail afterwards: the user is unknown, the window is closed, the identity changed. */
function failureOf(world: World, message: Message, body: Envelope): Failure | null {
  if (!world.userOf(message.to).exists)
    return failure(131026, 'Message undeliverable: the recipient is not on WhatsApp.');
  if (body.recipient_identity_key_hash !== undefined) {
    return failure(137000, 'The identity key hash does not match the one of the recipient.');
  }
  const needsWindow = message.type !== 'template';
  if (needsWindow && !world.isWindowOpen(message.phoneNumberId, message.to)) {
    return failure(131047, 'More than 24 hours have passed since the recipient last replied to the sender number.');
  }
  return null;
}

function failure(code: number, details: string): Failure {
  return { code, title: titleOf(code), details };
}

/** Marks the inbound message and the earlier ones of its thread as read (Meta 1.3). A typing indicator is accepted; it has no webhook. */
function markAsRead(world: World, call: GraphCall, number: BusinessNumber): GraphAnswer {
  if (!MarkAsRead.Check(call.body)) return refuse(checkBody(MarkAsRead, call.body) ?? { code: 100 });
  const id = call.body.message_id;
  const message = world.messageOf(id);
  if (message === undefined || message.direction !== 'in' || message.phoneNumberId !== number.phoneNumberId) {
    return refuse(unknownObject(call.method, id));
  }
  const pair = world.pairs.get(`${number.phoneNumberId}:${message.from}`);
  const upTo = pair?.unread.indexOf(id) ?? -1;
  if (pair === undefined || upTo < 0) return { body: { success: true } };
  for (const wamid of pair.unread.splice(0, upTo + 1)) {
    const read = world.messageOf(wamid);
    if (read === undefined) continue;
    read.statuses.push({ status: 'read', at: world.clock.now() });
    world.messages.put(String(read.seq), read);
  }
  world.pairs.put(`${pair.phoneNumberId}:${pair.user}`, pair);
  return { body: { success: true } };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
