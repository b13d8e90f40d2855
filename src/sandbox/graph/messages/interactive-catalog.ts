// Interactive messages about a catalog: `catalog_message`, `product`, `product_list` (Meta 1.5). Any product counts as known.
import Type, { type Static } from 'typebox';
import { invalidValue } from '../schema.js';
import { checkTitles, interactiveType, SECTIONS_MAX, SectionTitle, textUpTo } from './interactive.js';
import type { OutboundType } from './type.js';

const closed = { additionalProperties: false };
const ID_CHARACTERS_MAX = 512;
const PRODUCTS_MAX = 30;
const SECTIONS_PATH = "interactive['action']['sections']";

const Id = textUpTo(ID_CHARACTERS_MAX);

const ProductList = Type.Object(
  {
    catalog_id: Id,
    sections: Type.Array(
      Type.Object(
        {
          title: SectionTitle,
          product_items: Type.Array(Type.Object({ product_retailer_id: Id }, closed), { minItems: 1 }),
        },
        closed,
      ),
      { minItems: 1, maxItems: SECTIONS_MAX },
    ),
  },
  closed,
);

/** The three types. */
export const CATALOG_TYPES: readonly OutboundType[] = [
  interactiveType({
    type: 'catalog_message',
    action: Type.Object(
      {
        name: Type.Literal('catalog_message'),
        parameters: Type.Optional(Type.Object({ thumbnail_product_retailer_id: Type.Optional(Id) }, closed)),
      },
      closed,
    ),
  }),
  interactiveType({
    type: 'product',
    body: 'optional',
    action: Type.Object({ catalog_id: Id, product_retailer_id: Id }, closed),
  }),
  interactiveType({
    type: 'product_list',
    header: ['text'],
    isHeaderRequired: true,
    action: ProductList,
    check({ sections }: Static<typeof ProductList>) {
      const count = sections.reduce((sum, section) => sum + section.product_items.length, 0);
      if (count > PRODUCTS_MAX)
        return invalidValue(SECTIONS_PATH, `must have at most ${PRODUCTS_MAX} products in total`);
      return checkTitles(sections, SECTIONS_PATH);
    },
  }),
];
