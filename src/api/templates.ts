// /whatsapp/2/senders/{sender}/templates: list, read, register, edit and delete templates (Infobip 9).
import type { FastifyInstance } from 'fastify';
import { isObject, textAt } from '../contract/json.js';
import type { Operation } from '../contract/openapi.js';
import { createTemplateSchema, editTemplateSchema, readTemplateRequest } from '../contract/templates/requests.js';
import { templateAnswer } from '../contract/templates/show.js';
import { deleteTemplate, editTemplate, readTemplate, readTemplates, registerTemplate } from '../manage/templates.js';
import { sendServiceException } from './errors.js';
import {
  barredFrom,
  exampleTemplate,
  maySee,
  otherTemplates,
  seenOrNot,
  sendOr,
  sendTemplateRefusal,
  TEMPLATE_ERRORS,
  type TemplateApiParts,
  withinKey,
  withSender,
} from './template-answers.js';
import { readTemplateBodies, templateBodyOf } from './template-body.js';

const PATH = '/whatsapp/2/senders/:sender/templates';

/** Serves the endpoints. */
export function registerTemplates(scope: FastifyInstance, parts: TemplateApiParts): void {
  parts.gate.protect(scope, sendServiceException);
  readTemplateBodies(scope);
  scope.get(PATH, (request, reply) =>
    withSender(parts, request, reply, async (sender) => {
      const rows = await readTemplates(parts, sender);
      return reply.send({ templates: rows.filter((row) => maySee(request, row)).map(templateAnswer) });
    }),
  );
  scope.get(`${PATH}/:id`, (request, reply) =>
    withSender(parts, request, reply, async (sender) => {
      const row = seenOrNot(request, await readTemplate(parts, sender, textAt(request.params, 'id') ?? ''));
      return sendOr(reply, row, (found) => reply.send(templateAnswer(found)));
    }),
  );
  scope.post(PATH, (request, reply) =>
    withSender(parts, request, reply, async (sender) => {
      const { value, files } = templateBodyOf(request.body);
      const asked = readTemplateRequest(value, new Set(files.keys()));
      if (!asked.ok) return sendServiceException(reply, 400, { validationErrors: asked.violations });
      const bound = withinKey(request, asked.value);
      if (bound === undefined) return sendServiceException(reply, 403);
      const row = await registerTemplate(parts, sender, bound, { files });
      return sendOr(reply, row, (made) => reply.code(201).send(templateAnswer(made)));
    }),
  );
  scope.patch(`${PATH}/:id`, (request, reply) =>
    withSender(parts, request, reply, async (sender) => {
      const { value, files } = templateBodyOf(request.body);
      const bound = isObject(value) && isObject(value.platform) ? withinKey(request, value) : value;
      if (bound === undefined && value !== undefined) return sendServiceException(reply, 403);
      const id = textAt(request.params, 'id') ?? '';
      const barred = await barredFrom(parts, request, sender, (row) => row.id === id);
      if (barred !== undefined) return sendServiceException(reply, barred);
      const row = await editTemplate(parts, sender, id, bound, files);
      return sendOr(reply, row, (edited) => reply.send(templateAnswer(edited)));
    }),
  );
  scope.delete(`${PATH}/:name`, (request, reply) =>
    withSender(parts, request, reply, async (sender) => {
      const name = textAt(request.params, 'name') ?? '';
      if (!/^[a-z0-9_]{1,512}$/.test(name))
        return sendServiceException(reply, 400, {
          validationErrors: { templateName: ['must match "^[a-z0-9_]{1,512}$"'] },
        });
      const barred = await barredFrom(parts, request, sender, (row) => row.name === name);
      if (barred !== undefined) return sendServiceException(reply, barred);
      const refused = await deleteTemplate(parts, sender, name);
      return refused === undefined ? reply.code(204).send() : sendTemplateRefusal(reply, refused);
    }),
  );
}

const example = {
  name: 'order_up',
  language: 'en_GB',
  category: 'UTILITY',
  structure: {
    header: { format: 'IMAGE', example: 'https://cdn.example/h.png' },
    body: { text: 'Your order {{1}} is out.', examples: ['77'] },
    footer: { text: 'Depot' },
    buttons: [
      { type: 'URL', text: 'Track', url: 'https://shop.example/t/{{1}}', example: 'https://shop.example/t/77' },
    ],
  },
  platform: { applicationId: 'crm' },
};

function operation(
  method: Operation['method'],
  tail: string,
  summary: string,
  own: Pick<Operation, 'answers' | 'body'>,
): Operation {
  const path = PATH.replace(/:(\w+)/g, '{$1}') + tail;
  return { method, path, tag: 'Templates', summary, ...own, answers: [...own.answers, ...TEMPLATE_ERRORS] };
}

/** The endpoints on the API page. */
export const templateOperations: readonly Operation[] = [
  operation('GET', '', 'List the templates of a sender', {
    answers: [
      {
        status: 200,
        description: 'All of them',
        example: { templates: [exampleTemplate] },
        also: [{ templates: otherTemplates }],
      },
    ],
  }),
  operation('GET', '/{id}', 'Read a template', {
    answers: [{ status: 200, description: 'The template', example: exampleTemplate, also: otherTemplates }],
  }),
  operation(
    'POST',
    '',
    'Register a template; also as a form with the JSON in `template` and files in `header` and `cards[n]`',
    {
      body: { schema: createTemplateSchema, example },
      answers: [
        { status: 201, description: 'Registered; a review follows', example: exampleTemplate, also: otherTemplates },
      ],
    },
  ),
  operation('PATCH', '/{id}', 'Edit a template', {
    body: {
      schema: editTemplateSchema,
      example: { structure: { body: { text: 'Your order {{1}} has left.', examples: ['77'] } } },
    },
    answers: [
      { status: 200, description: 'Edited; a review may follow', example: exampleTemplate, also: otherTemplates },
    ],
  }),
  operation('DELETE', '/{name}', 'Delete a template in all its languages, for the whole WABA', {
    answers: [{ status: 204, description: 'Deleted' }],
  }),
];
