// One endpoint of Infobip's management APIs as data plus a handler: who calls, reading, paging and refusals are the same for all, and the
// page of the API is made of the same data. Failures have the old form (Infobip 1.3).
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { TObject, TSchema } from 'typebox';
import type { ErrorHttpStatus } from '../contract/answers.js';
import { isObject } from '../contract/json.js';
import type { KeyOwner } from '../contract/key-platform.js';
import { errorAnswer, type Operation, type OperationAnswer } from '../contract/openapi.js';
import { addViolation, type Violations } from '../contract/readers.js';
import type { Validated } from '../contract/validate.js';
import { isRefusal, type Refusal } from '../manage/refusal.js';
import type { Page, Slice } from '../store/accounts.js';
import { sendServiceException } from './errors.js';
import { callerOf, type Gate } from './gate.js';

/** A request that was read. */
export interface AccountCall<Body> extends KeyOwner {
  /** The account that calls, with what its key is bound to. */
  owner: KeyOwner;
  /** A named part of the path. */
  param(name: string): string;
  query: Readonly<Record<string, unknown>>;
  body: Body;
}

/** A good answer; `body` absent means an empty one. */
export interface AccountAnswer {
  status: 200 | 201 | 204;
  body?: object;
  /** Where what was made can be read. */
  location?: string;
}

/** What a handler found wrong with a query or a path. */
export interface WrongRequest {
  violations: Violations;
}

interface Definition<Body> {
  method: Operation['method'];
  /** From the root, its parameters as `:name`. */
  url: string;
  tag: string;
  summary: string;
  query?: TObject;
  /** Absent: a body means nothing. */
  body?: { schema: TSchema; example: unknown; validate(value: unknown): Validated<Body> };
  /** The good answer on the API page. */
  answer: OperationAnswer;
  /** Errors beside those that any request can meet. */
  errors?: readonly (400 | 404 | 409)[];
  handle(call: AccountCall<Body>): Promise<AccountAnswer | Refusal | WrongRequest>;
}

/** An endpoint that can be served and described. */
export interface AccountRoute {
  operation: Operation;
  method: Operation['method'];
  url: string;
  answer(owner: KeyOwner, request: FastifyRequest): Promise<AccountAnswer | Refusal | WrongRequest>;
}

const ERRORS = [401, 403, 413, 415, 429, 500, 503] as const satisfies ErrorHttpStatus[];

/** Makes a route whose handler sees only bodies that fit. */
export function defineAccountRoute<Body>(definition: Definition<Body>): AccountRoute {
  const { method, url, tag, summary, query, body, answer, errors = [], handle } = definition;
  const path = url.replace(/:(\w+)/g, '{$1}');
  const described = body === undefined ? undefined : { schema: body.schema, example: body.example };
  // Any path can be too long to be read, and any body no JSON.
  const statuses = [...new Set([400, 404, ...errors, ...ERRORS] as const)].sort((a, b) => a - b);
  const operation: Operation = {
    method,
    path,
    tag,
    summary,
    query,
    body: described,
    answers: [answer, ...statuses.map(errorAnswer)],
  };
  return {
    operation,
    method,
    url,
    async answer(owner, request) {
      const read = body === undefined ? undefined : body.validate(request.body);
      if (read?.ok === false) return { violations: read.violations };
      const params = isObject(request.params) ? request.params : {};
      if (!Object.values(params).every(isStorable)) return { refusal: 'notFound', detail: 'nothing is named so' };
      const call = {
        ...owner,
        owner,
        param: (name: string) => String(params[name] ?? ''),
        query: isObject(request.query) ? request.query : {},
        // Parse boundary: without a validator Body is inferred as unknown and never looked at.
        body: read?.value as Body,
      };
      return handle(call);
    },
  };
}

/** PostgreSQL holds neither NUL nor half a surrogate pair: nothing can be named so. */
function isStorable(text: unknown): boolean {
  return typeof text !== 'string' || (!text.includes('\0') && text.isWellFormed());
}

/** Serves routes to accounts. */
export function registerAccountRoutes(scope: FastifyInstance, gate: Gate, routes: readonly AccountRoute[]): void {
  gate.protect(scope, sendServiceException);
  for (const route of routes) {
    scope.route({
      method: route.method,
      url: route.url,
      handler: async (request, reply) => {
        const { account, platform } = callerOf(request);
        return sendAnswer(reply, await route.answer({ account: account.id, platform }, request));
      },
    });
  }
}

