// /endpoints: where reports go, whether they arrive, and how to start again after a stop.

import { withNull } from '../../contract/openapi-schemas.js';
import { refuse } from '../../manage/refusal.js';
import { type EndpointRow, enableEndpoint, findEndpoint, pageEndpoints } from '../../store/endpoints.js';
import type { AdminParts } from './parts.js';
import { accountIdOf, defineRoute, listOfAccounts, lists, type Route, shows, timeOf } from './route.js';

const ENDPOINT_ID = /^[1-9][0-9]{0,8}$/;

const EXAMPLE = {
  id: 7,
  accountId: 'demo',
  origin: 'https://hooks.example',
  profile: '',
  failures: 3,
  downSince: '2026-01-31T12:00:00.000Z',
  downReason: 'HTTP 503',
  nextProbeAt: '2026-01-31T12:02:00.000Z',
  disabledAt: '2026-01-31T12:02:00.000Z',
  waiting: 0,
  retrying: 0,
  dead: 0,
  createdAt: '2026-01-31T12:00:00.000Z',
};
const UP = withNull(EXAMPLE, 'downSince', 'downReason', 'nextProbeAt', 'disabledAt');

/** The endpoints of endpoints. */
export function endpointRoutes(parts: AdminParts): Route[] {
  const { database } = parts;
  return [
    listOfAccounts(
      parts,
      { url: '/endpoints', summary: 'List endpoints and whether reports arrive there', answers: lists(EXAMPLE, UP) },
      (account, slice) => pageEndpoints(database, account, slice),
      (row) => show(parts, row),
    ),
    defineRoute({
      method: 'POST',
      url: '/endpoints/:id/enable',
      summary: 'Start posting to an endpoint again',
      answers: shows(200, 'The endpoint', UP, EXAMPLE),
      async handle({ caller, param }) {
        const id = ENDPOINT_ID.test(param('id')) ? Number(param('id')) : undefined;
        if (id === undefined || (await findEndpoint(database, caller.account, id)) === undefined)
          return refuse('notFound', 'no such endpoint');
        await enableEndpoint(database, id);
        const row = await findEndpoint(database, caller.account, id);
        return row === undefined ? refuse('notFound', 'no such endpoint') : { status: 200, body: show(parts, row) };
      },
    }),
  ];
}

function show(parts: AdminParts, row: EndpointRow): object {
  const { id, origin, profile, failures, downReason, waiting, retrying, dead } = row;
  return {
    id,
    accountId: accountIdOf(parts, row.account),
    origin,
    profile,
    failures,
    downSince: timeOf(row.downSince),
    downReason,
    nextProbeAt: timeOf(row.nextProbeAt),
    disabledAt: timeOf(row.disabledAt),
    waiting,
    retrying,
    dead,
    createdAt: timeOf(row.createdAt),
  };
}
