// POST /{phone-number-id}/messages: sends a message, or marks inbound ones as read (Meta 1.1-1.4).
import Type, { type TSchema } from 'typebox';
import { checkerOf } from '../checker.js';
import { newWamid } from '../ids.js';
import type { MediaExaminer } from '../media/examine.js';
import type { Pace } from '../pace.js';
import { normalisePhone } from '../phone.js';
import type { ProgressEngine } from '../progress.js';
import type { BusinessNumber, MediaUse, Message } from '../records.js';
import type { World } from '../world.js';
import { type GraphAnswer, type GraphCall, notFound, ownNumber, refuse } from './call.js';
import type { Refusal } from './errors.js';
import { markAsRead } from './mark-as-read.js';
import { META_TYPES, OUTBOUND_TYPES } from './messages/registry.js';
import type { MediaReference, OutboundType } from './messages/type.js';
import { outcomeOf } from './outcome.js';
import { checkBody, invalidValue, missingParameter, unexpectedKey, wrongType } from './schema.js';
import type { MessageTemplate } from './template-send.js';

const USER_ID_PATTERN = '^[A-Z]{2}\\.(ENT\\.)?[0-9A-Za-z]{1,128}$';
const TRACEPARENT_LENGTH_MAX = 128;
const closed = { additionalProperties: false };
const Wamid = Type.String({ minLength: 1, maxLength: 512 });
const ENVELOPE = {
  messaging_product: Type.Literal('whatsapp'),
  recipient_type: Type.Optional(Type.Enum(['individual', 'group'])),
  to: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  recipient: Type.Optional(Type.String({ pattern: USER_ID_PATTERN })),
  context: Type.Optional(Type.Object({ message_id: Wamid }, closed)),
  biz_opaque_callback_data: Type.Optional(Type.String({ maxLength: 512 })),
  recipient_identity_key_hash: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
};

/** What sending needs. */
export interface MessagesParts {
  world: World;
  pace: Pace;
  progress: ProgressEngine;
  examiner: MediaExaminer;
}

/** The route's handler. */
export function createMessagesNode(parts: MessagesParts): (call: GraphCall) => GraphAnswer {
  const types = compileTypes();
  return (call) => {
    const number = ownNumber(parts.world, call);
    if (number === undefined) return notFound(call);
    const body = call.body;
    if (!isObject(body)) return refuse({ code: 100, details: 'The request body must be a JSON object.' });
    if (body.status !== undefined) return markAsRead(parts.world, call, number);
    const name = body.type ?? 'text';
    const type = findType(types, name, body);
    if (!('validator' in type)) return refuse(type);
    const { validator } = type;
    if (!validator.Check(body)) return refuse(checkBody(validator, body) ?? { code: 100 });
    if (type.canQuote === false && body.context !== undefined) return refuse(unexpectedKey('context', ''));
    const value: unknown = Reflect.get(body, type.name);
    const refusal = type.check?.(value, parts.world.clock.now()) ?? null;
    if (refusal !== null) return refuse(refusal);
    const template = type.registered?.(parts.world, number, value, call.major);
    if (template !== undefined && 'code' in template) return refuse(template);
    const shut = type.admit?.(parts.world, number, value) ?? null;
    if (shut !== null) return refuse(shut);
    return send(parts, call, number, { body: { ...body, type: type.name }, type, template });
  };
}

interface CompiledType extends OutboundType {
  validator: ReturnType<typeof compile>;
}

function compileTypes(): Map<string, CompiledType> {
  return new Map(OUTBOUND_TYPES.map((type) => [keyOf(type.name, type.variant), { ...type, validator: compile(type) }]));
}

function keyOf(name: string, variant: string | undefined): string {
  return variant === undefined ? name : `${name}:${variant}`;
}

function compile(type: OutboundType) {
  const properties: Record<string, TSchema> = { [type.name]: type.schema };
  return checkerOf(Type.Object({ ...ENVELOPE, type: Type.Optional(Type.Literal(type.name)), ...properties }, closed));
}

