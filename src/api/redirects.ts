// The redirect server: GET and HEAD of /<id>, on the public listener or one of its own, without the framework. At hosts of accounts it
// answers everything; elsewhere only paths that have the form of a link, which no path of the APIs has.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DirectRoutes, FirstRoutes } from '../http/direct.js';
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
  return {
    add: (route) => routes.add(route),
    find: (url, headers) => (parts.redirects.isLinkHost(hostOf(headers.host)) ? undefined : routes.find(url, headers)),
    isClosing: routes.isClosing,
    serve: (request, response) => serve(parts, request, response, state, false) || routes.serve(request, response),
    close() {
      state.isClosing = true;
      routes.close();
    },
  };
}

/** Redirects and nothing else. */
export function onlyRedirects(parts: RedirectServerParts): FirstRoutes {
  const state = { isClosing: false };
  return {
    serve: (request, response) => serve(parts, request, response, state, true),
    close() {
      state.isClosing = true;
    },
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
  const host = hostOf(headers.host);
  const id = LINK_PATH.exec(pathOf(url))?.[1];
  const isOurs = isAlone || parts.redirects.isLinkHost(host);
  const isRead = method === 'GET' || method === 'HEAD';
  if (!isOurs && (id === undefined || !isRead)) return false;
  request.on('error', () => undefined);
  if (!isRead) answer(response, NOT_ALLOWED, state);
  else if (id === undefined) answer(response, PAGES.unknown, state);
  else {
    const address = parts.callerAddress(socket.remoteAddress, forwardedFor(headers['x-forwarded-for']));
    parts.redirects.follow({ host, id, address, method, headers }).then(
      (outcome) => answer(response, pageOf(outcome), state),
      (error: unknown) => {
        parts.log.error({ event: 'redirect.failed', err: error });
        answer(response, PAGES.failed, state);
      },
    );
  }
  return true;
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

/** An answer; `text` is what people read. */
interface Page {
  status: number;
  headers: Readonly<Record<string, string>>;
  text?: string;
}

/** Nobody may keep a redirect: each click asks again. */
const SHARED = { 'cache-control': 'no-store', 'x-robots-tag': 'noindex' } as const;
const PAGE = {
  ...SHARED,
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'",
  'x-content-type-options': 'nosniff',
} as const;
const PAGES: Readonly<Record<'unknown' | 'gone' | 'busy' | 'failed', Page>> = {
  unknown: { status: 404, headers: PAGE, text: 'There is no such link.' },
  gone: { status: 410, headers: PAGE, text: 'This link does not work any more.' },
  busy: { status: 503, headers: { ...PAGE, 'retry-after': '1' }, text: 'Please try again in a moment.' },
  failed: { status: 500, headers: PAGE, text: 'Something went wrong.' },
};
const NOT_ALLOWED: Page = { status: 405, headers: { ...PAGE, allow: 'GET, HEAD' }, text: 'Links can only be opened.' };
/** What browsers are asked to tell from now on; their agent texts hide it. */
const HINTS = 'Sec-CH-UA-Model, Sec-CH-UA-Platform-Version';

function pageOf(outcome: RedirectOutcome): Page {
  if (outcome.kind !== 'found') return PAGES[outcome.kind];
  return { status: 302, headers: { location: outcome.location, ...SHARED, 'accept-ch': HINTS } };
}

function answer(response: ServerResponse, { status, headers, text }: Page, { isClosing }: State): void {
  if (response.destroyed) return;
  const body = text === undefined ? '' : `<!doctype html><html lang="en"><title>Link</title><p>${text}</p></html>\n`;
  response.writeHead(status, {
    ...headers,
    'content-length': Buffer.byteLength(body),
    ...(isClosing ? { connection: 'close' } : {}),
  });
  // A HEAD is answered without the body: node leaves it out.
  response.end(body);
}
