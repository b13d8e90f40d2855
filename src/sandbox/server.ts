// The sandbox: a WhatsApp Cloud API of its own, with a control API and a phone. Composition of its parts; nothing starts on import.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { FirstRoutes } from '../http/direct.js';
import { createServer, listen } from '../http/server.js';
import { createLifecycle, type Lifecycle } from '../lib/lifecycle.js';
import type { Log } from '../lib/log.js';
import { newToken } from '../lib/secrets.js';
import { createCallbacks } from './callbacks.js';
import { type Access, createAccess, isLoopback } from './control/access.js';
import type { ControlParts } from './control/parts.js';
import { registerControl } from './control/routes.js';
import { createFeed } from './feed.js';
import { createFlowEndpoints } from './flows/endpoint.js';
import { errorBody } from './graph/errors.js';
import { registerGraph, unknownPath } from './graph/routes.js';
import { newTraceId } from './ids.js';
import { createChanges, openJournal, readState } from './journal.js';
import { createOrigins } from './media/address.js';
import { createMediaExaminer } from './media/examine.js';
import { createMediaLibrary, MEDIA_LIMITS, type MediaLimits } from './media/library.js';
import { createMediaLinks } from './media/links.js';
import { createPace } from './pace.js';
import { type PhoneFiles, readPhoneFiles, registerPhone } from './phone-files.js';
import { createProgress, type ProgressEngine } from './progress.js';
import { type Smsc, startSmsc } from './smsc.js';
import { createTemplateLife } from './templates/life.js';
import { createWorld, WORLD_LIMITS, type World, type WorldLimits } from './world.js';
import { createWorlds, type Worlds } from './worlds.js';

/** How to start a sandbox. Port 0 is any free one. Without a state file nothing survives a restart. */
export interface SandboxOptions {
  host: string;
  port: number;
  log: Log;
  stateFile?: string;
  /** Where the SMSC listens, 0 for any free port; without it there is none. */
  smscPort?: number;
  limits?: Partial<WorldLimits>;
  mediaLimits?: Partial<MediaLimits>;
  /** Longest time for a whole download of a media link, ms. */
  mediaTimeoutMs?: number;
  /** What control calls must carry. Not given: nothing on a loopback host, else a random one. */
  controlToken?: string;
}

/** Meta names no limit of its own. */
const MEDIA_TIMEOUT_MS = 20_000;
/** Named worlds are for test runs: there may be many, none of them large. */
const NAMED_WORLD_LIMITS: WorldLimits = { messagesMax: 20_000, webhooksMax: 20_000 };

/** A running sandbox; `url` is its base URL without a final slash, `controlToken` what control calls must carry. */
export interface Sandbox {
  url: string;
  controlToken: string | undefined;
  /** Stops taking calls, waits shortly for webhooks in flight, writes the state file. Safe to call twice. */
  stop(): Promise<void>;
}

/** Starts a sandbox. Throws when the address is taken or the state file cannot be read or written. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { host, port, log } = options;
  const controlToken = options.controlToken ?? (isLoopback(host) ? undefined : newToken());
  const access = createAccess(controlToken);
  const life = createLife(log);
  const pages = readPhoneFiles();
  const smsc: { running: Smsc | undefined } = { running: undefined };
  try {
    const worlds: Worlds = createWorlds({
      access,
      isDefaultToken: (token) => main.world.apps.get(token) !== undefined,
      open: () => openNamedWorld(options, { access, worlds: () => worlds, pages }, url),
    });
    const main = await openWorld(options, {
      access,
      worlds: () => worlds,
      pages,
      life,
      routes: worlds.routes,
      smsc: () => smsc.running,
    });
    registerPhone(main.app, pages);
    if (options.smscPort !== undefined) {
      smsc.running = await startSmsc(main.world, { host, port: options.smscPort });
      const { running } = smsc;
      life.add('smsc', () => running.stop());
    }
    const url = await listen(main.app, host, port);
    life.add('server', () => main.app.close());
    life.add('worlds', () => worlds.stop());
    main.begin(url);
    return { url, controlToken, stop: () => life.stop() };
  } catch (error) {
    await life.stop();
    throw error;
  }
}

function createLife(log: Log): Lifecycle {
  return createLifecycle((name, error) => log.error({ event: 'sandbox.stop', part: name, err: error }));
}

/** A world that has no state file and no port of its own. */
async function openNamedWorld(options: SandboxOptions, shared: SharedParts, url: string) {
  const life = createLife(options.log);
  const { stateFile: _, ...rest } = options;
  const limits = { ...NAMED_WORLD_LIMITS, ...options.limits };
  const { app, world, begin } = await openWorld({ ...rest, limits }, { ...shared, life });
  await app.ready();
  life.add('server', () => app.close());
  begin(url);
  return { app, world, stop: () => life.stop() };
}

