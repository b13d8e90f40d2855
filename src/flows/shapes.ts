// The words in which properties of Flow JSON are described: what a value may be, from which version, and how it may be bound.
import type { Version } from './versions.js';

/** Types that values of a data model and of bindings have. */
export type ValueType = 'string' | 'number' | 'boolean' | 'array' | 'object';

/** Names of actions (*Meta 5*; Flow JSON reference, actions). */
export type ActionName = 'navigate' | 'complete' | 'data_exchange' | 'update_data' | 'open_url';

/** What a value that stands in the JSON itself may be. */
export type Shape =
  | { is: 'text'; charsMax: number | undefined; mayBeBlank: boolean }
  | { is: 'lines'; charsMax: number | undefined }
  | { is: 'flag' }
  | { is: 'count'; min: number; max: number }
  | { is: 'number' }
  | { is: 'choice'; of: readonly string[] }
  | { is: 'pattern'; pattern: RegExp; said: string }
  | { is: 'date' }
  | { is: 'image'; bytesMax: number; bytesMaxBefore6: number }
  | { is: 'list'; of: Shape; itemsMin: number; itemsMax: number }
  | { is: 'options'; itemsMin: number; itemsMax: number; itemsMaxWithImages: number; fields: Fields }
  | { is: 'record'; fields: Fields }
  | { is: 'either'; of: readonly Shape[] }
  | { is: 'map' }
  | { is: 'action'; names: readonly { name: ActionName; since: Version | undefined }[] }
  | { is: 'components' }
  | { is: 'cases' }
  | { is: 'condition' }
  | { is: 'reference' };

/** One property of a component or of a record inside one. */
export interface Property {
  shape: Shape;
  required: boolean;
  /** A required property was optional before this version. */
  requiredSince: Version | undefined;
  since: Version | undefined;
  /** Whether a binding, or from 6.0 an expression, may stand for the value. */
  isDynamic: boolean;
  /** Only where no Form is around the component: a Form says the same in a property of its own. */
  isOutsideForm: boolean;
}

/** Properties by name. */
export type Fields = Readonly<Record<string, Property>>;

/** A component that Flow JSON knows. */
export interface ComponentSpec {
  since: Version | undefined;
  fields: Fields;
  /** The type of the user's answer; undefined for components that take none. */
  answer: ValueType | 'any' | undefined;
}

const PLAIN: Omit<Property, 'shape'> = {
  required: false,
  requiredSince: undefined,
  since: undefined,
  isDynamic: true,
  isOutsideForm: false,
};

/** An optional property that may be bound, changed by what `also` says. */
export function property(shape: Shape, also: Partial<Property> = {}): Property {
  return { ...PLAIN, shape, ...also };
}

/** A property that must be there and may be bound. */
export function needed(shape: Shape, also: Partial<Property> = {}): Property {
  return property(shape, { required: true, ...also });
}

/** Text of at most `charsMax` characters. */
export function text(charsMax?: number): Shape {
  return { is: 'text', charsMax, mayBeBlank: true };
}

/** Text of at most `charsMax` characters that says something. */
export function words(charsMax?: number): Shape {
  return { is: 'text', charsMax, mayBeBlank: false };
}

/** `true` or `false`. */
export const flag: Shape = { is: 'flag' };

/** A whole number from `min` to `max`; its digits as text do as well. */
export function count(min = 0, max = Number.MAX_SAFE_INTEGER): Shape {
  return { is: 'count', min, max };
}

/** One of the words. */
export function choice(...of: readonly string[]): Shape {
  return { is: 'choice', of };
}

/** An action with one of these names; `6.0` behind a name says since when. */
export function action(...names: readonly (ActionName | readonly [ActionName, Version])[]): Shape {
  return {
    is: 'action',
    names: names.map((name) =>
      typeof name === 'string' ? { name, since: undefined } : { name: name[0], since: name[1] },
    ),
  };
}

/** A list of `itemsMin` to `itemsMax` values. */
export function list(of: Shape, itemsMin = 0, itemsMax = Number.MAX_SAFE_INTEGER): Shape {
  return { is: 'list', of, itemsMin, itemsMax };
}
