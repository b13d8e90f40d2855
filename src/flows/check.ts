// The Flow JSON checker: text in, errors in Meta's form out. Pure; a leaf that gateway, CLI and sandbox share.
import { checkFields, reportMissing } from './fields.js';
import { type Findings, type FlowError, findingsIn, itemsIn, type Place, placeAt, rootPlace } from './findings.js';
import { checkCarousels } from './placement.js';
import { checkRouting } from './routing.js';
import { checkIds, checkScreen, checkTerminals, SCREENS_MAX, screensIn } from './screens.js';
import { type Fields, property, text } from './shapes.js';
import { parseSource, textOf } from './source.js';
import { isSince, VERSIONS, type Version, versionOf } from './versions.js';
import type { Walk } from './walk.js';

/** What a check says of a text. */
export interface FlowCheck {
  /** At most 200 errors, in the order of the text; none: the flow can be published. */
  errors: FlowError[];
  /** The version that the text names, if it is one there is. */
  version: Version | undefined;
}

const rootFields: Fields = {
  version: property(text(), { isDynamic: false }),
  data_api_version: property(text(), { isDynamic: false }),
};

/**
 * Checks Flow JSON of any version from 2.1 on (*Meta 5*; the public Flow JSON reference and its error codes).
 * Never throws, whatever the text. Takes time in proportion to the length of the text.
 */
export function checkFlow(source: string): FlowCheck {
  const findings = findingsIn(source);
  const parsed = parseSource(source);
  if ('problem' in parsed) {
    const { at, message } = parsed.problem;
    findings.wrongText('INVALID_FLOW_JSON', { start: at, end: at + 1 }, `Flow JSON is not valid. ${message}.`);
    return { errors: findings.list(), version: undefined };
  }
  const root = rootPlace(parsed.root);
  const version = root.node.kind === 'object' ? checkVersion(root, findings) : undefined;
  if (root.node.kind !== 'object') {
    const said = `Expected property $root to be of type object, but found ${root.node.kind}.`;
    findings.wrong('INVALID_PROPERTY_TYPE', root, said);
  }
  if (version !== undefined) checkDocument(root, version, findings);
  return { errors: findings.list(), version };
}

function checkVersion(root: Place, findings: Findings): Version | undefined {
  const place = placeAt(root, 'version');
  if (place === undefined) {
    findings.wrong('MISSING_FLOW_JSON_VERSION', root, 'Flow JSON version is not specified.');
    return undefined;
  }
  const said = textOf(place.node);
  const version = said === undefined ? undefined : versionOf(said);
  if (version !== undefined) return version;
  if (said === undefined || /^[01]\.\d$|^2\.0$/.test(said)) {
    findings.wrong(
      'UNSUPPORTED_FLOW_JSON_VERSION',
      place,
      `Unsupported Flow JSON version. There are ${VERSIONS.join(', ')}.`,
    );
  } else
    findings.wrong('INVALID_FLOW_JSON_VERSION', place, `Invalid Flow JSON version. There are ${VERSIONS.join(', ')}.`);
  return undefined;
}

function checkDocument(root: Place, version: Version, findings: Findings): void {
  const hasEndpoint = placeAt(root, 'data_api_version') !== undefined;
  const screens = screensIn(root);
  const routes: Walk['routes'] = [];
  const list = placeAt(root, 'screens');
  checkTop(root, list, { version, findings });
  checkIds(root, findings);
  for (const place of itemsIn(list, SCREENS_MAX)) {
    const own = screens.get(textOf(placeAt(place, 'id')?.node) ?? '') ?? nameless(place);
    if (place.node.kind === 'object') checkScreen(place, { version, findings, screens, own, hasEndpoint, routes });
    else
      findings.wrong(
        'INVALID_PROPERTY_TYPE',
        place,
        `Expected a screen to be of type object, but found ${place.node.kind}.`,
      );
  }
  checkCarousels(screens, findings);
  checkTerminals(root, screens, findings);
  checkRouting(root, screens, routes, findings);
}

/** A screen whose id nobody can name. */
function nameless(place: Place): Walk['own'] {
  return { id: '', place, isTerminal: false, data: placeAt(place, 'data'), answers: new Map() };
}

function checkTop(
  root: Place,
  list: Place | undefined,
  { version, findings }: Pick<Walk, 'version' | 'findings'>,
): void {
  const walk: Walk = { version, findings, screens: new Map(), own: nameless(root), hasEndpoint: false, routes: [] };
  const known = ['screens', 'routing_model', ...(isSince(version, '3.0') ? [] : ['data_channel_uri'])];
  checkFields(root, rootFields, '', walk, known);
  checkEndpoint(root, version, findings);
  if (list === undefined) {
    reportMissing(root, 'screens', walk);
    return;
  }
  if (list.node.kind !== 'array') {
    findings.wrong(
      'INVALID_PROPERTY_TYPE',
      list,
      `Expected property screens to be of type array, but found ${list.node.kind}.`,
    );
    return;
  }
  const { length } = list.node.items;
  if (length === 0) findings.wrong('MIN_ITEMS_REQUIRED', list, "Property 'screens' should have at least '1' items.");
  if (length > SCREENS_MAX) {
    const said = `Maximum number of screens allowed per Flow is ${SCREENS_MAX} but found ${length}.`;
    findings.wrongKey('MAX_SCREENS_NUMBER', list, said);
  }
}

function checkEndpoint(root: Place, version: Version, findings: Findings): void {
  const uri = placeAt(root, 'data_channel_uri');
  const said = textOf(uri?.node);
  if (uri !== undefined && !isSince(version, '3.0') && (said === undefined || !URL.canParse(said))) {
    findings.wrong('INVALID_PROPERTY_VALUE_FORMAT', uri, "Property 'data_channel_uri' should be in 'uri' format.");
  }
  const api = placeAt(root, 'data_api_version');
  if (api === undefined) return;
  const versions = isSince(version, '7.3') ? ['3.0', '4.0'] : ['3.0'];
  if (api.node.kind === 'string' && !versions.includes(api.node.text)) {
    const message = `No supported Data API version found for given Flow JSON version. There are ${versions.join(', ')}.`;
    findings.wrong('NO_SUPPORTED_DATA_API_VERSION', api, message);
  }
  if (placeAt(root, 'routing_model') === undefined) {
    findings.wrongKey(
      'MISSING_REQUIRED_PROPERTY',
      api,
      "The property 'routing_model' is required for property 'data_api_version'.",
    );
  }
}
