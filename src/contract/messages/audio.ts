// Audio messages and voice notes (Infobip 2.2, Meta 1.4): AAC, AMR, MP3, MP4 or OGG up to 16 MB; a voice note is OGG with Opus.
import { Type } from 'typebox';
import { defineMessage } from './envelope.js';
import { mediaLink, mediaUrlField } from './media.js';

/** `POST /whatsapp/1/message/audio`. */
export const audioMessage = defineMessage({
  path: 'audio',
  summary: 'Send audio or a voice note',
  lacks: ['urlOptions'],
  content: Type.Object({ mediaUrl: mediaUrlField, voice: Type.Optional(Type.Boolean()) }),
  toWire: ({ mediaUrl, voice }) => ({ type: 'audio', audio: { ...mediaLink(mediaUrl), voice } }),
  example: {
    from: '441134960000',
    to: '441134960001',
    content: { mediaUrl: 'https://cdn.example/a.ogg', voice: true },
  },
});
