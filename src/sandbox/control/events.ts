// The stream of what changes, as server-sent events that can be resumed: `GET /events`.
import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Feed } from '../feed.js';
import { allowQuery, ControlError, isoTime, textParam } from './answer.js';
import { faultView } from './faults.js';
import { messageView } from './messages.js';
import type { ControlParts } from './parts.js';
import { templateView } from './templates.js';
import { pairView, userView } from './users.js';
import { wabaView } from './wabas.js';
import { webhookView } from './webhooks.js';

const STREAMS_MAX = 100;
const CHANGES_PER_EVENT_MAX = 200;
/** Changes are gathered for this long, ms. */
const GATHER_MS = 20;
/** A comment now and then keeps proxies from closing a quiet stream, ms. */
const KEEP_ALIVE_MS = 15_000;
const RETRY_MS = 1000;

type Views = Readonly<Record<string, (id: string) => unknown>>;

/** Registers `GET /events`. First comes `hello {resumed}`, then `changes [{table, id, value}]`; a value of null says that the record is gone. */
export function registerEvents(app: FastifyInstance, parts: ControlParts): void {
  const { feed } = parts;
  const views = viewsOf(parts);
  const streams = new Set<() => void>();
  app.addHook('preClose', async () => {
    for (const end of [...streams]) end();
  });
  app.get('/events', (request, reply) => {
    allowQuery(request.query, ['lastEventId']);
    if (streams.size >= STREAMS_MAX) throw new ControlError(429, `at most ${STREAMS_MAX} streams at once`);
    const header = request.headers['last-event-id'];
    const lastId = typeof header === 'string' ? header : textParam(request.query, 'lastEventId');
    reply.hijack();
    const end = openStream({ feed, views, raw: reply.raw, lastId });
    streams.add(end);
    reply.raw.on('close', () => {
      end();
      streams.delete(end);
    });
  });
}

/** How a record of each table is shown; other tables are not told of. New kinds of records get their line here. */
function viewsOf({ world }: ControlParts): Views {
  const shown =
    <V>(get: (id: string) => V | undefined, view: (value: V) => unknown) =>
    (id: string) => {
      const value = get(id);
      return value === undefined ? null : view(value);
    };
  return {
    messages: shown(world.messages.get, messageView),
    webhooks: shown(world.webhooks.get, webhookView),
    users: shown(world.users.get, (user) => userView(world, user)),
    pairs: shown(world.pairs.get, pairView),
    faults: shown(world.faults.get, faultView),
    templates: shown(world.templates.get, templateView),
    wabas: shown(world.wabas.get, (waba) => wabaView(world, waba)),
    settings: () => {
      const { window, progress, clockOffsetMs, reviews } = world.settings();
      return { window, progress, reviews, clockOffsetMs, now: isoTime(world.clock.now()) };
    },
  };
}

interface StreamOptions {
  feed: Feed;
  views: Views;
  raw: ServerResponse;
  lastId: string | undefined;
}

/** Starts a stream and returns what ends it. A reader that is slow is told less often, never more than its socket takes. */
function openStream({ feed, views, raw, lastId }: StreamOptions): () => void {
  let position = positionOf(feed, lastId);
  let settings = '';
  let timer: NodeJS.Timeout | undefined;
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  const unlisten = feed.listen(schedule);
  const keepAlive = setInterval(() => raw.write(':\n\n'), KEEP_ALIVE_MS);
  greet(position !== undefined);
  schedule();

  function greet(resumed: boolean): void {
    position ??= feed.position();
    raw.write(
      `retry: ${RETRY_MS}\nid: ${feed.epoch}:${position}\nevent: hello\ndata: ${JSON.stringify({ resumed })}\n\n`,
    );
  }
  function schedule(): void {
    if (!raw.writableNeedDrain) timer ??= setTimeout(flush, GATHER_MS);
  }
  function flush(): void {
    timer = undefined;
    if (raw.destroyed || raw.writableEnded) return;
    const stretch = position === undefined ? undefined : feed.since(position, CHANGES_PER_EVENT_MAX);
    if (stretch === undefined) {
      position = undefined;
      greet(false);
      return;
    }
    const isMore = stretch.changes.length === CHANGES_PER_EVENT_MAX;
    position = stretch.position;
    const told = stretch.changes.flatMap(({ table, id }) => {
      const value = views[table]?.(id);
      return value === undefined || (table === 'settings' && isSameSettings(value)) ? [] : [{ table, id, value }];
    });
    if (told.length > 0) raw.write(`id: ${feed.epoch}:${position}\nevent: changes\ndata: ${JSON.stringify(told)}\n\n`);
    if (isMore) schedule();
  }
  /** The record of settings also counts messages; only what is shown of it matters. */
  function isSameSettings(value: unknown): boolean {
    const text = JSON.stringify(value, (key, each) => (key === 'now' ? undefined : each));
    if (text === settings) return true;
    settings = text;
    return false;
  }
  raw.on('drain', schedule);
  return () => {
    unlisten();
    clearInterval(keepAlive);
    clearTimeout(timer);
    raw.end();
  };
}

/** The position that an event id names; undefined when it is of another life, or forgotten. */
function positionOf(feed: Feed, id: string | undefined): number | undefined {
  const [epoch, digits = ''] = id?.split(':') ?? [];
  const position = Number(digits);
  if (epoch !== feed.epoch || !/^\d{1,15}$/.test(digits)) return undefined;
  return feed.since(position, 0) === undefined ? undefined : position;
}
