// Actions of components: their form, where they may lead, and what they carry (Flow JSON reference, Actions).
import { mismatchIn } from './data-model.js';
import { reportMissing, reportUnknown } from './fields.js';
import { itemsIn, membersIn, type Place, placeAt } from './findings.js';
import { type ScreenFacts, typeOfSchema } from './references.js';
import type { ActionName, Shape } from './shapes.js';
import { textOf } from './source.js';
import { checkBindingsInside } from './values.js';
import { has, lookUpText, type Use, type Walk } from './walk.js';

const PICKERS: readonly (string | undefined)[] = ['PhotoPicker', 'DocumentPicker'];

const KEYS: Readonly<Record<ActionName, readonly string[]>> = {
  navigate: ['name', 'next', 'payload'],
  complete: ['name', 'payload'],
  data_exchange: ['name', 'payload'],
  update_data: ['name', 'payload'],
  open_url: ['name', 'url'],
};

/** Checks an action that may have one of these names. */
export function checkAction(place: Place, names: Extract<Shape, { is: 'action' }>['names'], walk: Walk): void {
  if (place.node.kind !== 'object') {
    walk.findings.wrong(
      'INVALID_PROPERTY_TYPE',
      place,
      `Expected an action to be of type object, but found ${place.node.kind}.`,
    );
    return;
  }
  const name = placeAt(place, 'name');
  if (name === undefined) {
    reportMissing(place, 'name', walk);
    return;
  }
  const allowed = names.filter(({ since }) => has(walk, since)).map((one) => one.name);
  const found = allowed.find((one) => one === textOf(name.node));
  if (found === undefined) {
    walk.findings.wrong('INVALID_ENUM_VALUE', name, `Value should be one of: [${allowed.join(', ')}].`);
    return;
  }
  for (const member of membersIn(place)) if (!KEYS[found].includes(member.step)) reportUnknown(member, found, walk);
  checkNamedAction(place, found, walk);
}

function checkNamedAction(place: Place, name: ActionName, walk: Walk): void {
  const payload = placeAt(place, 'payload');
  checkPayload(payload, name, walk);
  switch (name) {
    case 'navigate':
      checkNavigate(place, payload, walk);
      return;
    case 'complete':
      if (walk.own.isTerminal) return;
      walk.findings.wrong(
        'INVALID_COMPLETE_ACTION',
        place,
        "On-click-action 'complete' can only be configured on a terminal screen.",
      );
      return;
    case 'data_exchange':
      if (walk.hasEndpoint) return;
      walk.findings.wrong(
        'MISSING_REQUIRED_PROPERTY',
        place,
        "The property 'data_api_version' is required for data_exchange action.",
      );
      return;
    case 'update_data':
      checkUpdate(payload, walk);
      return;
    case 'open_url':
      checkUrl(place, walk);
      return;
  }
}

function checkPayload(payload: Place | undefined, name: ActionName, walk: Walk): void {
  if (payload === undefined) return;
  if (payload.node.kind !== 'object') {
    walk.findings.wrong(
      'INVALID_PROPERTY_TYPE',
      payload,
      `Expected property payload to be of type object, but found ${payload.node.kind}.`,
    );
    return;
  }
  const use: Use = { types: undefined, said: `payload of ${name}`, isInAction: true };
  for (const member of membersIn(payload)) {
    if (walk.findings.isFull()) return;
    checkBindingsInside(member, use, walk);
    checkFiles(member, true, name, walk);
  }
}

/** Files of pickers may not be passed to another screen, and stand at the top of a payload only (Media upload). */
function checkFiles(place: Place, isTop: boolean, name: ActionName, walk: Walk): void {
  for (const inner of [...itemsIn(place), ...membersIn(place)]) checkFiles(inner, false, name, walk);
  const text = textOf(place.node);
  const found = text === undefined ? undefined : lookUpText(text, walk);
  if (found === undefined || !PICKERS.includes(found.kind)) return;
  const wrong = (said: string): void => walk.findings.wrong('INVALID_ON_CLICK_ACTION_PAYLOAD', place, said);
  if (name === 'navigate')
    wrong(`The ${found.kind} component's value is not allowed in the payload of the navigate action.`);
  else if (!isTop) wrong(`The ${found.kind} component's value is allowed only at the top level of a payload.`);
}

