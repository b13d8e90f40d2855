// Flow JSON as the phone runs it (Meta 5; Flow JSON reference).
import { at, flagAt, listAt, textAt } from '../pure/json.js';

/** A component, or any other object of the JSON. */
export type Component = Readonly<Record<string, unknown>>;

/** A screen. `schema` is its data model by field. */
export interface Screen {
  id: string;
  title: string;
  /** Whether leaving it backwards asks the endpoint. */
  refreshesOnBack: boolean;
  schema: Component;
  children: readonly Component[];
}

/** A flow; screens in the order of the JSON. */
export interface FlowDocument {
  version: string;
  hasEndpoint: boolean;
  screens: ReadonlyMap<string, Screen>;
  /** The screens that nothing leads to, else the first one. */
  entries: readonly string[];
}

/** Reads Flow JSON; undefined for what has no screens. */
export function readFlow(json: string): FlowDocument | undefined {
  const root = parsed(json);
  const screens = listAt(root, 'screens').map(readScreen);
  if (screens.length === 0) return undefined;
  const routes = objectOf(at(root, 'routing_model'));
  const targets = new Set(Object.values(routes).flatMap((to) => (Array.isArray(to) ? to.map(String) : [])));
  if (Object.keys(routes).length === 0) for (const screen of screens) gatherTargets(screen.children, targets);
  const entries = screens.map(({ id }) => id).filter((id) => !targets.has(id));
  return {
    version: textAt(root, 'version'),
    hasEndpoint: at(root, 'data_api_version') !== undefined || at(root, 'data_channel_uri') !== undefined,
    screens: new Map(screens.map((screen) => [screen.id, screen])),
    entries: entries.length > 0 ? entries : screens.slice(0, 1).map(({ id }) => id),
  };
}

/** The examples of a screen's data model, for previews. */
export function exampleData({ schema }: Screen): Record<string, unknown> {
  return Object.fromEntries(Object.entries(schema).map(([name, field]) => [name, at(field, '__example__')]));
}

/** Whether a flow of `version` has what came with `since`. */
export function isSince(version: string, since: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [sinceMajor = 0, sinceMinor = 0] = since.split('.').map(Number);
  return major > sinceMajor || (major === sinceMajor && minor >= sinceMinor);
}

/** An object's properties; none for anything else. */
export function objectOf(value: unknown): Component {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function readScreen(value: unknown): Screen {
  return {
    id: textAt(value, 'id'),
    title: textAt(value, 'title'),
    refreshesOnBack: flagAt(value, 'refresh_on_back'),
    schema: objectOf(at(value, 'data')),
    children: listAt(value, 'layout', 'children').map(objectOf),
  };
}

/** Screens that navigate actions anywhere inside lead to. */
function gatherTargets(value: unknown, targets: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  if (textAt(value, 'name') === 'navigate') targets.add(textAt(value, 'next', 'name'));
  for (const inner of Object.values(value)) gatherTargets(inner, targets);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
