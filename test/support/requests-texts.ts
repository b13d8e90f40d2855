// Small parts of requests to throw: texts that break naive code, and looking into JSON of unknown shape.
import { fc } from './property.js';

/** A JSON Schema, as far as it is read here. */
export type Schema = Readonly<Record<string, unknown>>;

/** `value` in 14 of 15 cases. */
export function often<T>(value: T, otherwise: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ arbitrary: fc.constant(value), weight: 14 }, { arbitrary: otherwise, weight: 1 });
}

/** Texts that break naive code: separators, NUL, halves of pairs, marks that reorder, very long, looking like something else. */
const ODD_TEXTS = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\udc00\ud800',
  '\ufeff',
  '\u202e\u200b\u0301',
  '👩‍👩‍👧‍👦'.repeat(40),
  'ﷺ'.repeat(300),
  '%00%ff%',
  "'; DROP TABLE messages; --",
  '{{7*7}}<!--#exec-->',
  '../../etc/passwd',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'true',
  '1e999',
  '-0',
  'NaN',
  '2147483648',
  '9223372036854775808',
  '0x41',
  '1970-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999999999+14:00',
  '2026-02-30T00:00:00Z',
  'p1:20260101:00000000-0000-7000-8000-000000000000:1',
  'http://127.0.0.1:1/\r\nx: y',
  'http://[::1',
  'http://127.0.0.1:99999/',
];

/** One unit for all texts: fast-check takes 20 ms to make it. */
const codePoint = fc.string({ unit: 'binary', minLength: 1, maxLength: 1 });

/** Texts of up to `maxLength` characters of every kind. */
export function anyText(maxLength: number): fc.Arbitrary<string> {
  return fc.string({ unit: codePoint, maxLength });
}

/** Texts for a field, odd and plain; the long ones repeat the first letter of `name`. */
export function texts(name: string): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constantFrom(...ODD_TEXTS),
    anyText(50),
    fc.string({ maxLength: 50 }),
    fc.integer({ min: 1, max: 20_000 }).map((length) => name.charAt(0).repeat(length)),
  );
}

/** Follows keys into a JSON value; undefined where the way ends. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (node, key) => (typeof node === 'object' && node !== null ? Reflect.get(node, key) : undefined),
    value,
  );
}

/** The fields of a JSON object; none of anything else. */
export function fieldsOf(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** `value` when it is a number. */
export function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}
