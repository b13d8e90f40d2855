// Media named by a link: fetched as Meta does it, once in ten minutes for a URL, into the library (Meta 1.1).
import { type Dispatcher, request } from 'undici';
import { createGuardedAgent, type GuardedAgent } from '../guarded-agent.js';
import type { Media } from '../records.js';
import type { World } from '../world.js';
import type { FileFacts } from './facts.js';
import { bareType } from './kinds.js';
import type { MediaLibrary, NewMedia } from './library.js';

/** Meta keeps what it fetched for 10 minutes, by URL (Meta 1.1). */
const CACHE_MS = 10 * 60_000;
const CACHE_URLS_MAX = 10_000;
const REDIRECTS_MAX = 5;
const FETCHES_MAX = 16;
const WAITING_MAX = 20_000;
const USER_AGENT = 'facebookexternalua';

/** Why a link gave no file; the message is what `error_data.details` says. */
export class LinkError extends Error {}

/** The sandbox stopped before the file was there: nothing is decided about the link. */
export class LinkStopped extends Error {}

/** Fetches links. */
export interface MediaLinks {
  /** The media behind the URL, fetched or cached, of at most `bytesMax` bytes. Throws LinkError, or LinkStopped. */
  fetch(url: string, about: Pick<NewMedia, 'wabaId' | 'phoneNumberId' | 'source'>, bytesMax: number): Promise<Media>;
  /** Forgets what was cached, after a reset. */
  clear(): void;
  stop(): Promise<void>;
}

interface State {
  world: World;
  library: MediaLibrary;
  guarded: GuardedAgent;
  timeoutMs: number;
  stopping: AbortController;
  /** By WABA, source and URL. */
  cache: Map<string, { mediaId: string; at: number }>;
  /** Fetches on their way, by the same key and the size that they accept. */
  flying: Map<string, Promise<Media>>;
  running: number;
  waiting: (() => void)[];
}

/** Nothing cached. `timeoutMs` is for a whole fetch, redirects included. */
export function createMediaLinks(world: World, library: MediaLibrary, timeoutMs: number): MediaLinks {
  const state: State = {
    world,
    library,
    guarded: createGuardedAgent(FETCHES_MAX, timeoutMs),
    timeoutMs,
    stopping: new AbortController(),
    cache: new Map(),
    flying: new Map(),
    running: 0,
    waiting: [],
  };
  return {
    fetch: (url, about, bytesMax) => fetchOnce(state, url, about, bytesMax),
    clear: () => state.cache.clear(),
    async stop() {
      state.stopping.abort();
      await state.guarded.agent.destroy();
    },
  };
}

type About = Pick<NewMedia, 'wabaId' | 'phoneNumberId' | 'source'>;

function fetchOnce(state: State, url: string, about: About, bytesMax: number): Promise<Media> {
  const key = `${about.wabaId} ${about.source} ${url}`;
  const cached = state.cache.get(key);
  const media = cached === undefined ? undefined : state.library.get(cached.mediaId);
  if (cached !== undefined && media !== undefined && state.world.clock.now() - cached.at < CACHE_MS)
    return Promise.resolve(media);
  const flight = `${key} ${bytesMax}`;
  const known = state.flying.get(flight);
  if (known !== undefined) return known;
  const fetching = fetchInTurn(state, url, about, bytesMax)
    .then((fetched) => {
      remember(state, key, fetched);
      return fetched;
    })
    .finally(() => state.flying.delete(flight));
  state.flying.set(flight, fetching);
  return fetching;
}

function remember(state: State, key: string, media: Media): void {
  state.cache.delete(key);
  state.cache.set(key, { mediaId: media.id, at: state.world.clock.now() });
  const oldest = state.cache.keys().next().value;
  if (state.cache.size > CACHE_URLS_MAX && oldest !== undefined) state.cache.delete(oldest);
}

async function fetchInTurn(state: State, url: string, about: About, bytesMax: number): Promise<Media> {
  if (state.running >= FETCHES_MAX) {
    if (state.waiting.length >= WAITING_MAX) throw new LinkError('Too many media downloads are waiting.');
    await new Promise<void>((resolve) => state.waiting.push(resolve));
  }
  state.running += 1;
  try {
    return await fetchToLibrary(state, url, about, bytesMax);
  } catch (error) {
    if (state.stopping.signal.aborted) throw new LinkStopped('stopped', { cause: error });
    throw error instanceof LinkError
      ? error
      : new LinkError(`Downloading media from weblink failed: ${reasonOf(error)}`);
  } finally {
    state.running -= 1;
    state.waiting.shift()?.();
  }
}

async function fetchToLibrary(state: State, url: string, about: About, bytesMax: number): Promise<Media> {
  const signal = AbortSignal.any([AbortSignal.timeout(state.timeoutMs), state.stopping.signal]);
  const answer = await follow(state, url, signal);
  const announced = Number(answer.headers['content-length'] ?? 0);
  if (announced > bytesMax) {
    answer.body.destroy();
    throw tooLarge(bytesMax);
  }
  const file = await state.library.write(answer.body, bytesMax);
  if (file === null) throw tooLarge(bytesMax);
  const header = answer.headers['content-type'];
  const mimeType = typeof header === 'string' ? header : '';
  return state.library.keep(file, { ...about, mimeType: typeFor(mimeType, file.facts), filename: null });
}

/** The answer with status 200 at the end of at most five redirects. */
async function follow(state: State, url: string, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
  let target = new URL(url);
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
    const reason = state.guarded.refusalOf(target);
    if (reason !== undefined) throw new LinkError(`Downloading media from weblink failed: ${reason}`);
    const answer = await request(target, {
      dispatcher: state.guarded.agent,
      signal,
      headers: { 'user-agent': USER_AGENT, accept: '*/*' },
    });
    const { statusCode, headers } = answer;
    if (statusCode === 200) return answer;
    answer.body.on('error', () => {});
    answer.body.destroy();
    const location = headers.location;
    if (statusCode < 300 || statusCode > 399 || typeof location !== 'string') {
      throw new LinkError(`Downloading media from weblink failed with http code ${statusCode}`);
    }
    if (!URL.canParse(location, target.href))
      throw new LinkError('Downloading media from weblink failed: bad redirect');
    target = new URL(location, target);
    if (!/^https?:$/.test(target.protocol))
      throw new LinkError('Downloading media from weblink failed: redirect to something that is not http or https');
  }
  throw new LinkError('Downloading media from weblink failed: too many redirects');
}

function tooLarge(bytesMax: number): LinkError {
  return new LinkError(`Media file is too large: at most ${bytesMax} bytes.`);
}

const TYPES_OF_CONTENT: Readonly<Partial<Record<FileFacts['content'], string>>> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  mp4: 'video/mp4',
  ogg: 'audio/ogg',
  mpeg: 'audio/mpeg',
  aac: 'audio/aac',
  amr: 'audio/amr',
  pdf: 'application/pdf',
  text: 'text/plain',
};

/** The type that was named, or, when none or only "some bytes" was, the one that the content shows. */
export function typeFor(named: string, facts: FileFacts): string {
  const bare = bareType(named);
  if (bare !== '' && bare !== 'application/octet-stream') return named;
  return TYPES_OF_CONTENT[facts.content] ?? 'application/octet-stream';
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  if (error.name === 'TimeoutError') return 'timeout';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.message;
  return code.slice(0, 200);
}
