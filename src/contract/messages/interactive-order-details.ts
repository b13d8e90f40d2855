// An order to review and pay (Infobip 2.2, Meta 1.7 `order_details`). Amounts are in hundredths.
import { type Static, Type } from 'typebox';
import { optionalText, requiredText, requiredTextUpTo } from '../fields.js';
import { addViolation, type Violations } from '../readers.js';
import { defineMessage } from './envelope.js';
import { bodyField, footerField, imageHeader, toInteractive } from './interactive.js';
import { paymentField, paymentToWire } from './payments.js';

const INT32 = { minimum: -(2 ** 31), maximum: 2 ** 31 - 1 } as const;
/** Infobip names no upper limit; this one keeps the sum a date. */
const EXPIRATION_SECONDS_MAX = 10 * 365 * 86_400;

const amount = Type.Object({ value: Type.Integer(INT32) });
const describedAmount = Type.Object({ value: Type.Integer(INT32), description: optionalText(60) });

const item = Type.Object({
  retailerId: requiredText,
  name: requiredTextUpTo(60),
  amount,
  saleAmount: Type.Optional(amount),
  quantity: Type.Integer(INT32),
  originCountry: optionalText(),
  importerName: optionalText(),
  importerAddress: Type.Optional(
    Type.Object({
      firstAddressLine: optionalText(),
      secondAddressLine: optionalText(),
      city: optionalText(),
      zoneCode: optionalText(),
      postalCode: optionalText(),
      countryCode: optionalText(),
    }),
  ),
});

const order = Type.Object({
  catalogId: optionalText(),
  items: Type.Array(item, { minItems: 1 }),
  subtotal: amount,
  tax: describedAmount,
  shipping: Type.Optional(describedAmount),
  discount: Type.Optional(Type.Object({ amount: describedAmount, programName: optionalText(60) })),
  orderExpiration: Type.Optional(
    Type.Object({
      expirationSeconds: Type.Integer({ minimum: 360, maximum: EXPIRATION_SECONDS_MAX }),
      description: Type.String({ maxLength: 120 }),
    }),
  ),
  orderDetailsType: Type.Optional(Type.Enum(['QUICK_PAY'])),
});

/** What an order is made of; templates with an order button take the same. */
export const orderAction = Type.Object({
  payment: paymentField,
  paymentConfiguration: Type.Optional(requiredTextUpTo(60)),
  orderCurrency: Type.Enum(['INR', 'BRL']),
  orderType: Type.Enum(['PHYSICAL_GOODS', 'DIGITAL_GOODS']),
  totalAmount: amount,
  order,
});

type Order = Static<typeof order>;
type Action = Static<typeof orderAction>;

/** `POST /whatsapp/1/message/interactive/order-details`. */
export const interactiveOrderDetailsMessage = defineMessage({
  path: 'interactive/order-details',
  summary: 'Send an order to review and pay',
  content: Type.Object({
    body: bodyField,
    action: orderAction,
    header: Type.Optional(imageHeader),
    footer: Type.Optional(footerField),
  }),
  crossCheck({ action }, _, violations) {
    checkOrder(action, 'content.action', violations);
  },
  toWire: ({ action, ...parts }, { acceptedAt }) =>
    toInteractive('order_details', parts, {
      name: 'review_and_pay',
      parameters: orderActionToWire(action, acceptedAt),
    }),
  example: {
    from: '441134960000',
    to: '441134960001',
    content: {
      header: { type: 'IMAGE', mediaUrl: 'https://cdn.example/pen.png' },
      body: { text: 'Your order' },
      action: {
        payment: { type: 'BRAZIL_LINK', id: 'p1', paymentLink: 'https://pay.example/1' },
        orderCurrency: 'BRL',
        orderType: 'DIGITAL_GOODS',
        totalAmount: { value: 1600 },
        order: {
          items: [{ retailerId: '1', name: 'Pen', amount: { value: 750 }, quantity: 2 }],
          subtotal: { value: 1500 },
          tax: { value: 100, description: 'VAT' },
        },
      },
      footer: { text: 'Thank you' },
    },
  },
});

/** Adds what is wrong between the fields of an order standing at `path`. */
export function checkOrder({ payment, totalAmount, order }: Action, path: string, violations: Violations): void {
  if (payment.type === 'BRAZIL_PAYMENTS' && new Set(payment.payments.map(({ id }) => id)).size > 1) {
    addViolation(violations, `${path}.payment.payments`, 'must have the same id');
  }
  if (totalAmount.value === totalOf(order)) return;
  addViolation(violations, `${path}.totalAmount.value`, 'must be subtotal + tax + shipping - discount');
}

/** Meta's form of an order (Meta 1.7). */
export function orderActionToWire(action: Action, acceptedAt: number): object {
  return {
    ...paymentToWire(action.payment, action.paymentConfiguration),
    type: goodsOf(action),
    currency: action.orderCurrency,
    total_amount: amountToWire(action.totalAmount),
    order: orderToWire(action.order, acceptedAt),
  };
}

function totalOf({ subtotal, tax, shipping, discount }: Order): number {
  return subtotal.value + tax.value + (shipping?.value ?? 0) - (discount?.amount.value ?? 0);
}

function goodsOf({ orderType }: Action): string {
  return orderType === 'PHYSICAL_GOODS' ? 'physical-goods' : 'digital-goods';
}

function amountToWire({ value, description }: { value: number; description?: string }): object {
  return { value, offset: 100, description };
}

/** The time to pay runs from acceptance, so that every attempt of a message says the same. */
function orderToWire(order: Order, acceptedAt: number): object {
  const { catalogId, items, subtotal, tax, shipping, discount, orderExpiration, orderDetailsType } = order;
  return {
    status: 'pending',
    type: orderDetailsType?.toLowerCase(),
    catalog_id: catalogId,
    expiration: orderExpiration && {
      timestamp: String(Math.floor(acceptedAt / 1000) + orderExpiration.expirationSeconds),
      description: orderExpiration.description,
    },
    items: items.map(itemToWire),
    subtotal: amountToWire(subtotal),
    tax: amountToWire(tax),
    shipping: shipping && amountToWire(shipping),
    discount: discount && { ...amountToWire(discount.amount), discount_program_name: discount.programName },
  };
}

function itemToWire({ saleAmount, importerAddress: importer, ...given }: Static<typeof item>): object {
  return {
    retailer_id: given.retailerId,
    name: given.name,
    amount: amountToWire(given.amount),
    sale_amount: saleAmount && amountToWire(saleAmount),
    quantity: given.quantity,
    country_of_origin: given.originCountry,
    importer_name: given.importerName,
    importer_address: importer && {
      address_line1: importer.firstAddressLine,
      address_line2: importer.secondAddressLine,
      city: importer.city,
      zone_code: importer.zoneCode,
      postal_code: importer.postalCode,
      country_code: importer.countryCode,
    },
  };
}
