// /messages/{messageId}: the whole life of a message, by the caller's messageId or by ours.

import { Type } from 'typebox';
import { withNull } from '../../contract/openapi-schemas.js';
import { readMessageLife } from '../../manage/message-life.js';
import { isRefusal } from '../../manage/refusal.js';
import { accountIdField } from './fields.js';
import type { AdminParts } from './parts.js';
import { accountFilter, accountIdOf, defineRoute, type Route, shows } from './route.js';

const AT = '2026-01-31T12:00:00.000Z';
const ID = '0190d8a2-6c1f-7d35-9f00-5a1b2c3d4e5f';
const EVENT = {
  kind: 'failed',
  attempt: 1,
  at: AT,
  recordedAt: AT,
  wamid: 'wamid.HBgM',
  status: 'UNDELIVERABLE_NOT_DELIVERED',
  error: 'EC_NO_SESSION',
  metaCode: 131047,
  detail: 'Re-engagement message',
};
const ATTEMPT = {
  webhookId: ID,
  attempt: 1,
  results: 1,
  at: AT,
  durationMs: 12,
  httpStatus: 503,
  verdict: 'down',
  error: 'HTTP 503',
  answer: 'busy',
  nextAt: AT,
};
const REPORT = {
  eventId: 'e-1',
  kind: 'DELIVERY',
  endpointId: 7,
  url: 'https://hooks.example/reports',
  state: 'underway',
  at: AT,
  nextAttemptAt: AT,
  deadAt: AT,
  deadReason: 'expired',
  isReplayed: false,
  attempts: [ATTEMPT, withNull(ATTEMPT, 'httpStatus', 'error', 'answer', 'nextAt')],
};
const WAITING = { reason: 'queue', ahead: 3, attempt: 0, dueAt: AT, isInFlight: false };
const EXAMPLE = {
  accountId: 'demo',
  messageId: 'order-77',
  id: ID,
  sender: '441134960000',
  to: '441134960001',
  type: 'text',
  state: 'failed',
  acceptedAt: AT,
  endpointId: 7,
  content: {},
  envelope: {},
  waiting: WAITING,
  events: [EVENT, withNull(EVENT, 'wamid', 'status', 'error', 'metaCode', 'detail')],
  reports: [REPORT, withNull(REPORT, 'url', 'nextAttemptAt', 'deadAt', 'deadReason')],
};

/** The endpoints of messages. */
export function messageRoutes(parts: AdminParts): Route[] {
  return [
    defineRoute({
      method: 'GET',
      url: '/messages/:messageId',
      summary: 'Read the whole life of a message',
      query: Type.Object(accountIdField),
      answers: shows(
        200,
        'Its life',
        EXAMPLE,
        withNull(EXAMPLE, 'sender', 'endpointId', 'content', 'envelope', 'waiting'),
        { ...EXAMPLE, waiting: withNull(WAITING, 'dueAt') },
      ),
      async handle({ caller, param, query }) {
        const filter = accountFilter(parts, caller, query.accountId);
        if (isRefusal(filter)) return filter;
        const life = await readMessageLife(parts.database, filter.account, param('messageId'));
        if (isRefusal(life)) return life;
        const { account, ...shown } = life;
        return { status: 200, body: { accountId: accountIdOf(parts, account), ...shown } };
      },
    }),
  ];
}
