// Requests to throw at an API, made from its OpenAPI document: right ones, nearly right ones, and bodies that no client sends.
import { fc } from './property.js';
import { bodyOf, type Knowledge } from './requests-bodies.js';
import { at, fieldsOf, often, type Schema, texts } from './requests-texts.js';

/** A request to throw. */
export interface ThrownRequest {
  method: string;
  /** Path with query, as it goes on the wire. */
  path: string;
  headers: Readonly<Record<string, string>>;
  /** Latin-1 stands for bytes. */
  body: string | undefined;
  /** The path of the operation in the document. */
  operation: string;
}

/** What came back. */
export interface ThrownAnswer {
  status: number;
  contentType: string;
  text: string;
}

/** One operation of the document. */
export interface Thrown {
  method: string;
  path: string;
  query: Readonly<Record<string, Schema>>;
  body: Schema | undefined;
  /** What it may answer, by status or range (`2XX`). */
  answers: ReadonlyMap<string, ExpectedAnswer>;
}

/** An answer as the document shows it. */
interface ExpectedAnswer {
  /** Undefined: no body is promised. */
  mediaType: string | undefined;
  /** The fields that its JSON has at least. */
  fields: readonly string[];
}

/** The operations of an OpenAPI document. Throws when it has none: a fuzz run over nothing proves nothing. */
export function operationsOf(document: unknown): Thrown[] {
  const operations = Object.entries(fieldsOf(at(document, 'paths'))).flatMap(([path, methods]) =>
    Object.entries(fieldsOf(methods)).map(([method, operation]): Thrown => {
      const parameters = at(operation, 'parameters');
      const queries = (Array.isArray(parameters) ? parameters : []).filter((each) => at(each, 'in') === 'query');
      const body = at(operation, 'requestBody', 'content', 'application/json', 'schema');
      return {
        method: method.toUpperCase(),
        path,
        query: Object.fromEntries(queries.map((each) => [String(at(each, 'name')), fieldsOf(at(each, 'schema'))])),
        body: body === undefined ? undefined : fieldsOf(body),
        answers: answersOf(document, at(operation, 'responses')),
      };
    }),
  );
  if (operations.length === 0) throw new Error('the document has no operations');
  return operations;
}

function answersOf(document: unknown, responses: unknown): Map<string, ExpectedAnswer> {
  return new Map(
    Object.entries(fieldsOf(responses)).map(([status, response]) => {
      const reference = at(response, '$ref');
      const shown = typeof reference === 'string' ? at(document, ...reference.split('/').slice(1)) : response;
      const [content] = Object.entries(fieldsOf(at(shown, 'content')));
      return [status, { mediaType: content?.[0], fields: requiredOf(at(content?.[1], 'schema', 'required')) }];
    }),
  );
}

function requiredOf(names: unknown): string[] {
  return Array.isArray(names) ? names.map(String) : [];
}

/** Told by the HTTP parser, before there is a request that an API could answer. */
const HEADERS_TOO_LARGE = 431;

/** Says what of an answer is not as the document says it. Requests whose path or method was bent belong to no operation. */
export function judgeBy(
  operations: readonly Thrown[],
): (request: ThrownRequest, answer: ThrownAnswer) => string | undefined {
  const known = operations.map((operation) => {
    const form = new RegExp(`^${operation.path.replace(/\{\w+\}/g, '[\\w-]+')}(\\?.*)?$`);
    return { operation, form };
  });
  return ({ method, path, operation: name }, { status, contentType, text }) => {
    const found = known.find(
      ({ operation, form }) => operation.path === name && operation.method === method && form.test(path),
    );
    if (found === undefined || status === HEADERS_TOO_LARGE) return undefined;
    const { answers } = found.operation;
    const expected = answers.get(String(status)) ?? answers.get(`${String(status).charAt(0)}XX`);
    if (expected === undefined) return `answered ${status}, which is not in the document`;
    if (expected.mediaType?.includes('json') !== true || method === 'HEAD') return undefined;
    if (!contentType.startsWith(expected.mediaType)) return `is ${contentType}, not ${expected.mediaType}`;
    const body = fieldsOf(JSON.parse(text));
    const missing = expected.fields.filter((field) => !(field in body));
    return missing.length === 0 ? undefined : `lacks ${missing.join(', ')}`;
  };
}

/** Requests of one operation. */
export function requestsOf(operation: Thrown, knowledge: Knowledge): fc.Arbitrary<ThrownRequest> {
  return fc.record({
    method: often(
      operation.method,
      fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'TRACE'),
    ),
    path: fc.tuple(pathOf(operation.path, knowledge), queryOf(operation.query)).map(([path, query]) => path + query),
    headers: headersOf(knowledge),
    body: operation.body === undefined ? fc.option(texts('body'), NO_BODY) : bodyOf(operation.body, knowledge),
    operation: fc.constant(operation.path),
  });
}

