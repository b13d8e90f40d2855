// Flows as Meta's monitoring makes them fare: states and alerts.
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { checkerOf } from '../checker.js';
import { flowNews, moveFlow } from '../flows/life.js';
import { FLOW_STATUSES, type Flow } from '../flows/record.js';
import type { World } from '../world.js';
import { allowQuery, ControlError, isoTime, parseBody, textParam } from './answer.js';
import type { ControlParts } from './parts.js';

const closed = { additionalProperties: false };
const StatusBody = checkerOf(Type.Object({ status: Type.Enum([...FLOW_STATUSES]) }, closed));
const AlertBody = checkerOf(
  Type.Object({
    event: Type.Enum([
      'CLIENT_ERROR_RATE',
      'ENDPOINT_ERROR_RATE',
      'ENDPOINT_LATENCY',
      'ENDPOINT_AVAILABILITY',
      'FLOW_VERSION_EXPIRY_WARNING',
    ]),
  }),
);
/** Registers `GET /flows` and `POST /flows/{id}/status|alert`. */
export function registerFlows(app: FastifyInstance, parts: ControlParts): void {
  const { world, callbacks } = parts;
  app.get('/flows', (request) => {
    allowQuery(request.query, ['wabaId']);
    const wabaId = textParam(request.query, 'wabaId');
    const all = [...world.flows.values()].filter((flow) => wabaId === undefined || flow.wabaId === wabaId);
    return { flows: all.map(flowView) };
  });
  app.post('/flows/:id/status', (request) => {
    const flow = existing(world, request.params);
    moveFlow(world, callbacks, flow, parseBody(StatusBody, request.body).status);
    return flowView(existing(world, request.params));
  });
  app.post('/flows/:id/alert', (request) => {
    const flow = existing(world, request.params);
    const value = parseBody(AlertBody, request.body);
    callbacks.publish(flowNews(world, flow, { message: 'Alert', ...value, flow_id: flow.id }));
    return flowView(flow);
  });
}

function existing(world: World, params: unknown): Flow {
  const flow = world.flows.get(textParam(params, 'id') ?? '');
  if (flow === undefined) throw new ControlError(404, 'no such flow', 'id');
  return flow;
}

/** A flow as the control API shows it. */
function flowView(flow: Flow): Record<string, unknown> {
  const { id, wabaId, name, categories, status, endpointUri, version, errors, createdAt } = flow;
  return {
    id,
    wabaId,
    name,
    categories,
    status,
    endpointUri,
    version,
    validationErrors: errors,
    createdAt: isoTime(createdAt),
  };
}
