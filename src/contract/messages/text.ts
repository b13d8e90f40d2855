// Text messages (Infobip 2.2, Meta 1.4).
import { Type } from 'typebox';
import { addViolation } from '../readers.js';
import { defineMessage } from './envelope.js';

const HTTP_URL = /https?:\/\/\S/i;

/** `POST /whatsapp/1/message/text`. A preview needs an http(s) URL in the text, its protocol kept (Infobip 2.2). */
export const textMessage = defineMessage({
  path: 'text',
  summary: 'Send a text message',
  content: Type.Object({
    text: Type.String({ minLength: 1, maxLength: 4096 }),
    previewUrl: Type.Optional(Type.Boolean({ default: false })),
  }),
  crossCheck(content, request, violations) {
    if (content.previewUrl !== true) return;
    if (!HTTP_URL.test(content.text)) {
      addViolation(violations, 'content.previewUrl', 'needs a URL starting with http:// or https:// in content.text');
    }
    if (request.urlOptions?.removeProtocol === true) {
      addViolation(violations, 'content.previewUrl', 'must be false when urlOptions.removeProtocol is true');
    }
  },
  toWire: ({ text, previewUrl }) => ({
    type: 'text',
    text: previewUrl === undefined ? { body: text } : { body: text, preview_url: previewUrl },
  }),
  example: {
    from: '441134960000',
    to: '441134960001',
    messageId: 'order-77',
    content: { text: 'Your parcel is on its way: https://shop.example/t/77', previewUrl: true },
    callbackData: 'order=77',
    notifyUrl: 'https://hooks.example/whatsapp',
  },
});
