// /flows: what is known of flows, and what Meta's monitoring told of them (Meta 2.8).

import { Type } from 'typebox';
import { withNull } from '../../contract/openapi-schemas.js';
import { isRefusal } from '../../manage/refusal.js';
import { type KnownFlow, pageFlows } from '../../store/flows.js';
import { accountIdField, pagingQuery } from './fields.js';
import type { AdminParts } from './parts.js';
import { accountFilter, accountIdOf, defineRoute, listReply, lists, type Route, sliceOf, timeOf } from './route.js';

const EXAMPLE = {
  id: '1234567890',
  accountId: 'demo',
  wabaId: '441134960000100',
  name: 'Appointment',
  status: 'PUBLISHED',
  statusToldAt: '2026-01-31T12:00:00.000Z',
  alerts: {},
};

/** The endpoint of flows. */
export function flowRoutes(parts: AdminParts): Route[] {
  return [
    defineRoute({
      method: 'GET',
      url: '/flows',
      summary: 'List the flows that are known, their states and the newest alerts of Meta',
      query: Type.Object({ ...pagingQuery, ...accountIdField }),
      answers: lists(EXAMPLE, withNull(EXAMPLE, 'name', 'status', 'statusToldAt')),
      async handle({ caller, query }) {
        const filter = accountFilter(parts, caller, query.accountId);
        if (isRefusal(filter)) return filter;
        const slice = sliceOf(query);
        return listReply(await pageFlows(parts.database, filter.account, slice), slice, (row) => show(parts, row));
      },
    }),
  ];
}

function show(parts: AdminParts, row: KnownFlow): object {
  const { wabaId, id, name, status, statusAt, alerts } = row;
  const told = statusAt === 0 ? null : timeOf(statusAt);
  return { id, accountId: accountIdOf(parts, row.account), wabaId, name, status, statusToldAt: told, alerts };
}
