// WABAs with their numbers and their app: how a sandbox is set up.
import type { FastifyInstance } from 'fastify';
import Type, { type Static } from 'typebox';
import { checkerOf } from '../checker.js';
import { newObjectId } from '../ids.js';
import { type App, PhoneDigits, type Waba } from '../records.js';
import { openFirstWindows, type World } from '../world.js';
import { ControlError, isoTime, parseBody, textParam } from './answer.js';
import type { ControlParts } from './parts.js';

const closed = { additionalProperties: false };
const ObjectId = Type.String({ pattern: '^[0-9]{1,32}$' });
const Secret = Type.String({ minLength: 1, maxLength: 512 });
const NUMBERS_MAX = 1000;
const THROUGHPUT_DEFAULT = 80;
const THROUGHPUT_MAX = 100_000;

const WabaSpec = Type.Object(
  {
    wabaId: Type.Optional(ObjectId),
    numbers: Type.Array(
      Type.Object(
        {
          number: PhoneDigits,
          phoneNumberId: Type.Optional(ObjectId),
          throughput: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: THROUGHPUT_MAX })),
        },
        closed,
      ),
      { minItems: 1, maxItems: NUMBERS_MAX },
    ),
    app: Type.Object(
      {
        appId: Type.Optional(ObjectId),
        appSecret: Secret,
        verifyToken: Secret,
        callbackUrl: Type.String({ minLength: 1, maxLength: 2048 }),
        token: Type.String({ pattern: '^[!-~]{1,512}$' }),
      },
      closed,
    ),
    openFor: Type.Optional(Type.Array(PhoneDigits, { maxItems: NUMBERS_MAX })),
  },
  closed,
);
type WabaSpec = Static<typeof WabaSpec>;

const WabaBody = checkerOf(WabaSpec);

/** Registers `POST /wabas`, `PUT /wabas/{wabaId}` and `GET /state`. */
export function registerWabas(app: FastifyInstance, parts: ControlParts): void {
  const { world } = parts;
  app.post('/wabas', (request, reply) => {
    const spec = parseBody(WabaBody, request.body);
    checkUrl(spec.app.callbackUrl);
    const same = findSame(world, spec);
    if (same !== undefined) return wabaView(world, same);
    refuseTaken(world, spec, undefined);
    return reply.code(201).send(wabaView(world, put(parts, spec, undefined)));
  });
  app.put('/wabas/:wabaId', (request, reply) => {
    const wabaId = textParam(request.params, 'wabaId');
    const spec = parseBody(WabaBody, request.body);
    checkUrl(spec.app.callbackUrl);
    if (spec.wabaId !== undefined && spec.wabaId !== wabaId)
      throw new ControlError(400, 'differs from the path', 'wabaId');
    const named = parseBody(WabaBody, { ...spec, wabaId });
    const old = world.wabas.get(wabaId ?? '');
    if (old !== undefined && findSame(world, named) === old) {
      openFirstWindows(world, old);
      return wabaView(world, old);
    }
    refuseTaken(world, named, old);
    return reply.code(old === undefined ? 201 : 200).send(wabaView(world, put(parts, named, old)));
  });
  app.get('/state', () => ({
    now: isoTime(world.clock.now()),
    window: world.settings().window,
    progress: world.settings().progress,
    reviews: world.settings().reviews,
    messages: world.messages.size,
    webhooks: { kept: world.webhooks.size, waiting: countWaiting(world) },
    wabas: [...world.wabas.values()].map((waba) => wabaView(world, waba)),
  }));
}

function countWaiting(world: World): number {
  let waiting = 0;
  for (const webhook of world.webhooks.values()) if (webhook.state === 'waiting') waiting += 1;
  return waiting;
}

function checkUrl(text: string): void {
  const protocol = URL.canParse(text) ? new URL(text).protocol : '';
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new ControlError(400, 'must be an http(s) URL', 'app.callbackUrl');
}

