// One reader per kind of schema: takes an unknown value, returns the clean one or WRONG, and writes down what is wrong.
// Readers are closures made once per schema; on the good path they allocate the clean objects only.
import type { TSchema } from 'typebox';
import { isObject } from './json.js';
import { parseUrl } from './url.js';

/** Wrong fields by dotted path, each with its phrases. */
export type Violations = Record<string, string[]>;

/** What a reader returns for a value that it refused; the violations say why. */
export const WRONG: unique symbol = Symbol('wrong');

/** Most paths one answer names; a hostile body does not make a huge answer. */
export const VIOLATION_KEYS_MAX = 100;

/** Reads `value` found at `path`. Returns the clean value, undefined for absent, or WRONG. */
export type Reader = (value: unknown, path: string, violations: Violations) => unknown;

/** The path of a value that is not inside anything: the body itself. */
const BODY = 'body';
const ARRAY_ITEMS_MAX = 10_000;
const MAP_KEYS_MAX = 1_000;
const JSON_DEPTH_MAX = 32;
/** A host follows the slashes and no white space is in it; the URL parser would repair both silently. */
const HTTP_URL = /^https?:\/\/[^\s/\\?#]\S*$/i;
const LONE_SURROGATE = /\p{Cs}/u;

/** Adds a phrase to a path; a path beyond the hundredth is left out. */
export function addViolation(violations: Violations, path: string, phrase: string): void {
  const known = violations[path];
  if (known !== undefined) {
    known.push(phrase);
    return;
  }
  if (Object.keys(violations).length < VIOLATION_KEYS_MAX) violations[path] = [phrase];
}

/** The reader of `schema`. Throws TypeError for a schema that nothing here can read, so that it is met at start. */
export function readerOf(schema: TSchema): Reader {
  const anyOf = listOf(schema, 'anyOf');
  if (anyOf !== undefined) return unionReader(anyOf);
  const values = listOf(schema, 'enum');
  if (values !== undefined) return choiceReader(values);
  if ('const' in schema) return choiceReader([schema.const]);
  switch (keyword(schema, 'type')) {
    case 'object':
      return isObject(keyword(schema, 'patternProperties')) ? mapReader(schema) : objectReader(schema);
    case 'string':
      return stringReader(schema);
    case 'boolean':
      return booleanReader;
    case 'number':
    case 'integer':
      return numberReader(schema);
    case 'array':
      return arrayReader(schema);
    case undefined:
      return Object.keys(schema).length === 0 ? jsonReader : unreadable(schema);
    default:
      return unreadable(schema);
  }
}

function unreadable(schema: TSchema): never {
  throw new TypeError(`no reader for schema ${JSON.stringify(schema)}`);
}

function refuse(violations: Violations, path: string, phrase: string): typeof WRONG {
  addViolation(violations, path === '' ? BODY : path, phrase);
  return WRONG;
}

function keyword(schema: object, name: string): unknown {
  return Reflect.get(schema, name);
}

function limit(schema: object, name: string): number | undefined {
  const value = keyword(schema, name);
  return typeof value === 'number' ? value : undefined;
}

function listOf(schema: object, name: string): readonly unknown[] | undefined {
  const value = keyword(schema, name);
  return Array.isArray(value) ? value : undefined;
}

function isSchema(value: unknown): value is TSchema {
  return typeof value === 'object' && value !== null;
}

interface Property {
  name: string;
  read: Reader;
  /** What is said when it is missing; undefined when it may be. */
  missing: string | undefined;
}

/** Bean Validation's NotBlank speaks for a required text, NotNull for anything else. */
function missingPhrase(schema: TSchema): string {
  return keyword(schema, 'type') === 'string' ? 'must not be blank' : 'must not be null';
}

function propertiesOf(schema: TSchema): Property[] {
  const properties = keyword(schema, 'properties');
  if (!isObject(properties)) throw new TypeError('an object schema must name its properties');
  const required = new Set(listOf(schema, 'required') ?? []);
  return Object.entries(properties).map(([name, property]) => {
    if (!isSchema(property)) throw new TypeError(`property ${name} has no schema`);
    return { name, read: readerOf(property), missing: required.has(name) ? missingPhrase(property) : undefined };
  });
}

function objectReader(schema: TSchema): Reader {
  const properties = propertiesOf(schema);
  return (value, path, violations) => {
    if (!isObject(value)) return refuse(violations, path, value == null ? 'must not be null' : 'must be an object');
    const prefix = path === '' ? '' : `${path}.`;
    const clean: Record<string, unknown> = {};
    let isWrong = false;
    for (const { name, read, missing } of properties) {
      const given = Object.hasOwn(value, name) ? value[name] : undefined;
      if (given === undefined || given === null) {
        if (missing === undefined) continue;
        refuse(violations, prefix + name, missing);
        isWrong = true;
        continue;
      }
      const field = read(given, prefix + name, violations);
      if (field === WRONG) isWrong = true;
      else if (field !== undefined && (field !== '' || missing !== undefined)) clean[name] = field;
    }
    return isWrong ? WRONG : clean;
  };
}

/** Numbers for string fields are taken as their text, unless JSON already lost digits of them. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'number' || Math.abs(value) > Number.MAX_SAFE_INTEGER) return undefined;
  return String(value);
}

function stringReader(schema: TSchema): Reader {
  const min = limit(schema, 'minLength') ?? 0;
  const max = limit(schema, 'maxLength') ?? Number.POSITIVE_INFINITY;
  const size = `size must be between ${min} and ${max}`;
  const isUrl = keyword(schema, 'x-format') === 'http-url';
  const pattern = keyword(schema, 'pattern');
  const shape = typeof pattern === 'string' ? new RegExp(pattern, 'u') : undefined;
  return (value, path, violations) => {
    const text = textOf(value);
    if (text === undefined) return refuse(violations, path, 'must be a string');
    if (min > 0 && text.trim() === '') refuse(violations, path, 'must not be blank');
    if (!isWithin(text, min, max)) refuse(violations, path, size);
    if (text.includes('\0')) refuse(violations, path, 'must not contain the NUL character');
    if (LONE_SURROGATE.test(text)) refuse(violations, path, 'must be valid Unicode text');
    if (isUrl && text !== '' && !isHttpUrl(text)) refuse(violations, path, 'is not a valid url');
    if (shape !== undefined && text !== '' && !shape.test(text)) refuse(violations, path, `must match "${pattern}"`);
    return violations[path] === undefined ? text : WRONG;
  };
}

function isWithin(text: string, min: number, max: number): boolean {
  const units = text.length;
  if (units <= max && units >= 2 * min) return true;
  if (units < min || units > 2 * max) return false;
  let points = 0;
  for (const _ of text) points += 1;
  return points >= min && points <= max;
}

/** Whether `text` is an absolute http or https URL without credentials. */
function isHttpUrl(text: string): boolean {
  const url = HTTP_URL.test(text) ? parseUrl(text) : undefined;
  return url !== undefined && url.hostname !== '' && url.username === '' && url.password === '';
}

const booleanReader: Reader = (value, path, violations) =>
  typeof value === 'boolean' ? value : refuse(violations, path, 'must be a boolean');

function numberReader(schema: TSchema): Reader {
  const min = limit(schema, 'minimum') ?? Number.NEGATIVE_INFINITY;
  const max = limit(schema, 'maximum') ?? Number.POSITIVE_INFINITY;
  const isInteger = keyword(schema, 'type') === 'integer';
  return (value, path, violations) => {
    if (typeof value !== 'number') return refuse(violations, path, 'must be a number');
    if (isInteger && !Number.isSafeInteger(value)) return refuse(violations, path, 'must be an integer');
    if (value < min) return refuse(violations, path, `must be greater than or equal to ${min}`);
    if (value > max) return refuse(violations, path, `must be less than or equal to ${max}`);
    return value;
  };
}

function arrayReader(schema: TSchema): Reader {
  const items = keyword(schema, 'items');
  if (!isSchema(items)) throw new TypeError('an array schema must name its items');
  const read = readerOf(items);
  const missing = missingPhrase(items);
  const min = limit(schema, 'minItems') ?? 0;
  const max = limit(schema, 'maxItems') ?? ARRAY_ITEMS_MAX;
  return (value, path, violations) => {
    if (!Array.isArray(value)) return refuse(violations, path, 'must be an array');
    if (value.length < min || value.length > max) {
      return refuse(violations, path, `size must be between ${min} and ${max}`);
    }
    const clean: unknown[] = [];
    for (const [i, item] of value.entries()) {
      const at = `${path}[${i}]`;
      clean.push(item === null || item === undefined ? refuse(violations, at, missing) : read(item, at, violations));
    }
    return clean.includes(WRONG) ? WRONG : clean;
  };
}

/** An object with any keys whose values are all of one schema. */
function mapReader(schema: TSchema): Reader {
  const [values] = Object.values(keyword(schema, 'patternProperties') ?? {});
  if (!isSchema(values)) throw new TypeError('a map schema must name the schema of its values');
  const read = readerOf(values);
  const missing = missingPhrase(values);
  const min = limit(schema, 'minProperties') ?? 0;
  const max = limit(schema, 'maxProperties') ?? MAP_KEYS_MAX;
  return (value, path, violations) => {
    if (!isObject(value)) return refuse(violations, path, 'must be an object');
    const entries = Object.entries(value);
    if (entries.length < min || entries.length > max) {
      return refuse(violations, path, `size must be between ${min} and ${max}`);
    }
    const clean = entries.map(([key, item]): [string, unknown] => {
      if (!isText(key)) return [key, refuse(violations, path, 'keys must be valid Unicode text without NUL')];
      const at = `${path}.${key}`;
      return [key, item === null && read !== jsonReader ? refuse(violations, at, missing) : read(item, at, violations)];
    });
    return clean.some(([, item]) => item === WRONG) ? WRONG : Object.fromEntries(clean);
  };
}

/** Any JSON, kept as it came: data that only the receiver understands. Depth is limited, since writing it out recurs. */
const jsonReader: Reader = (value, path, violations) => {
  if (depthOf(value) > JSON_DEPTH_MAX)
    return refuse(violations, path, `must not be nested deeper than ${JSON_DEPTH_MAX}`);
  return isJsonText(value) ? value : refuse(violations, path, 'must hold valid Unicode text without NUL');
};

/** How deep objects and arrays nest, counted no further than needed. */
function depthOf(value: unknown, depth = 0): number {
  if (typeof value !== 'object' || value === null || depth > JSON_DEPTH_MAX) return depth;
  let deepest = depth + 1;
  for (const item of Object.values(value)) deepest = Math.max(deepest, depthOf(item, depth + 1));
  return deepest;
}

function isJsonText(value: unknown): boolean {
  if (typeof value === 'string') return isText(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, item]) => isText(key) && isJsonText(item));
}

