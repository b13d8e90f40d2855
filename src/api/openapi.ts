// GET /openapi.json: the page of everything this process serves, made from the routes themselves when it is first asked for, which takes about
// 0.1 s, and kept.
import type { FastifyInstance } from 'fastify';
import { type TObject, Type } from 'typebox';
import {
  errorAnswer,
  messageOperations,
  type Operation,
  type OperationAnswer,
  openApiDocument,
} from '../contract/openapi.js';
import type { AccountRoute } from './account-route.js';
import { problem, problemBody, problemSchema } from './admin/problem.js';
import { ADMIN_PREFIX } from './admin/register.js';
import type { Route } from './admin/route.js';
import { apiKeyOperations } from './api-keys-page.js';
import { eventOperation } from './events.js';
import { flowOperations } from './flows.js';
import { identityOperations } from './identity.js';
import { registerLlms } from './llms.js';
import { loginOperations } from './logins.js';
import { mediaOperations } from './media.js';
import { publicKeyOperations } from './public-key.js';
import { pullOperations } from './pull.js';
import { readMarkOperation } from './read-marks.js';
import { registerReference } from './reference.js';
import { templateOperations } from './templates.js';
import { allTemplatesOperation } from './templates-all.js';
import { templateV1Operations } from './templates-v1.js';

/** What the page is made of. */
export interface OpenApiParts {
  /** Parley's own. */
  version: string;
  adminRoutes: readonly Route[];
  /** Infobip's management APIs. */
  management: readonly AccountRoute[];
  /** Whether this process also takes Meta's webhooks. */
  hasWebhook: boolean;
}

/** Serves GET /openapi.json, /docs and /llms.txt, without a key. */
export function registerOpenApi(
  app: FastifyInstance,
  { version, adminRoutes, management, hasWebhook }: OpenApiParts,
): void {
  const operations = [
    ...messageOperations(),
    ...loginOperations,
    ...apiKeyOperations,
    eventOperation,
    ...mediaOperations,
    readMarkOperation,
    ...identityOperations,
    ...pullOperations,
    ...management.map(({ operation }) => operation),
    ...templateOperations,
    ...templateV1Operations,
    allTemplatesOperation,
    ...flowOperations,
    ...publicKeyOperations,
    ...adminOperations(adminRoutes),
    ...(hasWebhook ? webhookOperations : []),
    ...healthOperations,
  ];
  registerReference(app);
  registerLlms(app, operations);
  let text: string | undefined;
  app.get('/openapi.json', (_, reply) => {
    text ??= JSON.stringify(openApiDocument(version, operations));
    return reply.type('application/json').send(text);
  });
}

const ADMIN_ERRORS = [400, 401, 403, 404, 405, 409, 413, 415, 429, 500, 502, 503] as const;

/** Endpoints of the admin API on the API page. */
export function adminOperations(routes: readonly Route[]): Operation[] {
  return routes.map(adminOperation);
}

function adminOperation({ method, url, summary, isAdminOnly, query, body, example, answers }: Route): Operation {
  const path = ADMIN_PREFIX + url.replace(/:(\w+)/g, '{$1}');
  return {
    method,
    path,
    tag: 'Administration',
    summary: isAdminOnly ? `${summary} (keys of kind admin only)` : summary,
    query,
    body: body === undefined ? undefined : { schema: closed(body), example },
    answers: [...answers, ...ADMIN_ERRORS.map(toProblemAnswer)],
  };
}

/** Unknown fields are refused by the readers of the admin API (fields.ts); their schemas do not say so themselves. */
function closed(schema: TObject): TObject {
  return Type.Object(schema.properties, { additionalProperties: false });
}

function toProblemAnswer(status: number): OperationAnswer {
  const errors = status === 400 ? [{ field: 'name', message: 'is required' }] : [];
  return {
    status,
    name: `Problem${status}`,
    description: `A problem (RFC 9457) of HTTP ${status}`,
    mediaType: 'application/problem+json',
    schema: problemSchema,
    example: problemBody(problem(status, 'what was wrong', errors)),
  };
}

const webhookOperations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/meta/webhook',
    tag: 'Meta',
    summary: "Answer Meta's handshake",
    isOpen: true,
    query: Type.Object({
      'hub.mode': Type.String(),
      'hub.verify_token': Type.String(),
      'hub.challenge': Type.String({ maxLength: 256 }),
    }),
    answers: [
      { status: 200, description: 'The challenge', mediaType: 'text/plain', example: '1158201444' },
      { status: 403, description: 'The verify token is another' },
    ],
  },
  {
    method: 'POST',
    path: '/meta/webhook',
    tag: 'Meta',
    summary: 'Take a webhook of Meta, signed over its bytes',
    isOpen: true,
    headers: Type.Object({ 'X-Hub-Signature-256': Type.String({ pattern: '^sha256=[0-9a-f]{64}$' }) }),
    body: { schema: Type.Object({}) },
    answers: [
      { status: 200, description: 'Everything in it is committed' },
      { status: 400, description: 'Signed, but not JSON' },
      { status: 401, description: 'Not signed by Meta' },
      { status: 413, description: 'Larger than Meta sends' },
      { status: 415, description: 'A Content-Type that is none' },
      errorAnswer(500),
      { status: 503, description: 'Nothing is certain; send it again' },
    ],
  },
];

const healthOperations: readonly Operation[] = [
  healthOperation('/healthz', 'Whether the process lives', {
    status: 200,
    description: 'It does',
    example: { status: 'ok' },
  }),
  healthOperation('/readyz', 'Whether it can do its work', {
    status: 200,
    description: 'It can',
    example: { status: 'ready' },
  }),
  healthOperation('/metrics', 'What it did, for Prometheus', { status: 200, description: 'Metrics' }),
  healthOperation('/openapi.json', 'This page', {
    status: 200,
    description: 'OpenAPI 3.1',
    example: { openapi: '3.1.0', info: {}, paths: {}, webhooks: {}, components: {} },
  }),
  healthOperation('/docs', 'This page to read and to try', { status: 200, description: 'HTML' }),
  healthOperation('/llms.txt', 'This page for language models', { status: 200, description: 'Markdown' }),
];

function healthOperation(path: string, summary: string, answer: OperationAnswer): Operation {
  const unready: OperationAnswer = {
    status: 503,
    description: 'Something is missing',
    example: { status: 'not ready', missing: ['database'] },
  };
  const answers = path === '/readyz' ? [answer, unready] : [answer];
  return { method: 'GET', path, tag: 'Health', summary, isOpen: true, answers };
}
