// Checks one value against the shape that its property may have.
import { checkAction } from './actions.js';
import { readCondition } from './expressions.js';
import { checkFields } from './fields.js';
import { itemsIn, membersIn, type Place, rootedPathOf } from './findings.js';
import { checkBoundOptions, checkOptions } from './options.js';
import { referenceOf } from './references.js';
import type { Property, Shape, ValueType } from './shapes.js';
import type { SourceNode } from './source.js';
import { checkBinding, checkNamed, has, typeOfReference, type Use, type Walk } from './walk.js';

type TextPlace = Place<Extract<SourceNode, { kind: 'string' }>>;

/** Types that a binding may have in place of a value of that shape. */
function typesOf(shape: Shape): readonly ValueType[] | undefined {
  switch (shape.is) {
    case 'flag':
      return ['boolean'];
    case 'count':
    case 'number':
      return ['number', 'string'];
    case 'list':
    case 'options':
      return ['array'];
    case 'lines':
      return ['string', 'array'];
    case 'record':
    case 'map':
      return ['object'];
    case 'either':
      return shape.of.flatMap((one) => typesOf(one) ?? []);
    default:
      return ['string'];
  }
}

/** Checks the value of a property named `said`, which may be a binding if the property says so. */
export function checkValue(place: Place, property: Property, said: string, walk: Walk): void {
  const { node } = place;
  if (node.kind === 'string' && property.isDynamic) {
    const use: Use = { types: typesOf(property.shape), said, isInAction: false };
    if (checkBinding(place, node.text, use, walk)) {
      if (property.shape.is === 'options') checkBoundOptions(place, property.shape, walk);
      return;
    }
  }
  checkShape(place, property.shape, said, walk);
}

function checkShape(place: Place, shape: Shape, said: string, walk: Walk): void {
  switch (shape.is) {
    case 'text':
      expectText(place, said, walk, (text) => checkText(text, shape, said, walk));
      return;
    case 'lines':
      checkLines(place, shape, said, walk);
      return;
    case 'flag':
      expectKind(place, 'boolean', walk);
      return;
    case 'count':
      checkCount(place, shape, said, walk);
      return;
    case 'number':
      place.node.kind === 'string'
        ? checkCount(place, { min: 0, max: Infinity }, said, walk)
        : expectKind(place, 'number', walk);
      return;
    case 'choice':
      expectText(place, said, walk, (text) => checkChoice(text, shape.of, walk));
      return;
    case 'pattern':
      expectText(place, said, walk, (text) => {
        if (!shape.pattern.test(text.node.text)) mismatch(text, `Property ${said} should be ${shape.said}.`, walk);
      });
      return;
    case 'date':
      expectText(place, said, walk, (text) => checkDate(text, said, walk));
      return;
    case 'image':
      expectText(place, said, walk, (text) =>
        checkImage(text, has(walk, '6.0') ? shape.bytesMax : shape.bytesMaxBefore6, said, walk),
      );
      return;
    case 'list':
      checkList(place, shape, said, walk);
      return;
    case 'options':
      checkOptions(place, shape, said, walk);
      return;
    case 'record':
      place.node.kind === 'object' ? checkFields(place, shape.fields, said, walk) : expectKind(place, 'object', walk);
      return;
    case 'either':
      checkEither(place, shape.of, said, walk);
      return;
    case 'map':
      checkMap(place, said, walk);
      return;
    case 'action':
      checkAction(place, shape.names, walk);
      return;
    case 'condition':
      expectText(place, said, walk, (text) => checkCondition(text, said, walk));
      return;
    case 'reference':
      expectText(place, said, walk, (text) => checkSwitchValue(text, said, walk));
      return;
    case 'components':
    case 'cases':
      // The walk through components looks at these.
      return;
  }
}

function expectKind(place: Place, kind: SourceNode['kind'], walk: Walk): void {
  if (place.node.kind === kind) return;
  const said = `Expected property ${rootedPathOf(place)} to be of type ${kind}, but found ${place.node.kind}.`;
  walk.findings.wrong('INVALID_PROPERTY_TYPE', place, said);
}

