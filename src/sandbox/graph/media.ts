// Media over Graph: POST /{phone-number-id}/media, GET and DELETE /{media-id}, and the download itself (Meta 3).
import { Readable } from 'node:stream';
import { downloadUrl, isGoodUrl } from '../media/address.js';
import { bareType, isContentOf, MEDIA_BYTES_MAX, UPLOAD_TYPES } from '../media/kinds.js';
import type { LooseFile, MediaLibrary } from '../media/library.js';
import { type FormPart, limited, MultipartError, readForm, textOf } from '../media/multipart.js';
import { fileAnswer } from '../media/range.js';
import type { Media } from '../records.js';
import type { World } from '../world.js';
import { type GraphAnswer, type GraphCall, notFound, ownNumber, queryText, refuse } from './call.js';
import type { Refusal } from './errors.js';
import { pickFields } from './fields.js';

const FORM_EXTRA_BYTES_MAX = 1024 * 1024;
const FIELD_BYTES_MAX = 64 * 1024;
const FILENAME_CHARACTERS_MAX = 1024;
const NODE_TYPE = 'WhatsAppBusinessMedia';
const ALL_FIELDS = ['url', 'mime_type', 'sha256', 'file_size', 'id', 'messaging_product'];

/** What the media nodes work on. */
export interface MediaParts {
  world: World;
  library: MediaLibrary;
}

/** Takes a file as a stream; answers its id. */
export async function uploadMedia({ world, library }: MediaParts, call: GraphCall): Promise<GraphAnswer> {
  const number = ownNumber(world, call);
  if (number === undefined) return notFound(call);
  if (!(call.body instanceof Readable)) return refuse(invalidUpload('The parameter file is required.'));
  const upload: Upload = { fields: new Map(), file: undefined, type: '', filename: null };
  try {
    await readUpload(library, call.body, call.headers['content-type'] ?? '', upload);
  } catch (error) {
    if (upload.file) await library.discard(upload.file);
    if (error instanceof MultipartError) return refuse(invalidUpload(`The form cannot be read: ${error.message}.`));
    throw error;
  }
  const refusal = checkUpload(upload);
  if (refusal !== null || !upload.file) {
    if (upload.file) await library.discard(upload.file);
    return refuse(refusal ?? invalidUpload('The parameter file is required.'));
  }
  const { wabaId, phoneNumberId } = number;
  const { filename } = upload;
  const about = { wabaId, phoneNumberId, source: 'upload', mimeType: typeOf(upload), filename } as const;
  return { body: { id: library.keep(upload.file, about).id } };
}

/** A form as far as it was read. `file` is null when it was too large. */
interface Upload {
  fields: Map<string, string>;
  file: LooseFile | null | undefined;
  type: string;
  filename: string | null;
}

async function readUpload(library: MediaLibrary, body: Readable, contentType: string, upload: Upload): Promise<void> {
  for await (const part of readForm(limited(body, MEDIA_BYTES_MAX + FORM_EXTRA_BYTES_MAX), contentType)) {
    if (part.name !== 'file') upload.fields.set(part.name, await textOf(part, FIELD_BYTES_MAX));
    else if (upload.file === undefined) await readFilePart(library, part, upload);
  }
}

async function readFilePart(library: MediaLibrary, part: FormPart, upload: Upload): Promise<void> {
  upload.type = part.contentType ?? '';
  upload.filename = part.filename?.slice(0, FILENAME_CHARACTERS_MAX) ?? null;
  upload.file = await library.write(part.chunks, MEDIA_BYTES_MAX);
}

/** The type of the part, or the `type` field where the part says nothing. */
function typeOf({ type, fields }: Upload): string {
  const bare = bareType(type);
  return bare === '' || bare === 'application/octet-stream' ? (fields.get('type') ?? type) : type;
}

function checkUpload(upload: Upload): Refusal | null {
  const product = upload.fields.get('messaging_product');
  if (product === undefined) return invalidUpload('The parameter messaging_product is required.');
  if (product.toLowerCase() !== 'whatsapp') return invalidUpload('Param messaging_product must be one of {WHATSAPP}.');
  if (upload.file === undefined) return invalidUpload('The parameter file is required.');
  if (upload.file === null) return invalidUpload(`Param file must have at most ${MEDIA_BYTES_MAX} bytes.`);
  const type = typeOf(upload);
  if (!UPLOAD_TYPES.includes(bareType(type))) return wrongFile(type || 'application/octet-stream');
  return isContentOf(type, upload.file.facts) ? null : wrongFile('application/octet-stream');
}

function wrongFile(type: string): Refusal {
  const types = UPLOAD_TYPES.join(', ');
  return invalidUpload(
    `Param file must be a file with one of the following types: ${types}. Received file of type '${type}'.`,
  );
}

function invalidUpload(details: string): Refusal {
  return { code: 100, message: `(#100) ${details}`, details };
}

/** The media that the call addresses, if the caller's app may see it; what was fetched from links has no Graph id. */
export function ownMedia({ world, library }: MediaParts, call: GraphCall): Media | undefined {
  const media = library.get(call.id);
  if (media === undefined || media.source === 'link') return undefined;
  return world.wabas.get(media.wabaId)?.appToken === call.app.token ? media : undefined;
}

/** Answers where the media can be downloaded. With `phone_number_id` only for the media of that number. */
export function readMedia({ world }: MediaParts, call: GraphCall, media: Media): GraphAnswer {
  const refusal = checkNumber(call, media);
  if (refusal !== null) return refuse(refusal);
  const node = {
    url: downloadUrl(call.origin, call.app, media, world.clock.now()),
    mime_type: media.mimeType,
    sha256: media.sha256,
    file_size: media.bytes,
    id: media.id,
    messaging_product: 'whatsapp',
  };
  return pickFields(node, { fields: queryText(call.query, 'fields'), byDefault: ALL_FIELDS, nodeType: NODE_TYPE });
}

/** Removes the media. */
export function deleteMedia(parts: MediaParts, call: GraphCall): GraphAnswer {
  const media = ownMedia(parts, call);
  if (media === undefined) return notFound(call);
  const refusal = checkNumber(call, media);
  if (refusal !== null) return refuse(refusal);
  parts.library.remove(media);
  return { body: { success: true } };
}

function checkNumber(call: GraphCall, media: Media): Refusal | null {
  const phoneNumberId = queryText(call.query, 'phone_number_id');
  if (phoneNumberId === undefined || phoneNumberId === media.phoneNumberId) return null;
  return invalidUpload('Param phone_number_id is not a valid whatsapp business phone number id ID');
}

/** Answers with the bytes; 404 once the URL is older than five minutes, was tampered with, or belongs to another app. */
export function downloadMedia({ world, library }: MediaParts, call: GraphCall): GraphAnswer {
  const mid = queryText(call.query, 'mid') ?? '';
  const ext = queryText(call.query, 'ext') ?? '';
  const hash = queryText(call.query, 'hash') ?? '';
  const media = library.get(mid);
  const isOwn = media !== undefined && world.wabas.get(media.wabaId)?.appToken === call.app.token;
  if (!isOwn || !isGoodUrl(call.app, { mid, ext, hash }, world.clock.now())) {
    return { file: { status: 404, headers: {}, stream: null } };
  }
  return { file: fileAnswer(library.files, media, call.headers.range) };
}
