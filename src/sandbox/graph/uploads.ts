// Resumable uploads: POST /{app-id}/uploads, POST and GET /upload:{session} (Meta 3). Only what the first bytes are is kept of a file.
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { factsOf, HEAD_BYTES } from '../media/facts.js';
import { isContentOf } from '../media/kinds.js';
import { newHandle } from '../templates/handle.js';
import type { Upload } from '../templates/record.js';
import type { World } from '../world.js';
import { type GraphAnswer, type GraphCall, notFound, refuse } from './call.js';
import type { Refusal } from './errors.js';

const FILE_TYPES = ['application/pdf', 'image/jpeg', 'image/jpg', 'image/png', 'video/mp4'];
const FILE_BYTES_MAX = 100 * 1024 * 1024;
const SESSIONS_MAX = 1000;

/** Opens a session. */
export function openUpload(world: World, call: GraphCall): GraphAnswer {
  if (call.id !== call.app.appId) return notFound(call);
  const fileType = parameter(call, 'file_type') ?? '';
  const fileBytes = Number(parameter(call, 'file_length') ?? Number.NaN);
  if (!FILE_TYPES.includes(fileType))
    return refuse(invalid(`Param file_type must be one of {${FILE_TYPES.join(', ')}} - got "${fileType}".`));
  if (!Number.isInteger(fileBytes) || fileBytes < 1 || fileBytes > FILE_BYTES_MAX)
    return refuse(invalid(`Param file_length must be from 1 to ${FILE_BYTES_MAX}.`));
  const id = `upload:${randomBytes(24).toString('base64url')}`;
  const createdAt = world.clock.now();
  world.uploads.put(id, {
    id,
    appToken: call.app.token,
    fileType,
    fileBytes,
    receivedBytes: 0,
    head: '',
    createdAt,
  });
  for (const oldest of [...world.uploads.values()].slice(0, Math.max(0, world.uploads.size - SESSIONS_MAX)))
    world.uploads.delete(oldest.id);
  return { body: { id } };
}

/** Tells how far a session has come. */
export function readUpload(world: World, call: GraphCall): GraphAnswer {
  const upload = ownUpload(world, call);
  return upload === undefined ? notFound(call) : { body: { id: upload.id, file_offset: upload.receivedBytes } };
}

/** Takes the bytes from `file_offset` on; answers the handle once all are there. What a broken call brought is kept. */
export async function continueUpload(world: World, call: GraphCall): Promise<GraphAnswer> {
  const upload = ownUpload(world, call);
  if (upload === undefined) return notFound(call);
  const offset = Number(call.headers.file_offset ?? Number.NaN);
  if (offset !== upload.receivedBytes)
    return refuse(invalid(`The header file_offset must be ${upload.receivedBytes}.`));
  if (call.body instanceof Readable) {
    for await (const chunk of call.body) {
      if (upload.receivedBytes + chunk.length > upload.fileBytes)
        return refuse(invalid(`The file has more than ${upload.fileBytes} bytes.`));
      receive(upload, chunk);
      world.uploads.put(upload.id, upload);
    }
  }
  if (upload.receivedBytes < upload.fileBytes) return { body: { id: upload.id, file_offset: upload.receivedBytes } };
  const facts = factsOf(Buffer.from(upload.head, 'base64'));
  if (!isContentOf(upload.fileType.replace('image/jpg', 'image/jpeg'), facts))
    return refuse(invalid(`The file is not of the type ${upload.fileType}.`));
  return { body: { h: newHandle(call.app, upload.id, upload.fileType) } };
}

function receive(upload: Upload, chunk: Buffer): void {
  const head = Buffer.from(upload.head, 'base64');
  if (head.length < HEAD_BYTES) upload.head = Buffer.concat([head, chunk]).subarray(0, HEAD_BYTES).toString('base64');
  upload.receivedBytes += chunk.length;
}

function ownUpload(world: World, call: GraphCall): Upload | undefined {
  const upload = world.uploads.get(call.id);
  return upload?.appToken === call.app.token ? upload : undefined;
}

/** A parameter from the query or the body. */
function parameter({ query, body }: GraphCall, name: string): string | undefined {
  const inBody: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
  const value = query[name] ?? inBody;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function invalid(details: string): Refusal {
  return { code: 100, message: `(#100) ${details}`, details };
}
