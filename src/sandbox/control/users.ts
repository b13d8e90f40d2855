// The users: what they are like, that they read, and that they change their number.
import type { FastifyInstance } from 'fastify';
import Type, { type Static } from 'typebox';
import { checkerOf } from '../checker.js';
import { normalisePhone } from '../phone.js';
import { type BusinessNumber, type Pair, PhoneDigits, type User } from '../records.js';
import { preferenceUpdate } from '../updates.js';
import { WINDOW_MS, type World } from '../world.js';
import { allowQuery, ControlError, isoTime, parseBody, textParam } from './answer.js';
import type { ControlParts } from './parts.js';
import { receive } from './receive.js';

const closed = { additionalProperties: false };
/** Most users in one list: those that were new last. */
const USERS_MAX = 1000;

/** The name that a user shows. */
export const ProfileName = Type.String({ minLength: 1, maxLength: 512 });
const Text = Type.Union([Type.Null(), Type.String({ minLength: 1, maxLength: 512 })]);
const FailureCode = Type.Union([Type.Null(), Type.Integer({ minimum: 0, maximum: 9_999_999 })]);
const UserPatch = Type.Object(
  {
    exists: Type.Optional(Type.Boolean()),
    online: Type.Optional(Type.Boolean()),
    readReceipts: Type.Optional(Type.Boolean()),
    blocked: Type.Optional(Type.Boolean()),
    profileName: Type.Optional(ProfileName),
    numberHidden: Type.Optional(Type.Boolean()),
    username: Type.Optional(Text),
    identityHash: Type.Optional(Text),
    failWith: Type.Optional(FailureCode),
    refusesMarketing: Type.Optional(Type.Boolean()),
    marketingMax: Type.Optional(Type.Union([Type.Null(), Type.Integer({ minimum: 0, maximum: 1_000_000 })])),
  },
  closed,
);
const UserBody = checkerOf(UserPatch);
const ReadBody = checkerOf(
  Type.Object({ id: Type.Optional(Type.String()), phoneNumberId: Type.Optional(Type.String()) }, closed),
);
const NumberBody = checkerOf(Type.Object({ number: PhoneDigits }, closed));

/** Registers `GET /users`, `GET|PUT /users/{number}`, `POST /users/{number}/read` and `POST /users/{number}/change-number`. */
export function registerUsers(app: FastifyInstance, parts: ControlParts): void {
  const { world } = parts;
  app.get('/users', (request) => {
    allowQuery(request.query, []);
    const known = [...world.users.values()].slice(-USERS_MAX);
    return { users: known.map((user) => userView(world, user)) };
  });
  app.get('/users/:number', (request) => userView(world, world.userOf(numberParam(request.params))));
  app.put('/users/:number', (request) => {
    const number = numberParam(request.params);
    const before = world.userOf(number);
    const user = patched(before, parseBody(UserBody, request.body));
    world.users.put(number, user);
    if (user.online && !before.online) parts.progress.cameOnline(number);
    if ((user.refusesMarketing ?? false) !== (before.refusesMarketing ?? false)) {
      for (const { phoneNumberId } of numbersInTouch(world, user))
        parts.callbacks.publish(preferenceUpdate(world, phoneNumberId, number));
    }
    return userView(world, user);
  });
  app.post('/users/:number/read', (request) => {
    const user = existing(world, numberParam(request.params));
    const { id, phoneNumberId } = parseBody(ReadBody, request.body);
    return { read: readAll(parts, user, id, phoneNumberId) };
  });
  app.post('/users/:number/change-number', (request) => {
    const user = existing(world, numberParam(request.params));
    const { number } = parseBody(NumberBody, request.body);
    if (number === user.number) throw new ControlError(409, 'is the number already', 'number');
    return { ids: changeNumber(parts, user, number), user: userView(world, world.userOf(number)) };
  });
}

function numberParam(params: unknown): string {
  const number = normalisePhone(textParam(params, 'number') ?? '');
  if (number === undefined) throw new ControlError(400, 'must be a phone number with country code', 'number');
  return number;
}

function existing(world: World, number: string): User {
  const user = world.userOf(number);
  if (!user.exists) throw new ControlError(404, 'no such user', 'number');
  return user;
}

