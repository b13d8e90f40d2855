// Meta's side of templates: what is posted, what its refusals mean for the fields of a request, and how examples are uploaded (Meta 3, 4).
import { codeAt, isObject, type JsonObject, objectAt, textAt } from '../contract/json.js';
import { NODE_FIELDS, nodeFromWire, type TemplateNode } from '../contract/templates/node.js';
import type { GraphAnswer, GraphClient } from '../meta/graph-client.js';
import { isTemplateRefusal, type TemplateRefusal, wrongField } from './template-refusal.js';

/** What of the Graph client is used here. */
export type TemplateGraph = Pick<GraphClient, 'get' | 'post' | 'delete' | 'uploadSession'>;

/** Subcodes of code 100 that are about one field (Meta 4.3). */
const FIELD_OF_SUBCODE: Readonly<Record<number, string>> = {
  2388024: 'name',
  2388040: 'structure',
  2388047: 'structure.header',
  2388072: 'structure.body',
  2388073: 'structure.footer',
  2388293: 'structure.body.text',
  2388299: 'structure.body.text',
};
/** An object that is not there, or not this token's. */
const MISSING_SUBCODE = 33;
const CALL_LIMITS: ReadonlySet<number> = new Set([4, 613, 80_007]);
const TOKEN_CODES: ReadonlySet<number> = new Set([0, 3, 10, 104, 190]);
const DETAIL_LENGTH_MAX = 500;

/** The body of Meta's good answer, or what its refusal means. */
export async function askMeta(asking: Promise<GraphAnswer>): Promise<{ body: JsonObject } | TemplateRefusal> {
  const answer = await asking;
  if (answer.kind !== 'answered') return { refusal: 'upstream', detail: `Meta cannot be reached: ${answer.reason}` };
  const { status, body } = answer;
  if (status >= 200 && status < 300 && isObject(body)) return { body };
  return refusalOf(status, objectAt(body, 'error'));
}

function refusalOf(status: number, error: JsonObject | undefined): TemplateRefusal {
  const code = codeAt(error, 'code');
  if (code === undefined || code === 2) return { refusal: 'upstream', detail: `Meta answered ${status}` };
  const subcode = codeAt(error, 'error_subcode');
  const said = wordsOf(error);
  if (CALL_LIMITS.has(code)) return { refusal: 'tooMany', detail: said };
  if (TOKEN_CODES.has(code) || (code >= 200 && code < 300))
    return wrongField('sender', 'Meta refuses the access token of this sender.');
  if (subcode === MISSING_SUBCODE) return { refusal: 'notFound' };
  const field = subcode === undefined ? undefined : FIELD_OF_SUBCODE[subcode];
  return field === undefined ? { refusal: 'invalid', detail: said } : wrongField(field, said);
}

/** What Meta says for people, in whatever language the account has there. */
function wordsOf(error: JsonObject | undefined): string {
  const own = [textAt(error, 'error_user_title'), textAt(error, 'error_user_msg')].filter((text) => text !== undefined);
  const details = textAt(objectAt(error, 'error_data'), 'details');
  const words = own.length > 0 ? own.join(': ') : (details ?? textAt(error, 'message') ?? 'no reason given');
  return words.toWellFormed().slice(0, DETAIL_LENGTH_MAX);
}

/** The template with this id as Meta has it now; undefined when it cannot be read. */
export async function readNode(graph: TemplateGraph, token: string, id: string): Promise<TemplateNode | undefined> {
  const answer = await askMeta(graph.get(`${encodeURIComponent(id)}?fields=${NODE_FIELDS}`, token));
  return isTemplateRefusal(answer) ? undefined : nodeFromWire(answer.body);
}

/** Registers a template; its id. When the answer is lost, Meta is asked whether it has it. */
export async function registerAtMeta(
  graph: TemplateGraph,
  token: string,
  wabaId: string,
  template: JsonObject & { name: string; language: string },
): Promise<TemplateNode | TemplateRefusal> {
  const path = `${encodeURIComponent(wabaId)}/message_templates`;
  const answer = await graph.post(path, token, template);
  if (answer.kind === 'unknown')
    return (await findAtMeta(graph, token, path, template)) ?? askMeta(Promise.resolve(answer)).then(asRefusal);
  const told = await askMeta(Promise.resolve(answer));
  if (isTemplateRefusal(told)) return told;
  const node = nodeFromWire({ ...template, ...told.body });
  if (node === undefined) return { refusal: 'upstream', detail: 'Meta took the template and did not say its id' };
  return (await readNode(graph, token, node.id)) ?? node;
}

function asRefusal(answer: { body: JsonObject } | TemplateRefusal): TemplateRefusal {
  return isTemplateRefusal(answer) ? answer : { refusal: 'upstream', detail: 'Meta gave no answer' };
}

async function findAtMeta(
  graph: TemplateGraph,
  token: string,
  path: string,
  { name, language }: { name: string; language: string },
): Promise<TemplateNode | undefined> {
  const query = `fields=${NODE_FIELDS}&limit=100&name=${encodeURIComponent(name)}`;
  const answer = await askMeta(graph.get(`${path}?${query}`, token));
  if (isTemplateRefusal(answer) || !Array.isArray(answer.body.data)) return undefined;
  const nodes = answer.body.data.map((item) => nodeFromWire(item));
  return nodes.find((node) => node?.name === name && node.language === language);
}

/** Uploads an example for a media header; its handle (Meta 3: resumable upload, here in one piece). */
export async function uploadExample(
  graph: TemplateGraph,
  token: string,
  file: { bytes: Buffer; mimeType: string; filename: string },
): Promise<{ handle: string } | TemplateRefusal> {
  const debugged = await askMeta(graph.get(`debug_token?input_token=${encodeURIComponent(token)}`, token));
  if (isTemplateRefusal(debugged)) return debugged;
  const appId = textAt(objectAt(debugged.body, 'data'), 'app_id');
  if (appId === undefined) return { refusal: 'upstream', detail: 'Meta does not say which app the token is of' };
  const { bytes, mimeType, filename } = file;
  const query = new URLSearchParams({ file_name: filename, file_length: String(bytes.length), file_type: mimeType });
  const opened = await askMeta(graph.post(`${encodeURIComponent(appId)}/uploads?${query}`, token));
  if (isTemplateRefusal(opened)) return opened;
  const session = textAt(opened.body, 'id');
  if (session === undefined || !/^upload:[\x21-\x7e]{1,2000}$/.test(session))
    return { refusal: 'upstream', detail: 'Meta did not open an upload session' };
  const uploaded = await askMeta(graph.uploadSession(session, token, bytes));
  if (isTemplateRefusal(uploaded)) return uploaded;
  const handle = textAt(uploaded.body, 'h');
  return handle === undefined ? { refusal: 'upstream', detail: 'Meta gave no handle for the file' } : { handle };
}
