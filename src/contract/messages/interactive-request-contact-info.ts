// Asks the user for the phone number (Infobip 2.2, Meta 1.5 `request_contact_info`).
import { Type } from 'typebox';
import { defineMessage } from './envelope.js';
import { bodyField, toInteractive } from './interactive.js';

/** `POST /whatsapp/1/message/interactive/request-contact-info`. */
export const interactiveRequestContactInfoMessage = defineMessage({
  path: 'interactive/request-contact-info',
  summary: 'Ask for contact details',
  content: Type.Object({ body: bodyField }),
  toWire: (parts) => toInteractive('request_contact_info', parts, { name: 'request_contact_info' }),
  example: { from: '441134960000', to: '441134960001', content: { body: { text: 'Share your number?' } } },
});
