// The API as OpenAPI 3.1, generated from what also serves it: schemas of requests and bodies of answers are written nowhere else.
import { type TObject, type TSchema, Type } from 'typebox';
import { accessOf, SCOPES } from './access.js';
import { type ErrorHttpStatus, sendAnswer, serviceException, serviceExceptionSchema } from './answers.js';
import type { MessageType } from './messages/envelope.js';
import { messageTypes } from './messages/registry.js';
import { publicSchema, schemaOf } from './openapi-schemas.js';
import { webhooksOfDocument } from './openapi-webhooks.js';
import { StatusId } from './statuses.js';
import { templateBulkOperation } from './template-bulk.js';

/** One answer of an operation. Its schema is read off `example` and `also`, which are bodies as they are really sent. */
export interface OperationAnswer {
  status: number;
  description: string;
  /** `application/json` unless it says otherwise. */
  mediaType?: string;
  /** Absent: no body is promised. */
  example?: unknown;
  /** Bodies that it sends too, for what may be null or absent. */
  also?: readonly unknown[] | undefined;
  /** Where examples cannot tell: what it is instead of read off. */
  schema?: TSchema;
  /** Answers of one name are the same everywhere and stand in the document once. */
  name?: string;
}

/** One operation of the API. */
export interface Operation {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the root, its parameters in braces. */
  path: string;
  tag: string;
  summary: string;
  /** Whether it answers without an API key. */
  isOpen?: boolean;
  headers?: TObject;
  query?: TObject | undefined;
  /** `application/json` unless `mediaType` says otherwise. */
  body?: { schema: TSchema; example?: unknown; mediaType?: string } | undefined;
  answers: readonly OperationAnswer[];
}

/** Answers that every send can give beside 200. */
const SEND_ERRORS = [400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503] as const satisfies ErrorHttpStatus[];

/** An id as generated ones look. */
const EXAMPLE_ID = '0190d8a2-6c1f-7d35-9f00-5a1b2c3d4e5f';

const sendHeaders = Type.Object({
  'Idempotency-Key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      pattern: '^[\\x20-\\x7e]+$',
      description: 'The same key and body within 48 hours give the same answer; another body 422',
    }),
  ),
});

/** The send endpoints: one for each type of the registry, and that of templates. */
export function messageOperations(): Operation[] {
  const errors = SEND_ERRORS.map(errorAnswer);
  const singles = messageTypes.map(
    (type): Operation => ({
      method: 'POST',
      path: `/whatsapp/1/message/${type.path}`,
      tag: 'Messages',
      summary: type.summary,
      headers: sendHeaders,
      body: { schema: type.schema, example: type.example },
      answers: [
        {
          status: 200,
          description: 'Accepted, or refused with a status of group REJECTED',
          example: accepted(type),
          also: [refused(type)],
        },
        ...errors,
      ],
    }),
  );
  return [...singles, templateBulkOperation({ headers: sendHeaders, answers: errors })];
}

function accepted({ example }: MessageType): object {
  return sendAnswer(example.to, example.messageId ?? EXAMPLE_ID, StatusId.pendingEnroute);
}

/** An answer with what only refusals have. */
function refused({ example }: MessageType): object {
  return sendAnswer(example.to, example.messageId ?? EXAMPLE_ID, StatusId.rejectedSource);
}

/** An error of the public API in Infobip's old form. */
export function errorAnswer(status: ErrorHttpStatus): OperationAnswer {
  const violations = status === 400 ? { validationErrors: { 'content.text': ['must not be blank'] } } : {};
  return {
    status,
    name: `ServiceException${status}`,
    description: `The error form of HTTP ${status}`,
    schema: serviceExceptionSchema,
    example: serviceException(status, violations),
  };
}

