// Inbound documents (Meta 2.2, Infobip 4.3).
import { defineMedia } from './media.js';

/** A file the user sent; Infobip has no field for its name. */
export const documentEvent = defineMedia({
  wireType: 'document',
  type: 'DOCUMENT',
  hasCaption: true,
  example: {
    id: '2754859441498130',
    mime_type: 'application/pdf',
    sha256: 'aGFzaA==',
    filename: 'bill.pdf',
    caption: 'My bill',
  },
});
