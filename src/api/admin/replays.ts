// /replays: sends reports once more.
import { type Static, Type } from 'typebox';
import { isRefusal, type Refusal } from '../../manage/refusal.js';
import { REPLAY_PER_SECOND, type ReplayWish, replay } from '../../manage/replay.js';
import { findEndpoint } from '../../store/endpoints.js';
import { accountIdField, instant, instantOf, integer, text, texts } from './fields.js';
import type { AdminParts, Caller } from './parts.js';
import { type FieldError, type Problem, problemOf } from './problem.js';
import { accountFor, defineRoute, type Route, shows, wrongFields } from './route.js';

const IDS_MAX = 5_000;
const ID_LENGTH_MAX = 255;
const PER_SECOND_MAX = 1_000;
const ENDPOINT_ID_MAX = 2_147_483_647;

const body = Type.Object({
  ...accountIdField,
  messageIds: Type.Optional(texts(IDS_MAX, ID_LENGTH_MAX)),
  eventIds: Type.Optional(texts(IDS_MAX, ID_LENGTH_MAX)),
  endpointId: Type.Optional(integer(1, ENDPOINT_ID_MAX)),
  profileId: Type.Optional(text(ID_LENGTH_MAX)),
  subscriptionId: Type.Optional(text(ID_LENGTH_MAX)),
  from: Type.Optional(instant),
  to: Type.Optional(instant),
  requestsPerSecond: Type.Optional(integer(1, PER_SECOND_MAX)),
  deadOnly: Type.Optional(Type.Boolean({ says: 'must be true or false' })),
});

type Body = Static<typeof body>;

/** The endpoints of replays. */
export function replayRoutes(parts: AdminParts): Route[] {
  return [
    defineRoute({
      method: 'POST',
      url: '/replays',
      summary: 'Send reports once more',
      body,
      example: { messageIds: ['order-77'] },
      answers: shows(202, 'They are on their way', { reports: 12, isComplete: true }),
      async handle({ caller, body }) {
        const wish = wishOf(body, parts.clock.now());
        if ('title' in wish) return wish;
        const owner = await ownerOf(parts, caller, body);
        if ('refusal' in owner) return owner;
        const { database, clock } = parts;
        const result = await replay(
          {
            database,
            clock,
            account: owner.account,
            deadOnly: body.deadOnly ?? false,
            requestsPerSecond: body.requestsPerSecond ?? REPLAY_PER_SECOND,
          },
          wish,
        );
        return isRefusal(result) ? problemOf(result) : { status: 202, body: result };
      },
    }),
  ];
}

/** An endpoint names its account; otherwise an admin key must. */
async function ownerOf(
  parts: AdminParts,
  caller: Caller,
  { accountId, endpointId }: Body,
): Promise<{ account: number } | Refusal> {
  if (caller.account === null && accountId === undefined && endpointId !== undefined) {
    const endpoint = await findEndpoint(parts.database, null, endpointId);
    if (endpoint !== undefined) return endpoint;
  }
  return accountFor(parts, caller, accountId);
}

function wishOf(given: Body, now: number): ReplayWish | Problem {
  const { messageIds, eventIds, endpointId, profileId, subscriptionId, from, to } = given;
  const places = [endpointId, profileId, subscriptionId].filter((place) => place !== undefined).length;
  if (places > 1) return wrongFields([{ field: '', message: 'give one of endpointId, profileId and subscriptionId' }]);
  const isStretch = places > 0 || from !== undefined || to !== undefined;
  const ways = [messageIds !== undefined, eventIds !== undefined, isStretch].filter(Boolean).length;
  if (ways !== 1)
    return wrongFields([
      {
        field: '',
        message: 'give one of messageIds, eventIds, or a place (endpointId, profileId or subscriptionId), from and to',
      },
    ]);
  if (messageIds !== undefined) return { messageIds };
  if (eventIds !== undefined) return { eventIds };
  const fromAt = from === undefined ? 0 : instantOf(from);
  const toAt = to === undefined ? now : instantOf(to);
  const errors = wrongTimes(from, places > 0, fromAt, toAt);
  if (errors.length > 0) return wrongFields(errors);
  return { place: { endpointId, profileId, subscriptionId }, from: fromAt, to: toAt };
}

function wrongTimes(from: string | undefined, hasPlace: boolean, fromAt: number, toAt: number): FieldError[] {
  const noDate = 'is no date of the calendar';
  return [
    ...(from === undefined && !hasPlace ? [{ field: 'from', message: 'is required without endpointId' }] : []),
    ...(Number.isNaN(fromAt) ? [{ field: 'from', message: noDate }] : []),
    ...(Number.isNaN(toAt) ? [{ field: 'to', message: noDate }] : []),
    ...(fromAt > toAt ? [{ field: 'to', message: 'must not be before from' }] : []),
  ];
}