interface SharedParts {
  access: Access;
  worlds: () => Worlds;
  pages: PhoneFiles;
}

interface WorldParts extends SharedParts {
  life: Lifecycle;
  routes?: FirstRoutes;
  smsc?: () => Smsc | undefined;
}

/** A world with its server, not yet listening; call `begin` with the URL under which it is reached. */
async function openWorld(
  options: SandboxOptions,
  { access, worlds, pages, life, routes, smsc = () => undefined }: WorldParts,
): Promise<{ app: FastifyInstance; world: World; begin(url: string): void }> {
  const { log, stateFile } = options;
  const changes = createChanges();
  const feed = createFeed();
  const world = createWorld(
    (table, id) => {
      changes.touch(table, id);
      feed.touch(table, id);
    },
    { ...WORLD_LIMITS, ...options.limits },
  );
  if (stateFile !== undefined) {
    if (await readState(stateFile, world.tables)) world.loaded();
    const journal = await openJournal(stateFile, world.tables, changes, log);
    life.add('state file', () => journal.stop());
  }
  const callbacks = createCallbacks(world, log);
  life.add('callbacks', () => callbacks.stop());
  const progress = createProgress(world, callbacks);
  life.add('progress', () => progress.stop());
  const templates = createTemplateLife(world, callbacks);
  life.add('templates', () => templates.stop());
  const endpoints = createFlowEndpoints(world, callbacks);
  life.add('flow endpoints', () => endpoints.stop());
  const media = createMedia(options, world, progress, life);
  const pace = createPace(world.clock);
  const parts = { world, feed, callbacks, progress, templates, endpoints, pages, smsc, pace, worlds, ...media };
  const app = createApp(log, routes, parts, access);
  await parts.library.rebuild();
  return {
    app,
    world,
    begin(url) {
      parts.origins.listening(url);
      callbacks.rebuild();
      progress.rebuild();
      parts.examiner.rebuild();
      templates.rebuild();
    },
  };
}

function createApp(log: Log, routes: FirstRoutes | undefined, parts: ControlParts, access: Access): FastifyInstance {
  const app = createServer(log, {}, answerUnknownPath, routes);
  app.setNotFoundHandler(answerUnknownPath);
  app.register(async (plugin) => registerControl(plugin, parts, access), { prefix: '/_sandbox' });
  app.register(async (plugin) => registerGraph(plugin, parts));
  return app;
}

/** What has to do with files; they lie beside the state file, or in a temporary folder. */
function createMedia(options: SandboxOptions, world: World, progress: ProgressEngine, life: Lifecycle) {
  const { stateFile, log } = options;
  const library = createMediaLibrary(world, {
    folder: stateFile === undefined ? undefined : `${stateFile}.media`,
    limits: { ...MEDIA_LIMITS, ...options.mediaLimits },
    log,
  });
  life.add('media', () => library.stop());
  const links = createMediaLinks(world, library, options.mediaTimeoutMs ?? MEDIA_TIMEOUT_MS);
  life.add('links', () => links.stop());
  const examiner = createMediaExaminer({ world, library, links, progress });
  return { library, links, examiner, origins: createOrigins() };
}

function answerUnknownPath(request: FastifyRequest, reply: FastifyReply): void {
  reply.code(400).send(errorBody(unknownPath(request.url), newTraceId()));
}
