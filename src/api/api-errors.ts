// How the endpoints with Infobip's new error form tell failures (Infobip 1.3: ApiError).
import type { FastifyError, FastifyReply } from 'fastify';
import { apiError, apiErrorSchema, type ErrorHttpStatus, serviceException } from '../contract/answers.js';
import { objectAt, textAt } from '../contract/json.js';
import type { OperationAnswer } from '../contract/openapi.js';
import type { Violations } from '../contract/readers.js';
import type { Log } from '../lib/log.js';
import { DatabaseError } from '../store/database.js';
import { sendErrorBody } from './errors.js';

const ACTIONS: Partial<Record<ErrorHttpStatus, string>> = {
  400: 'Fix the listed fields.',
  401: 'Send the Authorization header with valid credentials.',
  403: 'Use credentials that may do this.',
  429: 'Send again later.',
  503: 'Send again later.',
};

/** The body: the words of the old form in the new one. */
function apiErrorBody(status: ErrorHttpStatus, violations: Violations = {}): object {
  const exception = objectAt(objectAt(serviceException(status), 'requestError'), 'serviceException');
  const description = textAt(exception, 'text') ?? 'Request cannot be processed';
  return apiError(status, { description, action: ACTIONS[status] ?? 'Change the request.', violations });
}

/** The form on the API page. */
export function apiErrorAnswer(status: ErrorHttpStatus): OperationAnswer {
  return {
    status,
    name: `ApiError${status}`,
    description: `The new error form of HTTP ${status}`,
    schema: apiErrorSchema,
    example: apiErrorBody(status, status === 400 ? { 'events[0].sender': ['must not be blank'] } : {}),
  };
}

/** Sends a new-form error. */
export function sendApiError(reply: FastifyReply, status: ErrorHttpStatus, violations: Violations = {}): FastifyReply {
  return sendErrorBody(reply, status, apiErrorBody(status, violations));
}

/** Tells an error that a handler threw or Fastify met. Text of bugs never leaves; the log has it. */
export function sendErrorAsApiError(reply: FastifyReply, error: FastifyError | Error, log: Log): FastifyReply {
  if (error instanceof DatabaseError && (error.kind === 'unavailable' || error.kind === 'conflict')) {
    return sendApiError(reply, 503);
  }
  const status = 'statusCode' in error ? error.statusCode : undefined;
  if (status === 408 || status === 413 || status === 415) return sendApiError(reply, status);
  if (status !== undefined && status >= 400 && status < 500) return sendApiError(reply, 400);
  log.error({ event: 'api.failed', err: error });
  return sendApiError(reply, 500);
}