/** The user with what was given; null takes an optional property away. */
function patched(user: User, patch: Static<typeof UserPatch>): User {
  const { username, identityHash, failWith, marketingMax, ...rest } = patch;
  const next: User = { ...user, ...rest };
  if (username === null) delete next.username;
  else if (username !== undefined) next.username = username;
  if (identityHash === null) delete next.identityHash;
  else if (identityHash !== undefined) next.identityHash = identityHash;
  if (failWith === null) delete next.failWith;
  else if (failWith !== undefined) next.failWith = failWith;
  if (marketingMax === null) delete next.marketingMax;
  else if (marketingMax !== undefined) next.marketingMax = marketingMax;
  return next;
}

/** A user as the control API shows them, with the numbers that are typing to them. */
export function userView(world: World, user: User): Record<string, unknown> {
  const { number, exists, online, readReceipts, blocked, profileName, numberHidden = false } = user;
  const { username = null, identityHash = null, failWith = null, marketingMax = null, refusesMarketing = false } = user;
  const typing = [...world.pairs.values()].filter(
    (pair) => pair.user === number && (pair.typingUntil ?? 0) > world.clock.now(),
  );
  return {
    number,
    exists,
    online,
    readReceipts,
    blocked,
    profileName,
    numberHidden,
    username,
    identityHash,
    failWith,
    refusesMarketing,
    marketingMax,
    userId: world.userIdOf(number),
    typing: typing.map(({ phoneNumberId, typingUntil = 0 }) => ({ phoneNumberId, until: isoTime(typingUntil) })),
  };
}

/** A business number and a user that were in touch: until when free-form messages may go out, and until when the business types. */
export function pairView({ phoneNumberId, user, lastInboundAt, unread, typingUntil }: Pair): Record<string, unknown> {
  return {
    phoneNumberId,
    user,
    lastInboundAt: isoTime(lastInboundAt),
    windowClosesAt: isoTime(lastInboundAt + WINDOW_MS),
    typingUntil: typingUntil === undefined ? null : isoTime(typingUntil),
    unmarked: unread.length,
  };
}

/** Moves the messages that the user has, up to that of `id`, on to read; returns the ids of those that moved. */
function readAll(parts: ControlParts, user: User, id: string | undefined, phoneNumberId: string | undefined): string[] {
  const last = id === undefined ? undefined : parts.world.messageOf(id);
  if (id !== undefined && last === undefined) throw new ControlError(404, 'no such message', 'id');
  const read: string[] = [];
  for (const message of [...parts.world.messages.values()]) {
    if (message.direction !== 'out' || message.to !== user.number || message.type === 'reaction') continue;
    if (message.awaitsMedia === true || message.seq > (last?.seq ?? Number.POSITIVE_INFINITY)) continue;
    if (message.phoneNumberId !== (last?.phoneNumberId ?? phoneNumberId ?? message.phoneNumberId)) continue;
    if (parts.progress.force(message, 'read', { code: 0, title: '', details: '' })) read.push(message.id);
  }
  return read;
}

/** The old number is no user from now on; every business that the user wrote to is told. Returns the ids of those messages. */
function changeNumber(parts: ControlParts, user: User, number: string): string[] {
  const { world } = parts;
  const ids = [...numbersInTouch(world, user)].map((business) =>
    receive(parts, user, business, { type: 'system', system: systemOf(world, user, number) }),
  );
  world.users.put(number, { ...user, number });
  world.users.put(user.number, { ...world.userOf(user.number), exists: false });
  return ids;
}

/** What the message says; of a hidden number only that the user id is another now (Meta 2.2). */
function systemOf(world: World, user: User, number: string): Record<string, unknown> {
  if (user.numberHidden !== true) {
    const body = `User ${user.profileName} changed from ${user.number} to ${number}`;
    return { body, type: 'user_changed_number', wa_id: number };
  }
  const [previous, next] = [world.userIdOf(user.number), world.userIdOf(number)];
  const body = `User ${user.profileName} changed from ${previous} to ${next}`;
  return { body, type: 'user_changed_user_id', user_id: next, previous_user_id: previous };
}

function numbersInTouch(world: World, user: User): Set<BusinessNumber> {
  const ids = [...world.pairs.values()].filter((pair) => pair.user === user.number).map((pair) => pair.phoneNumberId);
  const numbers = [...ids, user.lastPhoneNumberId ?? ''].flatMap((id) => world.numbers.get(id) ?? []);
  return new Set(numbers);
}