/** The type that the body names; for interactive messages that is the type of the interactive object. */
function findType(types: Map<string, CompiledType>, name: unknown, body: Record<string, unknown>) {
  if (typeof name !== 'string') return wrongType('type', 'a string');
  const plain = types.get(name);
  if (plain !== undefined) return plain;
  if (!META_TYPES.has(name)) return invalidValue('type', `must be one of ${[...META_TYPES].join(', ')}`);
  const { interactive } = body;
  if (interactive === undefined) return missingParameter('interactive');
  if (!isObject(interactive)) return wrongType('interactive', 'an object');
  if (interactive.type === undefined) return missingParameter("interactive['type']");
  if (typeof interactive.type !== 'string') return wrongType("interactive['type']", 'a string');
  return types.get(keyOf(name, interactive.type)) ?? unknownVariant(types);
}

function unknownVariant(types: Map<string, CompiledType>): Refusal {
  const variants = [...types.values()].flatMap((type) => type.variant ?? []);
  return invalidValue("interactive['type']", `must be one of ${variants.join(', ')}`);
}

type Envelope = Type.Static<Type.TObject<typeof ENVELOPE>> & { type: string };

function send(
  parts: MessagesParts,
  call: GraphCall,
  number: BusinessNumber,
  { body, type, template }: { body: Envelope; type: OutboundType; template: MessageTemplate | undefined },
): GraphAnswer {
  const { world, pace } = parts;
  const user = recipientOf(world, body);
  if (typeof user !== 'string') return refuse(user);
  if (user === number.number)
    return refuse({ code: 131021, details: 'Recipient phone number and sender phone number cannot be the same.' });
  const uses = type.media === undefined ? [] : usesOf(parts, number, type.media(Reflect.get(body, type.name)));
  if (!Array.isArray(uses)) return refuse(uses);
  const tooFast = pace.take(number, user);
  if (tooFast !== null) return refuse({ code: tooFast, details: RATE_DETAILS[tooFast] });
  const message = newMessage(world, number, user, body, call.major);
  if (uses.length > 0) message.media = uses;
  if (template !== undefined) message.template = template;
  const { traceparent } = call.headers;
  if (typeof traceparent === 'string') message.traceparent = traceparent.slice(0, TRACEPARENT_LENGTH_MAX);
  world.addMessage(message);
  const known = world.userOf(user);
  if (known.lastPhoneNumberId !== number.phoneNumberId) {
    world.users.put(user, { ...known, lastPhoneNumberId: number.phoneNumberId });
  }
  endTyping(world, number, user);
  const failure = outcomeOf(world, message, known);
  if (failure === null && uses.length > 0) parts.examiner.begin(message);
  else parts.progress.begin(message, failure);
  const contact =
    body.to === undefined ? { input: body.recipient, user_id: body.recipient } : { input: body.to, wa_id: user };
  const accepted = template === undefined ? { id: message.id } : { id: message.id, message_status: 'accepted' };
  return { body: { messaging_product: 'whatsapp', contacts: [contact], messages: [accepted] } };
}

/** A message ends the typing bubble (Meta 1.3). */
function endTyping(world: World, { phoneNumberId }: BusinessNumber, user: string): void {
  const pair = world.pairs.get(`${phoneNumberId}:${user}`);
  if (pair?.typingUntil === undefined) return;
  delete pair.typingUntil;
  world.pairs.put(`${phoneNumberId}:${user}`, pair);
}

/** The files of a message, or a refusal for an id that is not the WABA's. */
function usesOf(
  { examiner }: MessagesParts,
  number: BusinessNumber,
  references: readonly MediaReference[],
): MediaUse[] | Refusal {
  const uses: MediaUse[] = [];
  for (const { path, kind, id = null, link = null, isVoice = false } of references) {
    if (id !== null && examiner.find(number, id) === undefined) {
      return {
        code: 100,
        message: `(#100) Param ${path}['id'] is not a valid whatsapp business account media attachment ID`,
        details: `${path}['id'] is not a valid whatsapp business account media attachment ID`,
      };
    }
    uses.push({ path, kind, isVoice, link, mediaId: id });
  }
  return uses;
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

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
