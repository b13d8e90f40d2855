// How the northbound API tells failures: Infobip's old envelope (Infobip 1.3), for every route that does not say otherwise.
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorHttpStatus, serviceException } from '../contract/answers.js';
import type { Violations } from '../contract/readers.js';
import type { DirectAnswer } from '../http/direct.js';
import type { Log } from '../lib/log.js';
import { DatabaseError } from '../store/database.js';
import { problem, sendProblem } from './admin/problem.js';

/** Seconds after which a client may try again when the database is away or a buffer is full. */
const RETRY_AFTER_SECONDS = 1;

/** What an answer in the old form may carry besides the status. */
export interface ExceptionOptions {
  text?: string;
  validationErrors?: Violations;
}

/** An old-form error for a route without the framework. */
export function directException(status: ErrorHttpStatus, options: ExceptionOptions = {}): DirectAnswer {
  const answer = { status, body: JSON.stringify(serviceException(status, options)) };
  return status === 429 || status === 503 ? { ...answer, retryAfterSeconds: RETRY_AFTER_SECONDS } : answer;
}

/** Tells an error that a handler without the framework threw. Text of bugs never leaves; the log has it. */
export function directFailure(error: unknown, log: Log): DirectAnswer {
  if (isPassing(error)) return directException(503);
  log.error({ event: 'api.failed', err: error });
  return directException(500);
}

function isPassing(error: unknown): boolean {
  return error instanceof DatabaseError && (error.kind === 'unavailable' || error.kind === 'conflict');
}

/** Sends an old-form error. */
export function sendServiceException(
  reply: FastifyReply,
  status: ErrorHttpStatus,
  options: ExceptionOptions = {},
): FastifyReply {
  if (status === 429 || status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
  return reply.code(status).send(serviceException(status, options));
}

/** Tells that a path cannot be read: nothing is there, in the form of the API that it stands under. */
export function sendUnroutable(request: FastifyRequest, reply: FastifyReply): void {
  if (request.url.startsWith('/parley/')) sendProblem(reply, problem(404, 'there is nothing at this path'));
  else sendServiceException(reply, 404);
}

/** Tells an error that a handler threw or Fastify met. Text of bugs never leaves; the log has it. */
export function sendError(reply: FastifyReply, error: FastifyError | Error, log: Log): FastifyReply {
  if (isPassing(error)) return sendServiceException(reply, 503);
  const status = 'statusCode' in error ? error.statusCode : undefined;
  if (status === 400) return sendServiceException(reply, 400, { text: 'Request body is not valid JSON' });
  if (status === 408 || status === 413 || status === 415) return sendServiceException(reply, status);
  if (status !== undefined && status >= 400 && status < 500) return sendServiceException(reply, 400);
  log.error({ event: 'api.failed', err: error });
  return sendServiceException(reply, 500);
}
