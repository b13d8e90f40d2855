// JSON Schemas for the API page: those that requests are read by, without our own keywords, and those read off a body.
import type { TSchema } from 'typebox';
import { isObject } from './json.js';

/** A JSON Schema as plain JSON. */
type JsonSchema = Readonly<Record<string, unknown>>;

/** Our schema with standard keywords only: what a field says when it is wrong describes it, an http URL is a `uri`. */
export function publicSchema(schema: TSchema): JsonSchema {
  const plain = plainOf(schema);
  if (!isObject(plain)) throw new TypeError('a schema is an object');
  return plain;
}

function plainOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainOf);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([key]) => !key.startsWith('~'));
  return Object.fromEntries(entries.map(([key, inner]) => plainKeyword(key, inner)));
}

/** Inside `properties` the same names would be fields, whose values are no texts. */
function plainKeyword(key: string, value: unknown): [string, unknown] {
  if (typeof value === 'string' && key === 'says') return ['description', value];
  if (typeof value === 'string' && key === 'x-format') return ['format', 'uri'];
  return [key, plainOf(value)];
}

/** What `value` is an example of. Every field that is there is required; the items of an array are as its first one. */
export function schemaOf(value: unknown): JsonSchema {
  if (value === null) return { type: 'null' };
  if (Array.isArray(value)) return { type: 'array', ...(value.length === 0 ? {} : { items: schemaOf(value[0]) }) };
  if (!isObject(value)) return { type: typeof value };
  const fields = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return {
    type: 'object',
    required: fields.map(([key]) => key),
    properties: Object.fromEntries(fields.map(([key, inner]) => [key, schemaOf(inner)])),
  };
}
