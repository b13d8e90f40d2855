// What interactive messages share: headers, body, footer, and the frame around them (Infobip 2.2, Meta 1.5).
import { type Static, Type } from 'typebox';
import { requiredTextUpTo } from '../fields.js';
import type { WireContent } from './envelope.js';
import { filenameField, mediaLink, mediaUrlField } from './media.js';

/** The body of most types. */
export const bodyField = Type.Object({ text: requiredTextUpTo(1024) });

/** The body of media-carousel and voice-button: Infobip lets its text be empty there. */
export const looseBodyField = Type.Object({ text: Type.String({ maxLength: 1024 }) });

/** The footer of every type that has one. */
export const footerField = Type.Object({ text: requiredTextUpTo(60) });

/** A header of text. */
export const textHeader = Type.Object({ type: Type.Literal('TEXT'), text: requiredTextUpTo(60) });

/** A header with an image. */
export const imageHeader = Type.Object({ type: Type.Literal('IMAGE'), mediaUrl: mediaUrlField });

/** The headers that buttons and url-button take. */
export const anyHeader = Type.Union([
  textHeader,
  Type.Object({ type: Type.Literal('VIDEO'), mediaUrl: mediaUrlField }),
  imageHeader,
  Type.Object({ type: Type.Literal('DOCUMENT'), mediaUrl: mediaUrlField, filename: filenameField }),
]);

/** What stands around the action of an interactive message. */
export interface InteractiveParts {
  header?: Static<typeof anyHeader> | undefined;
  body?: { text: string } | undefined;
  footer?: { text: string } | undefined;
}

/** Meta's `interactive` message of kind `kind`. */
export function toInteractive(kind: string, { header, body, footer }: InteractiveParts, action: object): WireContent {
  return {
    type: 'interactive',
    interactive: { type: kind, header: header && headerToWire(header), body, footer, action },
  };
}

function headerToWire(header: Static<typeof anyHeader>): object {
  switch (header.type) {
    case 'TEXT':
      return { type: 'text', text: header.text };
    case 'IMAGE':
      return { type: 'image', image: mediaLink(header.mediaUrl) };
    case 'VIDEO':
      return { type: 'video', video: mediaLink(header.mediaUrl) };
    case 'DOCUMENT':
      return { type: 'document', document: { ...mediaLink(header.mediaUrl), filename: header.filename } };
  }
}
