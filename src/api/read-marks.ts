// POST /whatsapp/1/senders/{sender}/message/{messageId}/read (Infobip 10). Off until the account's `readMarks` is switched on.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { serviceException } from '../contract/answers.js';
import { textAt } from '../contract/json.js';
import type { Operation } from '../contract/openapi.js';
import type { Log } from '../lib/log.js';
import { markRead, type ReadMarkParts } from '../pipeline/read-marks.js';
import type { Directory } from '../store/directory.js';
import { sendServiceException } from './errors.js';
import { callerOf, type Gate } from './gate.js';

/** What the endpoint works with. */
export interface ReadMarkApiParts extends ReadMarkParts {
  directory: Directory;
  gate: Gate;
  log: Log;
}

/** A wamid may hold a slash, which not every client encodes: everything up to `/read` is the id. */
const ROUTE = '/whatsapp/1/senders/:sender/message/*';
const TAIL = /^([\x21-\x7e]{1,512})\/read$/;

/** Serves the endpoint. A body means nothing and is not looked at. */
export function registerReadMarks(scope: FastifyInstance, parts: ReadMarkApiParts): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_, __, done) => done(null, undefined));
  parts.gate.protect(scope, sendServiceException, false);
  scope.post(ROUTE, (request, reply) => mark(parts, request, reply));
}

async function mark(parts: ReadMarkApiParts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { account } = callerOf(request);
  const messageId = TAIL.exec(textAt(request.params, '*') ?? '')?.[1];
  if (messageId === undefined) return sendServiceException(reply, 404);
  if (!account.readMarks) return refuse(reply, 'Read marks are not enabled for this account');
  const sender = parts.directory.senderOf(textAt(request.params, 'sender') ?? '');
  if (sender === undefined || sender.account !== account.id) return refuse(reply, 'Sender is not registered');
  const read = await markRead(parts, sender, messageId);
  switch (read.kind) {
    case 'marked':
      return reply.code(204).send();
    case 'refused':
      return refuse(reply, read.reason);
    case 'failed':
      parts.log.warn({ event: 'read-mark.failed', lane: sender.id, reason: read.reason });
      return sendServiceException(reply, 503);
  }
}

/** This one answer has a form of its own (Infobip 1.3). */
function refuse(reply: FastifyReply, error: string): FastifyReply {
  return reply.code(400).send({ error });
}

/** 404: a path that is too long to be read; 415: a Content-Type that is none. */
const ERRORS = [401, 403, 404, 413, 415, 429, 500, 503] as const;

/** The endpoint on the API page. */
export const readMarkOperation: Operation = {
  method: 'POST',
  path: '/whatsapp/1/senders/{sender}/message/{messageId}/read',
  tag: 'Messages',
  summary: 'Mark a message of a user, and those before it, as read',
  answers: [
    { status: 204, description: 'Meta marked it' },
    { status: 400, description: 'It cannot be marked', example: { error: 'Sender is not registered' } },
    ...ERRORS.map((status) => ({
      status,
      name: `ServiceException${status}`,
      description: `The error form of HTTP ${status}`,
      example: serviceException(status),
    })),
  ],
};
