// A recording HTTP receiver: stands for a customer's webhook endpoint.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';

/** One request as it came in. `body` is the text, `json` its value when it is JSON. */
export interface ReceivedRequest {
  at: number;
  method: string;
  /** Path with query. */
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  json: unknown;
  /** Over TLS: its version, and the name in the certificate that the client showed. */
  tls: { version: string | null; clientName: string | undefined } | undefined;
}

/** How to answer: after `delayMs`, with `status` (200), `headers`, `body` (empty); or by `reset`, which cuts the connection without an answer. */
export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  delayMs?: number;
  reset?: boolean;
}

/** A receiver on a free loopback port. */
export interface Receiver {
  /** Base URL without a final slash. */
  url: string;
  /** Everything received, oldest first. */
  requests: ReceivedRequest[];
  /** Decides every later answer; given the request, so that it can differ by path or count. */
  answer(decide: Answer | ((request: ReceivedRequest) => Answer | Promise<Answer>)): void;
  /** The first request, past or to come, that `predicate` holds for; throws after `timeoutMs` with what came instead. */
  next(predicate: (request: ReceivedRequest) => boolean, timeoutMs?: number): Promise<ReceivedRequest>;
  stop(): Promise<void>;
}

/** Starts a receiver that answers 200 until told otherwise. `port` is for one that comes back where another was; with `tls` it speaks HTTPS. */
export async function startReceiver(port = 0, tls?: ServerOptions): Promise<Receiver> {
  const requests: ReceivedRequest[] = [];
  const waiting = new Set<() => void>();
  let decide: (request: ReceivedRequest) => Answer | Promise<Answer> = () => ({});
  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await read(incoming).catch(() => undefined);
    if (request === undefined) return;
    requests.push(request);
    const answer = await decide(request);
    for (const look of [...waiting]) look();
    await send(answer, response);
  };
  const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${address.port}`,
    requests,
    answer(next) {
      decide = typeof next === 'function' ? next : () => next;
    },
    next(predicate, timeoutMs = 10_000) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look);
          const came = requests.map(({ method, path, body }) => `${method} ${path} ${body.slice(0, 200)}`);
          reject(new Error(`no such request within ${timeoutMs} ms; received: ${came.join('\n') || 'none'}`));
        }, timeoutMs);
        function look(): void {
          const found = requests.find(predicate);
          if (found === undefined) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(found);
        }
        waiting.add(look);
        look();
      });
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function read(incoming: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString('utf8');
  const { method = '', url = '', headers } = incoming;
  return { at: Date.now(), method, path: url, headers, body, json: parseJson(body), tls: tlsOf(incoming) };
}

function tlsOf({ socket }: IncomingMessage): ReceivedRequest['tls'] {
  if (!(socket instanceof TLSSocket)) return undefined;
  const { subject } = socket.getPeerCertificate();
  const name = subject?.CN;
  return { version: socket.getProtocol(), clientName: Array.isArray(name) ? name[0] : name };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function send(
  { status = 200, headers = {}, body = '', delayMs = 0, reset }: Answer,
  response: ServerResponse,
): Promise<void> {
  // Does not keep a test alive that is over.
  if (delayMs > 0) await delay(delayMs, undefined, { ref: false });
  if (reset === true) {
    response.socket?.resetAndDestroy();
    return;
  }
  response.writeHead(status, headers);
  response.end(body);
}
