// `${data.x}`, `${form.x}` and `${screen.S.data.x}`: what they name, and whether it is there.
import { type Place, placeAt } from './findings.js';
import type { ValueType } from './shapes.js';
import { type SourceNode, textOf, valueAt } from './source.js';

/** A parsed binding. */
export interface Reference {
  text: string;
  /** The screen it names; undefined for its own. */
  screenId: string | undefined;
  store: 'data' | 'form';
  /** What follows: the field, then properties inside it. */
  steps: readonly string[];
}

/** The type of a value that is known only when the flow runs; `any` when nothing can be said. */
export type KnownType = ValueType | 'any';

/** What is known of one screen before its components are checked. */
export interface ScreenFacts {
  id: string;
  place: Place;
  isTerminal: boolean;
  /** The screen's data model. */
  data: Place | undefined;
  /** Components with a name: the type of their answer, the component and its kind. */
  answers: ReadonlyMap<string, { type: KnownType; component: Place; kind: string }>;
}

/** All screens by id, and the one that a binding stands on. */
export interface Scope {
  screens: ReadonlyMap<string, ScreenFacts>;
  own: ScreenFacts;
}

/** What came of looking a binding up: its type, or why there is none. */
export type Lookup =
  | { is: 'found'; type: KnownType; schema: SourceNode | undefined; kind: string | undefined }
  | { is: 'no screen' | 'no data' | 'no form' };

const REFERENCE = /^\$\{([^${}]*)\}$/;

/** The binding that a text is, or undefined. `${x}` with another word than data, form or screen is none. */
export function referenceOf(text: string): Reference | undefined {
  const [, inner] = REFERENCE.exec(text) ?? [];
  if (inner === undefined) return undefined;
  const [first = '', ...rest] = inner.trim().split('.');
  if (first === 'data' || first === 'form') return made(text, undefined, first, rest);
  const [screenId = '', store, ...steps] = rest;
  if (first !== 'screen' || (store !== 'data' && store !== 'form')) return undefined;
  return made(text, screenId, store, steps);
}

function made(
  text: string,
  screenId: string | undefined,
  store: Reference['store'],
  steps: readonly string[],
): Reference | undefined {
  return steps.length === 0 || steps.includes('') ? undefined : { text, screenId, store, steps };
}

/** Looks a binding up on the screen that it names. */
export function lookUp(reference: Reference, scope: Scope): Lookup {
  const screen = reference.screenId === undefined ? scope.own : scope.screens.get(reference.screenId);
  if (screen === undefined) return { is: 'no screen' };
  return reference.store === 'form' ? lookUpAnswer(reference, screen) : lookUpData(reference, screen);
}

function lookUpAnswer({ steps }: Reference, screen: ScreenFacts): Lookup {
  const answer = screen.answers.get(steps[0] ?? '');
  if (answer === undefined) return { is: 'no form' };
  const type = steps.length > 1 ? 'any' : answer.type;
  return { is: 'found', type, schema: undefined, kind: answer.kind };
}

function lookUpData({ steps }: Reference, screen: ScreenFacts): Lookup {
  const [field = '', ...inner] = steps;
  let schema = placeAt(screen.data, field)?.node;
  for (const step of inner) {
    if (isOpen(schema)) return { is: 'found', type: 'any', schema: undefined, kind: undefined };
    schema = valueAt(valueAt(schema, 'properties'), step);
  }
  if (schema === undefined) return { is: 'no data' };
  return { is: 'found', type: typeOfSchema(schema), schema, kind: undefined };
}

/** An object whose properties are not described may have any. */
function isOpen(schema: SourceNode | undefined): boolean {
  return textOf(valueAt(schema, 'type')) === 'object' && valueAt(schema, 'properties') === undefined;
}

/** The type that a schema of a data model says; integers are numbers. */
export function typeOfSchema(schema: SourceNode): KnownType {
  const type = textOf(valueAt(schema, 'type'));
  switch (type) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'array':
    case 'object':
      return type;
    case 'integer':
      return 'number';
    default:
      return 'any';
  }
}
