// Content made from a type's own schema, and what can be wrong with it: for the tests that hold for every type.

import { isObject } from '../../src/contract/json.js';
import { fc } from '../support/property.js';

/** Replaces what would be generated at a path (`action.buttons[].id`), and puts it there always, so that rules between fields hold. */
export type Overrides = Readonly<Record<string, (schema: object, make: Make) => fc.Arbitrary<unknown>>>;

type Make = (schema: object, path: string) => fc.Arbitrary<unknown>;

/** One way to spoil a field: what to put there, or that it is taken away. */
export interface Spoiler {
  /** Keys and indexes from the content to the field. */
  path: readonly (string | number)[];
  how: string;
  value: unknown;
}

/** A value that cannot be a string, number, boolean or object, nor a constant. */
const NO_VALUE = [[]] as const;
const LENGTH_MAX = 40;
const ITEMS_MORE = 3;

/** Any value that `schema` accepts. Texts are short, or as long as may be. */
export function valuesOf(schema: object, overrides: Overrides = {}): fc.Arbitrary<unknown> {
  const make: Make = (inner, path) => {
    const override = overrides[path];
    return override === undefined ? plainValues(inner, path, make, overrides) : override(inner, make);
  };
  return make(schema, '');
}

function plainValues(schema: object, path: string, make: Make, overrides: Overrides): fc.Arbitrary<unknown> {
  const anyOf = listAt(schema, 'anyOf');
  if (anyOf !== undefined) return fc.oneof(...anyOf.filter(isObject).map((member) => make(member, path)));
  const values = listAt(schema, 'enum');
  if (values !== undefined) return fc.constantFrom(...values);
  if ('const' in schema) return fc.constant(schema.const);
  switch (at(schema, 'type')) {
    case 'object':
      return isObject(at(schema, 'patternProperties'))
        ? maps(schema, path, make)
        : objects(schema, path, make, overrides);
    case 'array':
      return arrays(schema, path, make);
    case 'string':
      return texts(schema);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer({ min: numberAt(schema, 'minimum') ?? 0, max: numberAt(schema, 'maximum') ?? 2 ** 31 - 1 });
    case 'number':
      return fc.double({
        min: numberAt(schema, 'minimum') ?? -1e6,
        max: numberAt(schema, 'maximum') ?? 1e6,
        noNaN: true,
      });
    case undefined:
      return fc.jsonValue();
    default:
      throw new TypeError(`no values for ${JSON.stringify(schema)}`);
  }
}

function objects(schema: object, path: string, make: Make, overrides: Overrides): fc.Arbitrary<unknown> {
  const required = listAt(schema, 'required') ?? [];
  const fields = Object.entries(propertiesOf(schema)).map(([name, inner]): [string, fc.Arbitrary<unknown>] => {
    return [name, make(inner, inPath(path, name))];
  });
  const requiredKeys = fields
    .map(([name]) => name)
    .filter((name) => required.includes(name) || inPath(path, name) in overrides);
  return fc.record(Object.fromEntries(fields), { requiredKeys, noNullPrototype: true });
}

function inPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function maps(schema: object, path: string, make: Make): fc.Arbitrary<unknown> {
  const [values] = Object.values(at(schema, 'patternProperties') ?? {});
  if (!isObject(values)) throw new TypeError('a map needs a schema of its values');
  const key = fc.string({ minLength: 1, maxLength: 10 });
  return fc.dictionary(key, make(values, `${path}.*`), {
    minKeys: numberAt(schema, 'minProperties') ?? 0,
    maxKeys: 3,
    noNullPrototype: true,
  });
}

function arrays(schema: object, path: string, make: Make): fc.Arbitrary<unknown> {
  const items = at(schema, 'items');
  if (!isObject(items)) throw new TypeError('an array needs a schema of its items');
  const minLength = numberAt(schema, 'minItems') ?? 0;
  const maxLength = Math.min(numberAt(schema, 'maxItems') ?? Number.POSITIVE_INFINITY, minLength + ITEMS_MORE);
  return fc.array(make(items, `${path}[]`), { minLength, maxLength });
}

function texts(schema: object): fc.Arbitrary<unknown> {
  const pattern = at(schema, 'pattern');
  if (typeof pattern === 'string') return fc.stringMatching(new RegExp(pattern, 'u'));
  const minLength = numberAt(schema, 'minLength') ?? 0;
  const max = numberAt(schema, 'maxLength');
  if (at(schema, 'x-format') === 'http-url') return fc.webUrl().filter((url) => url.length <= (max ?? LENGTH_MAX));
  // Code points count, so that is what the texts are made of.
  const short = fc
    .string({ minLength, maxLength: Math.min(max ?? LENGTH_MAX, LENGTH_MAX), unit: 'binary' })
    .filter((text) => !text.includes('\0') && (minLength === 0 || text.trim() !== ''));
  return max === undefined
    ? short
    : fc.oneof({ weight: 9, arbitrary: short }, { weight: 1, arbitrary: fc.constant('😀'.repeat(max)) });
}

/** Every way in which one field of `value` can be made wrong, its path told. Free JSON is left alone: nothing in it is wrong. */
export function spoilersOf(schema: object, value: unknown, path: readonly (string | number)[] = []): Spoiler[] {
  const member = memberFor(schema, value);
  if (Object.keys(member).length === 0) return [];
  return [...spoiled(member, value, path), ...inside(member, value, path)];
}

