// Rules about the components of a screen together: how many, which ones side by side, footers, names.
import { type Findings, itemsIn, type Place, placeAt } from './findings.js';
import { branchesOf, componentsIn, type Placed } from './layout.js';
import type { ScreenFacts } from './references.js';
import { textOf } from './source.js';
import { has, type Walk } from './walk.js';

const COMPONENTS_MAX = 50;
const CAROUSELS_PER_FLOW_MAX = 3;

/** How many of a type a screen may have, and the code that says so. */
const LIMITS: readonly { type: string; max: number; code: string }[] = [
  { type: 'EmbeddedLink', max: 2, code: 'MAX_EMBEDDED_LINK_PER_SCREEN' },
  { type: 'Image', max: 3, code: 'MAX_IMAGE_PER_SCREEN' },
  { type: 'OptIn', max: 5, code: 'MAX_OPT_IN_PER_SCREEN' },
  { type: 'PhotoPicker', max: 1, code: 'MAX_PHOTO_PICKER_PER_SCREEN' },
  { type: 'DocumentPicker', max: 1, code: 'MAX_DOCUMENT_PICKER_PER_SCREEN' },
  { type: 'NavigationList', max: 2, code: 'MAX_NAVIGATION_LIST_PER_SCREEN' },
  { type: 'ImageCarousel', max: 2, code: 'MAX_IMAGE_CAROUSEL_PER_SCREEN' },
];

/** Checks what stands together on one screen. */
export function checkPlacement(screen: Place, walk: Walk): void {
  const components = componentsIn(screen);
  checkCounts(components, walk.findings);
  checkNames(components, walk.findings);
  checkNeighbours(components, walk);
  checkFooters(screen, components, walk);
}

/** A flow has at most three carousels in all. */
export function checkCarousels(screens: ReadonlyMap<string, ScreenFacts>, findings: Findings): void {
  const carousels = [...screens.values()]
    .flatMap(({ place }) => componentsIn(place))
    .filter(({ type }) => type === 'ImageCarousel');
  const extra = carousels[CAROUSELS_PER_FLOW_MAX];
  if (extra === undefined) return;
  const said = `Maximum number of ImageCarousel allowed per Flow is ${CAROUSELS_PER_FLOW_MAX} but found ${carousels.length}.`;
  findings.wrong('MAX_IMAGE_CAROUSEL_PER_FLOW', typePlace(extra), said);
}

function typePlace({ place }: Placed): Place {
  return placeAt(place, 'type') ?? place;
}

function checkCounts(components: readonly Placed[], findings: Findings): void {
  const surplus = components[COMPONENTS_MAX];
  if (surplus !== undefined) {
    const said = `Maximum number of components allowed per screen is ${COMPONENTS_MAX} but found ${components.length}.`;
    findings.wrong('MAX_ALLOWED_COMPONENTS_PER_SCREEN', typePlace(surplus), said);
  }
  for (const { type, max, code } of LIMITS) {
    const those = components.filter((component) => component.type === type);
    const extra = those[max];
    if (extra === undefined) continue;
    const said = `Maximum number of ${type} allowed per screen is ${max} but found ${those.length}.`;
    findings.wrong(code, typePlace(extra), said);
  }
}

/** Names are unique on a screen, in all branches (error code DUPLICATE_FORM_COMPONENT_NAMES). */
function checkNames(components: readonly Placed[], findings: Findings): void {
  const seen = new Set<string>();
  for (const { place } of components) {
    const name = placeAt(place, 'name');
    const text = textOf(name?.node);
    if (name === undefined || text === undefined) continue;
    if (seen.has(text)) {
      findings.wrong(
        'DUPLICATE_FORM_COMPONENT_NAMES',
        name,
        `Duplicate name found for Form components: ${text.slice(0, 200)}.`,
      );
    }
    seen.add(text);
  }
}

