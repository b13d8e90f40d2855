// The redirect server: GET and HEAD of /<id>, on the public listener or one of its own, without the framework. At hosts of accounts it
// answers everything; elsewhere only paths that have the form of a link, which no path of the APIs has.
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  answerDirectly,
  type DirectAnswer,
  type DirectHead,
  type DirectRoute,
  type DirectRoutes,
  type WholeRoutes,
} from '../http/direct.js';
import type { Log } from '../lib/log.js';
import type { CallerAddress } from '../lib/networks.js';
import type { RedirectOutcome, Redirects } from '../pipeline/redirects.js';

/** What it works with. */
export interface RedirectServerParts {
  redirects: Redirects;
  callerAddress: CallerAddress;
  log: Log;
}

/** Paths that may be links. */
export const LINK_PATH = /^\/([0-9A-Za-z]{12})\/?$/;

/** Puts redirects before other routes: what is no link's is theirs. */
export function beforeRoutes(parts: RedirectServerParts, routes: DirectRoutes): DirectRoutes {
  const state = { isClosing: false };
  const route = routeOf(parts);
  return {
    add: (added) => routes.add(added),
    find(method, url, headers) {
      if (method === 'GET') return LINK_PATH.test(url) ? route : undefined;
      return parts.redirects.isLinkHost(hostOf(headers.host)) ? undefined : routes.find(method, url, headers);
    },
    isClosing: routes.isClosing,
    serve: (request, response) => serve(parts, request, response, state, false) || routes.serve(request, response),
    close() {
      state.isClosing = true;
      routes.close();
    },
  };
}

/** Redirects and nothing else. */
export function onlyRedirects(parts: RedirectServerParts): WholeRoutes {
  const state = { isClosing: false };
  const route = routeOf(parts);
  return {
    find: (method, url) => (method === 'GET' && LINK_PATH.test(url) ? route : undefined),
    isClosing: () => state.isClosing,
    serve: (request, response) => serve(parts, request, response, state, true),
    close() {
      state.isClosing = true;
    },
  };
}

/** GETs that came whole. */
function routeOf(parts: RedirectServerParts): DirectRoute {
  return {
    bodyBytesMax: 0,
    begin: (head) => follow(parts, 'GET', head),
    failed: (error) => failed(parts, error),
    tooLarge: () => NOT_ALLOWED,
  };
}

type State = Readonly<{ isClosing: boolean }>;

function serve(
  parts: RedirectServerParts,
  request: IncomingMessage,
  response: ServerResponse,
  state: State,
  isAlone: boolean,
): boolean {
  const { method = 'GET', url = '/', headers, socket } = request;
  const path = pathOf(url);
  const isLink = LINK_PATH.test(path);
  const isOurs = isAlone || parts.redirects.isLinkHost(hostOf(headers.host));
  const isRead = method === 'GET' || method === 'HEAD';
  if (!isOurs && !(isLink && isRead)) return false;
  request.on('error', () => undefined);
  if (!isRead) answerDirectly(response, NOT_ALLOWED, state);
  else if (!isLink) answerDirectly(response, PAGES.unknown, state);
  else {
    follow(parts, method, { url: path, headers, remoteAddress: socket.remoteAddress }).then(
      (told) => answerDirectly(response, told, state),
      (error: unknown) => answerDirectly(response, failed(parts, error), state),
    );
  }
  return true;
}

/** `head.url` has the form of a link. */
async function follow(
  { redirects, callerAddress }: RedirectServerParts,
  method: string,
  { url, headers, remoteAddress }: DirectHead,
): Promise<DirectAnswer> {
  const id = LINK_PATH.exec(url)?.[1] ?? '';
  const address = callerAddress(remoteAddress, forwardedFor(headers['x-forwarded-for']));
  return pageOf(await redirects.follow({ host: hostOf(headers.host), id, address, method, headers }));
}

function failed({ log }: RedirectServerParts, error: unknown): DirectAnswer {
  log.error({ event: 'redirect.failed', err: error });
  return PAGES.failed;
}

/** Without the port and the final dot, lower case. */
function hostOf(given = ''): string {
  const colon = given.indexOf(':');
  const host = (colon === -1 ? given : given.slice(0, colon)).toLowerCase();
  return host.endsWith('.') ? host.slice(0, -1) : host;
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

function forwardedFor(given: string | string[] | undefined): string | undefined {
  return Array.isArray(given) ? given.join(',') : given;
}

/** Nobody may keep a redirect: each click asks again. */
const SHARED = { 'cache-control': 'no-store', 'x-robots-tag': 'noindex' } as const;
const HTML = 'text/html; charset=utf-8';
const PAGE = {
  ...SHARED,
  'content-security-policy': "default-src 'none'",
  'x-content-type-options': 'nosniff',
} as const;
const PAGES: Readonly<Record<'unknown' | 'gone' | 'busy' | 'failed', DirectAnswer>> = {
  unknown: page(404, 'There is no such link.'),
  gone: page(410, 'This link does not work any more.'),
  busy: { ...page(503, 'Please try again in a moment.'), retryAfterSeconds: 1 },
  failed: page(500, 'Something went wrong.'),
};
const NOT_ALLOWED: DirectAnswer = {
  ...page(405, 'Links can only be opened.'),
  headers: { ...PAGE, allow: 'GET, HEAD' },
};
/** What browsers are asked to tell from now on; their agent texts hide it. */
const HINTS = 'Sec-CH-UA-Model, Sec-CH-UA-Platform-Version';

/** `text` is what people read. */
function page(status: number, text: string): DirectAnswer {
  const body = `<!doctype html><html lang="en"><title>Link</title><p>${text}</p></html>\n`;
  return { status, body, contentType: HTML, headers: PAGE };
}

function pageOf(outcome: RedirectOutcome): DirectAnswer {
  if (outcome.kind !== 'found') return PAGES[outcome.kind];
  return { status: 302, headers: { location: outcome.location, ...SHARED, 'accept-ch': HINTS } };
}
