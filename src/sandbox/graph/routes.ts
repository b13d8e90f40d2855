// The Graph API over HTTP: version and token, faults, routing to the nodes, headers and error envelope (Meta 0.4).
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { parseJson } from '../../lib/json.js';
import type { Callbacks } from '../callbacks.js';
import { meetFaults } from '../faults.js';
import type { FlowEndpoints } from '../flows/endpoint.js';
import { newTraceId } from '../ids.js';
import { DOWNLOAD_PATH, type Origins } from '../media/address.js';
import type { FileAnswer } from '../media/range.js';
import { normalisePhone } from '../phone.js';
import type { PhoneFiles } from '../phone-files.js';
import type { App, FaultEffect } from '../records.js';
import type { World } from '../world.js';
import { type GraphAnswer, type GraphCall, notFound, ownNumber, ownWaba, refuse } from './call.js';
import { debugToken } from './debug-token.js';
import { BAD_TOKEN, errorBody, httpStatusOf, type Refusal } from './errors.js';
import { changeFlow, deleteFlow } from './flows/change.js';
import { ownFlow, readFlow } from './flows/read.js';
import { registerFlowEdges } from './flows/routes.js';
import { deleteMedia, downloadMedia, type MediaParts, ownMedia, readMedia, uploadMedia } from './media.js';
import { createMessagesNode, type MessagesParts } from './messages.js';
import { listNumbers, readNumber } from './numbers.js';
import { numberSettings } from './settings.js';
import { createSubscribedApps } from './subscribed-apps.js';
import { deleteTemplates, editTemplate, unpauseTemplate } from './templates/change.js';
import { createTemplate, type TemplateParts } from './templates/create.js';
import { previewTemplates, upsertTemplates } from './templates/languages-at-once.js';
import { listTemplates, ownTemplate, readTemplate } from './templates/read.js';
import { continueUpload, openUpload, readUpload } from './uploads.js';
import { readWaba } from './wabas.js';

