// Creating, changing, publishing, deprecating and deleting flows (Meta 5.1).
import { Readable } from 'node:stream';
import Type, { type TSchema } from 'typebox';
import type { Callbacks } from '../../callbacks.js';
import { checkerOf } from '../../checker.js';
import type { FlowEndpoints } from '../../flows/endpoint.js';
import { FIRST_JSON, moveFlow, newFlow, setJson } from '../../flows/life.js';
import { FLOW_CATEGORIES, type Flow } from '../../flows/record.js';
import { limited, MultipartError, readForm, textOf } from '../../media/multipart.js';
import type { World } from '../../world.js';
import { type GraphAnswer, type GraphCall, notFound, ownWaba, refuse } from '../call.js';
import type { Refusal } from '../errors.js';
import { checkBody } from '../schema.js';
import { ownFlow } from './read.js';

const NAME_CHARACTERS_MAX = 200;
const JSON_BYTES_MAX = 10 * 1024 * 1024;
const FIELD_BYTES_MAX = 64 * 1024;
const closed = { additionalProperties: false };

const Name = Type.String({ minLength: 1, maxLength: NAME_CHARACTERS_MAX });
const Categories = Type.Array(Type.Enum([...FLOW_CATEGORIES]), { minItems: 1 });
const Uri = Type.String({ pattern: '^https?://', maxLength: 2000 });
const Creation = checkerOf(
  Type.Object(
    {
      name: Name,
      categories: Categories,
      clone_flow_id: Type.Optional(Type.String()),
      endpoint_uri: Type.Optional(Uri),
      flow_json: Type.Optional(Type.String()),
      publish: Type.Optional(Type.Boolean()),
    },
    closed,
  ),
);
const Change = checkerOf(
  Type.Object(
    {
      name: Type.Optional(Name),
      categories: Type.Optional(Categories),
      endpoint_uri: Type.Optional(Uri),
      application_id: Type.Optional(Type.String()),
    } satisfies Record<string, TSchema>,
    closed,
  ),
);

/** What these edges work on. */
export interface FlowParts {
  world: World;
  callbacks: Callbacks;
  endpoints: FlowEndpoints;
}

/** Creates a DRAFT, also when its JSON has errors; `publish` moves it on if it has none. */
export async function createFlow(parts: FlowParts, call: GraphCall): Promise<GraphAnswer> {
  const { world } = parts;
  const waba = ownWaba(world, call);
  if (waba === undefined) return notFound(call);
  const body = formOf(call.body);
  if (!Creation.Check(body)) return refuse(checkBody(Creation, body) ?? { code: 100 });
  const taken = takenName(world, waba.wabaId, body.name);
  if (taken !== null) return refuse(taken);
  const source = body.clone_flow_id === undefined ? undefined : ownFlow(world, { ...call, id: body.clone_flow_id });
  if (body.clone_flow_id !== undefined && source?.wabaId !== waba.wabaId)
    return refuse(invalid('clone_flow_id is no flow of this account.'));
  const { name, categories, endpoint_uri = source?.endpointUri ?? null } = body;
  const about = { wabaId: waba.wabaId, name, categories, endpointUri: endpoint_uri };
  const flow = newFlow(about, world.clock.now());
  setJson(world, flow, body.flow_json ?? source?.json ?? FIRST_JSON);
  const made = world.flows.get(flow.id) ?? flow;
  if (body.publish === true) await publish(parts, made);
  return { body: { id: flow.id, success: true, validation_errors: made.errors } };
}

/** Changes name, categories or endpoint of a draft; of others only the endpoint. */
export function changeFlow({ world }: FlowParts, call: GraphCall, flow: Flow): GraphAnswer {
  const body = formOf(call.body);
  if (!Change.Check(body)) return refuse(checkBody(Change, body) ?? { code: 100 });
  const { name = flow.name, categories = flow.categories, endpoint_uri: endpointUri = flow.endpointUri } = body;
  const isDraftOnly = body.name !== undefined || body.categories !== undefined;
  if (flow.status === 'DEPRECATED' || (isDraftOnly && flow.status !== 'DRAFT')) {
    return refuse(stuck(139001, 'Flow cannot be updated', `A flow that is ${flow.status} cannot be updated.`));
  }
  const taken = name === flow.name ? null : takenName(world, flow.wabaId, name);
  if (taken !== null) return refuse(taken);
  world.flows.put(flow.id, { ...flow, name, categories, endpointUri });
  return { body: { success: true } };
}

