// Routes served without the framework. Fastify with its hooks and parsers cost 20 % of a send's CPU in the gateway; the two
// hot routes pay it for nothing, since they read bytes, check one header and write one JSON text. All other requests go through it.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

/** A request whose body was read. */
export interface DirectRequest {
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** The address of the socket's other end. */
  remoteAddress: string | undefined;
}

/** What is answered. `body` absent: none. */
export interface DirectAnswer {
  status: number;
  /** JSON text. */
  body?: string;
  /** Sent as Retry-After. */
  retryAfterSeconds?: number;
}

/** One POST route. */
export interface DirectRoute {
  /** Exact path; a query string and one final slash are ignored. */
  path: string;
  bodyBytesMax: number;
  /** Looks at the head before the body is read; an answer ends the request. */
  before?(headers: IncomingHttpHeaders): DirectAnswer | undefined;
  /** Answers. A rejection is told by `failed`. */
  handle(request: DirectRequest): Promise<DirectAnswer>;
  failed(error: unknown): DirectAnswer;
  /** The body is larger than allowed. */
  tooLarge(): DirectAnswer;
}

/** Routes by path. */
export interface DirectRoutes {
  add(route: DirectRoute): void;
  /** Serves the request if a route is there; false when the framework must. */
  serve(request: IncomingMessage, response: ServerResponse): boolean;
  /** From now on every answer closes its connection. */
  close(): void;
}

/** No routes yet. */
export function createDirectRoutes(): DirectRoutes {
  const routes = new Map<string, DirectRoute>();
  const state = { isClosing: false };
  return {
    add(route) {
      routes.set(route.path, route);
    },
    serve(request, response) {
      if (request.method !== 'POST') return false;
      const route = routes.get(request.url ?? '') ?? routes.get(pathOf(request.url ?? ''));
      if (route === undefined) return false;
      read(route, request, response, state);
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

function read(route: DirectRoute, request: IncomingMessage, response: ServerResponse, state: State): void {
  const early = route.before?.(request.headers);
  if (early !== undefined) {
    answer(response, early, state);
    return;
  }
  // A body that is too long is not read to its end: the connection cannot be used again.
  const refuse = (): void => answer(response, route.tooLarge(), { isClosing: true });
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
    const { headers, socket } = request;
    route.handle({ headers, body, remoteAddress: socket.remoteAddress }).then(
      (told) => answer(response, told, state),
      (error: unknown) => answer(response, route.failed(error), state),
    );
  });
  // A client that went away has no use for an answer; what it sent whole is handled all the same.
  request.on('error', () => undefined);
}

const EMPTY = Buffer.alloc(0);

function answer(
  response: ServerResponse,
  { status, body, retryAfterSeconds }: DirectAnswer,
  { isClosing }: State,
): void {
  if (response.destroyed) return;
  const headers: Record<string, string | number> = {
    'content-length': body === undefined ? 0 : Buffer.byteLength(body),
  };
  if (body !== undefined) headers['content-type'] = 'application/json; charset=utf-8';
  if (retryAfterSeconds !== undefined) headers['retry-after'] = retryAfterSeconds;
  if (isClosing) headers.connection = 'close';
  response.writeHead(status, headers);
  response.end(body);
}
