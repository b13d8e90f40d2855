// /users/{user}: WhatsApp users who ask what is known of them, or to be forgotten.
import { Type } from 'typebox';
import { erasePerson, findPerson } from '../../manage/erase.js';
import { exportPerson } from '../../manage/export-person.js';
import { isRefusal } from '../../manage/refusal.js';
import { mediaPath } from '../media.js';
import { accountIdField } from './fields.js';
import type { AdminParts } from './parts.js';
import { accountFor, defineRoute, type Route, shows } from './route.js';

/** The endpoints of persons. */
export function personRoutes(parts: AdminParts): Route[] {
  const { database } = parts;
  return [
    defineRoute({
      method: 'DELETE',
      url: '/users/:user',
      summary: 'Erase a WhatsApp user (number or user id) from everything that an account has',
      query: Type.Object(accountIdField),
      answers: shows(200, 'How much there was', {
        erasure: 7,
        messages: 2,
        inbound: 1,
        files: 0,
        scheduled: 0,
        others: 3,
      }),
      async handle({ caller, param, query }) {
        const owner = accountFor(parts, caller, query.accountId);
        if (isRefusal(owner)) return owner;
        const erased = await erasePerson(parts, owner.account, param('user'));
        return isRefusal(erased) ? erased : { status: 200, body: erased };
      },
    }),
    defineRoute({
      method: 'GET',
      url: '/users/:user/export',
      summary: 'Give everything that an account has of a WhatsApp user, an object a line (NDJSON)',
      query: Type.Object(accountIdField),
      answers: [{ status: 200, description: 'An object a line (NDJSON)' }],
      async handle({ caller, param, query }) {
        const owner = accountFor(parts, caller, query.accountId);
        if (isRefusal(owner)) return owner;
        const person = await findPerson(database, owner.account, param('user'));
        if (isRefusal(person)) return person;
        const fileUrl = (sender: string, id: string): string => `${parts.publicUrl()}${mediaPath(sender, id)}`;
        return { status: 200, lines: exportPerson(database, person, fileUrl) };
      },
    }),
  ];
}
