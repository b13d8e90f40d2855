// Interactive messages about an order: `order_details`, `order_status` (Meta 1.5, 1.7).
import Type, { type Static } from 'typebox';
import type { Refusal } from '../errors.js';
import { invalidValue, missingParameter } from '../schema.js';
import { ANY_HEADER, interactiveType, textUpTo } from './interactive.js';
import type { OutboundType } from './type.js';

const closed = { additionalProperties: false };
const PATH = "interactive['action']['parameters']";
const REFERENCE_CHARACTERS_MAX = { INR: 35, BRL: 60 } as const;
const NAME_CHARACTERS_MAX = 60;
const DESCRIPTION_CHARACTERS_MAX = 120;
const LINE_CHARACTERS_MAX = 200;
const LINK_CHARACTERS_MAX = 4096;
const ITEMS_MAX = 999;
const EXPIRATION_SECONDS_MIN = 300;
const GATEWAYS = ['billdesk', 'razorpay', 'payu', 'zaakpay'] as const;
const SETTING_TYPES = ['payment_gateway', 'pix_dynamic_code', 'payment_link', 'boleto', 'upi_intent_link'] as const;

const Line = Type.Optional(textUpTo(LINE_CHARACTERS_MAX));
const ReferenceId = Type.String({ pattern: '^[A-Za-z0-9_.-]{1,60}$' });
const amountParts = { value: Type.Integer({ minimum: 0 }), offset: Type.Literal(100) };
const Amount = Type.Object(amountParts, closed);
const Described = Type.Object({ ...amountParts, description: Type.Optional(textUpTo(NAME_CHARACTERS_MAX)) }, closed);
const Discount = Type.Object(
  {
    ...Described.properties,
    discount_program_name: Type.Optional(textUpTo(NAME_CHARACTERS_MAX)),
  },
  closed,
);

const Item = Type.Object(
  {
    retailer_id: textUpTo(LINE_CHARACTERS_MAX),
    name: textUpTo(NAME_CHARACTERS_MAX),
    amount: Amount,
    sale_amount: Type.Optional(Amount),
    quantity: Type.Integer({ minimum: 1 }),
    image: Type.Optional(Type.Object({ link: textUpTo(LINK_CHARACTERS_MAX) }, closed)),
    country_of_origin: Line,
    importer_name: Line,
    importer_address: Type.Optional(Type.Object({})),
  },
  closed,
);

const Order = Type.Object(
  {
    status: Type.Literal('pending'),
    type: Type.Optional(Type.Literal('quick_pay')),
    catalog_id: Line,
    expiration: Type.Optional(
      Type.Object(
        { timestamp: Type.String({ pattern: '^[0-9]{1,12}$' }), description: textUpTo(DESCRIPTION_CHARACTERS_MAX) },
        closed,
      ),
    ),
    items: Type.Array(Item, { minItems: 1, maxItems: ITEMS_MAX }),
    subtotal: Amount,
    tax: Described,
    shipping: Type.Optional(Described),
    discount: Type.Optional(Discount),
  },
  closed,
);

const Beneficiary = Type.Object(
  {
    name: textUpTo(LINE_CHARACTERS_MAX),
    address_line1: textUpTo(100),
    address_line2: Type.Optional(Type.String({ maxLength: 100 })),
    city: textUpTo(LINE_CHARACTERS_MAX),
    state: textUpTo(LINE_CHARACTERS_MAX),
    country: textUpTo(LINE_CHARACTERS_MAX),
    postal_code: textUpTo(LINE_CHARACTERS_MAX),
  },
  closed,
);

const PaymentSetting = Type.Object(
  {
    type: Type.Enum([...SETTING_TYPES]),
    payment_gateway: Type.Optional(
      Type.Object({ type: Type.Enum([...GATEWAYS]), configuration_name: textUpTo(NAME_CHARACTERS_MAX) }),
    ),
    pix_dynamic_code: Type.Optional(Type.Object({})),
    payment_link: Type.Optional(Type.Object({})),
    boleto: Type.Optional(Type.Object({})),
    // As Infobip's UPI_INTENT has it; Meta's own page was not seen.
    upi_intent_link: Type.Optional(Type.Object({ link: textUpTo(LINK_CHARACTERS_MAX) }, closed)),
  },
  closed,
);

