// GET, PUT and DELETE /whatsapp/1/{sender}/contacts/{userNumber}/identity (Infobip 10). Failures have no body but those that all share.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { formatDate } from '../contract/dates.js';
import { isObject, textAt } from '../contract/json.js';
import { destinationOf } from '../contract/messages/wire.js';
import { errorAnswer, type Operation } from '../contract/openapi.js';
import { compileValidator } from '../contract/validate.js';
import type { Database } from '../store/database.js';
import type { Directory } from '../store/directory.js';
import { confirmIdentity, findIdentity, forgetIdentity } from '../store/identities.js';
import { sendServiceException } from './errors.js';
import { callerOf, type Gate } from './gate.js';

/** What the endpoints work with. */
export interface IdentityApiParts {
  database: Database;
  directory: Directory;
  gate: Gate;
}

const PATH = '/whatsapp/1/:sender/contacts/:userNumber/identity';
const HASH_LENGTH_MAX = 512;
const confirmation = Type.Object({ hash: Type.String({ minLength: 1, maxLength: HASH_LENGTH_MAX }) });

/** Whose identity a request is about. */
interface Contact {
  lane: number;
  user: string;
}

/** Serves the endpoints. */
export function registerIdentity(scope: FastifyInstance, parts: IdentityApiParts): void {
  const { database } = parts;
  const validate = compileValidator(confirmation);
  parts.gate.protect(scope, sendServiceException);
  scope.get(PATH, (request, reply) =>
    withContact(parts, request, reply, async ({ lane, user }) => {
      const identity = await findIdentity(database, lane, user);
      if (identity === undefined) return reply.code(404).send();
      const { acknowledged, hash, createdAt } = identity;
      return reply.send({ acknowledged, hash, createdAt: formatDate(createdAt) });
    }),
  );
  scope.put(PATH, (request, reply) => {
    const given = validate(request.body);
    if (!given.ok) return sendServiceException(reply, 400, { validationErrors: given.violations });
    const hash = isObject(given.value) ? (textAt(given.value, 'hash') ?? '') : '';
    return withContact(parts, request, reply, async ({ lane, user }) => {
      if (await confirmIdentity(database, lane, user, hash)) return reply.code(204).send();
      const isKnown = (await findIdentity(database, lane, user)) !== undefined;
      return reply.code(isKnown ? 409 : 404).send();
    });
  });
  scope.delete(PATH, (request, reply) =>
    withContact(parts, request, reply, async ({ lane, user }) => {
      await forgetIdentity(database, lane, user);
      return reply.code(204).send();
    }),
  );
}

/** What is not the account's looks like what is not there. */
async function withContact(
  { directory }: IdentityApiParts,
  request: FastifyRequest,
  reply: FastifyReply,
  answer: (contact: Contact) => Promise<FastifyReply>,
): Promise<FastifyReply> {
  const { account } = callerOf(request);
  const sender = directory.senderOf(textAt(request.params, 'sender') ?? '');
  const destination = destinationOf(textAt(request.params, 'userNumber') ?? '');
  if (sender === undefined || sender.account !== account.id || destination === undefined) return reply.code(404).send();
  return answer({ lane: sender.id, user: destination.kind === 'phone' ? destination.digits : destination.id });
}

const ERRORS = [400, 401, 403, 413, 415, 429, 500, 503] as const;

function operation(
  method: 'GET' | 'PUT' | 'DELETE',
  summary: string,
  own: Pick<Operation, 'answers' | 'body'>,
): Operation {
  const errors = ERRORS.map(errorAnswer);
  const path = PATH.replace(/:(\w+)/g, '{$1}');
  return { method, path, tag: 'Identity', summary, ...own, answers: [...own.answers, ...errors] };
}

const ABSENT = { status: 404, description: 'None is known' };

/** The endpoints on the API page. */
export const identityOperations: readonly Operation[] = [
  operation('GET', "Read a user's identity as last seen", {
    answers: [
      {
        status: 200,
        description: 'What is known',
        example: { acknowledged: false, hash: 'Qx1=', createdAt: '2026-05-04T09:00:00.000+0000' },
      },
      ABSENT,
    ],
  }),
  operation('PUT', "Confirm a user's identity, so that messages reach them again", {
    body: { schema: confirmation, example: { hash: 'Qx1=' } },
    answers: [
      { status: 204, description: 'Confirmed' },
      errorAnswer(400),
      ABSENT,
      { status: 409, description: 'It is another by now' },
    ],
  }),
  operation('DELETE', "Forget a user's identity: the next one seen counts as confirmed", {
    answers: [
      { status: 204, description: 'Nothing is known any more' },
      { status: 404, description: 'No such sender' },
    ],
  }),
];
