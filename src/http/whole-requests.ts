// Direct routes served on the socket, without Node's HTTP objects: a request and an answer of theirs cost 12 us of CPU, which was a
// sixth of a send. Only requests that came whole are served so, one at a time. A connection that sends anything else (a body in parts,
// two requests at once, another method, an odd header) is Node's from those bytes on, with all its limits and refusals.
import { type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Watch } from './connections.js';
import { type DirectAnswer, type DirectHandler, type DirectRoute, JSON_TYPE, type WholeRoutes } from './direct.js';
import { readWholeRequest, type WholeRequest } from './whole-request.js';

/** How long connections may be silent. */
export interface SilenceLimits {
  /** Before their first byte, ms. */
  headersTimeoutMs: number;
  /** Between two requests, ms. */
  keepAliveMs: number;
}

/** Ends what waits for its next request, and serves no new connection. */
export type CloseIdle = () => void;

/** Takes the connections of `server`, which has its own listener for them already, and gives it those that are not for `routes`, told to `watch`. */
export function serveWholeRequests(
  server: Server,
  routes: WholeRoutes,
  limits: SilenceLimits,
  watch: Watch,
): CloseIdle {
  const [giveToNode] = server.listeners('connection');
  if (giveToNode === undefined) throw new TypeError('the server takes no connections');
  const open = new Set<Connection>();
  const leaveToNode = (socket: Socket): void => {
    watch(socket);
    Reflect.apply(giveToNode, server, [socket]);
  };
  const parts: Parts = { routes, limits, open, giveToNode: leaveToNode };
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    if (routes.isClosing()) parts.giveToNode(socket);
    else open.add(new Connection(socket, parts));
  });
  return () => {
    for (const connection of open) connection.closeIfIdle();
  };
}

interface Parts {
  routes: WholeRoutes;
  limits: SilenceLimits;
  open: Set<Connection>;
  giveToNode(socket: Socket): void;
}

/** One connection, until it closes or is given to Node. */
class Connection {
  readonly #socket: Socket;
  readonly #parts: Parts;
  /** A request is being answered, or its answer is not written yet. */
  #isBusy = false;
  #isEnded = false;
  #served = 0;
  /** What came meanwhile: not ours any more. */
  #early: Buffer[] = [];

  constructor(socket: Socket, parts: Parts) {
    this.#socket = socket;
    this.#parts = parts;
    socket.setTimeout(parts.limits.headersTimeoutMs);
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('timeout', this.#onTimeout);
    socket.on('close', this.#onClose);
    socket.on('error', ignore);
  }

  closeIfIdle(): void {
    if (!this.#isBusy) this.#socket.destroy();
  }

  readonly #onData = (bytes: Buffer): void => {
    if (this.#isBusy) {
      this.#early.push(bytes);
      this.#socket.pause();
      return;
    }
    const request = readWholeRequest(bytes);
    const route =
      request === undefined ? undefined : this.#parts.routes.find(request.method, request.url, request.headers);
    if (request === undefined || route === undefined || request.body.length > route.bodyBytesMax) this.#leave([bytes]);
    else this.#serve(route, request);
  };

  readonly #onEnd = (): void => {
    this.#isEnded = true;
    if (!this.#isBusy) this.#socket.end();
  };

  readonly #onTimeout = (): void => this.closeIfIdle();

  readonly #onClose = (): void => void this.#parts.open.delete(this);

  #leave(bytes: Buffer[]): void {
    const socket = this.#socket;
    this.#parts.open.delete(this);
    socket.off('data', this.#onData).off('end', this.#onEnd).off('timeout', this.#onTimeout);
    socket.off('close', this.#onClose).off('error', ignore);
    socket.setTimeout(0);
    socket.pause();
    socket.unshift(Buffer.concat(bytes));
    this.#parts.giveToNode(socket);
    socket.resume();
  }

  #serve(route: DirectRoute, { url, headers, body }: WholeRequest): void {
    this.#isBusy = true;
    const head = { url, headers, remoteAddress: this.#socket.remoteAddress };
    const failed = (error: unknown): void => this.#answer(route.failed(error, head));
    const go = (begun: DirectAnswer | DirectHandler): void => {
      if (typeof begun !== 'function') this.#answer(begun);
      else begun(body).then(this.#answer, failed);
    };
    const begun = route.begin(head);
    if (begun instanceof Promise) begun.then(go, failed);
    else go(begun);
  }

  readonly #answer = (answer: DirectAnswer): void => {
    const socket = this.#socket;
    if (socket.destroyed) return;
    const { routes, limits } = this.#parts;
    const isLast = this.#isEnded || routes.isClosing();
    const isWritten = socket.write(answerText(answer, isLast ? undefined : limits.keepAliveMs));
    if (isLast) socket.destroySoon();
    else if (isWritten) this.#next();
    else {
      // A client that reads nothing is asked nothing more.
      socket.pause();
      socket.once('drain', () => this.#next());
    }
  };

  #next(): void {
    this.#isBusy = false;
    this.#served += 1;
    if (this.#served === 1) this.#socket.setTimeout(this.#parts.limits.keepAliveMs);
    if (this.#early.length > 0) this.#leave(this.#early);
    else if (this.#isEnded) this.#socket.end();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }
}

function ignore(): void {
  // A client that went away; 'close' follows.
}

const NONE: Readonly<Record<string, string>> = {};

/** As Node writes it. `keepAliveMs` undefined: the connection is closed. */
function answerText(
  { status, body = '', contentType = JSON_TYPE, retryAfterSeconds, headers = NONE }: DirectAnswer,
  keepAliveMs: number | undefined,
): string {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
  if (body !== '') head += `content-type: ${contentType}\r\n`;
  if (retryAfterSeconds !== undefined) head += `retry-after: ${retryAfterSeconds}\r\n`;
  for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
  const life =
    keepAliveMs === undefined
      ? 'Connection: close'
      : `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveMs / 1000)}`;
  return `${head}Date: ${dateText()}\r\n${life}\r\n\r\n${body}`;
}

const date = { second: 0, text: '' };

/** Made once a second. */
function dateText(): string {
  const now = Date.now();
  const second = Math.floor(now / 1000);
  if (second !== date.second) {
    date.second = second;
    date.text = new Date(now).toUTCString();
  }
  return date.text;
}
