// Content in which the rules between fields hold, for the tests that make content from schemas; each rule has a test of its own.

import { isObject, textAt } from '../../src/contract/json.js';
import { fc } from '../support/property.js';
import type { Overrides } from './schema-walk.js';

/** The one number that Meta gets in another form: as a time. */
export const EXPIRATION_SECONDS = 987_654;

const nothing = () => fc.constant(0);
const title = () => fc.constant('Title');
const exactly = (count: number) => (schema: object, make: (schema: object, path: string) => fc.Arbitrary<unknown>) =>
  fc.array(make(itemsOf(schema), 'inside'), { minLength: count, maxLength: count });

/** By type. */
export const CONTENT_OVERRIDES: Readonly<Record<string, Overrides>> = {
  TEXT: { previewUrl: () => fc.constant(false) },
  CONTACT: { 'contacts[].birthday': () => fc.constant('1999-12-31') },
  INTERACTIVE_BUTTONS: {
    'action.buttons': (schema, make) =>
      fc.uniqueArray(make(itemsOf(schema), 'inside'), {
        minLength: 1,
        maxLength: 3,
        selector: (button) => textAt(button, 'id'),
      }),
  },
  INTERACTIVE_LIST: { 'action.sections[].title': title, 'action.sections[].rows': exactly(1) },
  INTERACTIVE_MULTI_PRODUCT: { 'action.sections[].title': title },
  INTERACTIVE_FLOW: { 'action.flowAction': () => fc.constant('NAVIGATE') },
  INTERACTIVE_MEDIA_CAROUSEL: {
    'action.cards[].header.type': () => fc.constant('VIDEO'),
    'action.cards[].buttons': exactly(2),
  },
  INTERACTIVE_ORDER_DETAILS: {
    'action.payment.payments[].id': () => fc.constant('p1'),
    'action.totalAmount.value': nothing,
    'action.order.subtotal.value': nothing,
    'action.order.tax.value': nothing,
    'action.order.shipping.value': nothing,
    'action.order.discount.amount.value': nothing,
    'action.order.orderExpiration.expirationSeconds': () => fc.constant(EXPIRATION_SECONDS),
  },
};

/** The schema of an array's items. */
export function itemsOf(schema: object): object {
  const items: unknown = Reflect.get(schema, 'items');
  if (!isObject(items)) throw new TypeError('no array');
  return items;
}
