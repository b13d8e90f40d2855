// Flows at Meta, on behalf of a sender: listed, made, changed, published, retired, deleted (Infobip 8, Meta 5.1).
import { isObject, itemsAt, type JsonObject, objectAt, textAt } from '../contract/json.js';
import type { Clock } from '../lib/clock.js';
import type { GraphClient } from '../meta/graph-client.js';
import type { Database } from '../store/database.js';
import type { DirectorySender } from '../store/directory.js';
import {
  type FlowRow,
  type FlowShelf,
  forgetFlow,
  forgetUnseenFlows,
  listFlowRows,
  noteInitialScreens,
  putFlows,
} from '../store/flows.js';
import { askMeta } from './template-graph.js';
import { isTemplateRefusal, type TemplateRefusal, wrongField } from './template-refusal.js';

/** Why an operation was refused. */
export type FlowRefusal = TemplateRefusal;

/** What these operations need. */
export interface FlowParts {
  database: Database;
  clock: Clock;
  graph: Pick<GraphClient, 'get' | 'post' | 'delete' | 'postFlowJson'>;
  /** The clear access token of a sender; undefined when no key of ours opens it. */
  tokenOf(sender: DirectorySender): string | undefined;
  /** Looks at Flow JSON while it passes; `end` gives the screens that it can begin with, none for what is no flow. */
  scanScreens(): { write(chunk: Buffer): void; end(): readonly string[] };
}

/** Flow JSON that is on its way. What its bytes throw ends the upload, and nothing is changed at Meta then. */
export interface ComingJson {
  bytes: AsyncIterable<Buffer>;
  /** How many bytes come; undefined when nobody knows. */
  length: number | undefined;
}

/** What a flow is made of. */
export interface NewFlow {
  name: string;
  categories: readonly string[];
  cloneFlowId: string | undefined;
}

const FIELDS = 'id,name,status,categories';
const PAGE_SIZE = 100;
const PAGES_MAX = 50;
const FLOW_ID = /^\d{1,32}$/;

/** All flows of the sender's WABA, as Meta has them now; as it last told them when it cannot be asked. */
export async function listFlows(parts: FlowParts, sender: DirectorySender): Promise<FlowRow[] | FlowRefusal> {
  const token = parts.tokenOf(sender);
  if (token === undefined) return unreadable();
  const shelf = shelfOf(sender);
  const since = parts.clock.now();
  let cursor = '';
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const path = `${encodeURIComponent(sender.wabaId)}/flows?fields=${FIELDS}&limit=${PAGE_SIZE}${cursor}`;
    const answer = await askMeta(parts.graph.get(path, token));
    if (isTemplateRefusal(answer)) {
      const known = answer.refusal === 'upstream' ? await listFlowRows(parts.database, shelf) : [];
      return known.length > 0 ? known : answer;
    }
    await putFlows(parts.database, shelf, parts.clock.now(), itemsAt(answer.body, 'data').flatMap(flowOf));
    const paging = objectAt(answer.body, 'paging');
    const after = textAt(objectAt(paging, 'cursors'), 'after');
    if (textAt(paging, 'next') === undefined || after === undefined) {
      await forgetUnseenFlows(parts.database, shelf, since);
      break;
    }
    cursor = `&after=${encodeURIComponent(after)}`;
  }
  return listFlowRows(parts.database, shelf);
}

