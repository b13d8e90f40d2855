// What a file must be to be sent as an image, audio, video, document or sticker (Meta 1.4), and what may be uploaded at all.
import type { FileFacts } from './facts.js';

/** The ways in which a message carries a file. */
export type MediaKind = 'image' | 'audio' | 'video' | 'document' | 'sticker';

const KB = 1024;
const MB = 1024 * KB;

/** Largest file that Meta takes, in bytes (Meta 3). */
export const MEDIA_BYTES_MAX = 100 * MB;

const STATIC_STICKER_BYTES_MAX = 100 * KB;
const BYTES_MAX: Readonly<Record<MediaKind, number>> = {
  image: 5 * MB,
  audio: 16 * MB,
  video: 16 * MB,
  document: MEDIA_BYTES_MAX,
  sticker: 500 * KB,
};
const STICKER_PIXELS = 512;

/** Content that a MIME type stands for. Documents of the old Office are OLE files, those of the new are ZIP files. */
const CONTENT_OF: Readonly<Record<string, FileFacts['content']>> = {
  'audio/aac': 'aac',
  'audio/mp4': 'mp4',
  'audio/mpeg': 'mpeg',
  'audio/amr': 'amr',
  'audio/ogg': 'ogg',
  'application/vnd.ms-powerpoint': 'ole',
  'application/msword': 'ole',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'zip',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation': 'zip',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'zip',
  'application/pdf': 'pdf',
  'text/plain': 'text',
  'application/vnd.ms-excel': 'ole',
  'image/jpeg': 'jpeg',
  'image/png': 'png',
  'image/webp': 'webp',
  'video/mp4': 'mp4',
  'video/3gpp': 'mp4',
};

/** MIME types that `POST /{phone-number-id}/media` takes (Meta 1.4), without parameters. */
export const UPLOAD_TYPES: readonly string[] = Object.keys(CONTENT_OF);

/** A MIME type without its parameters, in lower case. */
export function bareType(mimeType: string): string {
  return (mimeType.split(';')[0] ?? '').trim().toLowerCase();
}

/** Whether the content is what the MIME type says; true for a type that nothing is known of. */
export function isContentOf(mimeType: string, facts: FileFacts): boolean {
  const expected = CONTENT_OF[bareType(mimeType)];
  return expected === undefined || expected === facts.content;
}

/** Largest file that may be sent as that kind, in bytes. */
export function bytesMaxOf(kind: MediaKind): number {
  return BYTES_MAX[kind];
}

/** A file as far as it matters for sending. */
export interface SentFile {
  mimeType: string;
  bytes: number;
  facts: FileFacts;
}

/** Why the file cannot be sent as that kind, in the words of `error_data.details`; null when it can. */
export function problemOf(file: SentFile, kind: MediaKind, isVoice: boolean): string | null {
  const type = bareType(file.mimeType);
  if (file.bytes === 0) return 'Media file is empty.';
  if (!isTypeOf(type, kind)) return `Unsupported ${kind} mime type ${type || 'unknown'}.`;
  if (!isContentOf(type, file.facts)) return `Media content does not match its mime type ${type}.`;
  if (file.bytes > BYTES_MAX[kind]) return `Media file is too large: ${file.bytes} bytes, at most ${BYTES_MAX[kind]}.`;
  if (kind === 'sticker') return problemOfSticker(file);
  if (kind === 'audio') return problemOfAudio(type, file.facts, isVoice);
  return kind === 'image' ? problemOfImage(file.facts) : null;
}

/** A document may be of any type: Meta lists some as supported and lets others pass. */
function isTypeOf(type: string, kind: MediaKind): boolean {
  if (kind === 'document') return true;
  if (kind === 'sticker') return type === 'image/webp';
  return CONTENT_OF[type] !== undefined && type.startsWith(`${kind}/`) && type !== 'image/webp';
}

function problemOfSticker({ bytes, facts }: SentFile): string | null {
  const { width, height, isAnimated } = facts;
  if (width !== STICKER_PIXELS || height !== STICKER_PIXELS)
    return `Sticker must be ${STICKER_PIXELS}x${STICKER_PIXELS} pixels, is ${width ?? '?'}x${height ?? '?'}.`;
  return isAnimated !== true && bytes > STATIC_STICKER_BYTES_MAX
    ? `Static sticker is too large: ${bytes} bytes, at most ${STATIC_STICKER_BYTES_MAX}.`
    : null;
}

function problemOfAudio(type: string, { opusChannels }: FileFacts, isVoice: boolean): string | null {
  if (type === 'audio/ogg' && opusChannels !== 1) return 'Ogg audio must be mono and use the opus codec.';
  return isVoice && type !== 'audio/ogg' ? 'Voice messages must be ogg with the opus codec.' : null;
}

function problemOfImage({ isTrueColour }: FileFacts): string | null {
  return isTrueColour === false ? 'Image must be 8-bit RGB or RGBA.' : null;
}