const Details = Type.Object(
  {
    name: Type.Literal('review_and_pay'),
    parameters: Type.Object(
      {
        reference_id: ReferenceId,
        type: Type.Enum(['digital-goods', 'physical-goods']),
        payment_type: Type.Optional(Type.Enum(['upi', 'br'])),
        payment_settings: Type.Optional(Type.Array(PaymentSetting, { minItems: 1, maxItems: SETTING_TYPES.length })),
        payment_configuration: Type.Optional(textUpTo(NAME_CHARACTERS_MAX)),
        currency: Type.Enum(['INR', 'BRL']),
        total_amount: Amount,
        beneficiaries: Type.Optional(Type.Array(Beneficiary, { minItems: 1, maxItems: 10 })),
        order: Order,
      },
      closed,
    ),
  },
  closed,
);
type Parameters = Static<typeof Details>['parameters'];

const Status = Type.Object(
  {
    name: Type.Literal('review_order'),
    parameters: Type.Object(
      {
        reference_id: ReferenceId,
        order: Type.Object(
          {
            status: Type.Enum(['pending', 'processing', 'partially-shipped', 'shipped', 'completed', 'canceled']),
            description: Type.Optional(textUpTo(DESCRIPTION_CHARACTERS_MAX)),
          },
          closed,
        ),
        payment: Type.Optional(
          Type.Object(
            {
              status: Type.Enum(['pending', 'captured', 'failed']),
              timestamp: Type.Optional(Type.Integer({ minimum: 0 })),
            },
            closed,
          ),
        ),
      },
      closed,
    ),
  },
  closed,
);

/** The two types. */
export const ORDER_TYPES: readonly OutboundType[] = [
  interactiveType({
    type: 'order_details',
    header: ['image'],
    action: Details,
    check: ({ parameters }: Static<typeof Details>, now) =>
      checkReference(parameters) ??
      checkSettings(parameters) ??
      checkTotal(parameters) ??
      checkExpiration(parameters, now),
  }),
  interactiveType({ type: 'order_status', header: ANY_HEADER, action: Status }),
];

function checkReference({ reference_id: reference, currency }: Parameters): Refusal | null {
  const max = currency === 'INR' ? REFERENCE_CHARACTERS_MAX.INR : REFERENCE_CHARACTERS_MAX.BRL;
  return reference.length <= max
    ? null
    : invalidValue(`${PATH}['reference_id']`, `must have at most ${max} characters`);
}

function checkSettings({ payment_settings: settings = [] }: Parameters): Refusal | null {
  for (const [index, setting] of settings.entries()) {
    if (setting[setting.type] === undefined)
      return missingParameter(`${PATH}['payment_settings'][${index}]['${setting.type}']`);
  }
  return null;
}

/** Total = subtotal + tax + shipping - discount (Meta 1.7). */
function checkTotal({ total_amount: total, order }: Parameters): Refusal | null {
  const { subtotal, tax, shipping, discount } = order;
  const sum = subtotal.value + tax.value + (shipping?.value ?? 0) - (discount?.value ?? 0);
  return sum === total.value
    ? null
    : invalidValue(`${PATH}['total_amount']`, 'must be the subtotal plus tax plus shipping minus discount');
}

function checkExpiration({ order }: Parameters, now: number): Refusal | null {
  const path = `${PATH}['order']['expiration']['timestamp']`;
  if (order.expiration === undefined) return null;
  return Number(order.expiration.timestamp) >= Math.floor(now / 1000) + EXPIRATION_SECONDS_MIN
    ? null
    : invalidValue(path, `must be at least ${EXPIRATION_SECONDS_MIN} seconds from now`);
}
