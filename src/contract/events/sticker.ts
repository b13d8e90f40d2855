// Inbound stickers (Meta 2.2, Infobip 4.3).
import { defineMedia } from './media.js';

/** A sticker the user sent. */
export const stickerEvent = defineMedia({
  wireType: 'sticker',
  type: 'STICKER',
  hasCaption: false,
  example: { id: '2754859441498131', mime_type: 'image/webp', sha256: 'aGFzaA==', animated: false },
});
