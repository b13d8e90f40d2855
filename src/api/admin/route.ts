// One endpoint of the admin API as data plus a handler; reading, paging and refusals are the same for all.
import { type Static, type TObject, Type } from 'typebox';
import type { OperationAnswer } from '../../contract/openapi.js';
import { isRefusal, type Refusal, refuse } from '../../manage/refusal.js';
import { findAccount, type Page, type Slice } from '../../store/accounts.js';
import { accountIdField, compileReader, pagingQuery } from './fields.js';
import type { AdminParts, Caller } from './parts.js';
import { type FieldError, type Problem, problem, problemOf } from './problem.js';

/** A request as it came in. */
export interface RawCall {
  caller: Caller;
  params: Readonly<Record<string, string>>;
  query: unknown;
  body: unknown;
}

/** A good answer; without `body` and `lines` there is nothing in it (204). `lines`: an object a line, for answers of any length. */
export interface Reply {
  status: number;
  body?: object;
  /** In place of a body: a table of RFC 4180. */
  csv?: string;
  lines?: AsyncIterable<object>;
}

/** An endpoint; `url` is relative to `/parley/1`. */
export interface Route {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  url: string;
  /** One sentence for the API page. */
  summary: string;
  /** Only keys of kind admin; others get 403 whatever they ask for. */
  isAdminOnly: boolean;
  /** What it reads, for the API page; undefined: nothing. */
  body: TObject | undefined;
  example: object | undefined;
  query: TObject | undefined;
  /** Good answers, for the API page. */
  answers: readonly OperationAnswer[];
  answer(call: RawCall): Promise<Reply | Problem>;
}

/** A request that was read. */
interface Call<Body, Query> {
  caller: Caller;
  /** A named part of the path. */
  param(name: string): string;
  body: Body;
  query: Query;
}

const EMPTY = Type.Object({});

interface Definition<Body extends TObject, Query extends TObject> {
  method: Route['method'];
  url: string;
  summary: string;
  isAdminOnly?: boolean;
  /** Absent: the endpoint takes no body and ignores an empty one. */
  body?: Body;
  /** A body that it takes, for the API page; there must be one where there is a body. */
  example?: Static<Body>;
  query?: Query;
  /** Good answers, for the API page. */
  answers: readonly OperationAnswer[];
  handle(call: Call<Static<Body>, Static<Query>>): Promise<Reply | Refusal | Problem>;
}

interface OfAccount<Body extends TObject, Query extends TObject>
  extends Omit<Definition<Body, Query>, 'isAdminOnly' | 'handle'> {
  handle(call: Call<Static<Body>, Static<Query>> & { account: number }): Promise<Reply | Refusal | Problem>;
}

/** Makes a route whose handler sees only bodies and queries that fit. */
export function defineRoute<Body extends TObject = typeof EMPTY, Query extends TObject = typeof EMPTY>(
  definition: Definition<Body, Query>,
): Route {
  const { method, url, summary, isAdminOnly = false, body, example, query, answers, handle } = definition;
  const readBody = compileReader(body ?? EMPTY, 'body');
  const readQuery = compileReader(query ?? EMPTY, 'query');
  const bodyOf = (given: unknown): unknown => (body === undefined && given === undefined ? {} : given);
  return {
    method,
    url,
    summary,
    isAdminOnly,
    body,
    example,
    query,
    answers,
    async answer({ caller, params, query: givenQuery, body: givenBody }) {
      const queryRead = readQuery(givenQuery);
      const bodyRead = readBody(bodyOf(givenBody));
      if (!queryRead.ok || !bodyRead.ok)
        return wrongFields([queryRead, bodyRead].flatMap((read) => (read.ok ? [] : read.errors)));
      // Parse boundary: the readers were compiled from the schemas that Body and Query are the types of.
      const call = {
        caller,
        param: paramOf(params),
        body: bodyRead.value as Static<Body>,
        query: queryRead.value as Static<Query>,
      };
      const reply = await handle(call);
      return isRefusal(reply) ? problemOf(reply) : reply;
    },
  };
}

/** Makes a route under /accounts/{accountId}, for keys of kind admin alone; its handler sees only accounts that are there. */
export function defineOfAccount<Body extends TObject = typeof EMPTY, Query extends TObject = typeof EMPTY>(
  { database }: Pick<AdminParts, 'database'>,
  { handle, ...definition }: OfAccount<Body, Query>,
): Route {
  return defineRoute<Body, Query>({
    ...definition,
    isAdminOnly: true,
    async handle(call) {
      const found = await findAccount(database, call.param('accountId'));
      return found === undefined ? refuse('notFound', 'no such account') : handle({ ...call, account: found.id });
    },
  });
}

