// /signing-secrets: what webhooks of an account are signed with; shown once.
import { Type } from 'typebox';
import { isRefusal, refuse } from '../../manage/refusal.js';
import { createSigningSecret } from '../../manage/signing-secrets.js';
import { deleteSigningSecret, pageSigningSecrets, type SigningSecretRow } from '../../store/signing-secrets.js';
import { accountIdField } from './fields.js';
import type { AdminParts } from './parts.js';
import {
  accountFor,
  accountIdOf,
  defineRoute,
  isDone,
  listOfAccounts,
  lists,
  type Route,
  shows,
  timeOf,
} from './route.js';

const EXAMPLE = {
  id: '0190d8a2-6c1f-7d35-9f00-5a1b2c3d4e5f',
  accountId: 'demo',
  createdAt: '2026-01-31T12:00:00.000Z',
};

/** The endpoints of signing secrets. */
export function signingSecretRoutes(parts: AdminParts): Route[] {
  const { database } = parts;
  return [
    listOfAccounts(
      parts,
      { url: '/signing-secrets', summary: 'List signing secrets', answers: lists(EXAMPLE) },
      (account, slice) => pageSigningSecrets(database, account, slice),
      (row) => show(parts, row),
    ),
    defineRoute({
      method: 'POST',
      url: '/signing-secrets',
      summary: 'Make a signing secret; it is shown once',
      body: Type.Object(accountIdField),
      example: {},
      answers: shows(201, 'The secret', { ...EXAMPLE, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }),
      async handle({ caller, body }) {
        const owner = accountFor(parts, caller, body.accountId);
        if (isRefusal(owner)) return owner;
        const made = await createSigningSecret(parts, owner.account);
        return isRefusal(made) ? made : { status: 201, body: { ...show(parts, made), secret: made.secret } };
      },
    }),
    defineRoute({
      method: 'DELETE',
      url: '/signing-secrets/:id',
      summary: 'Delete a signing secret',
      answers: isDone,
      async handle({ caller, param }) {
        const isDeleted = await deleteSigningSecret(database, caller.account, param('id'));
        return isDeleted ? { status: 204 } : refuse('notFound', 'no such signing secret');
      },
    }),
  ];
}

function show(parts: AdminParts, { id, account, createdAt }: SigningSecretRow): object {
  return { id, accountId: accountIdOf(parts, account), createdAt: timeOf(createdAt) };
}
