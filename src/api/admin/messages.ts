// /messages/{messageId}: the whole life of a message, by the caller's messageId or by ours.
import { Type } from 'typebox';
import { readMessageLife } from '../../manage/message-life.js';
import { isRefusal } from '../../manage/refusal.js';
import { accountIdField } from './fields.js';
import type { AdminParts } from './parts.js';
import { accountFilter, accountIdOf, defineRoute, type Route } from './route.js';

/** The endpoints of messages. */
export function messageRoutes(parts: AdminParts): Route[] {
  return [
    defineRoute({
      method: 'GET',
      url: '/messages/:messageId',
      summary: 'Read the whole life of a message',
      query: Type.Object(accountIdField),
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
