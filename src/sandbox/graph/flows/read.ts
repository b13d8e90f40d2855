// GET /{waba-id}/flows, GET /{flow-id}, GET /{flow-id}/assets, and the files behind their URLs (Meta 5.1).
import type { FastifyInstance } from 'fastify';
import { previewOf } from '../../flows/life.js';
import { isFlowMediaKey } from '../../flows/media.js';
import type { Flow } from '../../flows/record.js';
import type { MediaLibrary } from '../../media/library.js';
import { fileAnswer } from '../../media/range.js';
import type { World } from '../../world.js';
import { type GraphAnswer, type GraphCall, notFound, ownWaba, queryText } from '../call.js';
import { pickFields } from '../fields.js';
import { answerPage } from '../paging.js';

const NODE_TYPE = 'Flow';
const PAGE_MAX = 100;
const DEFAULT_FIELDS = ['id', 'name', 'status', 'categories', 'validation_errors'];

/** The flow that the call addresses, if it belongs to the caller's app. */
export function ownFlow(world: World, call: GraphCall): Flow | undefined {
  const flow = world.flows.get(call.id);
  if (flow === undefined) return undefined;
  return world.wabas.get(flow.wabaId)?.appToken === call.app.token ? flow : undefined;
}

/** Answers a read of the flow. */
export function readFlow(world: World, call: GraphCall, flow: Flow): GraphAnswer {
  const asked = queryText(call.query, 'fields');
  // Graph's own syntax for a field with an argument: preview.invalidate(false).
  const isNew = asked?.includes('preview.invalidate(true)') === true;
  const fields = asked?.replace(/preview\.invalidate\((?:true|false)\)/g, 'preview');
  const node = {
    ...nodeOf(flow),
    ...(fields?.includes('preview') === true ? previewNode(world, call, flow, isNew) : {}),
  };
  return pickFields(node, { fields, byDefault: DEFAULT_FIELDS, nodeType: NODE_TYPE });
}

function nodeOf(flow: Flow): Record<string, unknown> {
  return {
    id: flow.id,
    name: flow.name,
    status: flow.status,
    categories: flow.categories,
    validation_errors: flow.errors,
    json_version: flow.version,
    data_api_version: /"data_api_version"\s*:\s*"([\d.]{1,9})"/.exec(flow.json)?.[1] ?? null,
    endpoint_uri: flow.endpointUri,
    preview: null,
    whatsapp_business_account: { id: flow.wabaId },
    health_status: {
      can_send_message:
        { BLOCKED: 'BLOCKED', DEPRECATED: 'BLOCKED', THROTTLED: 'LIMITED' }[String(flow.status)] ?? 'AVAILABLE',
      entities: [{ entity_type: 'FLOW', id: flow.id }],
    },
  };
}

function previewNode(world: World, call: GraphCall, flow: Flow, isNew: boolean): Record<string, unknown> {
  const { key, expiresAt } = previewOf(world, flow, isNew);
  const expires_at = new Date(expiresAt).toISOString().replace(/\.\d{3}Z$/, '+0000');
  return { preview: { preview_url: `${call.origin}/flow_previews/${flow.id}?key=${key}`, expires_at } };
}

/** Answers the list of a WABA's flows, paged by cursor. */
export function listFlows(world: World, call: GraphCall): GraphAnswer {
  const waba = ownWaba(world, call);
  if (waba === undefined) return notFound(call);
  const all = [...world.flows.values()].filter(({ wabaId }) => wabaId === waba.wabaId);
  return answerPage(call, all, { edge: 'flows', max: PAGE_MAX, view: (flow) => readFlow(world, call, flow) });
}

/** Answers where the JSON can be downloaded. */
export function listAssets(world: World, call: GraphCall): GraphAnswer {
  const flow = ownFlow(world, call);
  if (flow === undefined) return notFound(call);
  const download_url = `${call.origin}/flow_files/${flow.id}/flow.json?key=${flow.fileKey}`;
  return { body: { data: [{ name: 'flow.json', asset_type: 'FLOW_JSON', download_url }], paging: {} } };
}

/** Serves the JSON, and files that users gave to flows, to whoever has their URL. */
export function serveFlowFiles(app: FastifyInstance, { world, library }: FlowFileParts): void {
  app.get<{ Params: { id: string }; Querystring: { key?: unknown } }>('/flow_files/:id/flow.json', (request, reply) => {
    const flow = world.flows.get(request.params.id);
    if (flow === undefined || request.query.key !== flow.fileKey) return reply.code(404).send();
    return reply.type('application/json').header('content-disposition', 'attachment').send(flow.json);
  });
  app.get<{ Params: { id: string }; Querystring: { key?: unknown } }>('/flow_media/:id', (request, reply) => {
    const media = library.get(request.params.id);
    const waba = media === undefined ? undefined : world.wabas.get(media.wabaId);
    const owner = waba === undefined ? undefined : world.apps.get(waba.appToken);
    const isGood = owner !== undefined && isFlowMediaKey(owner, request.params.id, request.query.key);
    if (media === undefined || !isGood) return reply.code(404).send();
    const { status, headers, stream } = fileAnswer(library.files, media, undefined);
    return reply
      .code(status)
      .headers(headers)
      .send(stream ?? '');
  });
}

/** What files of flows are served from. */
export interface FlowFileParts {
  world: World;
  library: MediaLibrary;
}
