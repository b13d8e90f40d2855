// Inbound videos (Meta 2.2, Infobip 4.3).
import { defineMedia } from './media.js';

/** A video the user sent. */
export const videoEvent = defineMedia({
  wireType: 'video',
  type: 'VIDEO',
  hasCaption: true,
  example: { id: '2754859441498129', mime_type: 'video/mp4', sha256: 'aGFzaA==', caption: 'Look' },
});
