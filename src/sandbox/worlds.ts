// Worlds beside the default one: each a whole sandbox of its own behind the same port, so that test runs do not meet.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { FirstRoutes } from '../http/direct.js';
import { type Access, parameter } from './control/access.js';
import type { World } from './world.js';

/** Most worlds at once, the default one aside. */
const WORLDS_MAX = 50;
/** A world that nobody used for this long may be closed for a new one, ms. */
const IDLE_MS = 10 * 60_000;
const NAME = /^[A-Za-z0-9._-]{1,64}$/;
const FLOW_LINK = /^\/flow_(?:files|media|previews)\/(\d{1,32})[/?]/;
const HEADER = 'x-sandbox-world';
/** The name of the world that is always there. */
const DEFAULT_WORLD = 'default';

/** A world that can answer requests. */
export interface OpenWorld {
  app: FastifyInstance;
  world: World;
  stop(): Promise<void>;
}

/** The named worlds. */
export interface Worlds {
  /** Takes requests that belong to a named world. */
  routes: FirstRoutes;
  list(): { name: string; messages: number; numbers: number }[];
  /** Closes a world and forgets all of it; false when there is none of that name. */
  close(name: string): Promise<boolean>;
  stop(): Promise<void>;
}

interface Entry {
  opening: Promise<OpenWorld>;
  /** Set when it is open. */
  ready: OpenWorld | undefined;
  usedAt: number;
}

/** What makes worlds, and who may. */
export interface WorldsOptions {
  open(): Promise<OpenWorld>;
  access: Access;
  /** Whether an app of the default world has that Graph token. */
  isDefaultToken(token: string): boolean;
}

/** No worlds yet: the first control call that names one opens it. */
export function createWorlds({ open, access, isDefaultToken }: WorldsOptions): Worlds {
  const entries = new Map<string, Entry>();

  function find(request: IncomingMessage): Entry | Refused | undefined {
    const { headers, url = '' } = request;
    const isControl = url.startsWith('/_sandbox');
    const named = headers[HEADER] ?? (isControl ? parameter(url, 'world') : undefined);
    if (named === undefined) return isControl || entries.size === 0 ? undefined : (byToken(request) ?? byFlow(url));
    if (typeof named !== 'string' || !NAME.test(named))
      return { httpStatus: 400, message: `${HEADER} must match ${NAME.source}` };
    if (named === DEFAULT_WORLD) return undefined;
    return entries.get(named) ?? (isControl ? (access(request) ?? enter(named)) : undefined);
  }

  /** Graph calls need no header: the world is that whose app has the token. */
  function byToken({ headers, url = '' }: IncomingMessage): Entry | undefined {
    const bearer = /^(?:Bearer|OAuth)\s+(\S+)$/i.exec(headers.authorization ?? '')?.[1];
    const token = bearer ?? parameter(url, 'access_token');
    if (token === undefined || isDefaultToken(token)) return undefined;
    return [...entries.values()].find((entry) => entry.ready?.world.apps.get(token) !== undefined);
  }

  /** Links to flows carry no token: the world is that which has the flow. */
  function byFlow(url: string): Entry | undefined {
    const [, id] = FLOW_LINK.exec(url) ?? [];
    if (id === undefined) return undefined;
    return [...entries.values()].find(
      ({ ready }) => (ready?.world.flows.get(id) ?? ready?.world.media.get(id)) !== undefined,
    );
  }

  function enter(name: string): Entry | Refused {
    if (entries.size >= WORLDS_MAX && !closeIdle())
      return { httpStatus: 409, message: `at most ${WORLDS_MAX} worlds at once: DELETE /_sandbox/worlds/{name}` };
    const entry: Entry = { opening: open(), ready: undefined, usedAt: performance.now() };
    entries.set(name, entry);
    entry.opening.then(
      (opened) => {
        entry.ready = opened;
      },
      () => entries.delete(name),
    );
    return entry;
  }

  function closeIdle(): boolean {
    const [name, oldest] = [...entries].sort(([, a], [, b]) => a.usedAt - b.usedAt)[0] ?? [];
    if (name === undefined || oldest === undefined || performance.now() - oldest.usedAt < IDLE_MS) return false;
    void close(name);
    return true;
  }

  async function close(name: string): Promise<boolean> {
    const entry = entries.get(name);
    if (entry === undefined) return false;
    entries.delete(name);
    await (await entry.opening).stop();
    return true;
  }

  return {
    routes: {
      close: () => {},
      serve(request, response) {
        const found = find(request);
        if (found === undefined) return false;
        if ('httpStatus' in found) refuse(response, found);
        else hand(found, request, response);
        return true;
      },
    },
    list: () =>
      [...entries].flatMap(([name, { ready }]) =>
        ready === undefined ? [] : [{ name, messages: ready.world.messages.size, numbers: ready.world.numbers.size }],
      ),
    close,
    async stop() {
      await Promise.all([...entries.keys()].map(close));
    },
  };
}

interface Refused {
  httpStatus: number;
  message: string;
}

function hand(entry: Entry, request: IncomingMessage, response: ServerResponse): void {
  entry.usedAt = performance.now();
  if (entry.ready !== undefined) {
    entry.ready.app.routing(request, response);
    return;
  }
  entry.opening.then(
    ({ app }) => app.routing(request, response),
    () => refuse(response, { httpStatus: 500, message: 'the world could not be opened' }),
  );
}

function refuse(response: ServerResponse, { httpStatus, message }: Refused): void {
  response.writeHead(httpStatus, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify({ error: { message, field: null } }));
}
