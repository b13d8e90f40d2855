// Previews: a page that runs a flow for whoever has its link, drafts too, without a login and without a reply (Meta 5.1).
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { checkerOf } from '../../checker.js';
import type { FlowEndpoints } from '../../flows/endpoint.js';
import type { Flow } from '../../flows/record.js';
import { runView, stepFields, takeStep } from '../../flows/run.js';
import { type PhoneFiles, sendPage } from '../../phone-files.js';
import type { World } from '../../world.js';

/** What previews work on. */
export interface PreviewParts {
  world: World;
  endpoints: FlowEndpoints;
  pages: PhoneFiles;
}

interface Route {
  Params: { id: string };
  Querystring: { key?: unknown };
}

const TOKEN_CHARACTERS_MAX = 4096;
const StepBody = checkerOf(
  Type.Object(
    { ...stepFields, flowToken: Type.Optional(Type.String({ maxLength: TOKEN_CHARACTERS_MAX })) },
    { additionalProperties: false },
  ),
);

/** Serves `/flow_previews/{id}`: the page, the flow (`/flow`) and its endpoint (`/exchange`), as long as the link is good. */
export function servePreviews(app: FastifyInstance, { world, endpoints, pages }: PreviewParts): void {
  const gone = { error: { message: 'this link is no longer good', field: 'key' } };
  const shown = (id: string, key: unknown): Flow | undefined => {
    const flow = world.flows.get(id);
    const preview = flow?.preview ?? undefined;
    const isGood = preview !== undefined && key === preview.key && preview.expiresAt > world.clock.now();
    return isGood ? flow : undefined;
  };
  app.get<Route>('/flow_previews/:id', (request, reply) => {
    if (shown(request.params.id, request.query.key) !== undefined)
      return sendPage(request, reply, pages, 'preview.html');
    return reply.code(404).type('text/plain').send(gone.error.message);
  });
  app.get<Route>('/flow_previews/:id/flow', (request, reply) => {
    const flow = shown(request.params.id, request.query.key);
    return flow === undefined ? reply.code(404).send(gone) : reply.send({ flow: runView(flow) });
  });
  app.post<Route>('/flow_previews/:id/exchange', async (request, reply) => {
    const flow = shown(request.params.id, request.query.key);
    if (flow === undefined) return reply.code(404).send(gone);
    const { body } = request;
    if (!StepBody.Check(body)) return reply.code(400).send({ error: { message: 'not a step of a flow', field: null } });
    const { flowToken = 'unused', ...step } = body;
    const ids = world.wabas.get(flow.wabaId)?.phoneNumberIds ?? [];
    const phoneNumberId = ids.find((id) => world.numbers.get(id)?.flowKey !== undefined) ?? ids[0] ?? '';
    return takeStep(world, endpoints, { flow, phoneNumberId, token: flowToken }, step);
  });
}