function checkNavigate(place: Place, payload: Place | undefined, walk: Walk): void {
  const next = placeAt(place, 'next');
  if (next === undefined) {
    reportMissing(place, 'next', walk);
    return;
  }
  const type = placeAt(next, 'type');
  const name = placeAt(next, 'name');
  if (type === undefined) reportMissing(next, 'type', walk);
  else if (textOf(type.node) !== 'screen')
    walk.findings.wrong('INVALID_ENUM_VALUE', type, 'Value should be one of: [screen].');
  if (name === undefined) {
    reportMissing(next, 'name', walk);
    return;
  }
  if (name.node.kind !== 'string') {
    walk.findings.wrong('INVALID_PROPERTY_TYPE', name, 'Expected property name to be of type string.');
    return;
  }
  const { text } = name.node;
  const target = walk.screens.get(text);
  const wrong = (said: string): void => walk.findings.wrong('INVALID_NAVIGATE_ACTION_NEXT_SCREEN_NAME', name, said);
  if (target === undefined) {
    wrong(`Unknown screen ids found: [${text}].`);
    return;
  }
  if (text === walk.own.id) {
    wrong(`Same screen navigation is not allowed. Loop detected at [${text}].`);
    return;
  }
  walk.routes.push({ from: walk.own.id, to: { ...name, node: name.node } });
  checkArrival(place, payload, target, walk);
}

/** What navigate carries must be what the next screen's data model says. With an endpoint the rest may come from there. */
function checkArrival(place: Place, payload: Place | undefined, target: ScreenFacts, walk: Walk): void {
  const wrong = (at: Place, said: string): void => walk.findings.wrong('INVALID_NAVIGATE_ACTION_PAYLOAD', at, said);
  const fields = membersIn(payload);
  if (target.data === undefined) {
    if (fields.length > 0 && payload !== undefined)
      wrong(payload, `No data model is defined in the next screen '${target.id}'.`);
    return;
  }
  for (const field of fields) {
    const schema = placeAt(target.data, field.step);
    if (schema === undefined)
      wrong(field, `Following fields are missing in the next screen's data model: [${field.step}].`);
    else checkPassed(field, schema, target, walk);
  }
  if (walk.hasEndpoint) return;
  const carried = new Set(fields.map(({ step }) => step));
  const missing = membersIn(target.data).filter(({ step }) => !carried.has(step));
  if (missing.length === 0) return;
  const said = missing
    .map(({ step }) => step)
    .join(', ')
    .slice(0, 500);
  wrong(
    payload ?? place,
    `Following fields are expected in the next screen's data model but missing in payload: [${said}].`,
  );
}

function checkPassed(field: Place & { step: string }, schema: Place, target: ScreenFacts, walk: Walk): void {
  const wanted = typeOfSchema(schema.node);
  const text = textOf(field.node);
  const bound = text === undefined ? undefined : lookUpText(text, walk);
  const isBound = bound !== undefined || (text !== undefined && /^(?:\$\{.*\}|`.*`)$/s.test(text.slice(0, 5_000)));
  const wrong = (got: string): void => {
    const said = `Schema of payload data at '${field.step}' does not match the data model of screen '${target.id}'. Property is expecting '${wanted}' but got '${got}'.`;
    walk.findings.wrong('INVALID_NAVIGATE_ACTION_PAYLOAD', field, said);
  };
  if (bound !== undefined) {
    if (bound.type !== 'any' && wanted !== 'any' && bound.type !== wanted) wrong(bound.type);
  } else if (!isBound && mismatchIn(field, schema.node) !== undefined) wrong(field.node.kind);
}

function checkUpdate(payload: Place | undefined, walk: Walk): void {
  for (const field of membersIn(payload)) {
    if (placeAt(walk.own.data, field.step) !== undefined) continue;
    const said = `Following fields are missing in the data model of screen '${walk.own.id}': [${field.step}].`;
    walk.findings.wrong('INVALID_UPDATE_DATA_ACTION_PAYLOAD', field, said);
  }
}

function checkUrl(place: Place, walk: Walk): void {
  const url = placeAt(place, 'url');
  if (url === undefined) {
    reportMissing(place, 'url', walk);
    return;
  }
  if (url.node.kind !== 'string') {
    walk.findings.wrong('INVALID_PROPERTY_TYPE', url, 'Expected property url to be of type string.');
    return;
  }
  if (/^(?:\$\{|`)/.test(url.node.text)) {
    checkBindingsInside(url, { types: ['string'], said: 'url', isInAction: true }, walk);
    return;
  }
  if (!/^https?:\/\/\S+$/.test(url.node.text) || !URL.canParse(url.node.text)) {
    walk.findings.wrong('INVALID_PROPERTY_VALUE_FORMAT', url, "Property 'url' should be in 'uri' format.");
  }
}
