// Flows as Meta's monitoring and users make them fare: states, alerts, and a user's answers without a screen.
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { flowNews, moveFlow } from '../flows/life.js';
import { FLOW_STATUSES, type Flow } from '../flows/record.js';
import { normalisePhone } from '../phone.js';
import type { Message } from '../records.js';
import type { World } from '../world.js';
import { allowQuery, ControlError, isoTime, parseBody, textParam } from './answer.js';
import type { ControlParts } from './parts.js';
import { receive } from './receive.js';

const closed = { additionalProperties: false };
const StatusBody = Compile(Type.Object({ status: Type.Enum([...FLOW_STATUSES]) }, closed));
const AlertBody = Compile(
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
const AnswersBody = Compile(
  Type.Object(
    {
      answers: Type.Record(Type.String({ maxLength: 200 }), Type.Unknown()),
      body: Type.Optional(Type.String({ maxLength: 1024 })),
    },
    closed,
  ),
);

/** Registers `GET /flows`, `POST /flows/{id}/status|alert` and `POST /users/{number}/flows/{message}`. */
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
  app.post('/users/:number/flows/:message', (request, reply) => {
    const { answers, body = 'Sent' } = parseBody(AnswersBody, request.body);
    const number = normalisePhone(textParam(request.params, 'number') ?? '') ?? '';
    const message = sentFlow(world, number, textParam(request.params, 'message') ?? '');
    const sender = world.numbers.get(message.phoneNumberId);
    if (sender === undefined) throw new ControlError(404, 'the sender is gone', 'message');
    const response_json = JSON.stringify({ flow_token: tokenOf(message), ...answers });
    const fragment = {
      type: 'interactive',
      interactive: { type: 'nfm_reply', nfm_reply: { name: 'flow', body, response_json } },
      context: { id: message.id },
    };
    return reply.code(201).send({ id: receive(parts, world.userOf(number), sender, fragment) });
  });
}

function existing(world: World, params: unknown): Flow {
  const flow = world.flows.get(textParam(params, 'id') ?? '');
  if (flow === undefined) throw new ControlError(404, 'no such flow', 'id');
  return flow;
}

/** A flow that the user has on the screen. A deprecated one cannot be opened any more. */
function sentFlow(world: World, user: string, wamid: string): Message {
  if (world.userOf(user).exists !== true) throw new ControlError(404, 'no such user', 'number');
  const message = world.messageOf(wamid);
  if (
    message === undefined ||
    message.direction !== 'out' ||
    message.to !== user ||
    parametersOf(message) === undefined
  ) {
    throw new ControlError(404, 'no flow of this id was sent to the user', 'message');
  }
  const flow = world.flows.get(String(parametersOf(message)?.flow_id));
  const isShut = flow?.status === 'DEPRECATED' || flow?.status === 'BLOCKED';
  if (isShut || message.failure !== null) throw new ControlError(409, 'the flow cannot be opened', 'message');
  return message;
}

function parametersOf({ payload }: Message): Record<string, unknown> | undefined {
  const parameters = at(at(at(payload, 'interactive'), 'action'), 'parameters');
  const isFlow = at(at(payload, 'interactive'), 'type') === 'flow';
  return isFlow && typeof parameters === 'object' && parameters !== null ? { ...parameters } : undefined;
}

function at(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** Meta's word for a message without a token (Meta 1.5). */
function tokenOf(message: Message): unknown {
  return parametersOf(message)?.flow_token ?? 'unused';
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
