// A program: what a gateway does when it may lose everything. Accepts, forwards to Meta, maps statuses to reports, batched as the
// gateway batches them; memory only.
import { Pool } from 'undici';
import { sendAnswer } from '../../src/contract/answers.js';
import { toMetaBody } from '../../src/contract/messages/wire.js';
import { deliveryResult, reportEnvelope, seenResult } from '../../src/contract/reports.js';
import { StatusId } from '../../src/contract/statuses.js';
import { uuidv7 } from '../../src/lib/id.js';
import { isSignedByMeta } from '../../src/meta/signature.js';
import { parseWebhook, type WireStatus } from '../../src/meta/webhook.js';
import { report, sendJson, serve } from './program.js';
import type { BenchSender } from './requests.js';

/** What it must know before the first message. */
export interface RelaySettings {
  metaUrl: string;
  appSecret: string;
  senders: BenchSender[];
}

interface Message {
  id: string;
  from: string;
  to: string;
  text: string;
  callbackData: string;
  notifyUrl: string;
  acceptedAt: number;
}

/** Reports that wait for one URL and kind. */
interface Line {
  path: string;
  pool: Pool;
  waiting: string[];
  inFlight: number;
}

const CONNECTIONS = 128;
const RESULTS_MAX = 100;
const IN_FLIGHT_MAX = 20;
const JSON_HEADERS = { 'content-type': 'application/json' };
const messages = new Map<string, Message>();
const lines = new Map<string, Line>();
const numbers = new Map<string, string>();
const meta: { pool: Pool | undefined; appSecret: string } = { pool: undefined, appSecret: '' };

/** Parse boundary: the load generator's request. */
interface SendBody {
  from: string;
  to: string;
  content: { text: string };
  callbackData: string;
  notifyUrl: string;
}

function accept(body: string): Message {
  const { from, to, content, callbackData, notifyUrl } = JSON.parse(body) as SendBody;
  const acceptedAt = Date.now();
  const message = { id: uuidv7(acceptedAt), from, to, text: content.text, callbackData, notifyUrl, acceptedAt };
  messages.set(message.id, message);
  return message;
}

async function forward({ id, from, to, text }: Message): Promise<void> {
  const body = toMetaBody({ to, bizOpaque: id, wire: { type: 'text', text: { body: text } } });
  const path = `/v25.0/${numbers.get(from)}/messages`;
  const answer = await meta.pool?.request({ method: 'POST', path, headers: JSON_HEADERS, body });
  await answer?.body.json();
}

function takeStatus({ status, bizOpaque, at }: WireStatus): void {
  const message = messages.get(bizOpaque ?? '');
  if (message === undefined || status === 'sent') return;
  const { id: messageId, from, to, callbackData, acceptedAt: sentAt } = message;
  const facts = { eventId: `${messageId}:${status}`, messageId, to, from, sentAt, callbackData };
  if (status === 'read') {
    messages.delete(messageId);
    tell(`seen ${message.notifyUrl}`, message.notifyUrl, JSON.stringify(seenResult({ ...facts, seenAt: at })));
    return;
  }
  const result = deliveryResult({ ...facts, doneAt: at, statusId: StatusId.deliveredToHandset });
  tell(`delivery ${message.notifyUrl}`, message.notifyUrl, JSON.stringify(result));
}

function tell(key: string, notifyUrl: string, result: string): void {
  let line = lines.get(key);
  if (line === undefined) {
    const { origin, pathname } = new URL(notifyUrl);
    line = { path: pathname, pool: new Pool(origin, { connections: IN_FLIGHT_MAX }), waiting: [], inFlight: 0 };
    lines.set(key, line);
  }
  line.waiting.push(result);
  if (line.waiting.length === 1) setImmediate(flush, line);
}

function flush(line: Line): void {
  while (line.waiting.length > 0 && line.inFlight < IN_FLIGHT_MAX) {
    line.inFlight += 1;
    void post(line, reportEnvelope(line.waiting.splice(0, RESULTS_MAX)));
  }
}

async function post(line: Line, body: string): Promise<void> {
  const answer = await line.pool.request({ method: 'POST', path: line.path, headers: JSON_HEADERS, body });
  await answer.body.dump();
  line.inFlight -= 1;
  flush(line);
}

const url = await serve((request, body, response) => {
  if (request.url !== '/meta/webhook') {
    const message = accept(body);
    sendJson(response, JSON.stringify(sendAnswer(message.to, message.id, StatusId.pendingEnroute)));
    void forward(message);
    return;
  }
  const signature = request.headers['x-hub-signature-256'];
  const isRight = isSignedByMeta(Buffer.from(body), String(signature), [meta.appSecret]);
  response.writeHead(isRight ? 200 : 401, { 'content-length': 0 });
  response.end();
  if (!isRight) return;
  for (const event of parseWebhook(JSON.parse(body))) if (event.kind === 'status') takeStatus(event);
});

report<RelaySettings, null>(url, async ({ metaUrl, appSecret, senders }) => {
  meta.pool = new Pool(metaUrl, { connections: CONNECTIONS });
  meta.appSecret = appSecret;
  for (const { sender, phoneNumberId } of senders) numbers.set(sender, phoneNumberId);
  return null;
});
