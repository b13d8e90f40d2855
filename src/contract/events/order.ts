// Carts that users send from a catalogue (Meta 2.2, Infobip 4.3).
import { integerAt, isObject, itemsAt, type JsonObject, numberAt, objectAt, textAt } from '../json.js';
import type { EventType } from './envelope.js';

/** The user ordered products. */
export const orderEvent: EventType = {
  wireType: 'order',
  type: 'ORDER',
  fromWire(message) {
    const order = objectAt(message, 'order');
    const catalogId = textAt(order, 'catalog_id');
    const items = itemsAt(order, 'product_items');
    const productItems = items.flatMap(itemFromWire);
    if (catalogId === undefined || items.length === 0 || productItems.length < items.length) return undefined;
    return { catalogId, productItems, text: textAt(order, 'text') };
  },
  toReport: (content) => content,
  example: {
    type: 'order',
    order: {
      catalog_id: '77',
      text: 'Two, please',
      product_items: [{ product_retailer_id: 'sku-1', quantity: 2, item_price: 9.5, currency: 'EUR' }],
    },
  },
};

function itemFromWire(item: unknown): JsonObject[] {
  const productRetailerId = textAt(item, 'product_retailer_id');
  const quantity = integerAt(item, 'quantity');
  const itemPrice = numberAt(item, 'item_price');
  const currency = textAt(item, 'currency');
  if (!isObject(item) || productRetailerId === undefined || quantity === undefined) return [];
  if (itemPrice === undefined || currency === undefined) return [];
  return [{ currency, itemPrice, productRetailerId, quantity }];
}
