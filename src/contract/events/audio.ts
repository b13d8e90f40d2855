// Inbound audio files (Meta 2.2, Infobip 4.3). What was recorded in WhatsApp is VOICE.
import { defineMedia } from './media.js';

/** A sound file the user sent. */
export const audioEvent = defineMedia({
  wireType: 'audio',
  type: 'AUDIO',
  hasCaption: true,
  isKind: ({ voice }) => voice !== true,
  example: { id: '2754859441498132', mime_type: 'audio/mpeg', sha256: 'aGFzaA==', voice: false },
});
