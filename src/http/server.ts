// The HTTP server shell that gateway and sandbox share: Fastify with every limit set. Error bodies are the caller's.
import { createServer as createHttpServer } from 'node:http';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Log } from '../lib/log.js';
import { closeConnectionsAtEnd } from './connections.js';
import type { FirstRoutes, WholeRoutes } from './direct.js';
import { serveWholeRequests } from './whole-requests.js';

/** Limits of one server. Defaults fit a server that faces clients that may be hostile. */
export interface ServerLimits {
  /** Largest request body in bytes; single routes may set their own. */
  bodyBytesMax: number;
  /** Longest time for the head of a request to arrive, ms; a connection that never sends anything has no longer. */
  headersTimeoutMs: number;
  /** Longest time for a whole request to arrive, ms. */
  requestTimeoutMs: number;
  /** Longest time that a connection may stay open between two requests, ms. Meta's and proxies' pools keep theirs for 60 s. */
  keepAliveMs: number;
  /** How often the times above are looked at, ms: a connection may outlive them by this much. */
  checkEveryMs: number;
  /** Open sockets; one more is closed at once. */
  connectionsMax: number;
}

const DEFAULT_LIMITS: ServerLimits = {
  bodyBytesMax: 1024 * 1024,
  headersTimeoutMs: 20_000,
  requestTimeoutMs: 30_000,
  keepAliveMs: 65_000,
  checkEveryMs: 2_000,
  connectionsMax: 10_000,
};
const HEADERS_BYTES_MAX = 16 * 1024;

/** Answers a request whose path no router can read (`/%zz`, parameters that are too long): before any hook or handler. */
export type AnswerUnroutable = (request: FastifyRequest, reply: FastifyReply) => void;

/** A Fastify server with limits set and logging off (`log` gets only what the shell itself meets), `first` routes before it. Not yet listening. */
export function createServer(
  log: Log,
  limits: Partial<ServerLimits> = {},
  answerUnroutable: AnswerUnroutable = (_, reply) => void reply.code(404).send(),
  first?: FirstRoutes | WholeRoutes,
): FastifyInstance {
  const { bodyBytesMax, headersTimeoutMs, requestTimeoutMs, keepAliveMs, checkEveryMs, connectionsMax } = {
    ...DEFAULT_LIMITS,
    ...limits,
  };
  const app = fastify({
    logger: false,
    bodyLimit: bodyBytesMax,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    serverFactory: (handler) =>
      createHttpServer(
        {
          maxHeaderSize: HEADERS_BYTES_MAX,
          headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
          requestTimeout: requestTimeoutMs,
          keepAliveTimeout: keepAliveMs,
          connectionsCheckingInterval: checkEveryMs,
        },
        (request, response) => {
          if (first?.serve(request, response) !== true) handler(request, response);
        },
      ),
    frameworkErrors: (_, request, reply) => answerUnroutable(request, reply),
    // Whatever a request line may hold is a parameter, so that what is wrong with it is said in the form of its endpoint.
    routerOptions: { maxParamLength: HEADERS_BYTES_MAX, ignoreTrailingSlash: true },
    // Bodies are read by schemas of our own; to load Fastify's compilers would take longer than to load Fastify.
    schemaController: { compilersFactory: { buildValidator: refuseSchema, buildSerializer: refuseSchema } },
  });
  const watch = closeConnectionsAtEnd(app.server);
  const closeIdle =
    first !== undefined && 'find' in first
      ? serveWholeRequests(app.server, first, { headersTimeoutMs, keepAliveMs }, watch)
      : undefined;
  if (closeIdle === undefined) app.server.on('connection', watch);
  app.addHook('preClose', async () => {
    first?.close();
    closeIdle?.();
  });
  app.server.maxConnections = connectionsMax;
  app.server.on('error', (error) => log.error({ event: 'http.server', err: error }));
  return app;
}

/** In place of what compiles the schemas of Fastify's routes. */
function refuseSchema(): never {
  throw new TypeError('a route has a schema of Fastify');
}

/** Listens and returns the base URL without a final slash, the real port in it. Throws the socket's error (EADDRINUSE, EACCES). */
export async function listen(app: FastifyInstance, host: string, port: number): Promise<string> {
  await app.listen({ host, port });
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('server has no TCP address');
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${name}:${address.port}`;
}
