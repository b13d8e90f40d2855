// The routing model: written down for flows with an endpoint, drawn from navigate actions otherwise (Flow JSON reference, Routing model).
import { type Findings, itemsIn, membersIn, type Place, placeAt } from './findings.js';
import type { ScreenFacts } from './references.js';
import { textOf } from './source.js';
import type { Walk } from './walk.js';

const BRANCHES_MAX = 10;
const CODE = 'INVALID_ROUTING_MODEL';

interface Graph {
  /** Where errors about the graph as a whole are said to be. */
  place: Place;
  isWritten: boolean;
  /** For each screen the ones it leads to, and where that is said. */
  routes: Map<string, Map<string, Place>>;
}

/** Checks that screens lead from an entry, forward only, to a terminal screen. */
export function checkRouting(
  root: Place,
  screens: ReadonlyMap<string, ScreenFacts>,
  seen: Walk['routes'],
  findings: Findings,
): void {
  if (screens.size === 0) return;
  const written = placeAt(root, 'routing_model');
  if (written !== undefined && written.node.kind !== 'object') {
    const said = `Expected property routing_model to be of type object, but found ${written.node.kind}.`;
    findings.wrong('INVALID_PROPERTY_TYPE', written, said);
    return;
  }
  const place = written ?? placeAt(root, 'screens') ?? root;
  const graph = written === undefined ? drawn(place, screens, seen) : read(written, screens, findings);
  if (graph.isWritten) checkAgainstActions(graph, seen, findings);
  checkBranches(graph, screens, findings);
  if (checkDirection(graph, screens, findings)) checkConnection(graph, screens, findings);
  checkEnds(graph, screens, findings);
}

function drawn(place: Place, screens: ReadonlyMap<string, ScreenFacts>, seen: Walk['routes']): Graph {
  const routes = new Map([...screens.keys()].map((id) => [id, new Map<string, Place>()]));
  for (const { from, to } of seen) routes.get(from)?.set(to.node.text, to);
  return { place, isWritten: false, routes };
}

function read(place: Place, screens: ReadonlyMap<string, ScreenFacts>, findings: Findings): Graph {
  const routes = new Map([...screens.keys()].map((id) => [id, new Map<string, Place>()]));
  const written = new Set<string>();
  for (const member of membersIn(place)) {
    written.add(member.step);
    const own = routes.get(member.step);
    if (own === undefined)
      findings.wrongKey(CODE, member, `Invalid screens found in the routing model: ${member.step}.`);
    else readRoutes(member, own, screens, findings);
  }
  const missing = [...screens.keys()].filter((id) => !written.has(id));
  if (missing.length > 0) {
    findings.wrong(CODE, place, `Following screens are missing in the routing model: ${missing.join(', ')}.`);
  }
  return { place, isWritten: true, routes };
}

function readRoutes(
  from: Place & { step: string },
  own: Map<string, Place>,
  screens: ReadonlyMap<string, ScreenFacts>,
  findings: Findings,
): void {
  if (from.node.kind !== 'array') {
    const said = `Expected the routes of ${from.step} to be of type array, but found ${from.node.kind}.`;
    findings.wrong('INVALID_PROPERTY_TYPE', from, said);
    return;
  }
  for (const to of itemsIn(from)) {
    const id = textOf(to.node);
    if (id === undefined)
      findings.wrong('INVALID_PROPERTY_TYPE', to, `Expected a screen id, but found ${to.node.kind}.`);
    else if (!screens.has(id)) findings.wrong(CODE, to, `Invalid screen found in the routing model: ${id}.`);
    else own.set(id, to);
  }
}

function checkAgainstActions(graph: Graph, seen: Walk['routes'], findings: Findings): void {
  for (const { from, to } of seen) {
    if (graph.routes.get(from)?.has(to.node.text) !== false) continue;
    const said = `Missing direct route from screen '${from}' to screen '${to.node.text}' in the routing model, while it exists in the navigate screen action of screen '${from}'.`;
    findings.wrong(CODE, to, said);
  }
}

function checkBranches(graph: Graph, screens: ReadonlyMap<string, ScreenFacts>, findings: Findings): void {
  for (const [id, routes] of graph.routes) {
    if (routes.size <= BRANCHES_MAX) continue;
    const place = graph.isWritten ? (placeAt(graph.place, id) ?? graph.place) : idPlace(screens, id, graph.place);
    findings.wrong(CODE, place, `Number of branches exceeds the max limit of ${BRANCHES_MAX} for screen: ${id}.`);
  }
}

