// /flows: what is known of flows, and what Meta's monitoring told of them (Meta 2.8).

import { withNull } from '../../contract/openapi-schemas.js';
import { type KnownFlow, pageFlows } from '../../store/flows.js';
import type { AdminParts } from './parts.js';
import { accountIdOf, listOfAccounts, lists, type Route, timeOf } from './route.js';

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
    listOfAccounts(
      parts,
      {
        url: '/flows',
        summary: 'List the flows that are known, their states and the newest alerts of Meta',
        answers: lists(EXAMPLE, withNull(EXAMPLE, 'name', 'status', 'statusToldAt')),
      },
      (account, slice) => pageFlows(parts.database, account, slice),
      (row) => show(parts, row),
    ),
  ];
}

function show(parts: AdminParts, row: KnownFlow): object {
  const { wabaId, id, name, status, statusAt, alerts } = row;
  const told = statusAt === 0 ? null : timeOf(statusAt);
  return { id, accountId: accountIdOf(parts, row.account), wabaId, name, status, statusToldAt: told, alerts };
}
