// One product of a catalog (Infobip 2.2, Meta 1.5 `product`).
import { Type } from 'typebox';
import { requiredText } from '../fields.js';
import { defineMessage } from './envelope.js';
import { bodyField, footerField, toInteractive } from './interactive.js';

/** `POST /whatsapp/1/message/interactive/product`. */
export const interactiveProductMessage = defineMessage({
  path: 'interactive/product',
  summary: 'Send one product',
  content: Type.Object({
    action: Type.Object({ catalogId: requiredText, productRetailerId: requiredText }),
    body: Type.Optional(bodyField),
    footer: Type.Optional(footerField),
  }),
  toWire: ({ action: { catalogId, productRetailerId }, ...parts }) =>
    toInteractive('product', parts, { catalog_id: catalogId, product_retailer_id: productRetailerId }),
  example: {
    from: '441134960000',
    to: '441134960001',
    content: {
      action: { catalogId: '77', productRetailerId: 'sku1' },
      body: { text: 'Back in stock' },
      footer: { text: 'While it lasts' },
    },
  },
});
