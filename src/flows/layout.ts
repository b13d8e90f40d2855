// The tree of components on a screen: what may stand where, and the rules of each kind (Flow JSON reference, Components).

import { checkRules } from './component-rules.js';
import { COMPONENTS } from './components.js';
import { checkFields, reportMissing, reportUnknown } from './fields.js';
import { itemsIn, membersIn, type Place, placeAt } from './findings.js';
import type { ComponentSpec, Fields } from './shapes.js';
import { textOf } from './source.js';
import { has, type Walk } from './walk.js';

/** A list longer than this is wrong as a whole (50 is the limit); what is further on is not looked at. */
const LIST_MAX = 200;

/** Components of a screen that are counted. */
const COUNTED_MAX = 1_000;

/** Ifs inside each other. */
const IF_DEPTH_MAX = 3;

/** Where a list of components stands. */
export interface Scope {
  within: 'layout' | 'form' | 'if' | 'switch';
  ifDepth: number;
  /** Whether a Form is somewhere on the screen. */
  hasForm: boolean;
  isInForm?: boolean;
}

/** What may stand in the branches of If and Switch; If itself only in If. */
const CONDITIONAL = new Set([
  'TextHeading',
  'TextSubheading',
  'TextBody',
  'TextCaption',
  'CheckboxGroup',
  'DatePicker',
  'Dropdown',
  'EmbeddedLink',
  'Footer',
  'Image',
  'OptIn',
  'RadioButtonsGroup',
  'TextArea',
  'TextInput',
]);

/** A component on a screen, with its type and the branches around it. */
export interface Placed {
  place: Place;
  type: string;
  /** Names of If and Switch around it, outermost first, as steps of the tree. */
  branches: readonly Branch[];
}

/** One branch of an If or a Switch. */
export interface Branch {
  of: Place;
  name: string;
}

/** The components of a screen that have a type, in the order of the text; at most 1,000. */
export function componentsIn(screen: Place): Placed[] {
  const found: Placed[] = [];
  gather(placeAt(placeAt(screen, 'layout'), 'children'), [], found);
  return found;
}

function gather(children: Place | undefined, branches: readonly Branch[], found: Placed[]): void {
  for (const place of itemsIn(children, COUNTED_MAX)) {
    const type = textOf(placeAt(place, 'type')?.node);
    if (found.length >= COUNTED_MAX) return;
    if (type === undefined) continue;
    found.push({ place, type, branches });
    if (type === 'Form') gather(placeAt(place, 'children'), branches, found);
    for (const branch of branchesOf(place, type)) {
      gather(branch.place, [...branches, { of: place, name: branch.name }], found);
    }
  }
}

/** The lists of components in an If (then, else) or a Switch (its cases, at most 1,000). */
export function branchesOf(place: Place, type: string): { name: string; place: Place }[] {
  if (type === 'Switch')
    return membersIn(placeAt(place, 'cases'), COUNTED_MAX).map((one) => ({ name: one.step, place: one }));
  if (type !== 'If') return [];
  return ['then', 'else'].flatMap((name) => {
    const branch = placeAt(place, name);
    return branch === undefined ? [] : [{ name, place: branch }];
  });
}

/** Checks a list of components and what is inside them. */
export function checkComponents(children: Place | undefined, scope: Scope, walk: Walk): void {
  if (children === undefined) return;
  if (children.node.kind !== 'array') {
    const said = `Expected a list of components to be of type array, but found ${children.node.kind}.`;
    walk.findings.wrong('INVALID_PROPERTY_TYPE', children, said);
    return;
  }
  if (children.node.items.length === 0) reportEmpty(children, scope, walk);
  for (const child of itemsIn(children, LIST_MAX)) {
    if (walk.findings.isFull()) return;
    checkComponent(child, scope, walk);
  }
}

function reportEmpty(children: Place, scope: Scope, walk: Walk): void {
  if (scope.within === 'layout' || scope.within === 'form') {
    walk.findings.wrong('MIN_ITEMS_REQUIRED', children, "Property 'children' should have at least '1' items.");
  } else if (children.step === 'then' && scope.within === 'if') {
    walk.findings.wrong('INVALID_PROPERTY_VALUE', children, 'Expected array to contain at least one component.');
  }
}

