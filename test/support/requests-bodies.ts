// Bodies to throw: made from a JSON Schema, then spoiled in their tree, in their text or in their bytes.
import { fc } from './property.js';
import { at, fieldsOf, numberOr, often, type Schema, texts } from './requests-texts.js';

/** What requests may name, so that some of them get past the first check. */
export interface Knowledge {
  /** Values of path parameters and fields by name. */
  values: Readonly<Record<string, readonly string[]>>;
  /** URLs that fields of format `uri` are given when they are right: nothing else is reached. */
  urls: readonly string[];
  /** Values of the Authorization header, right and wrong. */
  authorizations: readonly string[];
}

/** Right numbers are no larger, so that a clock that is moved by some of them stays in its day. */
const VALUE_MAX = 60;

/** JSON text (UTF-8 bytes as Latin-1) of a body by the schema: right, with wrong parts, or no JSON at all. */
export function bodyOf(schema: Schema, knowledge: Knowledge): fc.Arbitrary<string | undefined> {
  const right = valuesOf(schema, '', knowledge).map((value) => JSON.stringify(value));
  return fc.oneof(
    { arbitrary: right.map(toBytes), weight: 7 },
    { arbitrary: mutated(valuesOf(schema, '', knowledge)), weight: 9 },
    { arbitrary: fc.oneof(fc.json({ maxDepth: 4 }), texts('{')).map(toBytes), weight: 1 },
    { arbitrary: fc.constant(undefined), weight: 1 },
  );
}

function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Values that the schema takes, as far as it is simple; names that are known are given known values. */
function valuesOf(schema: Schema, name: string, knowledge: Knowledge): fc.Arbitrary<unknown> {
  const known = knowledge.values[name];
  if (known !== undefined)
    return often<unknown>(undefined, texts(name)).chain((other) =>
      other === undefined ? fc.constantFrom(...known) : fc.constant(other),
    );
  const choices = schema.enum ?? schema.anyOf;
  if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum);
  if (Array.isArray(choices)) return fc.oneof(...choices.map((each) => valuesOf(fieldsOf(each), name, knowledge)));
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.format === 'uri' || String(schema.pattern).includes('[Hh][Tt][Tt][Pp]'))
    return fc.constantFrom(...knowledge.urls);
  switch (schema.type) {
    case 'object':
      return objectOf(schema, knowledge);
    case 'array':
      return fc.array(valuesOf(fieldsOf(schema.items), '', knowledge), {
        minLength: numberOr(schema.minItems, 0),
        maxLength: 5,
      });
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number': {
      const min = numberOr(schema.minimum, -VALUE_MAX);
      return fc.integer({ min, max: Math.max(min, Math.min(numberOr(schema.maximum, VALUE_MAX), VALUE_MAX)) });
    }
    case 'null':
      return fc.constant(null);
    default:
      return textOf(schema, name);
  }
}

function objectOf(schema: Schema, knowledge: Knowledge): fc.Arbitrary<object> {
  const required = Array.isArray(schema.required) ? schema.required.map(String) : [];
  const fields = Object.entries(fieldsOf(schema.properties)).map(
    ([name, property]) => [name, valuesOf(fieldsOf(property), name, knowledge)] as const,
  );
  return fc.record(Object.fromEntries(fields), { requiredKeys: required });
}

/** One unit for all texts: fast-check takes some ms to make it. */
const grapheme = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 });

function textOf(schema: Schema, name: string): fc.Arbitrary<string> {
  const min = numberOr(schema.minLength, 1);
  const max = Math.min(numberOr(schema.maxLength, 30), 200);
  if (String(schema.pattern).startsWith('^[0-9]') || String(schema.pattern).startsWith('^[1-9]')) {
    return fc.integer({ min: 10_000, max: 999_999 }).map(String);
  }
  if (String(schema.pattern).startsWith('^[a-z0-9_]')) return fc.stringMatching(/^[a-z0-9_]{1,20}$/);
  return fc.oneof(
    fc.string({ minLength: min, maxLength: max }),
    fc.string({ unit: grapheme, minLength: min, maxLength: Math.max(min, Math.ceil(max / 8)) }),
    texts(name),
  );
}

