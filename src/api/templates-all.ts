// GET /whatsapp/1/templates: the templates of all senders of the account, filtered, ordered and in pages (Infobip 9).
import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { isObject } from '../contract/json.js';
import { bindPlatform } from '../contract/key-platform.js';
import type { Operation } from '../contract/openapi.js';
import { addViolation, type Violations } from '../contract/readers.js';
import { templateAnswer } from '../contract/templates/show.js';
import { CATEGORIES, LANGUAGES, TEMPLATE_STATUSES } from '../contract/templates/words.js';
import { compileValidator } from '../contract/validate.js';
import { pageTemplates, TEMPLATE_ORDERS, type TemplateFilter } from '../store/template-pages.js';
import { apiErrorAnswer, sendApiError } from './api-errors.js';
import type { AccountCaller } from './authenticate.js';
import { callerOf } from './gate.js';
import { exampleTemplate, otherTemplates, type TemplateApiParts } from './template-answers.js';

const PATH = '/whatsapp/1/templates';
const SIZE_DEFAULT = 10;
const SIZE_MAX = 100;
const PAGE_MAX = 1_000_000;
const ERRORS = [400, 401, 403, 429, 500, 503] as const;

const list = Type.Optional(Type.String({ maxLength: 10_000 }));
const query = Type.Object({
  sender: list,
  status: list,
  name: Type.Optional(Type.String({ maxLength: 512 })),
  language: list,
  category: list,
  applicationId: Type.Optional(Type.String({ maxLength: 255 })),
  entityId: Type.Optional(Type.String({ maxLength: 255 })),
  page: Type.Optional(Type.String({ maxLength: 20, description: 'From 0' })),
  size: Type.Optional(Type.String({ maxLength: 20, description: '1 to 100; 10 when absent' })),
  orderBy: Type.Optional(Type.String({ maxLength: 40, description: 'A field and ASC or DESC: `templateId,ASC`' })),
});

/** Serves the endpoint. */
export function registerAllTemplates(scope: FastifyInstance, parts: TemplateApiParts): void {
  const validate = compileValidator(query);
  parts.gate.protect(scope, sendApiError);
  scope.get(PATH, async (request, reply) => {
    const { account, platform } = callerOf(request);
    const read = validate(joined(request.query));
    if (!read.ok) return sendApiError(reply, 400, read.violations);
    const { applicationId, entityId, ...asked } = read.value;
    const named = bindPlatform(platform, { applicationId, entityId });
    if (named === undefined) return sendApiError(reply, 403);
    const wanted = wantedOf(parts, { account, platform }, { ...asked, ...named });
    if ('violations' in wanted) return sendApiError(reply, 400, wanted.violations);
    const { filter, page, size } = wanted;
    const { rows, total } = await pageTemplates(parts.database, filter, { limit: size, offset: page * size });
    const paging = { page, size, totalPages: Math.ceil(total / size), totalResults: total };
    return reply.send({ results: rows.map(templateAnswer), paging });
  });
}

/** Lists may be given as one text with commas or as a name that comes several times. */
function joined(given: unknown): object {
  if (!isObject(given)) return {};
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => [key, Array.isArray(value) ? value.join(',') : value]),
  );
}

interface Wanted {
  filter: TemplateFilter;
  page: number;
  size: number;
}

function wantedOf(
  { directory }: TemplateApiParts,
  { account, platform }: Pick<AccountCaller, 'account' | 'platform'>,
  asked: Static<typeof query>,
): Wanted | { violations: Violations } {
  const violations: Violations = {};
  const senders = entriesOf(asked.sender);
  const wabaIds = new Set<string>();
  for (const { account: owner, sender, wabaId } of directory.senders())
    if (owner === account.id && (senders.length === 0 || senders.includes(sender))) wabaIds.add(wabaId);
  const [orderBy = '', direction = 'ASC', ...rest] = (asked.orderBy ?? 'templateId,ASC')
    .split(',')
    .map((part) => part.trim());
  const order = TEMPLATE_ORDERS.find((known) => known === orderBy);
  if (order === undefined || !/^(asc|desc)$/i.test(direction) || rest.length > 0)
    addViolation(violations, 'orderBy', `must be one of ${TEMPLATE_ORDERS.join(', ')}, followed by ASC or DESC`);
  const filter: TemplateFilter = {
    account: account.id,
    wabaIds: [...wabaIds],
    statuses: choices('status', asked.status, TEMPLATE_STATUSES, violations),
    languages: choices('language', asked.language, LANGUAGES, violations),
    categories: choices('category', asked.category, CATEGORIES, violations),
    name: asked.name,
    applicationId: asked.applicationId,
    entityId: asked.entityId,
    platform,
    orderBy: order ?? 'templateId',
    isDescending: /^desc$/i.test(direction),
  };
  const page = wholeNumber('page', asked.page, 0, { min: 0, max: PAGE_MAX }, violations);
  const size = wholeNumber('size', asked.size, SIZE_DEFAULT, { min: 1, max: SIZE_MAX }, violations);
  return Object.keys(violations).length > 0 ? { violations } : { filter, page, size };
}

function entriesOf(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function choices(field: string, text: string | undefined, known: readonly string[], violations: Violations): string[] {
  const entries = entriesOf(text);
  if (entries.some((entry) => !known.includes(entry)))
    addViolation(violations, field, `must be one of ${known.join(', ')}`);
  return entries;
}

function wholeNumber(
  field: string,
  text: string | undefined,
  fallback: number,
  { min, max }: { min: number; max: number },
  violations: Violations,
): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < min || value > max) {
    addViolation(violations, field, `must be a whole number from ${min} to ${max}`);
    return fallback;
  }
  return value;
}

const paging = { page: 0, size: 10, totalPages: 1, totalResults: 1 };

/** The endpoint on the API page. */
export const allTemplatesOperation: Operation = {
  method: 'GET',
  path: PATH,
  tag: 'Templates',
  summary: 'List the templates of all senders',
  query,
  answers: [
    {
      status: 200,
      description: 'One page',
      example: { results: [exampleTemplate], paging },
      also: [{ results: otherTemplates, paging }],
    },
    ...ERRORS.map(apiErrorAnswer),
  ],
};
