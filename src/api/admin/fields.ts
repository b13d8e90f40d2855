// Fields of the admin API as TypeBox schemas; `says` is what the caller is told when a value does not fit.
import { type Static, type TObject, type TSchema, Type } from 'typebox';
import { checkOf } from '../../contract/check.js';
import type { FieldError } from './problem.js';

/** Text that PostgreSQL and JSON both keep as it is: neither NUL nor half a surrogate pair. */
const TEXT = '^[^\\0\\p{Cs}]*$';
const ERRORS_MAX = 100;

/** Text of 1 to `maxLength` characters. */
export function text(maxLength: number) {
  return Type.String({ minLength: 1, maxLength, pattern: TEXT, says: `must be text of 1 to ${maxLength} characters` });
}

/** What can stand in an HTTP header as it is, as Meta's tokens do. */
export function token(maxLength: number) {
  return Type.String({
    pattern: `^[!-~]{1,${maxLength}}$`,
    says: `must be 1 to ${maxLength} visible ASCII characters`,
  });
}

/** Digits, as phone numbers and Meta's ids are. */
export function digits(minLength: number, maxLength: number) {
  return Type.String({
    pattern: `^[0-9]{${minLength},${maxLength}}$`,
    says: `must be ${minLength} to ${maxLength} digits`,
  });
}

/** A whole number. */
export function integer(minimum: number, maximum: number) {
  return Type.Integer({ minimum, maximum, says: `must be a whole number from ${minimum} to ${maximum}` });
}

/** A switch. */
export const isOn = Type.Boolean({ says: 'must be true or false' });

/** An absolute http or https URL; what it may reach is checked when it is stored. */
export const urlText = Type.String({
  maxLength: 2048,
  pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^\\s\\0\\p{Cs}]+$',
  says: 'must be an absolute http or https URL',
});

/** An absolute URL, or null for none. */
export const urlOrNull = Type.Union([urlText, Type.Null()], { says: 'must be an absolute http or https URL, or null' });

/** An instant as RFC 3339 writes it; Infobip's `+0000` is read too. */
export const instant = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}[Tt]\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,9})?)?([Zz]|[+-]\\d{2}:?\\d{2})$',
  says: 'must be a date and time with an offset, like 2026-01-31T12:00:00Z',
});

/** Epoch ms of an `instant`; NaN for a day that no calendar has, which `Date.parse` would take for one of the next month. */
export function instantOf(text: string): number {
  const day = text.slice(0, 10);
  const start = new Date(`${day}T00:00:00Z`);
  const isDay = !Number.isNaN(start.getTime()) && start.toISOString().startsWith(day);
  return isDay ? Date.parse(text) : Number.NaN;
}

/** A list of 1 to `maxItems` texts. */
export function texts(maxItems: number, maxLength: number) {
  return Type.Array(Type.String({ minLength: 1, maxLength, pattern: TEXT }), {
    minItems: 1,
    maxItems,
    says: `must be a list of 1 to ${maxItems} texts of 1 to ${maxLength} characters`,
  });
}

const SCOPES_MAX = 100;

/** Scopes of a key or user, or null for all. */
export const scopesOrNull = Type.Union(
  [Type.Array(Type.String({ pattern: '^[!-~]{1,100}$' }), { maxItems: SCOPES_MAX }), Type.Null()],
  { says: `must be a list of at most ${SCOPES_MAX} scopes, or null for all` },
);

/** `page` and `size` of a list, as they stand in a query. */
export const pagingQuery = {
  page: Type.Optional(Type.String({ pattern: '^[0-9]{1,6}$', says: 'must be a whole number from 0' })),
  size: Type.Optional(
    Type.String({ pattern: '^([1-9][0-9]{0,2}|1000)$', says: 'must be a whole number from 1 to 1000' }),
  ),
};

/** The account that an admin key speaks of; other keys speak of their own. */
export const accountIdField = { accountId: Type.Optional(text(100)) };

/** What reading a body or query gives. */
export type Read<T> = { ok: true; value: T } | { ok: false; errors: FieldError[] };

/**
 * The reader names every wrong, missing and unknown field at once (at most 100). `what` is the whole: body or query.
 * Each property needs `says` in its schema.
 */
export function compileReader<T extends TObject>(schema: T, what: string): (value: unknown) => Read<Static<T>> {
  const isWhole = checkOf(schema);
  const properties = new Map(
    Object.entries(schema.properties).map(([name, property]) => [name, fieldChecker(name, property)]),
  );
  const required = new Set<string>(schema.required ?? []);
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return { ok: false, errors: [{ field: '', message: `the ${what} must be a JSON object` }] };
    const errors: FieldError[] = [];
    for (const name of required) if (!Object.hasOwn(value, name)) errors.push({ field: name, message: 'is required' });
    for (const [name, given] of Object.entries(value)) {
      const message = (properties.get(name) ?? unknownField)(given);
      if (message !== undefined) errors.push({ field: name, message });
      if (errors.length >= ERRORS_MAX) break;
    }
    if (errors.length > 0) return { ok: false, errors };
    if (!isWhole(value)) throw new TypeError('every field fits its schema, the whole does not');
    return { ok: true, value };
  };
}

function unknownField(): string {
  return 'is not a field of this request';
}

function fieldChecker(name: string, schema: TSchema): (value: unknown) => string | undefined {
  const says = Reflect.get(schema, 'says');
  if (typeof says !== 'string') throw new TypeError(`the schema of ${name} does not say what it wants`);
  const fits = checkOf(schema);
  return (value) => (fits(value) ? undefined : says);
}