/** Takes the JSON of a draft as a form; it is kept whatever is wrong with it. */
export async function uploadAsset({ world }: FlowParts, call: GraphCall): Promise<GraphAnswer> {
  const flow = ownFlow(world, call);
  if (flow === undefined) return notFound(call);
  if (!(call.body instanceof Readable)) return refuse(invalid('The parameter file is required.'));
  const form = await readUpload(call.body, call.headers['content-type'] ?? '');
  if (typeof form === 'string') return refuse(invalid(form));
  if (form.get('name') !== 'flow.json') return refuse(invalid('Param name must be flow.json.'));
  if (form.get('asset_type') !== 'FLOW_JSON') return refuse(invalid('Param asset_type must be one of {FLOW_JSON}.'));
  const json = form.get('file');
  if (json === undefined) return refuse(invalid('The parameter file is required.'));
  const current = ownFlow(world, call);
  if (current === undefined) return notFound(call);
  if (current.status !== 'DRAFT') {
    return refuse(
      stuck(139001, 'Flow cannot be updated', `The JSON of a flow that is ${current.status} cannot be changed.`),
    );
  }
  setJson(world, current, json);
  return { body: { success: true, validation_errors: world.flows.get(flow.id)?.errors ?? [] } };
}

async function readUpload(body: Readable, contentType: string): Promise<Map<string, string> | string> {
  const fields = new Map<string, string>();
  try {
    for await (const part of readForm(limited(body, JSON_BYTES_MAX + FIELD_BYTES_MAX), contentType)) {
      fields.set(part.name, await textOf(part, part.name === 'file' ? JSON_BYTES_MAX : FIELD_BYTES_MAX));
    }
    return fields;
  } catch (error) {
    if (error instanceof MultipartError) return `The form cannot be read: ${error.message}.`;
    throw error;
  }
}

/** Publishes a draft without errors, whose endpoint answers if it has one, for good. */
export async function publishFlow(parts: FlowParts, call: GraphCall): Promise<GraphAnswer> {
  const flow = ownFlow(parts.world, call);
  if (flow === undefined) return notFound(call);
  const why = await publish(parts, flow);
  return why === null ? { body: { success: true } } : refuse(stuck(139002, 'Flow cannot be published', why));
}

/** Moves a flow to PUBLISHED; why not when it cannot be. */
async function publish({ world, callbacks, endpoints }: FlowParts, flow: Flow): Promise<string | null> {
  const why = obstacle(flow) ?? (await endpoints.check(flow));
  if (why !== null) return why;
  const current = world.flows.get(flow.id);
  if (current?.json !== flow.json || current.status !== 'DRAFT') return 'The flow was changed meanwhile.';
  moveFlow(world, callbacks, current, 'PUBLISHED');
  return null;
}

function obstacle({ errors, status }: Flow): string | null {
  if (status !== 'DRAFT') return `A flow that is ${status} cannot be published.`;
  return errors.length > 0 ? `The flow has ${errors.length} validation errors.` : null;
}

/** Retires a published flow. */
export function deprecateFlow({ world, callbacks }: FlowParts, call: GraphCall): GraphAnswer {
  const flow = ownFlow(world, call);
  if (flow === undefined) return notFound(call);
  if (flow.status === 'DRAFT' || flow.status === 'DEPRECATED') {
    return refuse(stuck(139003, 'Flow cannot be deprecated', `A flow that is ${flow.status} cannot be deprecated.`));
  }
  moveFlow(world, callbacks, flow, 'DEPRECATED');
  return { body: { success: true } };
}

/** Deletes a draft. */
export function deleteFlow({ world }: FlowParts, flow: Flow): GraphAnswer {
  if (flow.status !== 'DRAFT') {
    return refuse(stuck(139004, 'Flow cannot be deleted', `A flow that is ${flow.status} cannot be deleted.`));
  }
  world.flows.delete(flow.id);
  return { body: { success: true } };
}

/** Fields of a form are text: categories come as JSON there, and a boolean as a word. */
function formOf(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return {};
  const { categories, publish, ...rest } = Object.fromEntries(Object.entries(body));
  return {
    ...rest,
    ...(categories === undefined
      ? {}
      : { categories: typeof categories === 'string' ? listIn(categories) : categories }),
    ...(publish === undefined ? {} : { publish: publish === 'true' ? true : publish === 'false' ? false : publish }),
  };
}

function listIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function takenName(world: World, wabaId: string, name: string): Refusal | null {
  const isTaken = [...world.flows.values()].some((flow) => flow.wabaId === wabaId && flow.name === name);
  return isTaken ? { ...invalid('Flow name is not unique.'), subcode: 4016019 } : null;
}

function invalid(details: string): Refusal {
  return { code: 100, message: '(#100) Invalid parameter', details };
}

function stuck(code: number, title: string, details: string): Refusal {
  return { code, message: `(#${code}) ${title}`, details, httpStatus: 400 };
}
