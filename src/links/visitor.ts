// Who follows a short link: a person with a device, or a machine that only looks. Pure, but for what was read before.
import type { IncomingHttpHeaders } from 'node:http';
import Bowser from 'bowser';
import { findBotMatch } from 'isbot';

/** What a request says about who made it. */
export interface Visitor {
  /** What machine it is; null: a person, as far as can be told. */
  bot: string | null;
  /** Phone, Tablet, Desktop or TV. */
  deviceType: string | null;
  /** With version: `Android 15`. */
  os: string | null;
  deviceName: string | null;
  browser: string | null;
}

/** Tells visitors by the method and head of a request. */
export type ReadVisitor = (method: string, headers: IncomingHttpHeaders) => Visitor;

/** Names are cut at this: headers are the visitor's own words. */
const NAME_LENGTH_MAX = 100;
const AGENT_LENGTH_MAX = 1_000;
/** Forgotten all at once above this; reading one again costs some 50 microseconds. */
const REMEMBERED_MAX = 5_000;
/** Fetchers of Meta that make previews; those that isbot does not name. */
const META = /^WhatsApp\/|facebookexternalhit|facebookcatalog|meta-external|Facebot/i;
const DEVICE_TYPES: ReadonlyMap<string, string> = new Map([
  ['mobile', 'Phone'],
  ['tablet', 'Tablet'],
  ['desktop', 'Desktop'],
  ['tv', 'TV'],
]);
const NOBODY: Omit<Visitor, 'bot'> = { deviceType: null, os: null, deviceName: null, browser: null };

/** A reader that remembers the agents it has read. */
export function createVisitors(): ReadVisitor {
  const remembered = new Map<string, Visitor>();
  return (method, headers) => {
    const key = [headers['user-agent'], ...HINTS.map((name) => headers[name])].join('\n').slice(0, AGENT_LENGTH_MAX);
    let visitor = remembered.get(key);
    if (visitor === undefined) {
      visitor = readVisitor((headers['user-agent'] ?? '').slice(0, AGENT_LENGTH_MAX), headers);
      if (remembered.size >= REMEMBERED_MAX) remembered.clear();
      remembered.set(key, visitor);
    }
    const only = method === 'HEAD' ? 'HEAD' : prefetchOf(headers);
    return visitor.bot === null && only !== undefined ? { ...visitor, bot: only } : visitor;
  };
}

const HINTS = ['sec-ch-ua-model', 'sec-ch-ua-platform', 'sec-ch-ua-platform-version', 'sec-ch-ua-mobile'] as const;

/** A browser that fetches what might be wanted: nobody has clicked yet. */
function prefetchOf(headers: IncomingHttpHeaders): string | undefined {
  const purpose = headers['sec-purpose'] ?? headers.purpose ?? headers['x-purpose'] ?? headers['x-moz'];
  return purpose !== undefined && /prefetch|prerender|preview/i.test(String(purpose)) ? 'prefetch' : undefined;
}

function readVisitor(agent: string, headers: IncomingHttpHeaders): Visitor {
  const bot = botOf(agent);
  if (bot !== null) return { ...NOBODY, bot };
  const { os, platform, browser } = Bowser.parse(agent);
  return {
    bot: null,
    deviceType: DEVICE_TYPES.get(platform.type ?? '') ?? null,
    os: systemOf(os, headers),
    deviceName: hint(headers, 'sec-ch-ua-model') ?? androidModel(agent) ?? named(platform.model),
    browser: named(browser.name),
  };
}

function botOf(agent: string): string | null {
  if (agent.trim() === '') return 'no user agent';
  if (META.test(agent)) return named(agent.split(' ')[0]);
  return findBotMatch(agent) === null ? null : named(agent.split(' ')[0]);
}

/** The hint knows the version where browsers freeze it in their agent text. Windows counts its own way there: 13 and above is 11. */
function systemOf(os: { name?: string; version?: string }, headers: IncomingHttpHeaders): string | null {
  const name = os.name ?? hint(headers, 'sec-ch-ua-platform');
  if (name === undefined || name === null) return null;
  const told = hint(headers, 'sec-ch-ua-platform-version');
  const major = Number((told ?? '').split('.')[0]);
  if (name === 'Windows' && told !== null) return `Windows ${major >= 13 ? 11 : 10}`;
  const version = told === null ? os.version : told.replace(/(\.0+)+$/, '');
  return named(version === undefined ? name : `${name} ${version}`);
}

/** Android names the model in the agent text, unless the browser hides it as K. */
function androidModel(agent: string): string | null {
  const [, model] = /; Android [\d.]+; ([^;)]+?)(?: Build\/[^;)]*)?[;)]/.exec(agent) ?? [];
  return model === undefined || model === 'K' ? null : named(model);
}

function hint(headers: IncomingHttpHeaders, name: (typeof HINTS)[number]): string | null {
  const text = headers[name];
  return typeof text === 'string' ? named(text.replaceAll('"', '').trim()) : null;
}

function named(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text.slice(0, NAME_LENGTH_MAX).toWellFormed();
}