function expectText(place: Place, _said: string, walk: Walk, check: (place: TextPlace) => void): void {
  const { node } = place;
  if (node.kind === 'string') check({ ...place, node });
  else expectKind(place, 'string', walk);
}

function mismatch(place: Place, said: string, walk: Walk): void {
  walk.findings.wrong('PATTERN_MISMATCH', place, said);
}

const MIXED = /\$\{(?:data|form|screen)\.[^{}]*\}/;

function checkText(place: TextPlace, shape: Extract<Shape, { is: 'text' }>, said: string, walk: Walk): void {
  const { text } = place.node;
  if (!shape.mayBeBlank && text.trim() === '')
    mismatch(place, `Property ${said} should not be blank or empty string.`, walk);
  checkLength(place, text.length, shape.charsMax, said, walk);
  // A binding inside other text would be shown as it stands.
  if (text.length < 5_000 && MIXED.test(text) && shape.charsMax !== undefined) {
    mismatch(place, `Property ${said} should have dynamic data format of the form \${data.your_value}.`, walk);
  }
}

function checkLength(place: Place, length: number, charsMax: number | undefined, said: string, walk: Walk): void {
  if (charsMax === undefined || length <= charsMax) return;
  walk.findings.wrong('MAX_CHARS_REQUIRED', place, `Property '${said}' should have at most '${charsMax}' characters.`);
}

/** Text, or from 5.1 on a list of lines. */
function checkLines(place: Place, { charsMax }: { charsMax: number | undefined }, said: string, walk: Walk): void {
  if (place.node.kind !== 'array' || !has(walk, '5.1')) {
    expectText(place, said, walk, (text) => checkText(text, { is: 'text', charsMax, mayBeBlank: false }, said, walk));
    return;
  }
  const lines = itemsIn(place);
  if (lines.length === 0) tooFew(place, 1, 'items', said, walk);
  for (const line of lines) expectKind(line, 'string', walk);
  const length = lines.reduce((sum, { node }) => sum + (node.kind === 'string' ? node.text.length : 0), 0);
  checkLength(place, length, charsMax, said, walk);
}

function checkCount(place: Place, { min, max }: { min: number; max: number }, said: string, walk: Walk): void {
  const { node } = place;
  if (node.kind === 'string' && !/^-?\d{1,15}$/.test(node.text)) {
    const type = `of type 'number' or have dynamic data format of the form \${data.your_value}`;
    mismatch(place, `Property ${said} should be ${type}.`, walk);
    return;
  }
  if (node.kind !== 'number' && node.kind !== 'string') {
    expectKind(place, 'number', walk);
    return;
  }
  const value = node.kind === 'number' ? node.number : Number(node.text);
  if (value < min)
    walk.findings.wrong('MINIMUM_VALUE_REQUIRED', place, `The minimum value allowed for property '${said}' is ${min}.`);
  else if (value > max)
    walk.findings.wrong('MAXIMUM_VALUE_REQUIRED', place, `The maximum value allowed for property '${said}' is ${max}.`);
  else if (max !== Infinity && !Number.isInteger(value)) {
    walk.findings.wrong(
      'INVALID_PROPERTY_TYPE',
      place,
      `Expected property ${rootedPathOf(place)} to be of type integer, but found number.`,
    );
  }
}

function checkChoice(place: TextPlace, of: readonly string[], walk: Walk): void {
  if (of.includes(place.node.text)) return;
  walk.findings.wrong('INVALID_ENUM_VALUE', place, `Value should be one of: [${of.join(', ')}].`);
}