function isText(text: string): boolean {
  return !text.includes('\0') && !LONE_SURROGATE.test(text);
}

function choiceReader(values: readonly unknown[]): Reader {
  const phrase = `must be one of ${values.map(String).join(', ')}`;
  return (value, path, violations) => (values.includes(value) ? value : refuse(violations, path, phrase));
}

/** A union of constants is a choice; one of objects is told apart by the first property that is a constant in each. */
function unionReader(members: readonly unknown[]): Reader {
  const schemas = members.filter(isSchema);
  if (schemas.every((schema) => 'const' in schema))
    return choiceReader(schemas.map((schema) => keyword(schema, 'const')));
  const variants = schemas.map((schema) => keyword(schema, 'properties')).filter(isObject);
  const key = Object.keys(variants[0] ?? {}).find((name) => variants.every((p) => constOf(p[name]) !== undefined));
  if (key === undefined || variants.length !== schemas.length)
    throw new TypeError('a union needs a discriminating constant');
  const readers = new Map<unknown, Reader>();
  for (const [i, schema] of schemas.entries()) readers.set(constOf(variants[i]?.[key]), readerOf(schema));
  const phrase = `must be one of ${[...readers.keys()].map(String).join(', ')}`;
  return (value, path, violations) => {
    if (!isObject(value)) return refuse(violations, path, 'must be an object');
    const read = readers.get(value[key]);
    return read === undefined
      ? refuse(violations, path === '' ? key : `${path}.${key}`, phrase)
      : read(value, path, violations);
  };
}

function constOf(schema: unknown): unknown {
  return isObject(schema) ? schema.const : undefined;
}