/** Makes a draft. */
export async function createFlow(
  parts: FlowParts,
  sender: DirectorySender,
  flow: NewFlow,
): Promise<FlowRow | FlowRefusal> {
  const token = parts.tokenOf(sender);
  if (token === undefined) return unreadable();
  const { name, categories, cloneFlowId } = flow;
  if (cloneFlowId !== undefined) {
    const source = await findFlow(parts, sender, token, cloneFlowId);
    if (isTemplateRefusal(source))
      return source.refusal === 'notFound' ? wrongField('cloneFlowId', 'Flow does not exist.') : source;
  }
  const clone = cloneFlowId === undefined ? {} : { clone_flow_id: cloneFlowId };
  const path = `${encodeURIComponent(sender.wabaId)}/flows`;
  const answer = await askMeta(parts.graph.post(path, token, { name, categories, ...clone }));
  if (isTemplateRefusal(answer)) return aboutField(answer, 'name');
  const id = textAt(answer.body, 'id');
  if (id === undefined) return { refusal: 'upstream', detail: 'Meta took the flow and did not say its id' };
  const row = { id, name, categories: JSON.stringify(categories), status: 'DRAFT' };
  await putFlows(parts.database, shelfOf(sender), parts.clock.now(), [row]);
  return { ...row, initialScreens: null };
}

/** Changes name or categories of a draft. */
export function updateFlow(
  parts: FlowParts,
  sender: DirectorySender,
  id: string,
  change: { name?: string | undefined; categories?: readonly string[] | undefined },
): Promise<object | FlowRefusal> {
  return withFlow(parts, sender, id, ['DRAFT'], ({ token, path }) => askMeta(parts.graph.post(path, token, change)));
}

/** Deletes a draft. */
export async function deleteFlow(parts: FlowParts, sender: DirectorySender, id: string): Promise<object | FlowRefusal> {
  const answer = await withFlow(parts, sender, id, ['DRAFT'], ({ token, path }) =>
    askMeta(parts.graph.delete(path, token)),
  );
  if (!isTemplateRefusal(answer)) await forgetFlow(parts.database, shelfOf(sender), id);
  return answer;
}

/** Publishes a draft, for good. */
export function publishFlow(parts: FlowParts, sender: DirectorySender, id: string): Promise<object | FlowRefusal> {
  return withFlow(parts, sender, id, ['DRAFT'], ({ token, path }) =>
    askMeta(parts.graph.post(`${path}/publish`, token)),
  );
}

/** Retires what was published. */
export function deprecateFlow(parts: FlowParts, sender: DirectorySender, id: string): Promise<object | FlowRefusal> {
  const states = ['PUBLISHED', 'THROTTLED', 'BLOCKED'];
  return withFlow(parts, sender, id, states, ({ token, path }) =>
    askMeta(parts.graph.post(`${path}/deprecate`, token)),
  );
}

/** Where the JSON can be downloaded. */
export async function flowJsonUrl(
  parts: FlowParts,
  sender: DirectorySender,
  id: string,
): Promise<{ url: string } | FlowRefusal> {
  const answer = await withFlow(parts, sender, id, undefined, ({ token, path }) =>
    askMeta(parts.graph.get(`${path}/assets`, token)),
  );
  if (isTemplateRefusal(answer)) return answer;
  const asset = itemsAt(answer.body, 'data').find((item) => textAt(item, 'asset_type') === 'FLOW_JSON');
  const url = textAt(asset, 'download_url');
  return url === undefined ? { refusal: 'notFound' } : { url };
}

/** Passes the JSON of a draft on while it comes, whatever is wrong with it; what is, in Meta's form. */
export async function putFlowJson(
  parts: FlowParts,
  sender: DirectorySender,
  id: string,
  json: ComingJson,
): Promise<{ errors: readonly unknown[] } | FlowRefusal> {
  const scan = parts.scanScreens();
  const { length } = json;
  const answer = await withFlow(parts, sender, id, ['DRAFT'], ({ token, path }) =>
    askMeta(parts.graph.postFlowJson(path, token, { bytes: looking(json.bytes, scan), length })),
  );
  if (isTemplateRefusal(answer)) return answer;
  const screens = JSON.stringify(scan.end());
  await noteInitialScreens(parts.database, shelfOf(sender), id, screens);
  return { errors: itemsAt(answer.body, 'validation_errors') };
}

async function* looking(
  bytes: AsyncIterable<Buffer>,
  scan: ReturnType<FlowParts['scanScreens']>,
): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) {
    scan.write(chunk);
    yield chunk;
  }
}