function idPlace(screens: ReadonlyMap<string, ScreenFacts>, id: string, otherwise: Place): Place {
  return placeAt(screens.get(id)?.place, 'id') ?? otherwise;
}

/** An entry, no way back, no loop; false when there is one, so that nothing more is said of the graph. */
function checkDirection(graph: Graph, screens: ReadonlyMap<string, ScreenFacts>, findings: Findings): boolean {
  const targets = new Set([...graph.routes.values()].flatMap((routes) => [...routes.keys()]));
  const back = backRoute(graph);
  if (back !== undefined) {
    const { from, to, place } = back;
    const said =
      from === to
        ? `Loop detected in the routing model for screens: ${from}.`
        : `Backward route [${from}->${to}] corresponding to forward route [${to}->${from}] is not allowed in the routing model. Only forward routes can be specified.`;
    findings.wrong(CODE, place, said);
    return false;
  }
  if ([...screens.keys()].every((id) => targets.has(id))) {
    const said = graph.isWritten
      ? 'No entry screen found in the routing model. Expected a screen with no inbound edges as the entry screen.'
      : 'No entry screen found in the routing model. Add a screen that is not used as the next screen in any of the navigate actions.';
    findings.wrong(CODE, graph.place, said);
    return false;
  }
  const loop = loopIn(graph);
  if (loop === undefined) return true;
  findings.wrong(CODE, loop.place, `Loop detected in the routing model for screens: ${loop.ids.join(', ')}.`);
  return false;
}

function backRoute({ routes }: Graph): { from: string; to: string; place: Place } | undefined {
  const order = [...routes.keys()];
  for (const [index, from] of order.entries()) {
    for (const [to, place] of routes.get(from) ?? []) {
      if (order.indexOf(to) <= index && (from === to || routes.get(to)?.has(from))) return { from, to, place };
    }
  }
  return undefined;
}

/** A loop, and the route that closes it. Screens number at most 100, so going deep is safe. */
function loopIn({ routes }: Graph): { ids: string[]; place: Place } | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (id: string): { ids: string[]; place: Place } | undefined => {
    path.push(id);
    for (const [to, place] of routes.get(id) ?? []) {
      const start = path.indexOf(to);
      if (start >= 0) return { ids: path.slice(start), place };
      const found = done.has(to) ? undefined : visit(to);
      if (found !== undefined) return found;
    }
    path.pop();
    done.add(id);
    return undefined;
  };
  for (const id of routes.keys()) {
    const found = done.has(id) ? undefined : visit(id);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** All screens hang together: without a loop each is then reached from an entry. */
function checkConnection(graph: Graph, screens: ReadonlyMap<string, ScreenFacts>, findings: Findings): void {
  const [first] = graph.routes.keys();
  if (first === undefined) return;
  const neighbours = bothWays(graph);
  const reached = new Set([first]);
  for (const id of reached) for (const next of neighbours.get(id) ?? []) reached.add(next);
  const apart = [...graph.routes.keys()].filter((id) => !reached.has(id));
  if (apart.length === 0) return;
  const how = graph.isWritten ? '' : ' via navigate screen action';
  const said = `Following screens are not connected with the rest of the screens${how}: ${apart.join(', ')}. All screens should be connected.`;
  const place = graph.isWritten ? graph.place : idPlace(screens, apart[0] ?? '', graph.place);
  findings.wrong(CODE, place, said);
}

function bothWays({ routes }: Graph): Map<string, string[]> {
  const neighbours = new Map([...routes.keys()].map((id) => [id, [...(routes.get(id)?.keys() ?? [])]]));
  for (const [from, targets] of routes) for (const to of targets.keys()) neighbours.get(to)?.push(from);
  return neighbours;
}

/** Every way ends at a terminal screen. */
function checkEnds(graph: Graph, screens: ReadonlyMap<string, ScreenFacts>, findings: Findings): void {
  if (![...screens.values()].some(({ isTerminal }) => isTerminal)) return;
  for (const [id, routes] of graph.routes) {
    if (routes.size > 0 || screens.get(id)?.isTerminal !== false) continue;
    const said = `Screen '${id}' leads nowhere: all routes must end at a terminal screen.`;
    findings.wrong(CODE, idPlace(screens, id, graph.place), said);
  }
}
