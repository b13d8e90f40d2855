// The file of an inbound message: taken from the request, from base64, from a link or from the library, and described as Meta does (Meta 2.2).
import { downloadUrl } from '../media/address.js';
import { bareType, MEDIA_BYTES_MAX } from '../media/kinds.js';
import type { LooseFile } from '../media/library.js';
import { LinkError, typeFor } from '../media/links.js';
import type { BusinessNumber, Media } from '../records.js';
import { ControlError, textParam } from './answer.js';
import type { InboundFragment } from './inbound.js';
import type { ControlParts } from './parts.js';

/** A file that came with the request. */
export interface SentFile {
  loose: LooseFile;
  mimeType: string | null;
  filename: string | null;
}

/** What the MIME type of each kind begins with. */
const TYPE_PREFIX: Readonly<Record<string, string>> = {
  image: 'image/',
  video: 'video/',
  audio: 'audio/',
  sticker: 'image/webp',
};

/** The fragment with id, MIME type, hash and URL of its file, which is now media of the number for 7 days. Throws a 400 when there is none, it cannot be fetched, or its type is another kind's. */
export async function attachFile(
  parts: ControlParts,
  number: BusinessNumber,
  fragment: InboundFragment,
  sent: SentFile | undefined,
): Promise<InboundFragment> {
  const { type } = fragment;
  const object: unknown = fragment[type];
  const file = sent ?? (await fileOf(parts, number, type, object));
  const named = textParam(object, 'mime_type') ?? file.mimeType ?? '';
  const mimeType = typeFor(named, file.loose.facts);
  const filename = textParam(object, 'filename') ?? file.filename;
  try {
    if (file.loose.bytes === 0) throw new ControlError(400, 'the file is empty', type);
    if (!bareType(mimeType).startsWith(TYPE_PREFIX[type] ?? ''))
      throw new ControlError(400, `${mimeType} is not a type for ${type}`, `${type}.mime_type`);
  } catch (error) {
    await parts.library.discard(file.loose);
    throw error;
  }
  const { wabaId, phoneNumberId } = number;
  const media = parts.library.keep(file.loose, { wabaId, phoneNumberId, source: 'inbound', mimeType, filename });
  return { ...fragment, [type]: { ...describe(type, object, media), url: urlOf(parts, media) } };
}

async function fileOf(parts: ControlParts, number: BusinessNumber, type: string, object: unknown): Promise<SentFile> {
  const data = textParam(object, 'data');
  if (data !== undefined) {
    const loose = await parts.library.write(once(Buffer.from(data, 'base64')), MEDIA_BYTES_MAX);
    if (loose !== null) return { loose, mimeType: null, filename: null };
  }
  const link = textParam(object, 'link') ?? textParam(object, 'url');
  if (link !== undefined) return copyOf(parts, await fetchLink(parts, number, link, type));
  const id = textParam(object, 'id');
  if (id === undefined) throw new ControlError(400, 'required: a file, data, link or id', `${type}.link`);
  const media = parts.library.get(id);
  if (media === undefined) throw new ControlError(400, 'no such media', `${type}.id`);
  return copyOf(parts, media);
}

async function fetchLink(parts: ControlParts, number: BusinessNumber, url: string, type: string): Promise<Media> {
  const { wabaId, phoneNumberId } = number;
  try {
    return await parts.links.fetch(url, { wabaId, phoneNumberId, source: 'link' }, MEDIA_BYTES_MAX);
  } catch (error) {
    if (error instanceof LinkError) throw new ControlError(400, error.message, `${type}.link`);
    throw error;
  }
}

/** Every inbound message has media of its own, which may be deleted without harm to another. */
async function copyOf({ library }: ControlParts, media: Media): Promise<SentFile> {
  const range = { start: 0, end: Math.max(0, media.bytes - 1) };
  const loose = await library.write(library.files.read(media.id, range), MEDIA_BYTES_MAX);
  if (loose === null) throw new ControlError(400, 'the file is too large');
  return { loose, mimeType: media.mimeType, filename: media.filename };
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

function describe(type: string, object: unknown, media: Media): Record<string, unknown> {
  const caption = textParam(object, 'caption');
  const isVoice = typeof object === 'object' && object !== null && Reflect.get(object, 'voice') === true;
  return {
    ...(caption === undefined ? {} : { caption }),
    ...(type === 'document' && media.filename !== null ? { filename: media.filename } : {}),
    mime_type: media.mimeType,
    sha256: media.sha256,
    id: media.id,
    ...(type === 'audio' ? { voice: isVoice } : {}),
    ...(type === 'sticker' ? { animated: media.facts.isAnimated === true } : {}),
  };
}

function urlOf({ world, origins }: ControlParts, media: Media): string {
  const waba = world.wabas.get(media.wabaId);
  const app = waba === undefined ? undefined : world.apps.get(waba.appToken);
  return app === undefined ? '' : downloadUrl(origins.of(app.token), app, media, world.clock.now());
}