/** A link that shows the flow to whoever has it, and until when (ISO 8601). */
export async function previewFlow(
  parts: FlowParts,
  sender: DirectorySender,
  id: string,
): Promise<{ url: string; expiresAt: string } | FlowRefusal> {
  const answer = await withFlow(parts, sender, id, undefined, ({ token, path }) =>
    askMeta(parts.graph.get(`${path}?fields=preview.invalidate(false)`, token)),
  );
  if (isTemplateRefusal(answer)) return answer;
  const preview = objectAt(answer.body, 'preview');
  const url = textAt(preview, 'preview_url');
  // Meta writes +0000, which ISO 8601 wants with a colon.
  const expires = new Date((textAt(preview, 'expires_at') ?? '').replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
  if (url === undefined || Number.isNaN(expires.getTime()))
    return { refusal: 'upstream', detail: 'Meta gave no preview' };
  return { url, expiresAt: expires.toISOString().replace(/\.\d{3}Z$/, 'Z') };
}

/** Runs `act` on a flow of the sender's WABA that is in one of `states`. */
async function withFlow(
  parts: FlowParts,
  sender: DirectorySender,
  id: string,
  states: readonly string[] | undefined,
  act: (at: { token: string; path: string }) => Promise<{ body: JsonObject } | FlowRefusal>,
): Promise<{ body: JsonObject } | FlowRefusal> {
  const token = parts.tokenOf(sender);
  if (token === undefined) return unreadable();
  const flow = await findFlow(parts, sender, token, id);
  if (isTemplateRefusal(flow)) return flow;
  if (states !== undefined && !states.includes(flow.status)) return wrongField('status', `Flow is ${flow.status}.`);
  const answer = await act({ token, path: encodeURIComponent(id) });
  return isTemplateRefusal(answer) ? aboutField(answer, 'flow') : answer;
}

/** A flow of the WABA as Meta has it now; its row is brought up to date. */
async function findFlow(
  parts: FlowParts,
  sender: DirectorySender,
  token: string,
  id: string,
): Promise<{ status: string } | FlowRefusal> {
  if (!FLOW_ID.test(id)) return { refusal: 'notFound' };
  const answer = await askMeta(parts.graph.get(`${id}?fields=${FIELDS},whatsapp_business_account`, token));
  if (isTemplateRefusal(answer)) {
    // Meta refuses fields that an object of another kind does not have.
    return answer.refusal === 'invalid' ? { refusal: 'notFound' } : answer;
  }
  const [flow] = flowOf(answer.body);
  const wabaId = textAt(objectAt(answer.body, 'whatsapp_business_account'), 'id');
  if (flow === undefined || wabaId !== sender.wabaId) return { refusal: 'notFound' };
  await putFlows(parts.database, shelfOf(sender), parts.clock.now(), [flow]);
  return flow;
}

/** A flow as Meta's lists have it; none for what is no flow. */
function flowOf(node: unknown): Omit<FlowRow, 'initialScreens'>[] {
  const [id, name, status] = [textAt(node, 'id'), textAt(node, 'name'), textAt(node, 'status')];
  if (!isObject(node) || id === undefined || name === undefined || status === undefined || !FLOW_ID.test(id)) return [];
  const categories = itemsAt(node, 'categories').filter((item) => typeof item === 'string');
  return [{ id, name: name.replaceAll('\0', '').toWellFormed(), status, categories: JSON.stringify(categories) }];
}

/** Meta's sentence as one about a field. */
function aboutField(refused: FlowRefusal, field: string): FlowRefusal {
  if (refused.refusal !== 'invalid' || refused.detail === undefined) return refused;
  return wrongField(field, refused.detail);
}

function shelfOf({ account, wabaId }: DirectorySender): FlowShelf {
  return { account, wabaId };
}

function unreadable(): FlowRefusal {
  return { refusal: 'upstream', detail: 'the access token of this sender cannot be opened with PARLEY_SECRET_KEY' };
}
