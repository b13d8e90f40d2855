// Files that users sent: GET and HEAD /whatsapp/1/senders/{sender}/media/{mediaId}, DELETE .../media (Infobip 10).
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { isObject, textAt } from '../contract/json.js';
import { errorAnswer, type Operation } from '../contract/openapi.js';
import type { MediaLibrary } from '../pipeline/media-library.js';
import type { StoredMedia } from '../store/media.js';
import { sendServiceException } from './errors.js';
import { callerOf, type Gate } from './gate.js';

/** What the endpoints work with. */
export interface MediaApiParts {
  gate: Gate;
  library: MediaLibrary;
}

const FILE = '/whatsapp/1/senders/:sender/media/:mediaId';
const FILES = '/whatsapp/1/senders/:sender/media';
const URL_LENGTH_MAX = 2_048;

/** The URL of a file below the base URL of this API. */
export function mediaPath(sender: string, id: string): string {
  return `/whatsapp/1/senders/${encodeURIComponent(sender)}/media/${id}`;
}

/** Serves the endpoints. */
export function registerMedia(scope: FastifyInstance, parts: MediaApiParts): void {
  parts.gate.protect(scope, sendServiceException);
  scope.route({ method: ['GET', 'HEAD'], url: FILE, handler: (request, reply) => answerFile(parts, request, reply) });
  scope.delete(FILES, (request, reply) => remove(parts, request, reply));
}

function nothing(reply: FastifyReply): FastifyReply {
  return reply.code(404).send();
}

async function answerFile(parts: MediaApiParts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const account = callerOf(request).account.id;
  const sender = textAt(request.params, 'sender');
  const id = textAt(request.params, 'mediaId');
  if (sender === undefined || id === undefined) return nothing(reply);
  const file = await parts.library.find({ account, sender, id });
  if (file === undefined) return nothing(reply);
  setHeaders(reply, file);
  const range = rangeOf(request.headers.range, request.headers['if-range'], file);
  if (range === 'unsatisfiable') {
    reply.removeHeader('content-disposition').removeHeader('content-type');
    return reply.code(416).header('content-range', `bytes */${file.bytes}`).send();
  }
  const length = range === undefined ? file.bytes : range.end - range.start + 1;
  if (range !== undefined) reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${file.bytes}`);
  reply.header('content-length', length);
  if (request.method === 'HEAD' || length === 0) return reply.send();
  const stream = await parts.library.read(id, range);
  if (stream !== undefined) return reply.send(stream);
  for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name);
  return nothing(reply);
}

/** What a stranger sent is handed out as it is, so browsers are told to do nothing with it but save it. */
function setHeaders(reply: FastifyReply, { id, mimeType, filename, settledAt }: StoredMedia): void {
  const isType = mimeType !== null && /^[\w.+-]+\/[\w.+-]+( *; *[\w.+-]+=("[^"\\]*"|[\w.+-]+))*$/.test(mimeType);
  reply.headers({
    'content-type': isType ? mimeType : 'application/octet-stream',
    'content-disposition': disposition(filename),
    'accept-ranges': 'bytes',
    etag: etagOf(id),
    'last-modified': new Date(settledAt).toUTCString(),
    'cache-control': 'private, max-age=86400',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
  });
}

function disposition(filename: string | null): string {
  if (filename === null) return 'attachment';
  const plain = filename.replace(/[^\x20-\x7e]|["\\%/]/g, '_');
  const coded = encodeURIComponent(filename).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${coded}`;
}

/** A file never changes under its id. */
function etagOf(id: string): string {
  return `"${id}"`;
}

/** One range of bytes (RFC 9110 14). Several ranges, other units and a stale If-Range mean the whole file. */
function rangeOf(
  header: string | undefined,
  ifRange: string | string[] | undefined,
  { id, bytes }: StoredMedia,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  if (header === undefined || (ifRange !== undefined && ifRange !== etagOf(id))) return undefined;
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header.trim()) ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  const start = first === '' ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  return start > end || start >= bytes ? 'unsatisfiable' : { start, end };
}

async function remove(parts: MediaApiParts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const account = callerOf(request).account.id;
  const sender = textAt(request.params, 'sender');
  const url = isObject(request.body) ? request.body.url : undefined;
  if (typeof url !== 'string' || url === '' || url.length > URL_LENGTH_MAX || !URL.canParse(url)) {
    const problem = url === undefined || url === null || url === '' ? 'must not be blank' : 'must be a URL';
    return sendServiceException(reply, 400, { validationErrors: { url: [problem] } });
  }
  // The host is not compared: the gateway may have been known under another name when the URL was reported.
  const [, of, id] = /\/whatsapp\/1\/senders\/([^/]+)\/media\/([^/]+)\/?$/.exec(new URL(url).pathname) ?? [];
  if (sender === undefined || of !== encodeURIComponent(sender) || id === undefined) return nothing(reply);
  return (await parts.library.remove({ account, sender, id })) ? reply.code(204).send() : nothing(reply);
}

const errors = ([401, 403, 429, 500, 503] as const).map(errorAnswer);
const notFound = { status: 404, description: 'Not there, not there yet, or removed; no body' };
const fileAnswers = [
  { status: 200, description: 'The file', mediaType: 'application/octet-stream' },
  { status: 206, description: 'The part of it that Range names', mediaType: 'application/octet-stream' },
  ...errors,
  notFound,
  { status: 416, description: 'The file has no such part' },
];

/** The endpoints on the API page. */
export const mediaOperations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/whatsapp/1/senders/{sender}/media/{mediaId}',
    tag: 'Media',
    summary: 'Get a file that a user sent',
    answers: fileAnswers,
  },
  {
    method: 'HEAD',
    path: '/whatsapp/1/senders/{sender}/media/{mediaId}',
    tag: 'Media',
    summary: 'Get the type and length of a file that a user sent',
    answers: fileAnswers,
  },
  {
    method: 'DELETE',
    path: '/whatsapp/1/senders/{sender}/media',
    tag: 'Media',
    summary: 'Remove a file that a user sent',
    body: {
      schema: Type.Object({ url: Type.String({ description: 'As the inbound message named it' }) }),
      example: {
        url: 'https://parley.example/whatsapp/1/senders/441134960000/media/0190d8a2-6c1f-7d35-9f00-5a1b2c3d4e5f',
      },
    },
    answers: [
      { status: 204, description: 'It is removed' },
      ...([400, 413, 415] as const).map(errorAnswer),
      ...errors,
      notFound,
    ],
  },
];
