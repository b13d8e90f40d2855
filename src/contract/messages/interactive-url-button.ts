// A button that opens a URL (Infobip 2.2, Meta 1.5 `cta_url`).
import { Type } from 'typebox';
import { requiredTextUpTo, requiredUrlField } from '../fields.js';
import { defineMessage } from './envelope.js';
import { anyHeader, bodyField, footerField, toInteractive } from './interactive.js';
import { urlAction } from './url-action.js';

/** `POST /whatsapp/1/message/interactive/url-button`. */
export const interactiveUrlButtonMessage = defineMessage({
  path: 'interactive/url-button',
  summary: 'Send a button that opens a URL',
  content: Type.Object({
    body: bodyField,
    action: Type.Object({ displayText: requiredTextUpTo(20), url: requiredUrlField }),
    header: Type.Optional(anyHeader),
    footer: Type.Optional(footerField),
  }),
  toWire: ({ action, ...parts }) => toInteractive('cta_url', parts, urlAction(action)),
  example: {
    from: '441134960000',
    to: '441134960001',
    content: {
      header: { type: 'DOCUMENT', mediaUrl: 'https://cdn.example/bill.pdf', filename: 'bill.pdf' },
      body: { text: 'Your bill' },
      action: { displayText: 'Open', url: 'https://shop.example/b/1' },
      footer: { text: 'Due in 14 days' },
    },
  },
});
