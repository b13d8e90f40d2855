// The worlds that share this sandbox.
import type { FastifyInstance } from 'fastify';
import { allowQuery, ControlError, textParam } from './answer.js';
import type { ControlParts } from './parts.js';

/** Registers `GET /worlds` and `DELETE /worlds/{name}`. A world is opened by the first call that names it in `X-Sandbox-World`. */
export function registerWorlds(app: FastifyInstance, { worlds }: ControlParts): void {
  app.get('/worlds', (request) => {
    allowQuery(request.query, []);
    return { worlds: worlds().list() };
  });
  app.delete('/worlds/:name', (request, reply) => {
    const name = textParam(request.params, 'name') ?? '';
    const isKnown = worlds()
      .list()
      .some((world) => world.name === name);
    if (!isKnown) throw new ControlError(404, 'no such world', 'name');
    // The call itself may be under way in the world that it closes.
    setImmediate(() => void worlds().close(name));
    return reply.code(204).send();
  });
}