/** JSON texts of values that had something done to them: in their tree, in their text, or in their bytes. */
export function mutated(values: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  return fc
    .tuple(values, fc.array(treeMutation, { minLength: 0, maxLength: 3 }), textMutation)
    .map(([value, changes, spoil]) => {
      const changed = changes.reduce((current: unknown, change) => mutateTree(current, change), value);
      return spoil(JSON.stringify(changed) ?? '');
    });
}

interface TreeMutation {
  /** Which place of the tree, counted round. */
  place: number;
  /** Undefined removes it. */
  by: unknown;
}

const HUGE = 2_000;

/** A marker that the text form replaces: numbers and nesting that `JSON.stringify` cannot write. */
const RAW_NUMBERS = ['1e999', '-1e999', '123456789012345678901234567890', '1E400', '-0', '0.1e-400', '1e2147483648'];
const DEEP = ['@@deep:400', '@@deep:20000', '@@deep:60000'];

const treeMutation: fc.Arbitrary<TreeMutation> = fc.record({
  place: fc.nat(500),
  by: fc.oneof(
    fc.constant(undefined),
    fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 63), [], {}, [[]], [null], { $ref: '#' }),
    texts('m'),
    fc.constantFrom(...RAW_NUMBERS.map((number) => `@@number:${number}`), ...DEEP),
    fc.constantFrom<unknown>(
      Array.from({ length: HUGE }, () => null),
      Array.from({ length: HUGE }, (_, i) => i),
    ),
    fc.constantFrom<unknown>(
      Object.fromEntries(Array.from({ length: HUGE }, (_, i) => [`k${i}`, i])),
      'x'.repeat(100_000),
    ),
    fc.jsonValue({ maxDepth: 2 }),
  ),
});

/** Copies `value` with the place that `place` counts to replaced or removed. */
function mutateTree(value: unknown, { place, by }: TreeMutation): unknown {
  const places = placesOf(value);
  const path = places[place % places.length] ?? [];
  if (path.length === 0) return by ?? {};
  const copy: unknown = structuredClone(value);
  const parent = path.slice(0, -1).reduce<unknown>((node, key) => at(node, key), copy);
  const last = path.at(-1) ?? '';
  if (typeof parent !== 'object' || parent === null) return copy;
  if (by !== undefined) Reflect.set(parent, last, by);
  else Reflect.deleteProperty(parent, last);
  return copy;
}

const PLACES_MAX = 200;

function placesOf(
  value: unknown,
  path: readonly string[] = [],
  found: (readonly string[])[] = [],
): (readonly string[])[] {
  found.push(path);
  if (typeof value !== 'object' || value === null) return found;
  for (const [key, inner] of Object.entries(value)) {
    if (found.length >= PLACES_MAX) break;
    placesOf(inner, [...path, key], found);
  }
  return found;
}

/** Writes the markers out, as Latin-1 of UTF-8. */
function written(json: string): string {
  return toBytes(json)
    .replace(/"@@number:([^"]+)"/g, '$1')
    .replace(/"@@deep:(\d+)"/g, (_, depth: string) => '['.repeat(Number(depth)) + ']'.repeat(Number(depth)));
}

const textMutation: fc.Arbitrary<(json: string) => string> = fc.oneof(
  { arbitrary: fc.constant(written), weight: 10 },
  {
    arbitrary: fc
      .tuple(fc.nat(), fc.constantFrom('', '\0', '\xff', '\xed\xa0\x80', '"', '\\', '{', ']', ',', '\\ud800'))
      .map(([place, piece]) => (json: string) => {
        const text = written(json);
        const at = place % (text.length + 1);
        return text.slice(0, at) + piece + text.slice(at + 1);
      }),
    weight: 2,
  },
  {
    arbitrary: fc.nat().map((place) => (json: string) => written(json).slice(0, place % (json.length + 1))),
    weight: 1,
  },
  { arbitrary: fc.constantFrom(doubled, spaced, marked), weight: 2 },
);

/** Every key of the outermost object twice. */
function doubled(json: string): string {
  const text = written(json);
  return text.startsWith('{') && text.length > 2 ? `${text.slice(0, -1)},${text.slice(1)}` : text;
}

function spaced(json: string): string {
  return `${' \n\t'.repeat(500)}${written(json)}\r\n`;
}

/** With a byte order mark. */
function marked(json: string): string {
  return `\xef\xbb\xbf${written(json)}`;
}
