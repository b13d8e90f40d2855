// Rules between the properties of one component (Flow JSON reference, Components; its error codes).
import { itemsIn, membersIn, type Place, placeAt } from './findings.js';
import { type SourceNode, textOf } from './source.js';
import { has, type Walk } from './walk.js';

/** Checks what the properties of a component of that type say together. */
export function checkRules(place: Place, type: string, walk: Walk): void {
  const rule = Object.hasOwn(RULES, type) ? RULES[type] : undefined;
  rule?.(place, walk);
}

const RULES: Readonly<Record<string, (place: Place, walk: Walk) => void>> = {
  Footer: checkCaptions,
  TextInput(place, walk) {
    checkOrder(place, 'min-chars', 'max-chars', walk);
    checkPattern(place, walk);
  },
  CheckboxGroup: checkSelectable,
  ChipsSelector: checkSelectable,
  PhotoPicker: (place, walk) => checkOrder(place, 'min-uploaded-photos', 'max-uploaded-photos', walk),
  DocumentPicker: (place, walk) => checkOrder(place, 'min-uploaded-documents', 'max-uploaded-documents', walk),
  DatePicker: checkDates,
  CalendarPicker(place, walk) {
    checkDates(place, walk);
    checkOrder(place, 'min-days', 'max-days', walk);
    checkMode(place, walk);
  },
  NavigationList: checkNavigationList,
  Switch: checkCases,
};

/** Left and right go together; center goes alone. */
function checkCaptions(place: Place, walk: Walk): void {
  const left = placeAt(place, 'left-caption');
  const right = placeAt(place, 'right-caption');
  const center = placeAt(place, 'center-caption');
  if (center !== undefined && (left ?? right) !== undefined) {
    const said = "Properties 'center-caption' and [left-caption, right-caption] must be present exclusively at Footer.";
    walk.findings.wrongKey('NOT_KEYWORD_SCHEMA_VALIDATION_FAILED', center, said);
    return;
  }
  if ((left === undefined) === (right === undefined)) return;
  const [there, missing] = left === undefined ? [right, 'left-caption'] : [left, 'right-caption'];
  if (there === undefined) return;
  const said = `Footer should have property ${missing} when property ${String(there.step)} is present.`;
  walk.findings.wrongKey('INVALID_DEPENDENCIES', there, said);
}

function checkSelectable(place: Place, walk: Walk): void {
  checkOrder(place, 'min-selected-items', 'max-selected-items', walk);
}

function numberOf(node: SourceNode | undefined): number | undefined {
  if (node?.kind === 'number') return node.number;
  return node?.kind === 'string' && /^-?\d{1,15}$/.test(node.text) ? Number(node.text) : undefined;
}

function checkOrder(place: Place, least: string, most: string, walk: Walk): void {
  const min = placeAt(place, least);
  const low = numberOf(min?.node);
  const high = numberOf(placeAt(place, most)?.node);
  if (min === undefined || low === undefined || high === undefined || low <= high) return;
  reportOrder(place, min, [least, most], walk);
}

function reportOrder(place: Place, min: Place, [least, most]: readonly [string, string], walk: Walk): void {
  const type = textOf(placeAt(place, 'type')?.node);
  const name = textOf(placeAt(place, 'name')?.node) ?? '';
  const said = `${least} cannot be greater than ${most} for ${type} ${name}.`;
  walk.findings.wrong('MIN_VALUE_GREATER_THAN_MAX', min, said);
}

function checkDates(place: Place, walk: Walk): void {
  const min = placeAt(place, 'min-date');
  const low = textOf(min?.node);
  const high = textOf(placeAt(place, 'max-date')?.node);
  if (min === undefined || low === undefined || high === undefined) return;
  const days = /^\d{4}-\d{2}-\d{2}$/;
  const isReversed = days.test(low) && days.test(high) ? low > high : isGreater(low, high);
  if (isReversed) reportOrder(place, min, ['min-date', 'max-date'], walk);
}

function isGreater(low: string, high: string): boolean {
  return /^-?\d{1,15}$/.test(low) && /^-?\d{1,15}$/.test(high) && Number(low) > Number(high);
}

const PATTERN_TYPES = ['text', 'number', 'password', 'passcode'];

/** A pattern needs a hint for the user, and an input that is checked by it. */
function checkPattern(place: Place, walk: Walk): void {
  const pattern = placeAt(place, 'pattern');
  if (pattern === undefined || !has(walk, '6.2')) return;
  if (placeAt(place, 'helper-text') === undefined) {
    walk.findings.wrongKey(
      'INVALID_DEPENDENCIES',
      pattern,
      'TextInput should have property helper-text when property pattern is present.',
    );
  }
  const type = placeAt(place, 'input-type');
  const said = textOf(type?.node);
  if (type !== undefined && said !== undefined && !/^[`$]/.test(said) && !PATTERN_TYPES.includes(said)) {
    walk.findings.wrong(
      'INVALID_DEPENDENCIES',
      type,
      `Property pattern goes with input-type [${PATTERN_TYPES.join(', ')}].`,
    );
  }
}

const RANGE_ONLY = ['title', 'description', 'min-days', 'max-days'];

/** Title, description and numbers of days are of ranges only. */
function checkMode(place: Place, walk: Walk): void {
  const mode = placeAt(place, 'mode');
  if (mode !== undefined && textOf(mode.node) !== 'single') return;
  for (const member of membersIn(place)) {
    if (!RANGE_ONLY.includes(member.step)) continue;
    walk.findings.wrongKey(
      'INVALID_DEPENDENCIES',
      member,
      `Property ${member.step} is available only when mode is 'range'.`,
    );
  }
}

/** One action for the whole list or one for each item, one badge, and no end beside large pictures. */
function checkNavigationList(place: Place, walk: Walk): void {
  const items = itemsIn(placeAt(place, 'list-items'));
  const action = placeAt(place, 'on-click-action');
  const isLarge = textOf(placeAt(place, 'media-size')?.node) === 'large';
  let badges = 0;
  for (const item of items) {
    const own = placeAt(item, 'on-click-action');
    if (own !== undefined && action !== undefined) {
      const said = "Property 'on-click-action' cannot be on NavigationList and on its items.";
      walk.findings.wrongKey('NOT_KEYWORD_SCHEMA_VALIDATION_FAILED', own, said);
    } else if (own === undefined && action === undefined) {
      walk.findings.wrong('MISSING_REQUIRED_TYPE_PROPERTY', item, "Required property 'on-click-action' is missing.");
    }
    const end = placeAt(item, 'end');
    if (end !== undefined && isLarge) {
      const said = "Property 'end' cannot be combined with media-size 'large'.";
      walk.findings.wrongKey('NOT_KEYWORD_SCHEMA_VALIDATION_FAILED', end, said);
    }
    const badge = placeAt(item, 'badge');
    if (badge === undefined) continue;
    badges += 1;
    if (badges > 1)
      walk.findings.wrongKey('MAX_ITEMS_REQUIRED', badge, "Only one item of a NavigationList can have a 'badge'.");
  }
}

function checkCases(place: Place, walk: Walk): void {
  const cases = placeAt(place, 'cases');
  if (cases === undefined) return;
  if (cases.node.kind !== 'object') {
    walk.findings.wrong(
      'INVALID_PROPERTY_TYPE',
      cases,
      `Expected property cases to be of type object, but found ${cases.node.kind}.`,
    );
  } else if (cases.node.members.length === 0) {
    walk.findings.wrong('INVALID_PROPERTY_VALUE', cases, 'Invalid empty property found: cases.');
  }
}
