// /accounts: tenants. Managed by keys of kind admin alone.
import { Type } from 'typebox';
import { LIMIT_NAMES } from '../../contract/access.js';
import { createAccount, updateAccount } from '../../manage/accounts.js';
import { isRefusal, refuse } from '../../manage/refusal.js';
import { type AccountRow, findAccount, pageAccounts } from '../../store/accounts.js';
import { integer, isOn, pagingQuery, text } from './fields.js';
import type { AdminParts } from './parts.js';
import { defineRoute, listReply, lists, type Route, shows, sliceOf, timeOf } from './route.js';

const NAME_LENGTH_MAX = 255;
const nameField = { name: text(NAME_LENGTH_MAX) };
const COUNT = '([1-9][0-9]{0,5}|1000000)';
const rateField = Type.String({ pattern: `^${COUNT}/(s|min|h|d)( burst ${COUNT})?$` });
const settingFields = {
  unknownPolicy: Type.Optional(Type.Enum(['resend', 'fail'], { says: 'must be resend or fail' })),
  unknownWaitSeconds: Type.Optional(integer(1, 3600)),
  readMarks: Type.Optional(isOn),
  media: Type.Optional(Type.Enum(['link', 'upload'], { says: 'must be link or upload' })),
  linkDays: Type.Optional(integer(1, 3650)),
  clickDays: Type.Optional(integer(8, 3650)),
  clickAddresses: Type.Optional(isOn),
  retentionDays: Type.Optional(integer(8, 3650)),
  rateLimits: Type.Optional(
    Type.Object(Object.fromEntries(LIMIT_NAMES.map((name) => [name, Type.Optional(rateField)])), {
      additionalProperties: false,
      says: `must map names of limits (${LIMIT_NAMES.join(', ')}) to rates like 100/s, 30/min, 1000/h, 40/d, "2/s burst 10"`,
    }),
  ),
};
const listQuery = Type.Object(pagingQuery);

const EXAMPLE = {
  accountId: 'acme',
  name: 'Acme',
  unknownPolicy: 'resend',
  unknownWaitSeconds: 30,
  readMarks: false,
  media: 'link',
  rateLimits: {},
  linkDays: 90,
  clickDays: 30,
  clickAddresses: true,
  retentionDays: 3650,
  createdAt: '2026-01-31T12:00:00.000Z',
};

/** The endpoints. */
export function accountRoutes(parts: AdminParts): Route[] {
  const { database } = parts;
  return [
    defineRoute({
      method: 'GET',
      url: '/accounts',
      summary: 'List accounts',
      isAdminOnly: true,
      query: listQuery,
      answers: lists(EXAMPLE),
      async handle({ query }) {
        const slice = sliceOf(query);
        return listReply(await pageAccounts(database, slice), slice, showAccount);
      },
    }),
    defineRoute({
      method: 'POST',
      url: '/accounts',
      summary: 'Make an account',
      isAdminOnly: true,
      body: Type.Object({ ...nameField, ...settingFields }),
      example: { name: 'Acme', unknownPolicy: 'fail' },
      answers: shows(201, 'The account', EXAMPLE),
      async handle({ body }) {
        return { status: 201, body: showAccount(await createAccount(parts, body)) };
      },
    }),
    defineRoute({
      method: 'GET',
      url: '/accounts/:accountId',
      summary: 'Read an account',
      answers: shows(200, 'The account', EXAMPLE),
      async handle({ caller, param }) {
        const account = await findAccount(database, param('accountId'));
        const isSeen = account !== undefined && (caller.account === null || caller.account === account.id);
        return isSeen ? { status: 200, body: showAccount(account) } : refuse('notFound', 'no such account');
      },
    }),
    defineRoute({
      method: 'PATCH',
      url: '/accounts/:accountId',
      summary: 'Change an account',
      isAdminOnly: true,
      body: Type.Object({ name: Type.Optional(nameField.name), ...settingFields }),
      example: { media: 'upload', rateLimits: { messages: '4000/s' } },
      answers: shows(200, 'The account as it is now', EXAMPLE),
      async handle({ param, body }) {
        const changed = await updateAccount(parts, param('accountId'), body);
        return isRefusal(changed) ? changed : { status: 200, body: showAccount(changed) };
      },
    }),
  ];
}

function showAccount({ id: _, createdAt, ...shown }: AccountRow): object {
  return { ...shown, createdAt: timeOf(createdAt) };
}
