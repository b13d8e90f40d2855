// What the checks of values, actions and components share while they go through one screen.

import { readExpression } from './expressions.js';
import type { Findings, Place } from './findings.js';
import {
  type KnownType,
  type Lookup,
  lookUp,
  type Reference,
  referenceOf,
  type Scope,
  type ScreenFacts,
} from './references.js';
import type { ValueType } from './shapes.js';
import { isSince, type Version } from './versions.js';

/** Where a check is: the document, and the screen in it. */
export interface Walk {
  version: Version;
  findings: Findings;
  screens: ReadonlyMap<string, ScreenFacts>;
  own: ScreenFacts;
  /** Whether the flow has a data endpoint. */
  hasEndpoint: boolean;
  /** Every navigate action seen, for the routing model. */
  routes: { from: string; to: Place & { node: { kind: 'string'; text: string } } }[];
}

/** Where the checked property stands: it decides the code of errors in bindings. */
export interface Use {
  /** Types the value may have; undefined for any. */
  types: readonly ValueType[] | undefined;
  /** The property and component that errors name. */
  said: string;
  isInAction: boolean;
}

/** Whether the version of the document is `since` or newer. */
export function has(walk: Walk, since: Version | undefined): boolean {
  return since === undefined || isSince(walk.version, since);
}

/** Checks a text that is a binding or an expression; false when it is neither, and so just text. */
export function checkBinding(place: Place, text: string, use: Use, walk: Walk): boolean {
  if (text.length > 1 && text.startsWith('`') && text.endsWith('`') && has(walk, '6.0')) {
    checkExpression(place, text.slice(1, -1), use, walk);
    return true;
  }
  const reference = referenceOf(text);
  if (reference === undefined) return false;
  const type = checkReference(place, reference, use, walk);
  if (type !== undefined) checkType(place, reference.text, type, use, walk);
  return true;
}

function checkExpression(place: Place, text: string, use: Use, walk: Walk): void {
  const reading = readExpression(text, (reference) => typeOfReference(reference, walk));
  if ('problem' in reading) {
    walk.findings.wrong('INVALID_PROPERTY_VALUE', place, reading.problem.message);
    return;
  }
  for (const token of reading.references) checkNamed(place, token.text, use, walk);
  checkType(place, text, reading.type, use, walk);
}

/** Checks that what `text` names exists, whatever its type; text that is no binding is an error. */
export function checkNamed(place: Place, text: string, use: Use, walk: Walk): void {
  const reference = referenceOf(text);
  if (reference !== undefined) checkReference(place, reference, use, walk);
  else walk.findings.wrong('INVALID_PROPERTY_VALUE', place, `Invalid operand format '${text}'.`);
}

/** The type of a binding on the screen of the walk; `any` when it cannot be told. */
export function typeOfReference(text: string, walk: Walk): KnownType {
  const reference = referenceOf(text);
  const found = reference && lookUp(reference, scopeOf(walk));
  return found?.is === 'found' ? found.type : 'any';
}

/** What a binding leads to, without an error when it leads nowhere. */
export function lookUpText(text: string, walk: Walk): Extract<Lookup, { is: 'found' }> | undefined {
  const reference = referenceOf(text);
  const found = reference && lookUp(reference, scopeOf(walk));
  return found?.is === 'found' ? found : undefined;
}

function scopeOf(walk: Walk): Scope {
  return { screens: walk.screens, own: walk.own };
}

/** The type of what a binding leads to; undefined when it leads nowhere, which is an error then. */
function checkReference(place: Place, reference: Reference, use: Use, walk: Walk): KnownType | undefined {
  if (reference.screenId !== undefined && !has(walk, '4.0')) {
    const said = `Property ${use.said} should have dynamic data format of the form \${data.your_value}.`;
    walk.findings.wrong('PATTERN_MISMATCH', place, said);
    return undefined;
  }
  if (reference.screenId === walk.own.id && !use.isInAction) {
    const said = `Global dynamic data '${reference.text}' used on screen '${walk.own.id}' for ${use.said} is invalid since it names the current screen. Use \${${reference.store}.${reference.steps.join('.')}}.`;
    walk.findings.wrong('INVALID_SCREEN_DATA', place, said);
    return undefined;
  }
  const found = lookUp(reference, scopeOf(walk));
  if (found.is === 'found') return found.type;
  reportMissing(place, reference, found, use, walk);
  return undefined;
}

function reportMissing(place: Place, reference: Reference, found: Lookup, use: Use, walk: Walk): void {
  const { findings, own } = walk;
  if (reference.screenId !== undefined) {
    const why =
      found.is === 'no screen' ? `screen '${reference.screenId}' is missing in the Flow JSON` : 'it does not exist';
    const said = `Global dynamic data '${reference.text}' used on screen '${own.id}' for ${use.said} is invalid since ${why}.`;
    findings.wrong('INVALID_SCREEN_DATA', place, said);
    return;
  }
  const code = use.isInAction ? 'INVALID_ON_CLICK_ACTION_PAYLOAD' : 'INVALID_SCREEN_DYNAMIC_DATA';
  if (found.is === 'no form')
    findings.wrong(code, place, `Missing Form component ${reference.text} for screen '${own.id}'.`);
  else
    findings.wrong(code, place, `Missing dynamic data '${reference.text}' in the data model for screen '${own.id}'.`);
}

function checkType(place: Place, text: string, type: KnownType, use: Use, walk: Walk): void {
  if (use.types === undefined || type === 'any' || use.types.includes(type)) return;
  const wanted = use.types.length === 1 ? `'${use.types[0]}'` : `one of these types: [${use.types.join(', ')}]`;
  const said = `Expected '${text}' of ${use.said} to be of type ${wanted}, but it is of type '${type}'.`;
  walk.findings.wrong('INVALID_SCREEN_DYNAMIC_DATA', place, said);
}
