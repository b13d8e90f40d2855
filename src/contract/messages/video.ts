// Video messages (Infobip 2.2, Meta 1.4): MP4 or 3GPP up to 16 MB.
import { defineMessage } from './envelope.js';
import { captionedMedia, mediaLink } from './media.js';

/** `POST /whatsapp/1/message/video`. */
export const videoMessage = defineMessage({
  path: 'video',
  summary: 'Send a video',
  content: captionedMedia,
  toWire: ({ mediaUrl, caption }) => ({ type: 'video', video: { ...mediaLink(mediaUrl), caption } }),
  example: {
    from: '441134960000',
    to: '441134960001',
    content: { mediaUrl: 'https://cdn.example/a.mp4', caption: 'How it folds' },
  },
});
