// JSON Schemas for the API page: those that requests are read by, without our own keywords, and those read off a body.
import type { TSchema } from 'typebox';
import { isObject } from './json.js';

/** An example with some of its fields null. */
export function withNull<Example extends object>(example: Example, ...names: (keyof Example)[]): object {
  return { ...example, ...Object.fromEntries(names.map((name) => [name, null])) };
}

/** An example without some of its fields. */
export function without<Example extends object>(example: Example, ...names: (keyof Example)[]): object {
  return { ...example, ...Object.fromEntries(names.map((name) => [name, undefined])) };
}

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

/**
 * What `values` are examples of. A field that is there in all of them is required; the items of an array are as all items seen; one of
 * which only empty ones were seen may hold anything. A value that is
 * null in one and not in another may be either.
 */
export function schemaOf(...values: readonly unknown[]): JsonSchema {
  const types = [...new Set(values.map(typeOf))];
  const objects = values.filter(isObject);
  const items = values.filter((value) => Array.isArray(value)).flat();
  return {
    type: types.length === 1 ? types[0] : types,
    ...(objects.length === 0 ? {} : fieldsOf(objects)),
    ...(items.length === 0 ? {} : { items: schemaOf(...items) }),
  };
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function fieldsOf(objects: readonly Readonly<Record<string, unknown>>[]): JsonSchema {
  const keys = [
    ...new Set(objects.flatMap((object) => Object.keys(object).filter((key) => object[key] !== undefined))),
  ];
  const valuesOf = (key: string): unknown[] =>
    objects.map((object) => object[key]).filter((each) => each !== undefined);
  return {
    required: keys.filter((key) => valuesOf(key).length === objects.length),
    properties: Object.fromEntries(keys.map((key) => [key, schemaOf(...valuesOf(key))])),
  };
}
