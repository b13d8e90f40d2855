// How the northbound API tells failures: Infobip's old envelope (Infobip 1.3), for every route that does not say otherwise.
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorHttpStatus, serviceException } from '../contract/answers.js';
import type { Violations } from '../contract/readers.js';
import { errorXml, wantsXml, XML_TYPE } from '../contract/xml.js';
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

/** What an answer without the framework may carry besides. */
export interface DirectOptions extends ExceptionOptions {
  /** The caller's Accept header. */
  accept?: string | undefined;
  retryAfterSeconds?: number | undefined;
}

/** An old-form error for a route without the framework. */
export function directException(status: ErrorHttpStatus, options: DirectOptions = {}): DirectAnswer {
  const { accept, retryAfterSeconds = RETRY_AFTER_SECONDS, ...told } = options;
  const body = serviceException(status, told);
  const answer: DirectAnswer = wantsXml(status, accept)
    ? { status, body: errorXml(body), contentType: XML_TYPE }
    : { status, body: JSON.stringify(body) };
  return status === 429 || status === 503 ? { ...answer, retryAfterSeconds } : answer;
}

/** Tells an error that a handler without the framework threw. Text of bugs never leaves; the log has it. */
export function directFailure(error: unknown, log: Log, accept?: string): DirectAnswer {
  if (isPassing(error)) return directException(503);
  log.error({ event: 'api.failed', err: error });
  return directException(500, { accept });
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
  return sendErrorBody(reply, status, serviceException(status, options));
}

/** Sends an error of either form, as XML where that is asked for. */
export function sendErrorBody(reply: FastifyReply, status: ErrorHttpStatus, body: object): FastifyReply {
  const isWait = status === 429 || status === 503;
  if (isWait && !reply.hasHeader('retry-after')) reply.header('retry-after', RETRY_AFTER_SECONDS);
  reply.code(status);
  if (!wantsXml(status, reply.request.headers.accept)) return reply.send(body);
  return reply.header('content-type', XML_TYPE).send(errorXml(body));
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
