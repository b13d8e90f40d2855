// Document messages (Infobip 2.2, Meta 1.4): up to 100 MB.
import { Type } from 'typebox';
import { defineMessage } from './envelope.js';
import { captionField, filenameField, mediaLink, mediaUrlField } from './media.js';

/** `POST /whatsapp/1/message/document`. */
export const documentMessage = defineMessage({
  path: 'document',
  summary: 'Send a document',
  content: Type.Object({ mediaUrl: mediaUrlField, caption: captionField, filename: filenameField }),
  toWire: ({ mediaUrl, caption, filename }) => ({
    type: 'document',
    document: { ...mediaLink(mediaUrl), caption, filename },
  }),
  example: {
    from: '441134960000',
    to: '441134960001',
    content: { mediaUrl: 'https://cdn.example/a.pdf', caption: 'Our offer', filename: 'offer.pdf' },
  },
});
