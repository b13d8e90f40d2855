// News of an order that order-details opened (Infobip 2.2, Meta 1.5 and 1.7 `order_status`).
import { Type } from 'typebox';
import { optionalText } from '../fields.js';
import { defineMessage } from './envelope.js';
import { bodyField, footerField, toInteractive } from './interactive.js';
import { paymentReferenceField } from './payments.js';

/** `POST /whatsapp/1/message/interactive/order-status`. Which moves are allowed is Meta's to say. */
export const interactiveOrderStatusMessage = defineMessage({
  path: 'interactive/order-status',
  summary: 'Send the status of an order',
  content: Type.Object({
    action: Type.Object({
      payment: paymentReferenceField,
      status: Type.Enum(['PENDING', 'PROCESSING', 'PARTIALLY_SHIPPED', 'SHIPPED', 'COMPLETED', 'CANCELED']),
      description: optionalText(120),
    }),
    body: Type.Optional(bodyField),
    footer: Type.Optional(footerField),
  }),
  toWire: ({ action: { payment, status, description }, ...parts }) =>
    toInteractive('order_status', parts, {
      name: 'review_order',
      parameters: {
        reference_id: payment.id,
        order: { status: status.toLowerCase().replace('_', '-'), description },
      },
    }),
  example: {
    from: '441134960000',
    to: '441134960001',
    content: {
      action: { payment: { type: 'BRAZIL_LINK', id: 'p1' }, status: 'PARTIALLY_SHIPPED', description: 'Pen 2 follows' },
      body: { text: 'Your order is on its way' },
      footer: { text: 'Thank you' },
    },
  },
});
