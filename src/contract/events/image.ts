// Inbound images (Meta 2.2, Infobip 4.3).
import { defineMedia } from './media.js';

/** A picture the user sent. */
export const imageEvent = defineMedia({
  wireType: 'image',
  type: 'IMAGE',
  hasCaption: true,
  example: { id: '2754859441498128', mime_type: 'image/jpeg', sha256: 'aGFzaA==', caption: 'Like this' },
});
