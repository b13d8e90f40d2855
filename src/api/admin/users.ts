// /accounts/{id}/users: who logs in by name and password. Managed by keys of kind admin alone.

import { Type } from 'typebox';
import { withNull } from '../../contract/openapi-schemas.js';
import { isRefusal, refuse } from '../../manage/refusal.js';
import { createUser, updateUser } from '../../manage/users.js';
import { deleteUser, pageUsers, type UserRow } from '../../store/users.js';
import { isOn, scopesOrNull } from './fields.js';
import type { AdminParts } from './parts.js';
import { defineOfAccount, isDone, listOfAccount, lists, type Route, shows, timeOf } from './route.js';

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

const EXAMPLE = {
  username: 'ops@example.org',
  enabled: true,
  scopeGuids: ['message:send'],
  createdAt: '2026-01-31T12:00:00.000Z',
};
const UNLIMITED = withNull(EXAMPLE, 'scopeGuids');
const PASSWORD = { password: 'kiT5-wen8-Ano2-paL9' };

/** The endpoints. */
export function userRoutes(parts: AdminParts): Route[] {
  const { database } = parts;
  return [
    listOfAccount(
      parts,
      { url: URL, summary: 'List the users of an account', answers: lists(EXAMPLE, UNLIMITED) },
      (account, slice) => pageUsers(database, account, slice),
      showUser,
    ),
    defineOfAccount(parts, {
      method: 'POST',
      url: URL,
      summary: 'Make a user; a password that is made up is shown once',
      body: Type.Object({ username, password: Type.Optional(password), scopeGuids }),
      example: { username: 'ops@example.org', scopeGuids: ['message:send'] },
      answers: shows(201, 'The user', EXAMPLE, { ...EXAMPLE, ...PASSWORD }, UNLIMITED),
      async handle({ account, body }) {
        const { scopeGuids: scopes, ...rest } = body;
        const made = await createUser(parts, account, { ...rest, scopes });
        if (isRefusal(made)) return made;
        const { madePassword } = made;
        const told = madePassword === undefined ? {} : { password: madePassword };
        return { status: 201, body: { ...showUser(made), ...told } };
      },
    }),
    defineOfAccount(parts, {
      method: 'PATCH',
      url: USER,
      summary: 'Change a user; with another password or switched off, sessions and tokens end',
      body: Type.Object({ password: Type.Optional(password), enabled: Type.Optional(isOn), scopeGuids }),
      example: { enabled: false },
      answers: shows(200, 'The user as it is now', EXAMPLE, UNLIMITED),
      async handle({ account, param, body }) {
        const { scopeGuids: scopes, ...rest } = body;
        const changed = await updateUser(parts, account, param('username'), { ...rest, scopes });
        return isRefusal(changed) ? changed : { status: 200, body: showUser(changed) };
      },
    }),
    defineOfAccount(parts, {
      method: 'DELETE',
      url: USER,
      summary: 'Take a user away',
      answers: isDone,
      async handle({ account, param }) {
        const isGone = await deleteUser(database, account, param('username'));
        return isGone ? { status: 204 } : refuse('notFound', 'no such user');
      },
    }),
  ];
}

function showUser({ username: name, enabled, scopes, createdAt }: UserRow): object {
  return { username: name, enabled, scopeGuids: scopes, createdAt: timeOf(createdAt) };
}