/** The WABA that already is what the request asks for, so that asking again after a restart changes nothing. */
function findSame(world: World, spec: WabaSpec): Waba | undefined {
  const owner = [...world.numbers.values()].find((number) => number.number === spec.numbers[0]?.number)?.wabaId;
  const waba = world.wabas.get(spec.wabaId ?? owner ?? '');
  const app = waba === undefined ? undefined : world.apps.get(waba.appToken);
  if (waba === undefined || app === undefined || waba.phoneNumberIds.length !== spec.numbers.length) return undefined;
  const known = waba.phoneNumberIds.map((id) => world.numbers.get(id));
  const isSame =
    isSameApp(app, spec.app) &&
    spec.numbers.every((wanted) =>
      known.some(
        (number) =>
          number?.number === wanted.number &&
          (wanted.phoneNumberId ?? number.phoneNumberId) === number.phoneNumberId &&
          (wanted.throughput ?? THROUGHPUT_DEFAULT) === number.throughput,
      ),
    ) &&
    [...(spec.openFor ?? [])].sort().join() === [...waba.openFor].sort().join();
  return isSame ? waba : undefined;
}

function isSameApp(app: App, spec: WabaSpec['app']): boolean {
  return (
    (spec.appId ?? app.appId) === app.appId &&
    spec.appSecret === app.appSecret &&
    spec.verifyToken === app.verifyToken &&
    spec.callbackUrl === app.callbackUrl &&
    spec.token === app.token
  );
}

/** 409 when a number, an id or a token belongs to something else already; `old` is what the request replaces. */
function refuseTaken(world: World, spec: WabaSpec, old: Waba | undefined): void {
  if (spec.wabaId !== undefined && old === undefined && world.wabas.get(spec.wabaId) !== undefined) {
    throw new ControlError(409, 'exists with other data', 'wabaId');
  }
  const others = [...world.numbers.values()].filter((number) => number.wabaId !== old?.wabaId);
  spec.numbers.forEach((wanted, index) => {
    const twin = spec.numbers
      .slice(0, index)
      .find(
        (earlier) =>
          earlier.number === wanted.number ||
          (wanted.phoneNumberId !== undefined && earlier.phoneNumberId === wanted.phoneNumberId),
      );
    if (twin !== undefined) throw new ControlError(400, 'given twice', `numbers.${index}`);
    if (others.some((other) => other.number === wanted.number))
      throw new ControlError(409, 'belongs to another WABA', `numbers.${index}.number`);
    if (others.some((other) => other.phoneNumberId === wanted.phoneNumberId))
      throw new ControlError(409, 'belongs to another number', `numbers.${index}.phoneNumberId`);
  });
  const app = world.apps.get(spec.app.token);
  const isShared = [...world.wabas.values()].some((waba) => waba !== old && waba.appToken === spec.app.token);
  if (app !== undefined && isShared && !isSameApp(app, spec.app))
    throw new ControlError(409, 'is the token of another app', 'app.token');
}

function put(parts: ControlParts, spec: WabaSpec, old: Waba | undefined): Waba {
  const { world } = parts;
  const wabaId = spec.wabaId ?? newObjectId();
  const known = [...world.numbers.values()].filter((number) => number.wabaId === wabaId);
  const numbers = spec.numbers.map((wanted) => ({
    number: wanted.number,
    phoneNumberId:
      wanted.phoneNumberId ?? known.find((each) => each.number === wanted.number)?.phoneNumberId ?? newObjectId(),
    wabaId,
    throughput: wanted.throughput ?? THROUGHPUT_DEFAULT,
  }));
  for (const number of known) world.numbers.delete(number.phoneNumberId);
  for (const number of numbers) world.numbers.put(number.phoneNumberId, number);
  const { token } = spec.app;
  world.apps.put(token, { ...spec.app, appId: spec.app.appId ?? world.apps.get(token)?.appId ?? newObjectId() });
  const waba: Waba = {
    wabaId,
    appToken: token,
    phoneNumberIds: numbers.map((number) => number.phoneNumberId),
    openFor: [...new Set(spec.openFor ?? [])],
    subscribed: true,
    override: old?.override ?? null,
  };
  world.wabas.put(wabaId, waba);
  if (
    old !== undefined &&
    old.appToken !== token &&
    ![...world.wabas.values()].some((each) => each.appToken === old.appToken)
  ) {
    world.apps.delete(old.appToken);
  }
  openFirstWindows(world, waba);
  parts.callbacks.rebuild();
  return waba;
}

/** A WABA as the control API shows it, with its numbers and its app. */
export function wabaView(world: World, waba: Waba): Record<string, unknown> {
  const numbers = waba.phoneNumberIds.flatMap((id) => world.numbers.get(id) ?? []);
  return {
    wabaId: waba.wabaId,
    numbers: numbers.map(({ number, phoneNumberId, throughput }) => ({ number, phoneNumberId, throughput })),
    app: world.apps.get(waba.appToken),
    openFor: waba.openFor,
    subscribed: waba.subscribed,
  };
}
