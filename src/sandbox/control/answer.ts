// What the control API has in common: validated bodies, and errors as {error:{message,field}}.
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { TLocalizedValidationError } from 'typebox/error';
import { parseJson } from '../../lib/json.js';
import type { Checker } from '../checker.js';

/** A refused control call. */
export class ControlError extends Error {
  constructor(
    readonly httpStatus: number,
    message: string,
    readonly field: string | null = null,
  ) {
    super(message);
  }
}

/** The body when it fits; throws a 400 that names the first wrong field. An absent body is an empty object. */
export function parseBody<T>(checker: Checker<T>, body: unknown): T {
  const value = body ?? {};
  if (checker.Check(value)) return value;
  const { field, message } = describe(checker.Errors(value));
  throw new ControlError(400, message, field);
}

function describe(errors: TLocalizedValidationError[]): { field: string; message: string } {
  const unknown = errors.find((error) => error.keyword === 'additionalProperties');
  if (unknown?.keyword === 'additionalProperties') {
    return { field: dotted(unknown.instancePath, unknown.params.additionalProperties[0]), message: 'unknown field' };
  }
  const missing = errors.find((error) => error.keyword === 'required');
  if (missing?.keyword === 'required') {
    return { field: dotted(missing.instancePath, missing.params.requiredProperties[0]), message: 'required' };
  }
  return { field: dotted(errors[0]?.instancePath ?? ''), message: errors[0]?.message ?? 'not valid' };
}

function dotted(instancePath: string, last?: unknown): string {
  return [...instancePath.split('/').slice(1), ...(last === undefined ? [] : [String(last)])].join('.');
}

/** A whole number from the query. Throws a 400 when it is out of range or none. */
export function wholeNumber(
  query: unknown,
  name: string,
  { byDefault, min, max }: { byDefault: number; min: number; max: number },
): number {
  const text = textParam(query, name);
  if (text === undefined) return byDefault;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw new ControlError(400, `must be a whole number from ${min} to ${max}`, name);
  return value;
}

/** Whether the query asks for the newest first. Throws a 400 on an order that there is not. */
export function newestFirst(query: unknown): boolean {
  const order = textParam(query, 'order') ?? 'asc';
  if (order !== 'asc' && order !== 'desc') throw new ControlError(400, 'must be asc or desc', 'order');
  return order === 'desc';
}

/** The text of a path or query parameter. */
export function textParam(params: unknown, name: string): string | undefined {
  if (typeof params !== 'object' || params === null) return undefined;
  const value: unknown = Reflect.get(params, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Parameters of every endpoint, for callers that cannot set headers: an event stream, a picture. */
const COMMON_PARAMETERS: readonly string[] = ['token', 'world'];

/** Throws a 400 on a query parameter that the endpoint does not know. */
export function allowQuery(query: unknown, names: readonly string[]): void {
  if (typeof query !== 'object' || query === null) return;
  const unknown = Object.keys(query).find((name) => !names.includes(name) && !COMMON_PARAMETERS.includes(name));
  if (unknown !== undefined) throw new ControlError(400, 'unknown parameter', unknown);
}

/** Epoch milliseconds as the control API writes times. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Bodies may be absent; errors of every kind leave the control API in its one form. */
export function setControlForm(app: FastifyInstance): void {
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? undefined : parseJson(String(body)));
    } catch {
      done(new ControlError(400, 'the body is not valid JSON'));
    }
  });
  app.setErrorHandler((error, _request, reply) => sendControlError(reply, error));
  // Not the not-found handler: `/_sandbox/{x}` would be a path of Graph's then.
  app.all('/*', (_request, reply) => sendControlError(reply, new ControlError(404, 'no such endpoint')));
}

function sendControlError(reply: FastifyReply, error: unknown): FastifyReply {
  if (error instanceof ControlError) {
    return reply.code(error.httpStatus).send({ error: { message: error.message, field: error.field } });
  }
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : 500;
  const httpStatus = typeof status === 'number' && status >= 400 ? status : 500;
  const message = httpStatus < 500 && error instanceof Error ? error.message : 'internal error';
  return reply.code(httpStatus).send({ error: { message, field: null } });
}
