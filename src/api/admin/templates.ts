// /templates/lint: what Meta would say to a template, without asking it and without registering anything.
import { Type } from 'typebox';
import { lintTemplate } from '../../contract/templates/lint.js';
import { defineRoute, type Route, shows } from './route.js';

const field = () => Type.Optional(Type.Unknown({ says: 'is looked at by the rules of templates' }));

const REMARK = { field: 'structure.body.text', message: 'must not begin or end with a placeholder' };
const EXAMPLE = { errors: [REMARK], warnings: [REMARK] };

/** The endpoint. Wrong fields of the template are its answer, not an error. */
export function templateRoutes(): Route[] {
  return [
    defineRoute({
      method: 'POST',
      url: '/templates/lint',
      summary: 'Tell what Meta would refuse in a template, and what it is likely to refuse or recategorise',
      body: Type.Object({
        name: field(),
        language: field(),
        category: field(),
        structure: field(),
        platform: field(),
        subCategory: field(),
        validityPeriod: field(),
        allowCategoryChange: field(),
      }),
      example: {
        name: 'order_out',
        language: 'en_GB',
        category: 'UTILITY',
        structure: { body: { text: 'Your order {{1}} is out.', examples: ['77'] } },
      },
      answers: shows(200, 'What was found', EXAMPLE),
      handle: async ({ body }) => ({ status: 200, body: lintTemplate(body) }),
    }),
  ];
}