function spoiled(schema: object, value: unknown, path: readonly (string | number)[]): Spoiler[] {
  const spoilers: Spoiler[] = [];
  const add = (how: string, wrong: unknown) => spoilers.push({ path, how, value: wrong });
  const isArray = at(schema, 'type') === 'array';
  add('another type', isArray ? true : NO_VALUE);
  if ('const' in schema || 'enum' in schema) add('no choice', 'NEITHER_NOR');
  const [minLength, maxLength] = [numberAt(schema, 'minLength'), numberAt(schema, 'maxLength')];
  if (minLength !== undefined && minLength > 0) add('blank', ' \n');
  if (maxLength !== undefined) add('too long', 'x'.repeat(maxLength + 1));
  if (at(schema, 'type') === 'string') add('NUL', 'a\0b');
  if (at(schema, 'type') === 'string') add('half a character', 'a\ud800');
  if (at(schema, 'x-format') === 'http-url') add('no URL', 'ftp://a.example/x');
  const [minimum, maximum] = [numberAt(schema, 'minimum'), numberAt(schema, 'maximum')];
  if (minimum !== undefined) add('too small', minimum - 1);
  if (maximum !== undefined) add('too large', maximum + 1);
  const [minItems, maxItems] = [numberAt(schema, 'minItems'), numberAt(schema, 'maxItems')];
  if (minItems !== undefined && minItems > 0) add('too few', []);
  if (maxItems !== undefined && Array.isArray(value) && value.length > 0)
    add('too many', Array(maxItems + 1).fill(value[0]));
  if (numberAt(schema, 'minProperties') !== undefined) add('empty', {});
  return spoilers;
}

function inside(schema: object, value: unknown, path: readonly (string | number)[]): Spoiler[] {
  if (Array.isArray(value)) {
    const items = at(schema, 'items');
    return isObject(items) ? value.flatMap((item, i) => spoilersOf(items, item, [...path, i])) : [];
  }
  if (!isObject(value) || !isObject(at(schema, 'properties'))) return [];
  const required = listAt(schema, 'required') ?? [];
  return Object.entries(propertiesOf(schema)).flatMap(([name, inner]) => {
    if (!(name in value)) return [];
    const here = [...path, name];
    const missing = required.includes(name) ? [{ path: here, how: 'missing', value: undefined }] : [];
    return [...missing, ...spoilersOf(inner, value[name], here)];
  });
}

/** The member of a union that `value` is of, by its constants; any other schema is itself. */
function memberFor(schema: object, value: unknown): object {
  const members = listAt(schema, 'anyOf')?.filter(isObject);
  if (members === undefined) return schema;
  const found = members.find((member) => {
    return Object.entries(propertiesOf(member)).every(([name, inner]) => {
      return !('const' in inner) || (isObject(value) && value[name] === at(inner, 'const'));
    });
  });
  if (found === undefined) throw new TypeError('no member of the union fits');
  return found;
}

/** A copy of `value` with the field at `path` replaced, or removed when `wrong` is undefined. */
export function withSpoiled(value: unknown, path: readonly (string | number)[], wrong: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return wrong;
  if (Array.isArray(value)) return value.map((item, i) => (i === key ? withSpoiled(item, rest, wrong) : item));
  if (!isObject(value)) throw new TypeError('the path leads nowhere');
  return { ...value, [key]: withSpoiled(value[key], rest, wrong) };
}

/** `content.action.buttons[0].id`: how violations name a field. */
export function fieldName(path: readonly (string | number)[]): string {
  return path.reduce<string>(
    (name, key) => (typeof key === 'number' ? `${name}[${key}]` : `${name}.${key}`),
    'content',
  );
}

/** Every text and number in `value`, as text. */
export function leavesOf(value: unknown): string[] {
  if (typeof value === 'string' || typeof value === 'number') return [String(value)];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(leavesOf);
}

/** The leaves of `value` that its sender wrote freely: no constants and no choices. */
export function freeLeavesOf(schema: object, value: unknown): string[] {
  const member = memberFor(schema, value);
  if ('const' in member || 'enum' in member) return [];
  if (Array.isArray(value)) {
    const items = at(member, 'items');
    return isObject(items) ? value.flatMap((item) => freeLeavesOf(items, item)) : [];
  }
  if (!isObject(value) || !isObject(at(member, 'properties'))) return leavesOf(value);
  return Object.entries(propertiesOf(member)).flatMap(([name, inner]) => {
    return name in value ? freeLeavesOf(inner, value[name]) : [];
  });
}

function at(schema: object, name: string): unknown {
  return Reflect.get(schema, name);
}

function listAt(schema: object, name: string): readonly unknown[] | undefined {
  const value = at(schema, name);
  return Array.isArray(value) ? value : undefined;
}

function numberAt(schema: object, name: string): number | undefined {
  const value = at(schema, name);
  return typeof value === 'number' ? value : undefined;
}

function propertiesOf(schema: object): Record<string, object> {
  const properties = at(schema, 'properties');
  if (!isObject(properties)) throw new TypeError('an object schema names its properties');
  const entries = Object.entries(properties).filter((entry): entry is [string, object] => isObject(entry[1]));
  return Object.fromEntries(entries);
}
