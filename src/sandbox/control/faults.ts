// Faults: made, listed with their hits, removed.
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { checkerOf } from '../checker.js';
import { newObjectId } from '../ids.js';
import { type Fault, FaultEffect, FaultMatch, FaultWhen } from '../records.js';
import { ControlError, parseBody, textParam } from './answer.js';
import type { ControlParts } from './parts.js';

const FAULTS_MAX = 1000;
const WEBHOOK_ONLY = ['duplicate', 'reorder'] as const;

const FaultBody = checkerOf(
  Type.Object(
    { on: Type.Enum(['graph', 'webhook']), match: Type.Optional(FaultMatch), effect: FaultEffect, when: FaultWhen },
    { additionalProperties: false },
  ),
);

/** Registers `POST|GET|DELETE /faults` and `DELETE /faults/{id}`. */
export function registerFaults(app: FastifyInstance, { world }: ControlParts): void {
  app.post('/faults', (request, reply) => {
    const { on, match = {}, effect, when } = parseBody(FaultBody, request.body);
    refuseEffects(on, effect);
    if (world.faults.size >= FAULTS_MAX) throw new ControlError(400, `at most ${FAULTS_MAX} faults`);
    const id = newObjectId();
    world.faults.put(id, { id, on, match, effect, when, seen: 0, hits: 0 });
    return reply.code(201).send({ id });
  });
  app.get('/faults', () => ({
    faults: [...world.faults.values()].map(faultView),
  }));
  app.delete('/faults', (_request, reply) => {
    world.faults.clear();
    return reply.code(204).send();
  });
  app.delete('/faults/:id', (request, reply) => {
    const id = textParam(request.params, 'id') ?? '';
    if (world.faults.get(id) === undefined) throw new ControlError(404, 'no such fault', 'id');
    world.faults.delete(id);
    return reply.code(204).send();
  });
}

/** A fault as the control API shows it. */
export function faultView({ id, on, match, effect, when, hits }: Fault): Record<string, unknown> {
  return { id, on, match, effect, when, hits };
}

/** An effect that the other side cannot have is refused, so that no test relies on nothing. */
function refuseEffects(on: Fault['on'], effect: FaultEffect): void {
  if (on === 'webhook' && effect.code !== undefined) {
    throw new ControlError(400, 'a Graph error body: only for graph', 'effect.code');
  }
  const wrong = on === 'graph' ? WEBHOOK_ONLY.find((name) => effect[name] !== undefined) : undefined;
  if (wrong !== undefined) throw new ControlError(400, 'only for webhook', `effect.${wrong}`);
}
