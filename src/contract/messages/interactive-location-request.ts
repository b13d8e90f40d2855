// Asks the user for a location (Infobip 2.2, Meta 1.5 `location_request_message`).
import { Type } from 'typebox';
import { defineMessage } from './envelope.js';
import { bodyField, toInteractive } from './interactive.js';

/** `POST /whatsapp/1/message/interactive/location-request`. */
export const interactiveLocationRequestMessage = defineMessage({
  path: 'interactive/location-request',
  summary: 'Ask for a location',
  content: Type.Object({ body: bodyField }),
  toWire: (parts) => toInteractive('location_request_message', parts, { name: 'send_location' }),
  example: { from: '441134960000', to: '441134960001', content: { body: { text: 'Where shall we deliver?' } } },
});