/** Makes the route that lists what such an account has, in pages. */
export function listOfAccount<Row>(
  parts: Pick<AdminParts, 'database'>,
  { url, summary, answers }: Pick<Route, 'url' | 'summary' | 'answers'>,
  read: (account: number, slice: Slice) => Promise<Page<Row>>,
  show: (row: Row) => object,
): Route {
  return defineOfAccount(parts, {
    method: 'GET',
    url,
    summary,
    answers,
    query: Type.Object(pagingQuery),
    async handle({ account, query }) {
      const slice = sliceOf(query);
      return listReply(await read(account, slice), slice, show);
    },
  });
}

/** Makes the route that lists what accounts have, in pages: of one account, or of all for keys of kind admin that name none. */
export function listOfAccounts<Row>(
  parts: Pick<AdminParts, 'directory'>,
  { url, summary, answers }: Pick<Route, 'url' | 'summary' | 'answers'>,
  read: (account: number | null, slice: Slice) => Promise<Page<Row>>,
  show: (row: Row) => object,
): Route {
  return defineRoute({
    method: 'GET',
    url,
    summary,
    answers,
    query: Type.Object({ ...pagingQuery, ...accountIdField }),
    async handle({ caller, query }) {
      const filter = accountFilter(parts, caller, query.accountId);
      if (isRefusal(filter)) return filter;
      const slice = sliceOf(query);
      return listReply(await read(filter.account, slice), slice, show);
    },
  });
}

/** One good answer on the API page; `also` are bodies with what the example cannot show, nulls for instance. */
export function shows(status: number, description: string, example: object, ...also: object[]): OperationAnswer[] {
  return [{ status, description, example, also }];
}

/** A list on the API page, by one of its results; `also` are results with what that cannot show. */
export function lists(example: object, ...also: object[]): OperationAnswer[] {
  const paging = { page: 0, size: PAGE_SIZE, totalPages: 1, totalResults: 1 };
  const page = (results: object[]): object => ({ results, paging });
  return shows(200, 'One page', page([example]), page([]), ...also.map((result) => page([result])));
}

/** An answer without a body, on the API page. */
export const isDone: OperationAnswer[] = [{ status: 204, description: 'Done' }];

/** The answer to a request with wrong fields. */
export function wrongFields(errors: readonly FieldError[]): Problem {
  return problem(400, 'some fields are wrong', errors);
}

function paramOf(params: Readonly<Record<string, string>>): (name: string) => string {
  return (name) => {
    const value = params[name];
    if (value === undefined) throw new TypeError(`the path has no part ${name}`);
    return value;
  };
}

const PAGE_SIZE = 20;

/** Which rows `page` (from 0) and `size` (default 20) ask for. */
export function sliceOf(query: { page?: string; size?: string }): Slice {
  const limit = Number(query.size ?? PAGE_SIZE);
  return { limit, offset: Number(query.page ?? 0) * limit };
}

/** A list answer: `{results, paging}`. */
export function listReply<Row>(
  { rows, total }: Page<Row>,
  { limit, offset }: Slice,
  show: (row: Row) => object,
): Reply {
  const paging = { page: offset / limit, size: limit, totalPages: Math.ceil(total / limit), totalResults: total };
  return { status: 200, body: { results: rows.map(show), paging } };
}

/** An instant as the admin API writes it (RFC 3339, UTC, ms), null when there is none. */
export function timeOf(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}

/** The accountId of an internal id, as the caller knows it. */
export function accountIdOf({ directory }: Pick<AdminParts, 'directory'>, account: number): string | null {
  return directory.account(account)?.accountId ?? null;
}

/** The account that a request makes something in: the key's own, or the one that an admin key names. A foreign one looks like none. */
export function accountFor(
  { directory }: Pick<AdminParts, 'directory'>,
  caller: Caller,
  accountId: string | undefined,
): { account: number } | Refusal {
  if (accountId === undefined) {
    return caller.account === null
      ? refuse('invalid', 'is required with a key of kind admin', 'accountId')
      : { account: caller.account };
  }
  const account = directory.accountOf(accountId)?.id;
  const isSeen = account !== undefined && (caller.account === null || caller.account === account);
  return isSeen ? { account } : refuse('notFound', 'no such account', 'accountId');
}

/** The account that a list is narrowed to: null means all, which only admin keys see. */
export function accountFilter(
  parts: Pick<AdminParts, 'directory'>,
  caller: Caller,
  accountId: string | undefined,
): { account: number | null } | Refusal {
  return accountId === undefined ? caller : accountFor(parts, caller, accountId);
}
