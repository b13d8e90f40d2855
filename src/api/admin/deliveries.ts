// /deliveries: POSTs to customers as they went, one with all its tries, and a test that takes the same way.

import { type Static, Type } from 'typebox';
import { withNull } from '../../contract/openapi-schemas.js';
import { dayOf } from '../../lib/day.js';
import { isUuid } from '../../lib/id.js';
import { testDelivery } from '../../manage/delivery-test.js';
import { isRefusal, type Refusal, refuse } from '../../manage/refusal.js';
import { type DeliveryFilter, type DeliveryRow, readDeliveries, readDelivery } from '../../store/deliveries.js';
import { allEndpointIds, type EndpointRow, endpointIds, findEndpoint } from '../../store/endpoints.js';
import { REPORT_KIND_NAMES } from '../../store/reports.js';
import { accountIdField, instant, instantOf, text, urlText } from './fields.js';
import type { AdminParts, Caller } from './parts.js';
import type { Problem } from './problem.js';
import {
  accountFilter,
  accountFor,
  accountIdOf,
  defineRoute,
  type Route,
  shows,
  timeOf,
  wrongFields,
} from './route.js';

const DAY_MS = 86_400_000;
const SIZE = 20;
const ENDPOINT_ID = '^[1-9][0-9]{0,8}$';
const CURSOR = /^(\d{1,15})-(\d{1,5})-([0-9a-f-]{36})$/;

const query = Type.Object({
  ...accountIdField,
  endpointId: Type.Optional(Type.String({ pattern: ENDPOINT_ID, says: 'must be the id of an endpoint' })),
  verdict: Type.Optional(
    Type.Enum(['delivered', 'refused', 'down', 'gone'], { says: 'must be delivered, refused, down or gone' }),
  ),
  from: Type.Optional(instant),
  to: Type.Optional(instant),
  size: Type.Optional(
    Type.String({ pattern: '^([1-9][0-9]{0,2}|1000)$', says: 'must be a whole number from 1 to 1000' }),
  ),
  after: Type.Optional(Type.String({ pattern: CURSOR.source, says: 'must be the next of a page before' })),
});
type Query = Static<typeof query>;

const ATTEMPT = {
  webhookId: '0190d8a2-6c1f-7d35-9f00-5a1b2c3d4e5f',
  attempt: 1,
  results: 1,
  at: '2026-01-31T12:00:00.000Z',
  durationMs: 12,
  httpStatus: 503,
  verdict: 'down',
  error: 'HTTP 503',
  answer: 'busy',
  nextAt: '2026-01-31T12:02:00.000Z',
  endpointId: 7,
  kind: 'DELIVERY',
};
const DONE = withNull(ATTEMPT, 'httpStatus', 'error', 'answer', 'nextAt', 'kind');
const PLACE = { endpointId: 7, accountId: 'demo', origin: 'https://hooks.example', profileId: 'p-main' };
const UNNAMED = withNull(PLACE, 'profileId');
const REQUEST = {
  webhookId: ATTEMPT.webhookId,
  ...PLACE,
  kind: 'DELIVERY',
  results: 1,
  url: 'https://hooks.example/reports',
  state: 'waiting',
  nextAttemptAt: '2026-01-31T12:02:00.000Z',
  attempts: [ATTEMPT],
};
const ENDED = { ...withNull(REQUEST, 'kind', 'url', 'nextAttemptAt'), ...UNNAMED, attempts: [DONE] };
const TEST = {
  eventId: 'test-0190d8a2-6c1f-7d35-9f00-5a1b2c3d4e5f',
  result: 'SUCCESS',
  url: 'https://hooks.example/reports',
  ...PLACE,
  downReason: 'HTTP 503',
};
const TESTED = { ...TEST, delivery: ATTEMPT };
const TESTED_AT_ONCE = { ...TEST, ...UNNAMED, downReason: null, delivery: DONE };
const page = (...results: object[]): object => ({
  results,
  paging: { size: SIZE, next: '1769860800000-1-0190d8a2-6c1f-7d35-9f00-5a1b2c3d4e5f' },
});

