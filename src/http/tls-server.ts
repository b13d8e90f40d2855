// A listener that speaks TLS with a certificate for each host, in front of routes that answer everything. Who names no host, or one that has no certificate,
// gets TLS's own refusal (handshake_failure) and nothing else.
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Log } from '../lib/log.js';
import type { FirstRoutes } from './direct.js';

/** How it is set up. */
export interface TlsServerOptions {
  log: Log;
  host: string;
  /** 0 = any free one. */
  port: number;
  /** The certificate for a host, lower case; undefined: there is none. */
  contextOf(host: string): Promise<SecureContext | undefined>;
  /** Must serve every request. */
  routes: FirstRoutes;
}

/** A running one. */
export interface TlsServer {
  /** Base URL without a final slash. */
  url: string;
  /** Takes nothing new and answers what is under way, for 2 s. */
  close(): Promise<void>;
}

const HANDSHAKE_MS = 10_000;
const HEADERS_BYTES_MAX = 16 * 1024;
const REQUEST_MS = 20_000;
const KEEP_ALIVE_MS = 65_000;
const CHECK_EVERY_MS = 2_000;
const CONNECTIONS_MAX = 10_000;
/** Longer than any answer takes; then what is still open is cut. */
const CLOSE_MS = 2_000;

/** Starts it. Throws the socket's error (EADDRINUSE, EACCES). */
export async function startTlsServer({ log, host, port, contextOf, routes }: TlsServerOptions): Promise<TlsServer> {
  const server = createServer(
    {
      minVersion: 'TLSv1.2',
      handshakeTimeout: HANDSHAKE_MS,
      SNICallback(name, callback) {
        contextOf(name.toLowerCase()).then((context) => callback(null, context), callback);
      },
      maxHeaderSize: HEADERS_BYTES_MAX,
      headersTimeout: REQUEST_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_EVERY_MS,
    },
    (request, response) => {
      if (!routes.serve(request, response)) response.writeHead(404).end();
    },
  );
  const open = new Set<Socket>();
  server.maxConnections = CONNECTIONS_MAX;
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  server.listen(port, host);
  await once(server, 'listening');
  server.on('error', (error) => log.error({ event: 'https.server', err: error }));
  return {
    url: urlOf(server.address()),
    async close() {
      if (!server.listening) return;
      routes.close();
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      const cut = setTimeout(() => {
        for (const socket of open) socket.destroy();
      }, CLOSE_MS);
      await closed;
      clearTimeout(cut);
    },
  };
}

function urlOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') throw new Error('server has no TCP address');
  return `https://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}