const SECURITY_SCHEMES = {
  apiKey: { type: 'apiKey', in: 'header', name: 'Authorization', description: '`App <key>`' },
  basic: { type: 'http', scheme: 'basic', description: 'Name and password of a user' },
  session: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description: '`IBSSO <token>` of POST /auth/1/session',
  },
  oauth2: {
    type: 'oauth2',
    description: '`Bearer <token>`; what a token may do is what its user may',
    flows: {
      clientCredentials: {
        tokenUrl: '/auth/1/oauth2/token',
        scopes: Object.fromEntries(SCOPES.map((scope) => [scope, scope])),
      },
    },
  },
} as const;

const DESCRIPTION = `Infobip's WhatsApp API as Parley serves it, and Parley's own administration under \`/parley/1\`.

**Credentials.** Any of the four schemes. An operation asks for one of the scopes in \`x-scopes\`.

**Errors.** Most endpoints answer \`requestError.serviceException\`, newer ones of Infobip's \`errorCode\`, those under \`/parley/1\` problems of RFC 9457. Order: 401, 403, 429, then what is wrong with the request, all fields at once.

**Rate limits.** \`x-rate-limit\` is what an account may call: \`count\` in \`perMs\` milliseconds, \`burst\` at once. Beyond it: 429 with \`Retry-After\`.

**Webhooks.** What your endpoints are sent stands under Webhooks. A POST is retried for 72 hours; \`eventId\` stays the same.`;

/** The document. Throws TypeError when two operations share method and path. */
export function openApiDocument(version: string, operations: readonly Operation[]): object {
  const paths: Record<string, Record<string, object>> = {};
  const responses: Record<string, object> = {};
  for (const operation of operations) {
    const methods = paths[operation.path] ?? {};
    paths[operation.path] = methods;
    const method = operation.method.toLowerCase();
    if (method in methods) throw new TypeError(`${operation.method} ${operation.path} is there twice`);
    methods[method] = toOperation(operation, responses);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Parley',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    webhooks: webhooksOfDocument(),
    components: {
      responses,
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

function toOperation(operation: Operation, responses: Record<string, object>): object {
  const { path, tag, summary, isOpen = false, headers, query, body, answers } = operation;
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    ...parametersOf('query', query),
    ...parametersOf('header', headers),
  ];
  return {
    tags: [tag],
    summary,
    ...(isOpen ? { security: [] } : accessFields(operation)),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: requestBody(body) }),
    responses: Object.fromEntries(answers.map((answer) => [answer.status, toResponse(answer, responses)])),
  };
}

/** Who may call it, by each of the four schemes: any one of the scopes suffices. */
function accessFields({ method, path }: Operation): object {
  const { scopes, rate } = accessOf(method, path);
  const needed = scopes.length === 0 ? [[]] : scopes.map((scope) => [scope]);
  return {
    security: needed.flatMap((each) => Object.keys(SECURITY_SCHEMES).map((scheme) => ({ [scheme]: each }))),
    ...(scopes.length === 0 ? {} : { 'x-scopes': scopes }),
    ...(rate === undefined ? {} : { 'x-rate-limit': rate }),
  };
}

function parametersOf(place: 'query' | 'header', schema: TObject | undefined): object[] {
  const required = new Set<string>(schema?.required ?? []);
  return Object.entries(schema?.properties ?? {}).map(([name, property]) => ({
    name,
    in: place,
    required: required.has(name),
    schema: publicSchema(property),
  }));
}

function requestBody({ schema, example, mediaType = 'application/json' }: NonNullable<Operation['body']>): object {
  const content = { schema: publicSchema(schema), ...(example === undefined ? {} : { example }) };
  return { required: true, content: { [mediaType]: content } };
}

function toResponse(answer: OperationAnswer, responses: Record<string, object>): object {
  const { name, description, example, also = [], mediaType = 'application/json' } = answer;
  const schema = answer.schema === undefined ? schemaOf(example, ...also) : publicSchema(answer.schema);
  const content = example === undefined ? {} : { content: { [mediaType]: { schema, example } } };
  const response = { description, ...content };
  if (name === undefined) return response;
  responses[name] = response;
  return { $ref: `#/components/responses/${name}` };
}
