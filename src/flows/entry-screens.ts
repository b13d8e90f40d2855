// With which screens a flow can begin: those that no other leads to. Found while the JSON passes by, so that it need not be held.
import { scanJson } from './json-scan.js';

/** Looks at Flow JSON while it passes. */
export interface ScreenScan {
  /** The next bytes of it. */
  write(chunk: Buffer): void;
  /** Ids of the screens that nothing leads to, in the order of the JSON; none for what is no flow, or has more than 1,000 screens or ways between them. */
  end(): string[];
}

/** Many more than any flow has that Meta publishes. */
const NAMES_MAX = 1_000;

/** What stands where: the screens and what is in one, the routing model and one route of it, or anything else. */
type Role = 'root' | 'screens' | 'screen' | 'inside' | 'routes' | 'route' | 'other';

interface Frame {
  role: Role;
  isObject: boolean;
  key: string | undefined;
  id: string | undefined;
  name: string | undefined;
  /** `name` of the object under `next`. */
  next: string | undefined;
}

interface Found {
  screens: string[];
  /** Where the routing model leads; undefined without one. */
  routed: Set<string> | undefined;
  /** Where navigate actions lead. */
  navigated: Set<string>;
}

/** Begins to look. */
export function scanScreens(): ScreenScan {
  const found: Found = { screens: [], routed: undefined, navigated: new Set() };
  const frames: Frame[] = [];
  const json = scanJson({
    open(kind) {
      const parent = frames.at(-1);
      const role = parent === undefined ? 'root' : roleIn(parent, kind);
      if (parent?.role === 'root') forget(found, parent.key);
      frames.push({ role, isObject: kind === '{', key: undefined, id: undefined, name: undefined, next: undefined });
    },
    close() {
      const frame = frames.pop();
      if (frame !== undefined) leave(found, frame, frames.at(-1));
    },
    key(text) {
      const frame = frames.at(-1);
      if (frame !== undefined) frame.key = text;
    },
    scalar(text) {
      const frame = frames.at(-1);
      if (frame !== undefined) note(found, frame, text);
    },
  });
  return {
    write: (chunk) => json.write(chunk),
    end() {
      const { screens, routed, navigated } = found;
      const targets = routed ?? navigated;
      if (!json.end() || screens.length > NAMES_MAX || targets.size > NAMES_MAX) return [];
      return screens.filter((id) => id !== '' && !targets.has(id));
    },
  };
}

function roleIn({ role, isObject, key }: Frame, kind: '{' | '['): Role {
  if (role === 'root' && isObject && key === 'screens' && kind === '[') return 'screens';
  if (role === 'root' && isObject && key === 'routing_model' && kind === '{') return 'routes';
  if (role === 'screens' && kind === '{') return 'screen';
  if (role === 'routes' && kind === '[') return 'route';
  return role === 'screen' || role === 'inside' ? 'inside' : 'other';
}

/** Of members with the same key the last counts. */
function forget(found: Found, key: string | undefined): void {
  if (key === 'screens') {
    found.screens = [];
    found.navigated = new Set();
  }
  if (key === 'routing_model') found.routed = new Set();
}

function note(found: Found, frame: Frame, text: string | undefined): void {
  const { role, key, isObject } = frame;
  if (role === 'root') forget(found, key);
  if (role === 'route') add(found.routed, text);
  if (!isObject) return;
  if (key === 'id') frame.id = text;
  if (key === 'name') frame.name = text;
  if (key === 'next') frame.next = undefined;
}

function leave(found: Found, frame: Frame, parent: Frame | undefined): void {
  const { role, id = '', name, next } = frame;
  if (role === 'screen' && found.screens.length <= NAMES_MAX) found.screens.push(id);
  if (role !== 'screen' && role !== 'inside') return;
  if (name === 'navigate') add(found.navigated, next);
  if (parent?.isObject === true && parent.key === 'next') parent.next = name;
}

function add(names: Set<string> | undefined, name: string | undefined): void {
  if (name !== undefined && names !== undefined && names.size <= NAMES_MAX) names.add(name);
}
