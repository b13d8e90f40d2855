// What creating and editing a template may say, as a body, a form or query parameters (Meta 0.4, 4.1, 4.3).
import Type, { type Static } from 'typebox';
import { checkerOf } from '../../checker.js';
import { Component, withUsualCase } from '../../templates/component.js';
import { CATEGORIES, Category } from '../../templates/record.js';
import { refuseParameter } from '../../templates/refusals.js';
import type { GraphCall } from '../call.js';
import type { Refusal } from '../errors.js';
import { checkBody } from '../schema.js';
import { LANGUAGES } from './languages.js';

const closed = { additionalProperties: false };
const COMPONENTS_MAX = 10;

const editable = {
  category: Type.Optional(Category),
  components: Type.Optional(Type.Array(Component, { minItems: 1, maxItems: COMPONENTS_MAX })),
  message_send_ttl_seconds: Type.Optional(Type.Integer({ minimum: -1, maximum: 2_592_000 })),
  parameter_format: Type.Optional(Type.Enum(['POSITIONAL', 'NAMED'])),
  cta_url_link_tracking_opted_out: Type.Optional(Type.Boolean()),
};
const Edit = Type.Object(editable, closed);
const Creation = Type.Object(
  {
    ...editable,
    name: Type.String({ pattern: '^[a-z0-9_]{1,512}$' }),
    language: Type.String(),
    category: Category,
    components: Type.Array(Component, { minItems: 1, maxItems: COMPONENTS_MAX }),
    sub_category: Type.Optional(Type.Enum(['ORDER_DETAILS', 'ORDER_STATUS'])),
    /** Has no effect any more (Meta 4.2). */
    allow_category_change: Type.Optional(Type.Boolean()),
    degrees_of_freedom_spec: Type.Optional(Type.Object({})),
  },
  closed,
);

/** What a creation asks for. */
export type Creation = Static<typeof Creation>;
/** What an edit changes. */
export type Edit = Static<typeof Edit>;

const CreationBody = checkerOf(Creation);
const EditBody = checkerOf(Edit);
const CAPITALS = ['category', 'sub_category', 'parameter_format'] as const;

/** The creation, or a refusal of the first thing wrong. */
export function readCreation(call: GraphCall): { spec: Creation } | Refusal {
  const value = readValue(call);
  if (!CreationBody.Check(value)) return asRefusal(checkBody(CreationBody, value), value);
  return LANGUAGES.has(value.language)
    ? { spec: value }
    : refuseParameter('Param language is not a supported language.');
}

/** The edit, or a refusal of the first thing wrong. */
export function readEdit(call: GraphCall): { spec: Edit } | Refusal {
  const value = readValue(call);
  if (!EditBody.Check(value)) return asRefusal(checkBody(EditBody, value), value);
  return Object.keys(value).length === 0 ? refuseParameter('There is nothing to change.') : { spec: value };
}

/** Parameters of the query, then those of the body; in forms and queries structures are JSON texts. */
function readValue({ query, body }: GraphCall): unknown {
  const { access_token: _token, ...parameters } = query;
  if (body !== undefined && (typeof body !== 'object' || body === null || Array.isArray(body))) return body;
  const value: Record<string, unknown> = {};
  for (const [name, given] of Object.entries({ ...parameters, ...body })) value[name] = fromText(name, given);
  for (const name of CAPITALS) {
    const given = value[name];
    if (typeof given === 'string') value[name] = given.toUpperCase();
  }
  if (value.components !== undefined) value.components = withUsualCase(value.components);
  return value;
}

function fromText(name: string, given: unknown): unknown {
  if (typeof given !== 'string' || !['components', 'message_send_ttl_seconds'].includes(name)) return given;
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}

/** What is wrong with a template is always code 100. */
function asRefusal(refusal: Refusal | null, value: unknown): Refusal {
  const category: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'category') : undefined;
  if (refusal?.details?.includes('parameter category ') === true && category !== undefined)
    return refuseParameter(`Param category must be one of {${CATEGORIES.join(', ')}} - got "${String(category)}".`);
  return refuseParameter(refusal?.details ?? 'The request body must be a JSON object.');
}
