// GET /parley/1/domains/allowed?domain=: whether a proxy beside us may get a certificate for a host, as Caddy asks before it does (on-demand
// TLS). Answered from memory, since anybody who opens a TLS connection to the proxy makes it ask.
import type { FastifyInstance } from 'fastify';
import { createNetworkList } from '../lib/networks.js';
import type { DomainDirectory } from '../store/domain-directory.js';

/** What it works with. */
export interface DomainAllowedParts {
  domains: Pick<DomainDirectory, 'ownerOf'>;
  publicUrl(): string;
  /** Networks that may ask, besides this machine. */
  trustedProxies: readonly string[];
}

const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/** Serves it without a key: 200 for the public host and verified domains, else 404; 403 for who is neither this machine nor a trusted proxy. */
export function registerDomainAllowed(app: FastifyInstance, parts: DomainAllowedParts): void {
  const askers = createNetworkList([...LOOPBACK, ...parts.trustedProxies]);
  app.get<{ Querystring: { domain?: unknown } }>('/parley/1/domains/allowed', (request, reply) => {
    reply.header('cache-control', 'no-store').type('text/plain; charset=utf-8');
    // A proxy asks for itself; what it hands on from others was not asked by it.
    const isHandedOn = request.headers['x-forwarded-for'] !== undefined || request.headers.forwarded !== undefined;
    if (isHandedOn || !askers.has(request.socket.remoteAddress ?? ''))
      return reply.code(403).send('only proxies of ours may ask');
    const { domain } = request.query;
    const host = typeof domain === 'string' ? domain.toLowerCase().replace(/\.$/, '') : '';
    const isAllowed = host === new URL(parts.publicUrl()).hostname || parts.domains.ownerOf(host)?.state === 'verified';
    return isAllowed ? reply.send('yes') : reply.code(404).send('no');
  });
}
