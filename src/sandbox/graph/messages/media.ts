// Outbound types `image`, `audio`, `video`, `document` and `sticker` (Meta 1.4). What the file must be is decided after acceptance.
import Type, { type Static, type TSchema } from 'typebox';
import { readUrl } from '../../../lib/url.js';
import type { MediaKind } from '../../media/kinds.js';
import type { Refusal } from '../errors.js';
import { invalidValue, missingParameter, tooMany } from '../schema.js';
import type { MediaReference, OutboundType } from './type.js';

const CAPTION_CHARACTERS_MAX = 1024;
const FILENAME_CHARACTERS_MAX = 1024;
const LINK_CHARACTERS_MAX = 4096;

const Id = Type.Optional(Type.String({ pattern: '^[0-9]{1,32}$' }));
const Link = Type.Optional(Type.String({ minLength: 1, maxLength: LINK_CHARACTERS_MAX }));
const Caption = Type.Optional(Type.String({ maxLength: CAPTION_CHARACTERS_MAX }));
const Filename = Type.Optional(Type.String({ minLength: 1, maxLength: FILENAME_CHARACTERS_MAX }));

/** `{id|link}`. */
export const FileObject = Type.Object({ id: Id, link: Link }, { additionalProperties: false });
/** `{id|link, filename?}`. */
export const DocumentObject = Type.Object({ id: Id, link: Link, filename: Filename }, { additionalProperties: false });
type FileObject = Static<typeof FileObject>;

/** Refuses a file that is named by neither or by both of id and link, or by something that is no http(s) URL. */
export function checkFile(file: FileObject, path: string): Refusal | null {
  if (file.id === undefined && file.link === undefined) return missingParameter(`${path}['id'] or ${path}['link']`);
  if (file.id !== undefined && file.link !== undefined) return tooMany(`${path}['id']`, `${path}['link']`);
  return file.link === undefined || isWebAddress(file.link)
    ? null
    : invalidValue(`${path}['link']`, 'is not a valid http or https URL');
}

/** The reference that a checked file is. */
export function referenceTo(file: FileObject, kind: MediaKind, path: string): MediaReference {
  return { path, kind, ...file };
}

/** Whether the text is an absolute http or https URL with a host. */
export function isWebAddress(text: string): boolean {
  return /^https?:$/.test(readUrl(text)?.protocol ?? '');
}

function fileType(kind: MediaKind, extra: Record<string, TSchema>): OutboundType {
  return {
    name: kind,
    schema: Type.Object({ id: Id, link: Link, ...extra }, { additionalProperties: false }),
    check: (file: FileObject) => checkFile(file, kind),
    media: ({ id, link, voice }: FileObject & { voice?: boolean }) => [
      {
        path: kind,
        kind,
        ...(id === undefined ? {} : { id }),
        ...(link === undefined ? {} : { link }),
        ...(voice === true ? { isVoice: true } : {}),
      },
    ],
  };
}

/** The five types. */
export const MEDIA_TYPES: readonly OutboundType[] = [
  fileType('image', { caption: Caption }),
  fileType('audio', { voice: Type.Optional(Type.Boolean()) }),
  fileType('video', { caption: Caption }),
  fileType('document', { caption: Caption, filename: Filename }),
  fileType('sticker', {}),
];
