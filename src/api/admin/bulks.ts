// /bulks: messages that wait for their time, by the id of their bulk; they can be cancelled until then.
import { Type } from 'typebox';
import { ErrorId } from '../../contract/errors.js';
import { StatusId } from '../../contract/statuses.js';
import { isRefusal, type Refusal, refuse } from '../../manage/refusal.js';
import { momentOf } from '../../pipeline/template-report.js';
import { type BulkRow, cancelScheduled, findBulks, pageBulks } from '../../store/scheduled.js';
import { accountIdField } from './fields.js';
import type { AdminParts } from './parts.js';
import { accountFilter, accountIdOf, defineRoute, listOfAccounts, lists, type Route, shows, timeOf } from './route.js';

/** Messages of one statement. */
const GROUP_MAX = 1_000;

const EXAMPLE = {
  bulkId: 'spring-sale',
  accountId: 'demo',
  waiting: 9_000,
  nextAt: '2026-01-31T12:00:00.000Z',
  lastAt: '2026-01-31T13:00:00.000Z',
  createdAt: '2026-01-30T12:00:00.000Z',
};

/** The endpoints of bulks. */
export function bulkRoutes(parts: AdminParts): Route[] {
  const { database, clock } = parts;
  const query = Type.Object({ ...accountIdField });
  return [
    listOfAccounts(
      parts,
      { url: '/bulks', summary: 'List bulks of which messages wait for their time', answers: lists(EXAMPLE) },
      (account, slice) => pageBulks(database, account, slice),
      (row) => show(parts, row),
    ),
    defineRoute({
      method: 'GET',
      url: '/bulks/:bulkId',
      summary: 'Tell how much of a bulk waits, and until when',
      query,
      answers: shows(200, 'The bulk', EXAMPLE),
      async handle({ caller, param, query: asked }) {
        const filter = accountFilter(parts, caller, asked.accountId);
        if (isRefusal(filter)) return filter;
        const bulk = await findBulk(parts, filter.account, param('bulkId'));
        return isRefusal(bulk) ? bulk : { status: 200, body: show(parts, bulk) };
      },
    }),
    defineRoute({
      method: 'DELETE',
      url: '/bulks/:bulkId',
      summary: 'Cancel what waits of a bulk; each message is reported as cancelled',
      query,
      answers: shows(200, 'How many', { bulkId: 'spring-sale', canceled: 9_000 }),
      async handle({ caller, param, query: asked }) {
        const filter = accountFilter(parts, caller, asked.accountId);
        if (isRefusal(filter)) return filter;
        const bulk = await findBulk(parts, filter.account, param('bulkId'));
        if (isRefusal(bulk)) return bulk;
        const terms = { statusId: StatusId.notSent, errorId: ErrorId.canceled, limit: GROUP_MAX };
        let canceled = 0;
        for (let some = GROUP_MAX; some === GROUP_MAX; canceled += some)
          some = await cancelScheduled(database, momentOf(clock), bulk.account, bulk.bulkId, terms);
        return { status: 200, body: { bulkId: bulk.bulkId, canceled } };
      },
    }),
  ];
}

async function findBulk({ database }: AdminParts, account: number | null, bulkId: string): Promise<BulkRow | Refusal> {
  const [bulk, another] = await findBulks(database, account, bulkId);
  if (another !== undefined)
    return refuse('conflict', 'several accounts have a bulk of this id; name one', 'accountId');
  return bulk ?? refuse('notFound', 'nothing waits of such a bulk');
}

function show(parts: AdminParts, { account, bulkId, waiting, firstDueAt, lastDueAt, createdAt }: BulkRow): object {
  return {
    bulkId,
    accountId: accountIdOf(parts, account),
    waiting,
    nextAt: timeOf(firstDueAt),
    lastAt: timeOf(lastDueAt),
    createdAt: timeOf(createdAt),
  };
}