const STATUSES = { notFound: 404, forbidden: 403, conflict: 409, invalid: 400, upstream: 503 } as const;

function sendAnswer(reply: FastifyReply, answer: AccountAnswer | Refusal | WrongRequest): FastifyReply {
  if ('violations' in answer) return sendServiceException(reply, 400, { validationErrors: answer.violations });
  if (isRefusal(answer)) {
    const { refusal, detail, field } = answer;
    if (refusal === 'forbidden') return sendServiceException(reply, 403);
    if (refusal !== 'invalid') return sendServiceException(reply, STATUSES[refusal], { text: sentence(detail) });
    return sendServiceException(reply, 400, { validationErrors: { [field ?? 'body']: [detail] } });
  }
  if (answer.location !== undefined) reply.header('location', answer.location);
  return answer.body === undefined ? reply.code(answer.status).send() : reply.code(answer.status).send(answer.body);
}

function sentence(detail: string): string {
  return detail.charAt(0).toUpperCase() + detail.slice(1);
}

const PAGE_SIZE = 20;
const PAGE_MAX = 1_000_000;

/** Which rows `page` (from 0) and `size` (default 20) ask for; adds what is wrong with them. */
export function readSlice(query: AccountCall<unknown>['query'], sizeMax: number, violations: Violations): Slice {
  const page = readInteger(query, 'page', { min: 0, max: PAGE_MAX, fallback: 0 }, violations);
  const limit = readInteger(query, 'size', { min: 1, max: sizeMax, fallback: PAGE_SIZE }, violations);
  return { limit, offset: page * limit };
}

function readInteger(
  query: AccountCall<unknown>['query'],
  name: string,
  { min, max, fallback }: { min: number; max: number; fallback: number },
  violations: Violations,
): number {
  const given = query[name];
  if (given === undefined || given === '') return fallback;
  const number = typeof given === 'string' && /^\d{1,9}$/.test(given) ? Number(given) : -1;
  if (number < min) addViolation(violations, name, `must be greater than or equal to ${min}`);
  if (number > max) addViolation(violations, name, `must be less than or equal to ${max}`);
  return number;
}

/** All texts given for a parameter that may be repeated; empty ones mean nothing. Adds what is wrong with them. */
export function readTexts(
  query: AccountCall<unknown>['query'],
  name: string,
  lengthMax: number,
  violations: Violations,
): string[] {
  const given = query[name] ?? [];
  const texts = (Array.isArray(given) ? given : [given]).filter((text) => text !== '');
  const right = texts.filter(
    (text): text is string => typeof text === 'string' && isStorable(text) && text.length <= lengthMax,
  );
  if (right.length < texts.length) addViolation(violations, name, `size must be between 0 and ${lengthMax}`);
  return right;
}

/** The one text given for a parameter; undefined when none is. Adds what is wrong with it. */
export function readText(
  query: AccountCall<unknown>['query'],
  name: string,
  lengthMax: number,
  violations: Violations,
): string | undefined {
  const texts = readTexts(query, name, lengthMax, violations);
  if (texts.length > 1) addViolation(violations, name, 'must be given once');
  return texts[0];
}

/** Whether anything was found wrong. */
export function hasViolations(violations: Violations): boolean {
  return Object.keys(violations).length > 0;
}

/** A page of a list (Infobip 5, 6). */
export function pageOf<Row>({ rows, total }: Page<Row>, { limit, offset }: Slice, show: (row: Row) => object): object {
  const paging = { page: offset / limit, size: limit, totalPages: Math.ceil(total / limit), totalResults: total };
  return { results: rows.map(show), paging };
}

/** A page on the API page, by one of its results; `also` are results with what that cannot show. */
export function pageAnswer(example: object, ...also: object[]): OperationAnswer {
  const paging = { page: 0, size: PAGE_SIZE, totalPages: 1, totalResults: 1 };
  const page = (results: object[]): object => ({ results, paging });
  return { status: 200, description: 'One page', example: page([example]), also: [page(also)] };
}
