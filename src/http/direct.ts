// Routes served without the framework. Fastify with its hooks and parsers cost 20 % of a send's CPU in the gateway; the few hot routes pay
// it for nothing, since they read bytes, check one header and write one text. All other requests go through it.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

/** Methods that are served so. */
export type DirectMethod = 'GET' | 'POST';

/** The head of a request. */
export interface DirectHead {
  /** The request target, as written. */
  url: string;
  headers: IncomingHttpHeaders;
  /** The address of the socket's other end. */
  remoteAddress: string | undefined;
}

/** What is answered. `body` absent: none. */
export interface DirectAnswer {
  status: number;
  /** JSON text, unless `contentType` says otherwise. */
  body?: string;
  contentType?: string;
  /** Sent as Retry-After. */
  retryAfterSeconds?: number;
  /** More, names in lower case; visible ASCII and blanks only. */
  headers?: Readonly<Record<string, string>>;
}

/** Answers a request by its body. A rejection is told by `failed`. */
export type DirectHandler = (body: Buffer) => Promise<DirectAnswer>;

/** One route. */
export interface DirectRoute {
  bodyBytesMax: number;
  /** Looks at the head before the body is read: an answer ends the request, a handler is given the body. A rejection is told by `failed`. */
  begin(head: DirectHead): DirectAnswer | DirectHandler | Promise<DirectAnswer | DirectHandler>;
  failed(error: unknown, head: DirectHead): DirectAnswer;
  /** The body is larger than allowed. */
  tooLarge(): DirectAnswer;
}

/** What is asked before the framework. */
export interface FirstRoutes {
  /** Serves the request if a route is there; false when the framework must. */
  serve(request: IncomingMessage, response: ServerResponse): boolean;
  /** From now on every answer closes its connection. */
  close(): void;
}

/** Routes that may be served on the socket (whole-requests.ts). */
export interface WholeRoutes extends FirstRoutes {
  /** The route of a request to a target; undefined also when the headers say that it may be another's. */
  find(method: DirectMethod, url: string, headers: IncomingHttpHeaders): DirectRoute | undefined;
  isClosing(): boolean;
}

/** Routes of POST by path. */
export interface DirectRoutes extends WholeRoutes {
  /** `path` is exact; a query string and one final slash are ignored. */
  add(route: DirectRoute & { path: string }): void;
}

/** No routes yet. */
export function createDirectRoutes(): DirectRoutes {
  const routes = new Map<string, DirectRoute>();
  const state = { isClosing: false };
  const find = (url: string): DirectRoute | undefined => routes.get(url) ?? routes.get(pathOf(url));
  return {
    find: (method, url) => (method === 'POST' ? find(url) : undefined),
    isClosing: () => state.isClosing,
    add(route) {
      routes.set(route.path, route);
    },
    serve(request, response) {
      if (request.method !== 'POST') return false;
      const route = find(request.url ?? '');
      if (route === undefined) return false;
      begin(route, request, response, state);
      return true;
    },
    close() {
      state.isClosing = true;
    },
  };
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  const path = query === -1 ? url : url.slice(0, query);
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

type State = Readonly<{ isClosing: boolean }>;

function begin(route: DirectRoute, request: IncomingMessage, response: ServerResponse, state: State): void {
  // A client that went away has no use for an answer; what it sent whole is handled all the same.
  request.on('error', () => undefined);
  const { url = '', headers, socket } = request;
  const head = { url, headers, remoteAddress: socket.remoteAddress };
  const failed = (error: unknown): void => answerDirectly(response, route.failed(error, head), state);
  const go = (begun: DirectAnswer | DirectHandler): void => {
    if (typeof begun !== 'function') answerDirectly(response, begun, state);
    else read(route, { request, response, state, failed }, begun);
  };
  const begun = route.begin(head);
  if (begun instanceof Promise) begun.then(go, failed);
  else go(begun);
}

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  state: State;
  failed(error: unknown): void;
}

function read(route: DirectRoute, { request, response, state, failed }: Exchange, handle: DirectHandler): void {
  // A body that is too long is not read to its end: the connection cannot be used again.
  const refuse = (): void => answerDirectly(response, route.tooLarge(), { isClosing: true });
  if (Number(request.headers['content-length'] ?? 0) > route.bodyBytesMax) {
    refuse();
    return;
  }
  let first: Buffer | undefined;
  let rest: Buffer[] | undefined;
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > route.bodyBytesMax) {
      if (!response.headersSent) refuse();
      request.removeAllListeners('data').resume();
    } else if (first === undefined) first = chunk;
    else if (rest === undefined) rest = [first, chunk];
    else rest.push(chunk);
  });
  request.on('end', () => {
    if (bytes > route.bodyBytesMax) return;
    const body = rest === undefined ? (first ?? EMPTY) : Buffer.concat(rest, bytes);
    handle(body).then((told) => answerDirectly(response, told, state), failed);
  });
}

const EMPTY = Buffer.alloc(0);
/** What is answered, unless said otherwise. */
export const JSON_TYPE = 'application/json; charset=utf-8';

/** Writes an answer with Node's objects; a HEAD is answered without the body: Node leaves it out. */
export function answerDirectly(
  response: ServerResponse,
  { status, body, contentType = JSON_TYPE, retryAfterSeconds, headers: more }: DirectAnswer,
  { isClosing }: State,
): void {
  if (response.destroyed) return;
  const headers: Record<string, string | number> = {
    ...more,
    'content-length': body === undefined ? 0 : Buffer.byteLength(body),
  };
  if (body !== undefined) headers['content-type'] = contentType;
  if (retryAfterSeconds !== undefined) headers['retry-after'] = retryAfterSeconds;
  if (isClosing) headers.connection = 'close';
  response.writeHead(status, headers);
  response.end(body);
}
