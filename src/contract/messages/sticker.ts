// Stickers (Infobip 2.2, Meta 1.4): WebP, 512 x 512, 100 KB still or 500 KB animated.
import { Type } from 'typebox';
import { defineMessage } from './envelope.js';
import { mediaLink, mediaUrlField } from './media.js';

/** `POST /whatsapp/1/message/sticker`. */
export const stickerMessage = defineMessage({
  path: 'sticker',
  summary: 'Send a sticker',
  lacks: ['urlOptions'],
  content: Type.Object({ mediaUrl: mediaUrlField }),
  toWire: ({ mediaUrl }) => ({ type: 'sticker', sticker: mediaLink(mediaUrl) }),
  example: {
    from: '441134960000',
    to: '441134960001',
    content: { mediaUrl: 'https://cdn.example/s.webp' },
  },
});
