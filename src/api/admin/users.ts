// /accounts/{id}/users: who logs in by name and password. Managed by keys of kind admin alone.
import { Type } from 'typebox';
import { isRefusal, refuse } from '../../manage/refusal.js';
import { createUser, updateUser } from '../../manage/users.js';
import { findAccount } from '../../store/accounts.js';
import { deleteUser, pageUsers, type UserRow } from '../../store/users.js';
import { isOn, pagingQuery, scopesOrNull } from './fields.js';
import type { AdminParts } from './parts.js';
import { defineRoute, listReply, type Route, sliceOf, timeOf } from './route.js';

const URL = '/accounts/:accountId/users';
const USER = `${URL}/:username`;
const username = Type.String({
  pattern: '^[A-Za-z0-9._@+-]{1,100}$',
  says: 'must be 1 to 100 letters, digits and . _ @ + -',
});
const password = Type.String({
  minLength: 12,
  maxLength: 200,
  pattern: '^[^\\0\\p{Cs}]*$',
  says: 'must be text of 12 to 200 characters',
});
const scopeGuids = Type.Optional(scopesOrNull);

/** The endpoints. */
export function userRoutes(parts: AdminParts): Route[] {
  const { database } = parts;
  const accountOf = async (accountId: string) => (await findAccount(database, accountId))?.id;
  const unknown = refuse('notFound', 'no such account');
  return [
    defineRoute({
      method: 'GET',
      url: URL,
      summary: 'List the users of an account',
      isAdminOnly: true,
      query: Type.Object(pagingQuery),
      async handle({ param, query }) {
        const account = await accountOf(param('accountId'));
        if (account === undefined) return unknown;
        const slice = sliceOf(query);
        return listReply(await pageUsers(database, account, slice), slice, showUser);
      },
    }),
    defineRoute({
      method: 'POST',
      url: URL,
      summary: 'Make a user; a password that is made up is shown once',
      isAdminOnly: true,
      body: Type.Object({ username, password: Type.Optional(password), scopeGuids }),
      async handle({ param, body }) {
        const account = await accountOf(param('accountId'));
        if (account === undefined) return unknown;
        const { scopeGuids: scopes, ...rest } = body;
        const made = await createUser(parts, account, { ...rest, scopes });
        if (isRefusal(made)) return made;
        const { madePassword } = made;
        const told = madePassword === undefined ? {} : { password: madePassword };
        return { status: 201, body: { ...showUser(made), ...told } };
      },
    }),
    defineRoute({
      method: 'PATCH',
      url: USER,
      summary: 'Change a user; with another password or switched off, sessions and tokens end',
      isAdminOnly: true,
      body: Type.Object({ password: Type.Optional(password), enabled: Type.Optional(isOn), scopeGuids }),
      async handle({ param, body }) {
        const account = await accountOf(param('accountId'));
        if (account === undefined) return unknown;
        const { scopeGuids: scopes, ...rest } = body;
        const changed = await updateUser(parts, account, param('username'), { ...rest, scopes });
        return isRefusal(changed) ? changed : { status: 200, body: showUser(changed) };
      },
    }),
    defineRoute({
      method: 'DELETE',
      url: USER,
      summary: 'Take a user away',
      isAdminOnly: true,
      async handle({ param }) {
        const account = await accountOf(param('accountId'));
        if (account === undefined) return unknown;
        const isGone = await deleteUser(database, account, param('username'));
        return isGone ? { status: 204 } : refuse('notFound', 'no such user');
      },
    }),
  ];
}

function showUser({ username: name, enabled, scopes, createdAt }: UserRow): object {
  return { username: name, enabled, scopeGuids: scopes, createdAt: timeOf(createdAt) };
}