/** Milliseconds as text before 5.0, a calendar day from then on. */
function checkDate(place: TextPlace, said: string, walk: Walk): void {
  const { text } = place.node;
  if (!has(walk, '5.0')) {
    if (!/^-?\d{1,15}$/.test(text)) mismatch(place, `Property ${said} should be a timestamp in milliseconds.`, walk);
  } else if (!isDay(text)) mismatch(place, `Property ${said} should be a date in the format YYYY-MM-DD.`, walk);
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

function checkImage(place: TextPlace, bytesMax: number, said: string, walk: Walk): void {
  const comma = place.node.text.startsWith('data:') ? place.node.text.indexOf(',') + 1 : 0;
  const data = place.node.text.slice(comma);
  if (!BASE64.test(data)) mismatch(place, `Property ${said} should be an image in base64.`, walk);
  else if ((data.length * 3) / 4 - 2 > bytesMax) {
    const message = `Property '${said}' should have at most '${bytesMax / 1024}' KB.`;
    walk.findings.wrong('MAXIMUM_VALUE_REQUIRED', place, message);
  }
}

function checkList(place: Place, shape: Extract<Shape, { is: 'list' }>, said: string, walk: Walk): void {
  if (place.node.kind !== 'array') {
    expectKind(place, 'array', walk);
    return;
  }
  checkSize(place, place.node.items.length, shape, said, walk);
  for (const item of itemsIn(place)) checkShape(item, shape.of, said, walk);
}

/** Checks that a list has no fewer and no more items than it may. */
export function checkSize(
  place: Place,
  size: number,
  { itemsMin, itemsMax }: { itemsMin: number; itemsMax: number },
  said: string,
  walk: Walk,
): void {
  if (size < itemsMin) tooFew(place, itemsMin, 'items', said, walk);
  if (size <= itemsMax) return;
  walk.findings.wrong('MAX_ITEMS_REQUIRED', place, `Property '${said}' should have at most '${itemsMax}' items.`);
}

function tooFew(place: Place, min: number, unit: string, said: string, walk: Walk): void {
  walk.findings.wrong('MIN_ITEMS_REQUIRED', place, `Property '${said}' should have at least '${min}' ${unit}.`);
}

function checkEither(place: Place, of: readonly Shape[], said: string, walk: Walk): void {
  const isObject = place.node.kind === 'object';
  const fitting = of.find((shape) => (shape.is === 'record' || shape.is === 'map') === isObject) ?? of[0];
  if (fitting !== undefined) checkShape(place, fitting, said, walk);
}

/** An object of the author's own keys, such as `init-values`: bindings anywhere in it must lead somewhere. */
function checkMap(place: Place, said: string, walk: Walk): void {
  if (place.node.kind !== 'object') {
    expectKind(place, 'object', walk);
    return;
  }
  for (const member of membersIn(place))
    checkBindingsInside(member, { types: undefined, said, isInAction: false }, walk);
}

/** Checks every binding in a value of any form. */
export function checkBindingsInside(place: Place, use: Use, walk: Walk): void {
  if (walk.findings.isFull()) return;
  if (place.node.kind === 'string') checkBinding(place, place.node.text, use, walk);
  for (const item of itemsIn(place)) checkBindingsInside(item, use, walk);
  for (const member of membersIn(place)) checkBindingsInside(member, use, walk);
}

function checkCondition(place: TextPlace, said: string, walk: Walk): void {
  const { text } = place.node;
  const isQuoted = text.length > 1 && text.startsWith('`') && text.endsWith('`') && has(walk, '6.0');
  const reading = readCondition(isQuoted ? text.slice(1, -1) : text, (reference) => typeOfReference(reference, walk));
  if ('problem' in reading) {
    walk.findings.wrong('INVALID_PROPERTY_VALUE', place, reading.problem.message);
    return;
  }
  for (const token of reading.references)
    checkNamed(place, token.text, { types: undefined, said, isInAction: false }, walk);
}

function checkSwitchValue(place: TextPlace, said: string, walk: Walk): void {
  const use: Use = { types: ['string', 'number', 'boolean'], said, isInAction: false };
  if (checkBinding(place, place.node.text, use, walk) || referenceOf(place.node.text) !== undefined) return;
  mismatch(place, `Property ${said} should have dynamic data format of the form \${data.your_value}.`, walk);
}