function checkNeighbours(components: readonly Placed[], walk: Walk): void {
  const first = (type: string): Placed | undefined => components.find((component) => component.type === type);
  const wrong = (code: string, at: Placed, said: string): void => walk.findings.wrong(code, typePlace(at), said);
  const rich = first('RichText');
  const others = components.filter(({ type }) => type !== 'RichText' && !(type === 'Footer' && has(walk, '6.3')));
  if (rich !== undefined && others.length > 0 && has(walk, '5.1')) {
    const said = has(walk, '6.3')
      ? 'RichText can only stand alone or with a Footer.'
      : 'RichText can only stand alone on a screen.';
    wrong('INVALID_RICHTEXT_PLACEMENT', rich, said);
  }
  const list = first('NavigationList');
  if (list !== undefined && has(walk, '6.2')) {
    if (components.some(({ type }) => type !== 'NavigationList')) {
      wrong(
        'INVALID_COMPONENT_PLACEMENT',
        list,
        'NavigationList cannot be combined with other components on a screen.',
      );
    }
    if (walk.own.isTerminal) {
      wrong('INVALID_COMPONENT_PLACEMENT', list, 'NavigationList cannot be used on a terminal screen.');
    }
  }
  const photos = first('PhotoPicker');
  const documents = first('DocumentPicker');
  if (photos !== undefined && documents !== undefined) {
    wrong('INVALID_COMPONENT_PLACEMENT', documents, 'PhotoPicker and DocumentPicker cannot stand on one screen.');
  }
}

function checkFooters(screen: Place, components: readonly Placed[], walk: Walk): void {
  const footers = components.filter(({ type }) => type === 'Footer');
  if (footers.length === 0) {
    const { own, findings } = walk;
    const hasList = components.some(({ type }) => type === 'NavigationList');
    if (!own.isTerminal || hasList) return;
    const said = `Footer component is missing on terminal screens: ${own.id}.`;
    findings.wrong('MISSING_FOOTER_ON_TERMINAL_SCREEN', placeAt(screen, 'id') ?? screen, said);
    return;
  }
  checkFooterBranches(components, walk.findings);
  const second = secondFooter(footers);
  if (second === undefined) return;
  const isPlain = footers.every(({ branches }) => branches.length === 0);
  const code = isPlain ? 'MAX_FOOTER_PER_SCREEN' : 'MORE_THAN_ONE_FOOTER';
  const said = isPlain
    ? `Maximum number of Footer allowed per screen is 1 but found ${footers.length}.`
    : 'Maximum number of Footer component allowed per screen is 1.';
  walk.findings.wrong(code, typePlace(second), said);
}

/** The first footer that could be seen together with an earlier one: not in different branches of one If or Switch. */
function secondFooter(footers: readonly Placed[]): Placed | undefined {
  return footers
    .slice(0, COMPONENTS_MAX)
    .find((footer, index) => footers.slice(0, index).some((earlier) => !areApart(footer, earlier)));
}

function areApart(one: Placed, other: Placed): boolean {
  return one.branches.some((branch) =>
    other.branches.some(({ of, name }) => of.node === branch.of.node && name !== branch.name),
  );
}

/** A footer in one branch needs one in every branch. */
function checkFooterBranches(components: readonly Placed[], findings: Findings): void {
  for (const { place, type } of components) {
    const branches = branchesOf(place, type);
    const withFooter = branches.filter((branch) => hasFooter(branch.place));
    if (
      withFooter.length === 0 ||
      (withFooter.length === branches.length && (type === 'Switch' || branches.length === 2))
    ) {
      continue;
    }
    if (type === 'Switch') {
      const said = 'Footer component must be present in all switch cases if it exists in any one case.';
      findings.wrong('MISSING_FOOTER_IN_SWITCH_BRANCHES', placeAt(place, 'cases') ?? place, said);
      continue;
    }
    const said =
      branches.length === 1
        ? "Missing Footer inside one of the 'If' component branches. Branch 'else' should exist and contain one Footer."
        : "Footer component must be present in all branches of 'If' component if it exists in any one branch.";
    findings.wrong('MISSING_FOOTER_IN_IF_ELSE_BRANCHES', placeAt(place, 'type') ?? place, said);
  }
}

function hasFooter(branch: Place): boolean {
  return itemsIn(branch).some((child) => {
    const type = textOf(placeAt(child, 'type')?.node) ?? '';
    return type === 'Footer' || (type === 'Switch' && branchesOf(child, type).some(({ place }) => hasFooter(place)));
  });
}