type Serve = (node: Node) => (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;
type Node = (call: GraphCall) => GraphAnswer | Promise<GraphAnswer>;

/** What the Graph API works on. */
export interface GraphParts extends MessagesParts, MediaParts, TemplateParts {
  callbacks: Callbacks;
  origins: Origins;
  endpoints: FlowEndpoints;
  pages: PhoneFiles;
}

/** Registers every Graph route on `app`, which must be a plugin's own instance: it gets Graph's parser and error handler. */
export function registerGraph(app: FastifyInstance, parts: GraphParts): void {
  const { world } = parts;
  const serve = (node: Node) => (request: FastifyRequest, reply: FastifyReply) =>
    answerCall(parts, node, request, reply);
  setParsers(app);
  app.setErrorHandler((error, _request, reply) => sendRefusal(reply, refusalOfError(error), newTraceId()));
  const subscribedApps = createSubscribedApps(world, parts.callbacks);
  const messages = createMessagesNode(parts);
  app.route({ method: ['POST', 'PUT'], url: '/:version/:id/messages', handler: serve(messages) });
  app.route({
    method: ['GET', 'POST', 'DELETE'],
    url: '/:version/:id/subscribed_apps',
    handler: serve(subscribedApps),
  });
  app.get(
    '/:version/:id/phone_numbers',
    serve((call) => listNumbers(world, call)),
  );
  app.get(
    '/:version/debug_token',
    serve((call) => debugToken(world, call)),
  );
  app.route({
    method: ['GET', 'POST'],
    url: '/:version/:id/settings',
    handler: serve((call) => numberSettings(world, call)),
  });
  app.post(
    '/:version/:id/media',
    serve((call) => uploadMedia(parts, call)),
  );
  app.get(
    DOWNLOAD_PATH,
    serve((call) => downloadMedia(parts, call)),
  );
  registerTemplates(app, parts, serve);
  registerFlowEdges(app, parts, serve);
  app.get(
    '/:version/:id',
    serve((call) => readNode(parts, call)),
  );
  app.delete(
    '/:version/:id',
    serve((call) => {
      const flow = ownFlow(world, call);
      return flow === undefined ? deleteMedia(parts, call) : deleteFlow(parts, flow);
    }),
  );
}

/** Buttons may bring Flow JSON along, which as a JSON string may be twice as long. */
const TEMPLATE_BYTES_MAX = 24 * 1024 * 1024;

function registerTemplates(app: FastifyInstance, parts: GraphParts, serve: Serve): void {
  const edge = '/:version/:id/message_templates';
  const large = { bodyLimit: TEMPLATE_BYTES_MAX };
  app.get(
    edge,
    serve((call) => listTemplates(parts.world, call)),
  );
  app.post(
    edge,
    large,
    serve((call) => createTemplate(parts, call)),
  );
  app.delete(
    edge,
    serve((call) => deleteTemplates(parts, call)),
  );
  app.post(
    '/:version/:id',
    large,
    serve((call) => {
      const flow = ownFlow(parts.world, call);
      return flow === undefined ? editTemplate(parts, call) : changeFlow(parts, call, flow);
    }),
  );
  app.post(
    '/:version/:id/upsert_message_templates',
    serve((call) => upsertTemplates(parts, call)),
  );
  app.get(
    '/:version/:id/message_template_previews',
    serve((call) => previewTemplates(parts, call)),
  );
  app.post(
    '/:version/:id/unpause',
    serve((call) => unpauseTemplate(parts, call)),
  );
  app.post(
    '/:version/:id/uploads',
    serve((call) => openUpload(parts.world, call)),
  );
  app.register(async (plugin) => {
    plugin.removeAllContentTypeParsers();
    plugin.addContentTypeParser('*', (_request, body, done) => done(null, body));
    plugin.post(
      '/:version/:id(^upload:.+$)',
      serve((call) => continueUpload(parts.world, call)),
    );
  });
}

/** Forms as their fields, multipart forms as the stream itself, everything else as JSON. */
function setParsers(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );
  app.addContentTypeParser('multipart/form-data', (_request, body, done) => done(null, body));
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => parseBody(String(body), done));
}

/** `GET /{id}` is one route for every kind of node: who owns the id answers (Meta 0.3). */
function readNode(parts: GraphParts, call: GraphCall): GraphAnswer {
  const { world } = parts;
  const number = ownNumber(world, call);
  if (number !== undefined) return readNumber(world, call, number);
  const waba = ownWaba(world, call);
  if (waba !== undefined) return readWaba(call, waba);
  if (call.id.startsWith('upload:')) return readUpload(world, call);
  const template = ownTemplate(world, call);
  if (template !== undefined) return readTemplate(call, template);
  const flow = ownFlow(world, call);
  if (flow !== undefined) return readFlow(world, call, flow);
  const media = ownMedia(parts, call);
  return media === undefined ? notFound(call) : readMedia(parts, call, media);
}

async function answerCall(
  parts: GraphParts,
  node: Node,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const traceId = newTraceId();
  const effect = meetFaults(parts.world, 'graph', () => subjectOf(request));
  if (effect?.latencyMs !== undefined) await sleep(effect.latencyMs, undefined, { ref: false });
  if (effect?.drop === true) return closeSocket(request, reply);
  setHeaders(reply, versionOf(request) ?? 'v0.0', traceId);
  if (effect?.code === undefined && effect?.httpStatus === undefined) {
    const answer = await runNode(parts, node, request);
    if (effect?.loseResponse === true) return closeSocket(request, reply);
    if ('refusal' in answer) return sendRefusal(reply, answer.refusal, traceId);
    return 'file' in answer ? sendFile(reply, answer.file) : reply.send(answer.body);
  }
  if (effect.loseResponse === true) return closeSocket(request, reply);
  return sendFault(reply, effect, traceId);
}

