// With which screens a flow can begin: those that no other leads to.
import { itemsIn, membersIn, type Place, placeAt, rootPlace } from './findings.js';
import { parseSource, textOf } from './source.js';

/** Ids of the screens that nothing leads to, in the order of the JSON; none for what is no flow. Never throws. */
export function entryScreens(source: string): string[] {
  const parsed = parseSource(source);
  if ('problem' in parsed) return [];
  const root = rootPlace(parsed.root);
  const screens = itemsIn(placeAt(root, 'screens'));
  const targets = new Set<string>();
  const routes = placeAt(root, 'routing_model');
  for (const route of membersIn(routes)) for (const to of itemsIn(route)) targets.add(textOf(to.node) ?? '');
  if (routes === undefined) for (const screen of screens) gatherTargets(screen, targets);
  return screens
    .map((screen) => textOf(placeAt(screen, 'id')?.node) ?? '')
    .filter((id) => id !== '' && !targets.has(id));
}

/** Screens that navigate actions anywhere inside lead to. */
function gatherTargets(place: Place, targets: Set<string>): void {
  const name = textOf(placeAt(placeAt(place, 'next'), 'name')?.node);
  if (name !== undefined && textOf(placeAt(place, 'name')?.node) === 'navigate') targets.add(name);
  for (const inner of itemsIn(place)) gatherTargets(inner, targets);
  for (const inner of membersIn(place)) gatherTargets(inner, targets);
}
