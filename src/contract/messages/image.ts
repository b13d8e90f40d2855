// Image messages (Infobip 2.2, Meta 1.4): JPEG or PNG up to 5 MB.
import { defineMessage } from './envelope.js';
import { captionedMedia, mediaLink } from './media.js';

/** `POST /whatsapp/1/message/image`. */
export const imageMessage = defineMessage({
  path: 'image',
  summary: 'Send an image',
  content: captionedMedia,
  toWire: ({ mediaUrl, caption }) => ({ type: 'image', image: { ...mediaLink(mediaUrl), caption } }),
  example: {
    from: '441134960000',
    to: '441134960001',
    content: { mediaUrl: 'https://cdn.example/a.png', caption: 'Fit?' },
  },
});