const NO_BODY = { nil: undefined, freq: 2 };

function pathOf(template: string, knowledge: Knowledge): fc.Arbitrary<string> {
  const parts = template.split(/(\{\w+\})/).map((part) => {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    return name === undefined ? fc.constant(part) : segmentOf(knowledge.values[name] ?? []);
  });
  const right = fc.tuple(...parts).map((texts) => texts.join(''));
  return fc.oneof({ arbitrary: right, weight: 14 }, { arbitrary: right.chain(bentPath), weight: 1 });
}

const RAW_SEGMENTS = [
  '%00',
  '%',
  '%zz',
  '%ff%fe',
  '..',
  '%2e%2e%2f',
  '%2f',
  '%0d%0a',
  ';a=b',
  '*',
  ':',
  'a'.repeat(600),
];

function segmentOf(known: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { arbitrary: known.length === 0 ? fc.constant('1') : fc.constantFrom(...known), weight: 3 },
    { arbitrary: texts('s').map((text) => encodeURIComponent(text.toWellFormed()).slice(0, 4_000)), weight: 1 },
    { arbitrary: fc.constantFrom(...RAW_SEGMENTS), weight: 1 },
  );
}

/** Paths that are the same to some parsers and not to others. */
function bentPath(path: string): fc.Arbitrary<string> {
  return fc.constantFrom(
    `/${path}`,
    `${path}/`,
    `${path}//`,
    `/.${path}`,
    `${path}/..`,
    path.toUpperCase(),
    path.replace(/(?!^)\//g, '%2f'),
    path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
    `${path}%00`,
    `${path};x`,
    `${path}\u00ff`.replace('\u00ff', '%C3%BF'),
    `${path}/${'a/'.repeat(2_000)}`,
    `${path}?${'a=b&'.repeat(2_000)}`,
    `${path}#fragment`,
  );
}

function queryOf(query: Readonly<Record<string, Schema>>): fc.Arbitrary<string> {
  const names = Object.keys(query);
  const pair = fc
    .tuple(
      fc.oneof(fc.constantFrom(...names, 'page', '__proto__'), texts('q')),
      fc.oneof(fc.nat(2_000).map(String), texts('v')),
    )
    .map(([name, value]) => `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(value.toWellFormed())}`);
  const wrong = fc.constantFrom('?', '?&&=', '?%', '?a[b]=1&a[c]=2', '?page=1&page=2', '?=', '?page', '?page=%zz');
  return fc.oneof(
    { arbitrary: fc.constant(''), weight: 6 },
    {
      arbitrary: fc.array(pair, { minLength: 1, maxLength: 4 }).map((pairs) => `?${pairs.join('&').slice(0, 8_000)}`),
      weight: 3,
    },
    { arbitrary: wrong, weight: 1 },
  );
}

const CONTENT_TYPES = [
  'application/json; charset=utf-8',
  'application/json; charset=utf-16',
  'APPLICATION/JSON',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'multipart/form-data',
  'text/plain',
  '*/*',
  ';;;',
  '',
  `application/${'j'.repeat(2_000)}`,
];

function headersOf({ authorizations }: Knowledge): fc.Arbitrary<Record<string, string>> {
  const [right = ''] = authorizations;
  return fc
    .record({
      authorization: fc.oneof(
        { arbitrary: fc.constant(right), weight: 12 },
        {
          arbitrary: fc.constantFrom(
            ...authorizations,
            '',
            'App',
            'App ',
            `App ${'k'.repeat(4_000)}`,
            'Bearer x',
            'App a b',
          ),
          weight: 3,
        },
      ),
      type: often('application/json', fc.constantFrom(...CONTENT_TYPES)),
      extra: fc.option(headerPair, { nil: undefined, freq: 3 }),
    })
    .map(({ authorization, type, extra }) => ({
      authorization,
      'content-type': type,
      ...(extra === undefined ? {} : { [extra[0]]: extra[1] }),
    }));
}

const headerPair = fc
  .oneof(
    fc.tuple(
      fc.constant('idempotency-key'),
      fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('', 'k', 'k'.repeat(300), 'ä')),
    ),
    fc.tuple(
      fc.constantFrom(
        'x-forwarded-for',
        'x-hub-signature-256',
        'accept',
        'accept-encoding',
        'content-encoding',
        'range',
        'origin',
      ),
      fc.constantFrom(
        'sha256=',
        `sha256=${'0'.repeat(64)}`,
        'gzip',
        'identity;q=0',
        '::1',
        'bytes=0-',
        '*/*',
        'a'.repeat(5_000),
      ),
    ),
  )
  .map(([name, value]): [string, string] => [name, value.replace(/[^\t\x20-\x7e\x80-\xff]/g, '?')]);
