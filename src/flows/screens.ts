// The screens of a flow: what can be told of all of them first, then the check of each.
import { COMPONENTS } from './components.js';
import { checkDataModel } from './data-model.js';
import { checkFields, reportMissing } from './fields.js';
import { type Findings, itemsIn, type Place, placeAt } from './findings.js';
import { checkComponents, componentsIn } from './layout.js';
import { checkPlacement } from './placement.js';
import type { ScreenFacts } from './references.js';
import { choice, type Fields, flag, list, needed, property, text } from './shapes.js';
import { isTrue, textOf } from './source.js';
import type { Walk } from './walk.js';

/** Screens in one flow (*Meta 5*; error codes, MAX_SCREENS_NUMBER). */
export const SCREENS_MAX = 100;

const FIXED = { isDynamic: false } as const;

const screenFields: Fields = {
  title: property(text(), FIXED),
  terminal: property(flag, FIXED),
  success: property(flag, FIXED),
  refresh_on_back: property(flag, FIXED),
  sensitive: property(list(text()), { since: '5.1', isDynamic: false }),
};

const layoutFields: Fields = {
  type: needed(choice('SingleColumnLayout'), FIXED),
  children: needed({ is: 'components' }, FIXED),
};

/** What all screens are, by id. Screens without a usable id, and later ones with the same id, are left out. */
export function screensIn(root: Place): Map<string, ScreenFacts> {
  const screens = new Map<string, ScreenFacts>();
  for (const place of itemsIn(placeAt(root, 'screens'), SCREENS_MAX)) {
    const id = textOf(placeAt(place, 'id')?.node);
    if (id === undefined || screens.has(id)) continue;
    screens.set(id, factsOf(id, place));
  }
  return screens;
}

function factsOf(id: string, place: Place): ScreenFacts {
  const answers: Map<string, ScreenFacts['answers'] extends ReadonlyMap<string, infer One> ? One : never> = new Map();
  for (const { place: component, type: kind } of componentsIn(place)) {
    const name = textOf(placeAt(component, 'name')?.node);
    const type = COMPONENTS.get(kind)?.answer;
    if (name !== undefined && type !== undefined && !answers.has(name)) answers.set(name, { type, component, kind });
  }
  const isTerminal = isTrue(placeAt(place, 'terminal')?.node);
  return { id, place, isTerminal, data: placeAt(place, 'data'), answers };
}

/** Checks one screen; `walk.own` are its facts. */
export function checkScreen(place: Place, walk: Walk): void {
  checkFields(place, screenFields, 'screen', walk, ['id', 'data', 'layout']);
  checkDataModel(placeAt(place, 'data'), walk.findings);
  checkOutcome(place, walk);
  const layout = placeAt(place, 'layout');
  if (layout === undefined) {
    reportMissing(place, 'layout', walk);
    return;
  }
  if (layout.node.kind !== 'object') {
    walk.findings.wrong('INVALID_PROPERTY_VALUE', layout, 'Invalid value found for property layout.');
    return;
  }
  checkFields(layout, layoutFields, 'layout', walk);
  checkComponents(placeAt(layout, 'children'), { within: 'layout', ifDepth: 0, hasForm: hasForm(place) }, walk);
  checkPlacement(place, walk);
}

function hasForm(place: Place): boolean {
  return componentsIn(place).some(({ type }) => type === 'Form');
}

function checkOutcome(place: Place, walk: Walk): void {
  const success = placeAt(place, 'success');
  if (success !== undefined && !walk.own.isTerminal) {
    const said = "Property 'success' can only be specified on a terminal screen.";
    walk.findings.wrongKey('NOT_KEYWORD_SCHEMA_VALIDATION_FAILED', success, said);
  }
  const refresh = placeAt(place, 'refresh_on_back');
  if (isTrue(refresh?.node) && refresh !== undefined && !walk.hasEndpoint) {
    const said = "Property 'refresh_on_back' can be true only when property 'data_api_version' is set.";
    walk.findings.wrong('INVALID_PROPERTY_VALUE', refresh, said);
  }
}

/** Checks the ids of all screens: form, reserved word, uniqueness. */
export function checkIds(root: Place, findings: Findings): void {
  const seen = new Set<string>();
  for (const screen of itemsIn(placeAt(root, 'screens'))) {
    const id = placeAt(screen, 'id');
    if (id === undefined) {
      findings.wrong('MISSING_REQUIRED_TYPE_PROPERTY', screen, "Required property 'id' is missing.");
    } else if (id.node.kind !== 'string') {
      findings.wrong(
        'INVALID_PROPERTY_TYPE',
        id,
        `Expected property id to be of type string, but found ${id.node.kind}.`,
      );
    } else {
      checkId(id, id.node.text, seen, findings);
      seen.add(id.node.text);
    }
  }
}

function checkId(place: Place, id: string, seen: ReadonlySet<string>, findings: Findings): void {
  if (id === '') findings.wrong('MIN_CHARS_REQUIRED', place, "Property 'id' should have at least '1' characters.");
  else if (!/^[A-Za-z_]+$/.test(id)) {
    findings.wrong('PATTERN_MISMATCH', place, 'Property id should only consist of alphabets and underscores.');
  } else if (id.toLowerCase() === 'success') {
    const said = `Screen id cannot be '${id}' since it is a reserved keyword.`;
    findings.wrong('SCREEN_ID_IS_RESERVED_KEYWORD', place, said);
  } else if (seen.has(id)) findings.wrong('DUPLICATE_SCREEN_IDS', place, `Duplicate screen id found: ${id}.`);
}

/** Checks that the flow can end, and can end well. */
export function checkTerminals(root: Place, screens: ReadonlyMap<string, ScreenFacts>, findings: Findings): void {
  const place = placeAt(root, 'screens');
  if (place === undefined || screens.size === 0) return;
  const terminals = [...screens.values()].filter(({ isTerminal }) => isTerminal);
  if (terminals.length === 0) {
    findings.wrongKey('MISSING_TERMINAL_SCREEN', place, 'Terminal screen is required but not provided.');
    return;
  }
  const failures = terminals.map((screen) => placeAt(screen.place, 'success'));
  const [first] = failures;
  if (first === undefined || !failures.every((success) => success?.node.kind === 'boolean' && !success.node.is)) return;
  const said = "At least one terminal screen must have property 'success' set as true.";
  findings.wrong('INVALID_PROPERTY_VALUE', first, said);
}
