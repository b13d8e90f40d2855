// Several products of a catalog (Infobip 2.2, Meta 1.5 `product_list`).
import { Type } from 'typebox';
import { optionalText, requiredText } from '../fields.js';
import { defineMessage } from './envelope.js';
import { bodyField, footerField, textHeader, toInteractive } from './interactive.js';
import { checkSectionTitles } from './sections.js';

const section = Type.Object({
  title: optionalText(24),
  productRetailerIds: Type.Array(requiredText, { minItems: 1 }),
});

/** `POST /whatsapp/1/message/interactive/multi-product`. How many products fit is Meta's to say (30). */
export const interactiveMultiProductMessage = defineMessage({
  path: 'interactive/multi-product',
  summary: 'Send several products',
  content: Type.Object({
    header: textHeader,
    body: bodyField,
    action: Type.Object({ catalogId: requiredText, sections: Type.Array(section, { minItems: 1, maxItems: 10 }) }),
    footer: Type.Optional(footerField),
  }),
  crossCheck({ action }, _, violations) {
    checkSectionTitles(action.sections, violations);
  },
  toWire: ({ action: { catalogId, sections }, ...parts }) =>
    toInteractive('product_list', parts, {
      catalog_id: catalogId,
      sections: sections.map(({ title, productRetailerIds }) => ({
        title,
        product_items: productRetailerIds.map((id) => ({ product_retailer_id: id })),
      })),
    }),
  example: {
    from: '441134960000',
    to: '441134960001',
    content: {
      header: { type: 'TEXT', text: 'New' },
      body: { text: 'See what came in' },
      action: {
        catalogId: '77',
        sections: [
          { title: 'Pens', productRetailerIds: ['sku1', 'sku2'] },
          { title: 'Paper', productRetailerIds: ['sku3'] },
        ],
      },
      footer: { text: 'Prices include tax' },
    },
  },
});
