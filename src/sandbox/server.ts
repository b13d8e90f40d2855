// The sandbox: a WhatsApp Cloud API of its own, with a control API. Composition of its parts; nothing starts on import.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createServer, listen } from '../http/server.js';
import { createLifecycle, type Lifecycle } from '../lib/lifecycle.js';
import type { Log } from '../lib/log.js';
import { createCallbacks } from './callbacks.js';
import { registerControl } from './control/routes.js';
import { errorBody } from './graph/errors.js';
import { registerGraph, unknownPath } from './graph/routes.js';
import { newTraceId } from './ids.js';
import { createChanges, openJournal, readState } from './journal.js';
import { createOrigins } from './media/address.js';
import { createMediaExaminer } from './media/examine.js';
import { createMediaLibrary, MEDIA_LIMITS, type MediaLimits } from './media/library.js';
import { createMediaLinks } from './media/links.js';
import { createPace } from './pace.js';
import { renderPage } from './page.js';
import { createProgress, type ProgressEngine } from './progress.js';
import { createWorld, WORLD_LIMITS, type World, type WorldLimits } from './world.js';

/** How to start a sandbox. Port 0 is any free one. Without a state file nothing survives a restart. */
export interface SandboxOptions {
  host: string;
  port: number;
  log: Log;
  stateFile?: string;
  limits?: Partial<WorldLimits>;
  mediaLimits?: Partial<MediaLimits>;
  /** Longest time for a whole download of a media link, ms. */
  mediaTimeoutMs?: number;
}

/** Meta names no limit of its own. */
const MEDIA_TIMEOUT_MS = 20_000;

/** A running sandbox; `url` is its base URL without a final slash. */
export interface Sandbox {
  url: string;
  /** Stops taking calls, waits shortly for webhooks in flight, writes the state file. Safe to call twice. */
  stop(): Promise<void>;
}

/** Starts a sandbox. Throws when the address is taken or the state file cannot be read or written. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { host, port, log, stateFile } = options;
  const life = createLifecycle((name, error) => log.error({ event: 'sandbox.stop', part: name, err: error }));
  const changes = createChanges();
  const world = createWorld(changes.touch, { ...WORLD_LIMITS, ...options.limits });
  try {
    if (stateFile !== undefined) {
      if (await readState(stateFile, world.tables)) world.loaded();
      const journal = await openJournal(stateFile, world.tables, changes, log);
      life.add('state file', () => journal.stop());
    }
    const callbacks = createCallbacks(world, log);
    life.add('callbacks', () => callbacks.stop());
    const progress = createProgress(world, callbacks);
    life.add('progress', () => progress.stop());
    const media = createMedia(options, world, progress, life);
    const parts = { world, callbacks, progress, pace: createPace(world.clock), ...media };
    const app = createServer(log, {}, answerUnknownPath);
    app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(renderPage(world)));
    app.setNotFoundHandler(answerUnknownPath);
    app.register(async (plugin) => registerControl(plugin, parts), { prefix: '/_sandbox' });
    app.register(async (plugin) => registerGraph(plugin, parts));
    await parts.library.rebuild();
    const url = await listen(app, host, port);
    life.add('server', () => app.close());
    parts.origins.listening(url);
    callbacks.rebuild();
    progress.rebuild();
    parts.examiner.rebuild();
    return { url, stop: () => life.stop() };
  } catch (error) {
    await life.stop();
    throw error;
  }
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
