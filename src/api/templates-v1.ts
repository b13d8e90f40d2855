// The deprecated /whatsapp/1/senders/{sender}/templates: list and register, in the words of the first version (Infobip 9).
import type { FastifyInstance } from 'fastify';
import type { Operation } from '../contract/openapi.js';
import { readTemplateRequest } from '../contract/templates/requests.js';
import { v1TemplateAnswer } from '../contract/templates/show.js';
import { v1TemplateSchema, v1ToV2 } from '../contract/templates/v1.js';
import { readTemplates, registerTemplate } from '../manage/templates.js';
import { sendServiceException } from './errors.js';
import { readJsonOnly } from './json.js';
import {
  exampleV1Template,
  maySee,
  otherV1Templates,
  sendOr,
  TEMPLATE_ERRORS,
  type TemplateApiParts,
  withinKey,
  withSender,
} from './template-answers.js';

const PATH = '/whatsapp/1/senders/:sender/templates';
/** Media headers have no example here: a file that is made is taken. */
const MADE: ReadonlySet<string> = new Set(['header']);

/** Serves the endpoints. */
export function registerTemplatesV1(scope: FastifyInstance, parts: TemplateApiParts): void {
  parts.gate.protect(scope, sendServiceException);
  readJsonOnly(scope);
  scope.get(PATH, (request, reply) =>
    withSender(parts, request, reply, async (sender) => {
      const rows = await readTemplates(parts, sender);
      return reply.send({ templates: rows.filter((row) => maySee(request, row)).map(v1TemplateAnswer) });
    }),
  );
  scope.post(PATH, (request, reply) =>
    withSender(parts, request, reply, async (sender) => {
      const translated = v1ToV2(request.body);
      const asked = translated.ok ? readTemplateRequest(translated.value, MADE) : translated;
      if (!asked.ok) return sendServiceException(reply, 400, { validationErrors: asked.violations });
      const bound = withinKey(request, asked.value);
      if (bound === undefined) return sendServiceException(reply, 403);
      const row = await registerTemplate(parts, sender, bound, { standIn: true });
      return sendOr(reply, row, (made) => reply.code(201).send(v1TemplateAnswer(made)));
    }),
  );
}

const path = PATH.replace(/:(\w+)/g, '{$1}');

/** The endpoints on the API page. */
export const templateV1Operations: readonly Operation[] = [
  {
    method: 'GET',
    path,
    tag: 'Templates',
    summary: 'List the templates of a sender (deprecated: use version 2)',
    answers: [
      {
        status: 200,
        description: 'All of them',
        example: { templates: [exampleV1Template] },
        also: [{ templates: otherV1Templates }],
      },
      ...TEMPLATE_ERRORS,
    ],
  },
  {
    method: 'POST',
    path,
    tag: 'Templates',
    summary: 'Register a template (deprecated: use version 2)',
    body: {
      schema: v1TemplateSchema,
      example: {
        name: 'order_out',
        language: 'en_GB',
        category: 'SHIPPING_UPDATE',
        structure: { body: 'Your order {{1}} is out.', footer: 'Depot' },
      },
    },
    answers: [
      { status: 201, description: 'Registered; a review follows', example: exampleV1Template, also: otherV1Templates },
      ...TEMPLATE_ERRORS,
    ],
  },
];