async function runNode(parts: GraphParts, node: Node, request: FastifyRequest): Promise<GraphAnswer> {
  const version = request.routeOptions.url === DOWNLOAD_PATH ? 'v0.0' : versionOf(request);
  if (version === undefined) return refuse(unknownPath(request.url));
  const app = callerOf(parts.world, request);
  if (app === undefined) return refuse(BAD_TOKEN);
  const origin = `${request.protocol}://${request.host}`;
  parts.origins.saw(app.token, origin);
  return node({
    method: request.method,
    major: Number.parseInt(version.slice(1), 10),
    id: textOf(request.params, 'id') ?? '',
    query: toRecord(request.query),
    headers: request.headers,
    body: request.body,
    app,
    origin,
    baseUrl: `${origin}/${version}`,
  });
}

function sendFile(reply: FastifyReply, { status, headers, stream }: FileAnswer): FastifyReply {
  return reply
    .code(status)
    .headers(headers)
    .send(stream ?? '');
}

/** With a code: that error, under the status given or its own. Without: the status and a generic error. */
function sendFault(reply: FastifyReply, effect: FaultEffect, traceId: string): FastifyReply {
  const { code, httpStatus } = effect;
  if (code !== undefined)
    return sendRefusal(reply, { code, ...(httpStatus === undefined ? {} : { httpStatus }) }, traceId);
  return sendRefusal(reply, { code: 1, message: 'An unknown error occurred', httpStatus: httpStatus ?? 500 }, traceId);
}

function sendRefusal(reply: FastifyReply, refusal: Refusal, traceId: string): FastifyReply {
  return reply.code(httpStatusOf(refusal)).send(errorBody(refusal, traceId));
}

/** Ends the connection without a byte of an answer. */
function closeSocket(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.hijack();
  request.raw.socket.destroy();
  return reply;
}

function setHeaders(reply: FastifyReply, version: string, traceId: string): void {
  reply.headers({
    'facebook-api-version': version,
    'x-fb-request-id': traceId,
    'x-fb-trace-id': traceId,
    'x-fb-rev': '1',
    'x-app-usage': '{"call_count":0,"total_cputime":0,"total_time":0}',
  });
}

/** The app whose token the call carries, as a header or as `access_token` (Meta 0.4). */
function callerOf(world: World, request: FastifyRequest): App | undefined {
  const header = request.headers.authorization;
  const token = /^(?:Bearer|OAuth)\s+(\S+)$/i.exec(header ?? '')?.[1] ?? textOf(request.query, 'access_token');
  return token === undefined ? undefined : world.apps.get(token);
}

function versionOf(request: FastifyRequest): string | undefined {
  const version = textOf(request.params, 'version');
  return version !== undefined && /^v\d{1,3}\.\d{1,3}$/.test(version) ? version : undefined;
}

function subjectOf(request: FastifyRequest) {
  const to = textOf(request.body, 'to');
  const path = request.url;
  return {
    method: request.method,
    path,
    phoneNumberId: textOf(request.params, 'id') ?? null,
    user: to === undefined ? null : (normalisePhone(to) ?? null),
    field: path.split('?')[0]?.split('/').at(-1) ?? null,
  };
}

/** A path that Graph does not know. */
export function unknownPath(path: string): Refusal {
  return { code: 2500, message: `Unknown path components: ${path.split('?')[0]}` };
}

function refusalOfError(error: unknown): Refusal {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined;
  if (error instanceof SyntaxError)
    return { code: 1, message: '(#1) The request body is not valid JSON', httpStatus: 400 };
  if (typeof status === 'number' && status < 500) return { code: 1, message: 'Invalid request', httpStatus: status };
  return { code: 1, message: 'An unknown error occurred', httpStatus: 500 };
}

function parseBody(text: string, done: (error: Error | null, body?: unknown) => void): void {
  try {
    done(null, text === '' ? undefined : parseJson(text));
  } catch (error) {
    done(error instanceof Error ? error : new SyntaxError('bad JSON'));
  }
}

function toRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function textOf(value: unknown, name: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const found: unknown = Reflect.get(value, name);
  return typeof found === 'string' ? found : undefined;
}