function checkComponent(place: Place, scope: Scope, walk: Walk): void {
  if (place.node.kind !== 'object') {
    const said = `Expected a component to be of type object, but found ${place.node.kind}.`;
    walk.findings.wrong('INVALID_PROPERTY_TYPE', place, said);
    return;
  }
  const type = placeAt(place, 'type');
  if (type === undefined) {
    reportMissing(place, 'type', walk);
    return;
  }
  const name = textOf(type.node) ?? '';
  const spec = COMPONENTS.get(name);
  if (spec === undefined || !has(walk, spec.since) || !mayStand(name, scope, walk)) {
    walk.findings.wrong('INVALID_PROPERTY_VALUE', type, whyNot(name, spec, walk));
    return;
  }
  checkFormPlace(type, name, spec, scope, walk);
  checkFields(place, fieldsFor(spec, scope), name, walk, ['type', ...(scope.isInForm ? outsideOnly(spec) : [])]);
  if (scope.isInForm) reportOutsideOnly(place, name, spec, walk);
  checkRules(place, name, walk);
  checkInside(place, name, scope, walk);
}

function whyNot(name: string, spec: ComponentSpec | undefined, walk: Walk): string {
  if (spec === undefined)
    return `Invalid value found for property type: there is no component '${name.slice(0, 100)}'.`;
  if (!has(walk, spec.since)) return `Component '${name}' is supported starting with Flow JSON version ${spec.since}.`;
  return `Component '${name}' cannot stand here.`;
}

function mayStand(name: string, { within, isInForm, ifDepth }: Scope, walk: Walk): boolean {
  if (isInForm && (name === 'Form' || name === 'NavigationList' || name === 'RichText')) return false;
  if (within === 'layout' || within === 'form') return true;
  if (name === 'ChipsSelector') return has(walk, '7.1');
  if (name === 'If') return within === 'if' && ifDepth < IF_DEPTH_MAX;
  if (name === 'Switch') return within === 'if';
  // A Footer stands in the first level of an If only.
  if (name === 'Footer') return within === 'switch' || ifDepth === 1;
  return CONDITIONAL.has(name);
}

/** Before 4.0 inputs stand in a Form; from then on in it if there is one. */
function checkFormPlace(type: Place, name: string, spec: ComponentSpec, scope: Scope, walk: Walk): void {
  if (spec.answer === undefined || scope.isInForm) return;
  if (!has(walk, '4.0')) {
    walk.findings.wrong('KEYWORD_ONE_OF', type, `Property '${name}' must be defined inside parent property 'Form'.`);
  } else if (scope.hasForm) {
    const said = `Component '${name}' is not allowed outside Form when Form component is present.`;
    walk.findings.wrong('COMPONENTS_OUTSIDE_FORM', type, said);
  }
}

function fieldsFor(spec: ComponentSpec, scope: Scope): Fields {
  if (!scope.isInForm) return spec.fields;
  return Object.fromEntries(Object.entries(spec.fields).filter(([, { isOutsideForm }]) => !isOutsideForm));
}

function outsideOnly(spec: ComponentSpec): string[] {
  return Object.keys(spec.fields).filter((key) => spec.fields[key]?.isOutsideForm);
}

function reportOutsideOnly(place: Place, name: string, spec: ComponentSpec, walk: Walk): void {
  const keys = outsideOnly(spec);
  for (const member of membersIn(place))
    if (keys.includes(member.step)) reportUnknown(member, `${name} inside Form`, walk);
}

function checkInside(place: Place, name: string, scope: Scope, walk: Walk): void {
  if (name === 'Form') {
    checkComponents(placeAt(place, 'children'), { ...scope, within: 'form', isInForm: true }, walk);
    return;
  }
  const within = name === 'If' ? 'if' : 'switch';
  const ifDepth = scope.ifDepth + (name === 'If' ? 1 : 0);
  for (const branch of branchesOf(place, name)) checkComponents(branch.place, { ...scope, within, ifDepth }, walk);
}
