// Inbound voice messages: Meta's audio with the mark `voice` (Meta 2.2, Infobip 4.3).
import { defineMedia } from './media.js';

/** What the user recorded in WhatsApp. */
export const voiceEvent = defineMedia({
  wireType: 'audio',
  type: 'VOICE',
  hasCaption: true,
  isKind: ({ voice }) => voice === true,
  example: { id: '2754859441498133', mime_type: 'audio/ogg; codecs=opus', sha256: 'aGFzaA==', voice: true },
});
