// Progress, window, clock, reset, snapshot: how the whole sandbox behaves and where it stands.
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { checkerOf } from '../checker.js';
import { Progress } from '../records.js';
import { isoTime, parseBody } from './answer.js';
import type { ControlParts } from './parts.js';
import { restoreWholeSnapshot, takeWholeSnapshot } from './snapshot.js';

const closed = { additionalProperties: false };
const SNAPSHOT_BYTES_MAX = 512 * 1024 * 1024;
const ADVANCE_SECONDS_MAX = 10 * 366 * 86_400;

/** Delays of `timed` that are not given, ms after acceptance. */
const TIMED_DEFAULTS = { sentMs: 200, deliveredMs: 1000, readMs: 3000 };
const IMMEDIATE_DEFAULTS = { sentMs: 0, deliveredMs: 0, readMs: 0 };

const { mode, sentMs, deliveredMs, readMs, batchMax } = Progress.properties;
const ProgressBody = checkerOf(
  Type.Object(
    {
      mode,
      sentMs: Type.Optional(sentMs),
      deliveredMs: Type.Optional(deliveredMs),
      readMs: Type.Optional(readMs),
      batchMax: Type.Optional(batchMax),
    },
    closed,
  ),
);
const WindowBody = checkerOf(Type.Object({ mode: Type.Enum(['enforced', 'open']) }, closed));
const ClockBody = checkerOf(
  Type.Object({ advanceSeconds: Type.Number({ minimum: 0, maximum: ADVANCE_SECONDS_MAX }) }, closed),
);
const EmptyBody = checkerOf(Type.Object({}, closed));

/** Registers `PUT /progress`, `PUT /window`, `GET|POST /clock`, `POST /reset`, `GET|POST /snapshot`. */
export function registerSettings(app: FastifyInstance, parts: ControlParts): void {
  const { world } = parts;
  const now = () => ({ now: isoTime(world.clock.now()) });
  async function changed(): Promise<void> {
    parts.pace.reset();
    parts.links.clear();
    await parts.library.rebuild();
    parts.callbacks.rebuild();
    parts.progress.rebuild();
    parts.examiner.rebuild();
    parts.templates.rebuild();
  }
  app.put('/progress', (request) => {
    const body = parseBody(ProgressBody, request.body);
    const defaults = body.mode === 'timed' ? TIMED_DEFAULTS : IMMEDIATE_DEFAULTS;
    world.settings().progress = { ...defaults, batchMax: 1, ...body };
    world.saveSettings();
    return world.settings().progress;
  });
  app.put('/window', (request) => {
    world.settings().window = parseBody(WindowBody, request.body).mode;
    world.saveSettings();
    return { mode: world.settings().window };
  });
  app.get('/clock', now);
  app.post('/clock', (request) => {
    world.clock.advance(parseBody(ClockBody, request.body).advanceSeconds);
    world.settings().clockOffsetMs = world.clock.offsetMs();
    world.saveSettings();
    return now();
  });
  app.post('/reset', async (request) => {
    parseBody(EmptyBody, request.body);
    world.reset();
    await changed();
    return now();
  });
  app.get('/snapshot', () => takeWholeSnapshot(world, parts.library));
  app.post('/snapshot', { bodyLimit: SNAPSHOT_BYTES_MAX }, async (request) => {
    await restoreWholeSnapshot(world, parts.library, request.body);
    await changed();
    return now();
  });
}
