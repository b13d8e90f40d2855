// /healthz: the process lives. /readyz: it can do its work. /metrics: what it did.
import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../lib/metrics.js';

/** What the health routes work with. */
export interface HealthParts {
  metrics: Metrics;
  /** Names of what is not ready, empty when all is. */
  unready(): Promise<string[]>;
}

/** Serves the three. */
export function registerHealth(app: FastifyInstance, { metrics, unready }: HealthParts): void {
  app.get('/healthz', (_, reply) => reply.send({ status: 'ok' }));
  app.get('/readyz', async (_, reply) => {
    const missing = await unready();
    if (missing.length === 0) return reply.send({ status: 'ready' });
    return reply.code(503).header('retry-after', 1).send({ status: 'not ready', missing });
  });
  app.get('/metrics', async (_, reply) => reply.type(metrics.contentType).send(await metrics.text()));
}