/** The endpoints of deliveries. */
export function deliveryRoutes(parts: AdminParts): Route[] {
  const { database } = parts;
  return [
    defineRoute({
      method: 'GET',
      url: '/deliveries',
      summary: 'List POSTs to customers, newest first; those of the last 24 hours unless from says otherwise',
      query,
      answers: shows(200, 'One page', page(ATTEMPT, DONE), { results: [], paging: { size: SIZE, next: null } }),
      async handle({ caller, query }) {
        const filter = await filterOf(parts, caller, query);
        if (isRefusal(filter) || 'title' in filter) return filter;
        const size = Number(query.size ?? SIZE);
        const rows = await readDeliveries(database, filter, size + 1);
        const shown = rows.slice(0, size);
        const last = rows.length > size ? shown[size - 1] : undefined;
        const next = last === undefined ? null : `${last.at}-${last.attempt}-${last.webhookId}`;
        return { status: 200, body: { results: shown.map(show), paging: { size, next } } };
      },
    }),
    defineRoute({
      method: 'GET',
      url: '/deliveries/:webhookId',
      summary: 'Show one request to a customer with all its tries',
      answers: shows(200, 'The request', REQUEST, ENDED),
      handle: async ({ caller, param }) => showOne(parts, caller, param('webhookId')),
    }),
    defineRoute({
      method: 'POST',
      url: '/deliveries/test',
      summary: 'Post a test report as real ones are posted, and tell how it went',
      body: Type.Object({ ...accountIdField, url: Type.Optional(urlText), profileId: Type.Optional(text(255)) }),
      example: { url: 'https://hooks.example/reports' },
      answers: [
        ...shows(200, 'How it went', TESTED, TESTED_AT_ONCE),
        ...shows(
          202,
          'It still waits',
          { ...TEST, delivery: null },
          { ...TEST, ...UNNAMED, downReason: null, delivery: null },
        ),
      ],
      async handle({ caller, body }) {
        const owner = accountFor(parts, caller, body.accountId);
        if (isRefusal(owner)) return owner;
        const tested = await testDelivery(parts, owner.account, body);
        if (isRefusal(tested)) return tested;
        const { eventId, url, endpoint, delivery } = tested;
        const result = delivery === undefined ? 'WAITING' : delivery.verdict === 'delivered' ? 'SUCCESS' : 'FAIL';
        const shown = delivery === undefined ? null : show(delivery);
        const where = { url, ...placeOf(parts, endpoint), downReason: endpoint.downReason };
        return { status: delivery === undefined ? 202 : 200, body: { eventId, result, ...where, delivery: shown } };
      },
    }),
  ];
}

async function filterOf(
  parts: AdminParts,
  caller: Caller,
  { accountId, endpointId, verdict, from, to, after }: Query,
): Promise<DeliveryFilter | Refusal | Problem> {
  const owner = accountFilter(parts, caller, accountId);
  if (isRefusal(owner)) return owner;
  const endpoints = await endpointsOf(parts, owner.account, endpointId);
  if (isRefusal(endpoints)) return endpoints;
  const toAt = to === undefined ? parts.clock.now() : instantOf(to);
  const fromAt = from === undefined ? toAt - DAY_MS : instantOf(from);
  const noDate = 'is no date of the calendar';
  const errors = [
    ...(Number.isNaN(toAt) ? [{ field: 'to', message: noDate }] : []),
    ...(from !== undefined && Number.isNaN(fromAt) ? [{ field: 'from', message: noDate }] : []),
    ...(fromAt > toAt ? [{ field: 'to', message: 'must not be before from' }] : []),
  ];
  if (errors.length > 0) return wrongFields(errors);
  // Nothing is older than the oldest partition; a year is more than anybody keeps.
  const oldest = Math.max(fromAt, toAt - 366 * DAY_MS);
  const [, at, attempt, webhookId = ''] = CURSOR.exec(after ?? '') ?? [];
  return {
    endpoints,
    from: fromAt,
    to: toAt,
    fromDay: dayOf(oldest),
    toDay: dayOf(Math.min(toAt, parts.clock.now())),
    verdict: verdict ?? null,
    after: at === undefined || !isUuid(webhookId) ? null : { at: Number(at), attempt: Number(attempt), webhookId },
  };
}

async function endpointsOf(
  { database }: AdminParts,
  account: number | null,
  endpointId: string | undefined,
): Promise<number[] | Refusal> {
  if (endpointId === undefined)
    return account === null ? allEndpointIds(database) : endpointIds(database, account, null);
  const found = await findEndpoint(database, account, Number(endpointId));
  return found === undefined ? refuse('notFound', 'no such endpoint', 'endpointId') : [found.id];
}

async function showOne(
  parts: AdminParts,
  caller: Caller,
  webhookId: string,
): Promise<{ status: number; body: object } | Refusal> {
  const none = refuse('notFound', 'no such delivery');
  if (!isUuid(webhookId)) return none;
  const { attempts, waiting } = await readDelivery(parts.database, webhookId);
  const one = waiting ?? attempts[0];
  if (one === undefined) return none;
  const endpoint = await findEndpoint(parts.database, caller.account, one.endpoint);
  if (endpoint === undefined) return none;
  const last = attempts[attempts.length - 1];
  const body = {
    webhookId,
    ...placeOf(parts, endpoint),
    kind: REPORT_KIND_NAMES.get(one.kind) ?? null,
    results: one.results,
    url: waiting?.url ?? null,
    state: waiting === undefined ? endOf(last) : 'waiting',
    nextAttemptAt: waiting === undefined || endpoint.downSince !== null ? null : timeOf(waiting.dueAt),
    attempts: attempts.map(show),
  };
  return { status: 200, body };
}

/** How a request that waits for nothing ended: one of several results that was refused goes on in two. */
function endOf(last: DeliveryRow | undefined): string {
  if (last?.verdict === 'delivered') return 'delivered';
  return last !== undefined && last.results > 1 ? 'divided' : 'dead';
}

function placeOf(parts: AdminParts, { id, account, origin, profile }: EndpointRow): object {
  return {
    endpointId: id,
    accountId: accountIdOf(parts, account),
    origin,
    profileId: profile === '' ? null : profile,
  };
}

function show({ kind, at, nextAt, endpoint, ...row }: DeliveryRow): object {
  return {
    ...row,
    endpointId: endpoint,
    kind: REPORT_KIND_NAMES.get(kind) ?? null,
    at: timeOf(at),
    nextAt: timeOf(nextAt),
  };
}
