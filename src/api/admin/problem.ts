// Errors of the admin API in the form of RFC 9457, each with the fields it is about.
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { Refusal, RefusalKind } from '../../manage/refusal.js';

/** One wrong field: its name, `a.b` or `a[0]` inside others, empty for the body itself. */
export interface FieldError {
  field: string;
  message: string;
}

/** An error answer. */
export interface Problem {
  status: number;
  title: string;
  detail: string;
  errors: readonly FieldError[];
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
};

const STATUS_OF: Readonly<Record<RefusalKind, number>> = {
  notFound: 404,
  forbidden: 403,
  conflict: 409,
  invalid: 400,
  upstream: 502,
};

/** A problem with the title of its status. */
export function problem(status: number, detail: string, errors: readonly FieldError[] = []): Problem {
  return { status, title: TITLES[status] ?? 'Error', detail, errors };
}

/** The problem that a refused operation is answered with. */
export function problemOf({ refusal, detail, field }: Refusal): Problem {
  return problem(STATUS_OF[refusal], detail, field === undefined ? [] : [{ field, message: detail }]);
}

/** What the body of a problem is. */
export const problemSchema = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  errors: Type.Array(Type.Object({ field: Type.String(), message: Type.String() })),
});

/** The body of a problem. */
export function problemBody({ status, title, detail, errors }: Problem): object {
  return { type: 'about:blank', title, status, detail, errors };
}

/** Sends a problem as `application/problem+json`. */
export function sendProblem(reply: FastifyReply, answer: Problem): FastifyReply {
  const { status } = answer;
  if (status === 401) reply.header('www-authenticate', 'App');
  if (status === 503) reply.header('retry-after', '1');
  return reply
    .code(status)
    .header('content-type', 'application/problem+json')
    .send(JSON.stringify(problemBody(answer)));
}
