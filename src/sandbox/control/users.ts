// The users: what they are like, and what they send.
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { normalisePhone } from '../graph/messages.js';
import { newWamid } from '../ids.js';
import type { BusinessNumber, Message, User } from '../records.js';
import { inboundUpdate } from '../updates.js';
import type { World } from '../world.js';
import { ControlError, parseBody, textParam } from './answer.js';
import { createInboundCheck, type InboundFragment } from './inbound.js';
import type { ControlParts } from './parts.js';

const UNREAD_MAX = 1000;

const ProfileName = Type.String({ minLength: 1, maxLength: 512 });
const UserPatch = Compile(
  Type.Object(
    {
      exists: Type.Optional(Type.Boolean()),
      online: Type.Optional(Type.Boolean()),
      readReceipts: Type.Optional(Type.Boolean()),
      blocked: Type.Optional(Type.Boolean()),
      profileName: Type.Optional(ProfileName),
    },
    { additionalProperties: false },
  ),
);
const Routing = Compile(
  Type.Object({
    phoneNumberId: Type.Optional(Type.String({ minLength: 1 })),
    profileName: Type.Optional(ProfileName),
  }),
);

/** Registers `PUT /users/{number}` and `POST /users/{number}/messages`. */
export function registerUsers(app: FastifyInstance, parts: ControlParts): void {
  const { world } = parts;
  const checkFragment = createInboundCheck();
  app.put('/users/:number', (request) => {
    const number = normalisePhone(textParam(request.params, 'number') ?? '');
    if (number === undefined) throw new ControlError(400, 'must be a phone number with country code', 'number');
    const user: User = { ...world.userOf(number), ...parseBody(UserPatch, request.body) };
    const wasOnline = world.userOf(number).online;
    world.users.put(number, user);
    if (user.online && !wasOnline) parts.progress.cameOnline(number);
    return view(user);
  });
  app.post('/users/:number/messages', (request, reply) => {
    const number = normalisePhone(textParam(request.params, 'number') ?? '');
    const user = number === undefined ? undefined : world.userOf(number);
    if (user?.exists !== true) throw new ControlError(404, 'no such user', 'number');
    const { phoneNumberId, profileName } = parseBody(Routing, request.body);
    const { phoneNumberId: _id, profileName: _name, ...fragment } = toObject(request.body);
    const checked = checkFragment(fragment);
    const to = numberFor(world, user, phoneNumberId);
    return reply
      .code(201)
      .send({ id: receive(parts, { ...user, profileName: profileName ?? user.profileName }, to, checked) });
  });
}

function view({ number, exists, online, readReceipts, blocked, profileName }: User): Partial<User> {
  return { number, exists, online, readReceipts, blocked, profileName };
}

/** The number given, else the one last in touch with the user, else the only one. */
function numberFor(world: World, user: User, given: string | undefined): BusinessNumber {
  if (given !== undefined) {
    const number = world.numbers.get(given);
    if (number === undefined) throw new ControlError(404, 'no such number', 'phoneNumberId');
    return number;
  }
  const last = user.lastPhoneNumberId === null ? undefined : world.numbers.get(user.lastPhoneNumberId);
  const only = world.numbers.size === 1 ? world.numbers.values().next().value : undefined;
  const number = last ?? only;
  if (number === undefined)
    throw new ControlError(400, 'required: the user was in touch with no number', 'phoneNumberId');
  return number;
}

function receive(parts: ControlParts, user: User, number: BusinessNumber, fragment: InboundFragment): string {
  const { world } = parts;
  world.users.put(user.number, { ...user, lastPhoneNumberId: number.phoneNumberId });
  const message = newInbound(world, user, number, fragment);
  world.addMessage(message);
  const pair = world.openWindow(number.phoneNumberId, user.number);
  pair.unread.push(message.id);
  if (pair.unread.length > UNREAD_MAX) pair.unread.shift();
  parts.pace.countInbound(number);
  parts.callbacks.publish(inboundUpdate(world, message));
  return message.id;
}

function newInbound(world: World, user: User, number: BusinessNumber, fragment: InboundFragment): Message {
  const settings = world.settings();
  const seq = settings.nextMessageSeq;
  settings.nextMessageSeq += 1;
  world.saveSettings();
  const quoted = fragment.context;
  const context =
    quoted === undefined ? {} : { context: { from: world.messageOf(quoted.id)?.from ?? number.number, id: quoted.id } };
  return {
    seq,
    id: newWamid('in', user.number),
    direction: 'in',
    from: user.number,
    to: number.number,
    phoneNumberId: number.phoneNumberId,
    type: fragment.type,
    payload: { ...fragment, ...context },
    bizOpaque: null,
    acceptedAt: world.clock.now(),
    graphMajor: 0,
    statuses: [],
    plan: [],
    nextAt: null,
    failure: null,
  };
}

function toObject(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null ? { ...body } : {};
}
