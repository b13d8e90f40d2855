// /whatsapp/1/senders/{sender}/flows: forms inside the chat, kept at Meta (Infobip 8).
import { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { itemsAt, textAt } from '../contract/json.js';
import type { Operation } from '../contract/openapi.js';
import { without } from '../contract/openapi-schemas.js';
import { compileValidator } from '../contract/validate.js';
import {
  createFlow,
  deleteFlow,
  deprecateFlow,
  type FlowParts,
  flowJsonUrl,
  listFlows,
  previewFlow,
  publishFlow,
  putFlowJson,
  updateFlow,
} from '../manage/flows.js';
import type { DirectorySender } from '../store/directory.js';
import type { FlowRow } from '../store/flows.js';
import { sendApiError } from './api-errors.js';
import { type ComingBody, comingBody } from './coming-body.js';
import { FLOW_ERRORS, type SenderParts, sendFlowOr, withFlowSender } from './flow-answers.js';
import { readJsonOnly } from './json.js';

/** What the endpoints work with. */
export type FlowApiParts = FlowParts & SenderParts;

const PATH = '/whatsapp/1/senders/:sender/flows';
const FLOW = `${PATH}/:flowId`;
/** Flow JSON as the body (*Infobip 8*). */
const JSON_BYTES_MAX = 10 * 1024 * 1024;

const CATEGORIES = [
  'SIGN_UP',
  'SIGN_IN',
  'APPOINTMENT_BOOKING',
  'LEAD_GENERATION',
  'CONTACT_US',
  'CUSTOMER_SUPPORT',
  'SURVEY',
  'OTHER',
  'SHOPPING',
  'UNKNOWN',
] as const;
const name = Type.String({ minLength: 1, maxLength: 200 });
const categories = Type.Array(Type.Enum([...CATEGORIES]), { maxItems: 50 });
const creation = Type.Object({ name, categories, cloneFlowId: Type.Optional(Type.String({ maxLength: 100 })) });
const change = Type.Object({ name: Type.Optional(name), categories: Type.Optional(categories) });
const empty = Type.Object({});

/** Serves the endpoints. */
export function registerFlows(scope: FastifyInstance, parts: FlowApiParts): void {
  parts.gate.protect(scope, sendApiError);
  scope.register(async (own) => {
    readJsonOnly(own);
    registerChanges(own, parts);
  });
  scope.register(async (own) => {
    // Whatever it is, it is the flow's: what is wrong with it is answered, not refused.
    own.removeAllContentTypeParsers();
    own.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    own.put(`${FLOW}/json`, (request, reply) =>
      withFlowSender(parts, request, reply, (sender) => takeJson(parts, sender, request, reply)),
    );
  });
}

/** Passes the body on to Meta as it comes, so that no caller is slower or larger than its own socket. */
async function takeJson(
  parts: FlowApiParts,
  sender: DirectorySender,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const json = request.body instanceof IncomingMessage ? comingBody(request.body, JSON_BYTES_MAX) : undefined;
  const problem = json === undefined ? 'empty' : json.problem();
  if (json === undefined || problem !== undefined) return refuseBody(reply, problem);
  const stored = await putFlowJson(parts, sender, idOf(request.params), json);
  if (json.problem() !== undefined) return refuseBody(reply, json.problem());
  return sendFlowOr(reply, stored, ({ errors }) => reply.code(201).send({ validationErrors: errors.map(errorAnswer) }));
}

function refuseBody(reply: FastifyReply, problem: ReturnType<ComingBody['problem']>): FastifyReply {
  if (problem !== 'tooLarge') return sendApiError(reply, 400, { body: ['must not be empty'] });
  // What is still to come is not waited for.
  return sendApiError(reply.header('connection', 'close'), 413);
}

function registerChanges(scope: FastifyInstance, parts: FlowApiParts): void {
  const readCreation = compileValidator(creation);
  const readChange = compileValidator(change);
  scope.get(PATH, (request, reply) =>
    withFlowSender(parts, request, reply, async (sender) =>
      sendFlowOr(reply, await listFlows(parts, sender), (rows) =>
        reply.send({ flows: rows.map((row) => flowAnswer(row, sender.wabaId)) }),
      ),
    ),
  );
  scope.post(PATH, (request, reply) =>
    withFlowSender(parts, request, reply, async (sender) => {
      const read = readCreation(request.body);
      if (!read.ok) return sendApiError(reply, 400, read.violations);
      const asked: Static<typeof creation> = read.value;
      const made = await createFlow(parts, sender, { ...asked, cloneFlowId: asked.cloneFlowId });
      return sendFlowOr(reply, made, (row) => reply.code(201).send(flowAnswer(row, sender.wabaId)));
    }),
  );
  scope.patch(FLOW, (request, reply) =>
    withFlowSender(parts, request, reply, async (sender) => {
      const read = readChange(request.body);
      if (!read.ok) return sendApiError(reply, 400, read.violations);
      const changed = await updateFlow(parts, sender, idOf(request.params), read.value);
      return sendFlowOr(reply, changed, () => reply.code(204).send());
    }),
  );
  const acts = [
    ['DELETE', FLOW, deleteFlow],
    ['POST', `${FLOW}/publish`, publishFlow],
    ['POST', `${FLOW}/deprecate`, deprecateFlow],
  ] as const;
  for (const [method, url, act] of acts) {
    scope.route({
      method,
      url,
      handler: (request, reply) =>
        withFlowSender(parts, request, reply, async (sender) =>
          sendFlowOr(reply, await act(parts, sender, idOf(request.params)), () => reply.code(204).send()),
        ),
    });
  }
  scope.get(`${FLOW}/json`, (request, reply) =>
    withFlowSender(parts, request, reply, async (sender) =>
      sendFlowOr(reply, await flowJsonUrl(parts, sender, idOf(request.params)), ({ url }) =>
        reply.send({ externalDownloadUrl: url }),
      ),
    ),
  );
  scope.get(`${FLOW}/preview`, (request, reply) =>
    withFlowSender(parts, request, reply, async (sender) =>
      sendFlowOr(reply, await previewFlow(parts, sender, idOf(request.params)), ({ url, expiresAt }) =>
        reply.send({ previewUrl: url, expiresAt }),
      ),
    ),
  );
}

function idOf(params: unknown): string {
  return textAt(params, 'flowId') ?? '';
}

/** A flow as Infobip shows it: its first screens once it is published. */
function flowAnswer(row: FlowRow, wabaId: string): object {
  const known = new Set<string>(CATEGORIES);
  const own = itemsAt({ categories: JSON.parse(row.categories) }, 'categories').map(String);
  return {
    id: row.id,
    name: row.name,
    businessAccountId: Number(wabaId),
    categories: own.map((category) => (known.has(category) ? category : 'UNKNOWN')),
    status: row.status,
    ...(row.status === 'DRAFT' || row.initialScreens === null
      ? {}
      : { initialScreens: JSON.parse(row.initialScreens) }),
  };
}

/** Meta's form of an error in Infobip's. */
function errorAnswer(error: unknown): object {
  const number = (key: string) => Number(textAt(error, key) ?? 0);
  return {
    error: textAt(error, 'error'),
    errorType: textAt(error, 'error_type'),
    message: textAt(error, 'message'),
    lineStart: number('line_start'),
    lineEnd: number('line_end'),
    columnStart: number('column_start'),
    columnEnd: number('column_end'),
  };
}

const exampleFlow = {
  id: '8801',
  name: 'Booking',
  businessAccountId: 55,
  categories: ['APPOINTMENT_BOOKING'],
  status: 'PUBLISHED',
  initialScreens: ['START'],
};
/** Nobody has given it screens yet. */
const emptyFlow = without(exampleFlow, 'initialScreens');
const exampleError = {
  error: 'INVALID_PROPERTY_KEY',
  errorType: 'FLOW_JSON_ERROR',
  message: 'Property mine cannot be specified at $root.',
  lineStart: 2,
  lineEnd: 2,
  columnStart: 3,
  columnEnd: 8,
};

function operation(
  method: Operation['method'],
  tail: string,
  summary: string,
  own: Pick<Operation, 'answers' | 'body'>,
): Operation {
  const path = PATH.replace(/:(\w+)/g, '{$1}') + tail;
  return { method, path, tag: 'Flows', summary, ...own, answers: [...own.answers, ...FLOW_ERRORS] };
}

const done = { status: 204, description: 'Done' } as const;

/** The endpoints on the API page. */
export const flowOperations: readonly Operation[] = [
  operation('GET', '', 'List the flows of a sender', {
    answers: [
      { status: 200, description: 'All of them', example: { flows: [exampleFlow] }, also: [{ flows: [emptyFlow] }] },
    ],
  }),
  operation('POST', '', 'Create a flow, or a copy of one', {
    body: { schema: creation, example: { name: 'Booking', categories: ['APPOINTMENT_BOOKING'] } },
    answers: [{ status: 201, description: 'A draft', example: { ...exampleFlow, status: 'DRAFT' }, also: [emptyFlow] }],
  }),
  operation('PATCH', '/{flowId}', 'Change a draft', {
    body: { schema: change, example: { name: 'Booking 2' } },
    answers: [done],
  }),
  operation('DELETE', '/{flowId}', 'Delete a draft', { answers: [done] }),
  operation('GET', '/{flowId}/json', 'Where the JSON of a flow can be downloaded', {
    answers: [
      { status: 200, description: 'A link', example: { externalDownloadUrl: 'https://files.example/8801.json' } },
    ],
  }),
  operation('PUT', '/{flowId}/json', 'Store the JSON of a draft, also with errors', {
    body: { schema: empty, example: { version: '7.3', screens: [] } },
    answers: [{ status: 201, description: 'Stored', example: { validationErrors: [exampleError] } }],
  }),
  operation('POST', '/{flowId}/publish', 'Publish a draft, for good', { answers: [done] }),
  operation('POST', '/{flowId}/deprecate', 'Retire a published flow', { answers: [done] }),
  operation('GET', '/{flowId}/preview', 'A link that shows the flow to anybody for 30 days', {
    answers: [
      {
        status: 200,
        description: 'The link',
        example: { previewUrl: 'https://b.example/p', expiresAt: '2026-06-03T09:00:00Z' },
      },
    ],
  }),
];
