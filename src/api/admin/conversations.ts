// /conversations: whether a user's customer service window is open, so that a free-form message need not be sent to find out.

import { destinationOf } from '../../contract/messages/wire.js';
import { withNull } from '../../contract/openapi-schemas.js';
import { addDays, dayOf } from '../../lib/day.js';
import { refuse } from '../../manage/refusal.js';
import { findLastCallAt, findLastInboundAt } from '../../store/conversations.js';
import { findSender } from '../../store/senders.js';
import type { AdminParts } from './parts.js';
import { defineRoute, type Route, shows, timeOf } from './route.js';

/** A window is open for so long after each message and each call of the user (Meta 8). */
const WINDOW_MS = 24 * 3_600_000;
/** How far back the last message is looked for. */
const LOOK_BACK_DAYS = 30;

const EXAMPLE = {
  sender: '441134960000',
  user: '441134960001',
  lastInboundAt: '2026-01-31T12:00:00.000Z',
  lastCallAt: '2026-01-31T11:00:00.000Z',
  windowOpenUntil: '2026-02-01T12:00:00.000Z',
  isOpen: true,
};

/** The endpoint of conversations. */
export function conversationRoutes({ database, clock }: AdminParts): Route[] {
  return [
    defineRoute({
      method: 'GET',
      url: '/conversations/:sender/:user',
      summary: 'Tell when a user last wrote to a sender or called it and whether the customer service window is open',
      answers: shows(200, 'The window', EXAMPLE, withNull(EXAMPLE, 'lastInboundAt', 'lastCallAt', 'windowOpenUntil')),
      async handle({ caller, param }) {
        const sender = await findSender(database, caller.account, param('sender'));
        if (sender === undefined) return refuse('notFound', 'no such sender');
        const destination = destinationOf(param('user'));
        if (destination === undefined) return refuse('invalid', 'must be a phone number or a user id', 'user');
        const user = destination.kind === 'phone' ? destination.digits : destination.id;
        const now = clock.now();
        const firstDay = addDays(dayOf(now), -LOOK_BACK_DAYS);
        const lastInboundAt = await findLastInboundAt(database, sender.id, user, firstDay);
        const lastCallAt = await findLastCallAt(database, sender.id, user);
        return {
          status: 200,
          body: { sender: sender.sender, user, ...showWindow({ lastInboundAt, lastCallAt }, now) },
        };
      },
    }),
  ];
}

function showWindow(last: { lastInboundAt: number | undefined; lastCallAt: number | undefined }, now: number): object {
  const { lastInboundAt = null, lastCallAt = null } = last;
  const lastAt = Math.max(lastInboundAt ?? 0, lastCallAt ?? 0);
  const openUntil = lastAt === 0 ? null : lastAt + WINDOW_MS;
  return {
    lastInboundAt: timeOf(lastInboundAt),
    lastCallAt: timeOf(lastCallAt),
    windowOpenUntil: timeOf(openUntil),
    isOpen: openUntil !== null && now < openUntil,
  };
}
