// What the six kinds of inbound media share: where Meta has the file, and what the customer reads of it (Meta 2.2, Infobip 4.3).
import { type JsonObject, objectAt, textAt } from '../json.js';
import type { EventType } from './envelope.js';

/** A file at Meta, as an inbound message names it. */
export interface MediaReference {
  /** Meta's media id, good for 7 days (Meta 3). */
  mediaId: string;
  /** With its parameters, as Meta says it. */
  mimeType?: string;
  /** Base64; older payloads have hex. */
  sha256?: string;
  filename?: string;
}

/** Ids go into a path of Graph. */
const MEDIA_ID = /^[0-9A-Za-z_-]{1,128}$/;
const TEXT_LENGTH_MAX = 255;

/** An inbound type with a file. `isKind` tells apart types that share a wire type. */
export function defineMedia(definition: {
  wireType: string;
  type: string;
  hasCaption: boolean;
  example: JsonObject;
  isKind?: (media: JsonObject) => boolean;
}): EventType {
  const { wireType, type, hasCaption, example, isKind } = definition;
  return {
    wireType,
    type,
    isMedia: true,
    fromWire(message) {
      const media = objectAt(message, wireType);
      if (media === undefined || isKind?.(media) === false) return undefined;
      const mediaId = textAt(media, 'id');
      if (mediaId === undefined || !MEDIA_ID.test(mediaId)) return undefined;
      return {
        mediaId,
        mimeType: shortAt(media, 'mime_type'),
        sha256: shortAt(media, 'sha256'),
        filename: shortAt(media, 'filename'),
        caption: hasCaption ? textAt(media, 'caption') : undefined,
      };
    },
    toReport: ({ caption }) => ({ caption }),
    example: { type: wireType, [wireType]: example },
  };
}

function shortAt(media: JsonObject, key: string): string | undefined {
  // PostgreSQL holds neither NUL nor lone surrogates.
  return textAt(media, key)?.slice(0, TEXT_LENGTH_MAX).toWellFormed().replaceAll('\0', '\ufffd');
}

/** The file of stored content; undefined when it has none. */
export function mediaReference(content: JsonObject): MediaReference | undefined {
  const mediaId = textAt(content, 'mediaId');
  if (mediaId === undefined) return undefined;
  const reference: MediaReference = { mediaId };
  for (const key of ['mimeType', 'sha256', 'filename'] as const) {
    const text = textAt(content, key);
    if (text !== undefined) reference[key] = text;
  }
  return reference;
}
