// Files that messages carry: where they stand in Meta's body, and what each kind may be (Meta 1.4).
import { isObject, type JsonObject } from './json.js';
import type { WireContent } from './messages/envelope.js';

const KB = 1024;
const MB = 1024 * KB;

interface Limits {
  /** MIME types without parameters. */
  types: readonly string[];
  bytesMax: number;
}

const LIMITS = {
  image: { types: ['image/jpeg', 'image/png'], bytesMax: 5 * MB },
  video: { types: ['video/mp4', 'video/3gpp'], bytesMax: 16 * MB },
  audio: { types: ['audio/aac', 'audio/amr', 'audio/mpeg', 'audio/mp4', 'audio/ogg'], bytesMax: 16 * MB },
  document: {
    types: [
      'text/plain',
      'application/pdf',
      'application/msword',
      'application/vnd.ms-excel',
      'application/vnd.ms-powerpoint',
      'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
      'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
      'application/vnd.openxmlformats-officedocument.presentationml.presentation',
    ],
    bytesMax: 100 * MB,
  },
  sticker: { types: ['image/webp'], bytesMax: 500 * KB },
} as const satisfies Record<string, Limits>;

/** The ways in which a message carries a file. */
export type MediaKind = keyof typeof LIMITS;

/** What a file of that kind may be. */
export function limitsOf(kind: MediaKind): Limits {
  return LIMITS[kind];
}

/** A file that Meta is to fetch. */
export interface MediaLink {
  kind: MediaKind;
  url: string;
}

/** One text for one link. */
export function keyOfLink({ kind, url }: MediaLink): string {
  return `${kind} ${url}`;
}

/** Where files stand: directly under these, and nowhere in what is the customer's own JSON (parameters of flows and orders are objects). */
const PATH = new Set(['interactive', 'header', 'action', 'cards', 'template', 'components', 'parameters']);

/** The links of a message, each once. */
export function linksOf(wire: WireContent): MediaLink[] {
  const links = new Map<string, MediaLink>();
  rewrite(wire, (link) => void links.set(keyOfLink(link), link));
  return [...links.values()];
}

/** The message with ids of uploaded files in place of links; `ids` are by `keyOfLink`. Other links stay. */
export function withMediaIds(wire: WireContent, ids: ReadonlyMap<string, string>): WireContent {
  return { ...rewrite(wire, (link) => ids.get(keyOfLink(link))), type: wire.type };
}

function rewrite(node: JsonObject, idOf: (link: MediaLink) => string | undefined): JsonObject {
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, rewriteAt(key, value, idOf)]));
}

function rewriteAt(key: string, value: unknown, idOf: (link: MediaLink) => string | undefined): unknown {
  if (isKind(key) && isObject(value) && typeof value.link === 'string') {
    const { link, ...rest } = value;
    const id = idOf({ kind: key, url: value.link });
    return id === undefined ? value : { id, ...rest };
  }
  if (!PATH.has(key)) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => (isObject(item) ? rewrite(item, idOf) : item));
  return isObject(value) && key !== 'parameters' ? rewrite(value, idOf) : value;
}

function isKind(key: string): key is MediaKind {
  return Object.hasOwn(LIMITS, key);
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  mp4: 'video/mp4',
  '3gp': 'video/3gpp',
  aac: 'audio/aac',
  amr: 'audio/amr',
  mp3: 'audio/mpeg',
  m4a: 'audio/mp4',
  ogg: 'audio/ogg',
  txt: 'text/plain',
  pdf: 'application/pdf',
  doc: 'application/msword',
  xls: 'application/vnd.ms-excel',
  ppt: 'application/vnd.ms-powerpoint',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
};

/** The MIME type of a file, parameters and all, by what its host says; by the end of its name where the host says nothing. */
export function mimeTypeOf(contentType: string | undefined, pathname: string): string | undefined {
  const bare = bareType(contentType ?? '');
  if (bare !== '' && bare !== 'application/octet-stream' && bare !== 'binary/octet-stream') return contentType?.trim();
  const extension = /\.([a-z0-9]{1,5})$/i.exec(pathname)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(EXTENSIONS, extension) ? EXTENSIONS[extension] : undefined;
}

/** A MIME type without its parameters, in lower case. */
export function bareType(mimeType: string): string {
  return (mimeType.split(';')[0] ?? '').trim().toLowerCase();
}
