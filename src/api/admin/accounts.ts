// /accounts and /accounts/{id}/keys: tenants and their API keys. Managed by keys of kind admin alone.
import { Type } from 'typebox';
import { createAccount, createKey, removeKey, updateAccount } from '../../manage/accounts.js';
import { isRefusal, refuse } from '../../manage/refusal.js';
import { type AccountRow, findAccount, pageAccounts } from '../../store/accounts.js';
import { type ApiKeyRow, pageApiKeys } from '../../store/api-keys.js';
import { integer, isOn, pagingQuery, text } from './fields.js';
import type { AdminParts } from './parts.js';
import { defineRoute, listReply, type Route, sliceOf, timeOf } from './route.js';

const NAME_LENGTH_MAX = 255;
const nameField = { name: text(NAME_LENGTH_MAX) };
const settingFields = {
  unknownPolicy: Type.Optional(Type.Enum(['resend', 'fail'], { says: 'must be resend or fail' })),
  unknownWaitSeconds: Type.Optional(integer(1, 3600)),
  readMarks: Type.Optional(isOn),
  media: Type.Optional(Type.Enum(['link', 'upload'], { says: 'must be link or upload' })),
};
const listQuery = Type.Object(pagingQuery);

/** The endpoints of accounts and keys. */
export function accountRoutes(parts: AdminParts): Route[] {
  return [...accountOnlyRoutes(parts), ...keyRoutes(parts)];
}

function accountOnlyRoutes(parts: AdminParts): Route[] {
  const { database } = parts;
  return [
    defineRoute({
      method: 'GET',
      url: '/accounts',
      summary: 'List accounts',
      isAdminOnly: true,
      query: listQuery,
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
      async handle({ body }) {
        return { status: 201, body: showAccount(await createAccount(parts, body)) };
      },
    }),
    defineRoute({
      method: 'GET',
      url: '/accounts/:accountId',
      summary: 'Read an account',
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
      async handle({ param, body }) {
        const changed = await updateAccount(parts, param('accountId'), body);
        return isRefusal(changed) ? changed : { status: 200, body: showAccount(changed) };
      },
    }),
  ];
}

function keyRoutes(parts: AdminParts): Route[] {
  const { database } = parts;
  const url = '/accounts/:accountId/keys';
  return [
    defineRoute({
      method: 'GET',
      url,
      summary: 'List the API keys of an account',
      isAdminOnly: true,
      query: listQuery,
      async handle({ param, query }) {
        const account = await findAccount(database, param('accountId'));
        if (account === undefined) return refuse('notFound', 'no such account');
        const slice = sliceOf(query);
        return listReply(await pageApiKeys(database, account.id, slice), slice, showKey);
      },
    }),
    defineRoute({
      method: 'POST',
      url,
      summary: 'Make an API key; its secret is shown once',
      isAdminOnly: true,
      body: Type.Object(nameField),
      async handle({ param, body }) {
        const made = await createKey(parts, param('accountId'), body.name);
        if (isRefusal(made)) return made;
        return { status: 201, body: { ...showKey(made), apiKeySecret: made.apiKeySecret } };
      },
    }),
    defineRoute({
      method: 'DELETE',
      url: `${url}/:keyId`,
      summary: 'Take an API key away',
      isAdminOnly: true,
      async handle({ param }) {
        const removed = await removeKey(parts, param('accountId'), param('keyId'));
        return removed === 'removed' ? { status: 204 } : removed;
      },
    }),
  ];
}

function showAccount({ id: _, createdAt, ...shown }: AccountRow): object {
  return { ...shown, createdAt: timeOf(createdAt) };
}

function showKey({ id, name, createdAt }: ApiKeyRow): object {
  return { id, name, createdAt: timeOf(createdAt) };
}
