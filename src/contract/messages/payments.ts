// How an order is paid: Infobip's ten payment types and what Meta gets of each (Infobip 2.2, Meta 1.7).
// The payment's id is Meta's `reference_id`. What Meta has no field for is decided in docs/decisions/0017-message-types.md.
import { type Static, type TProperties, Type } from 'typebox';
import { optionalText, requiredText, requiredTextUpTo } from '../fields.js';

const id = Type.String({ minLength: 1, pattern: '^[A-Za-z0-9\\-_.]{1,35}$' });
const payuId = requiredTextUpTo(25);

const beneficiary = Type.Optional(
  Type.Object({
    name: requiredTextUpTo(200),
    firstAddressLine: requiredTextUpTo(100),
    secondAddressLine: optionalText(100),
    city: optionalText(),
    state: optionalText(),
    country: Type.Enum(['INDIA']),
    postalCode: Type.Optional(Type.String({ pattern: '^[0-9]{6}$' })),
  }),
);

const pix = payment('BRAZIL_PIX_DC', {
  id,
  code: requiredText,
  merchantName: requiredText,
  keyType: Type.Enum(['CPF', 'CNPJ', 'EMAIL', 'PHONE', 'EVP']),
  key: requiredText,
  flowType: Type.Optional(Type.Enum(['REDIRECT', 'COPYPASTE', 'APPSWITCH'])),
});
const brazilLink = payment('BRAZIL_LINK', { id, paymentLink: requiredText });
const boleto = payment('BRAZIL_BOLETO', { id, code: requiredText });
const brazilPayment = Type.Union([pix, boleto, brazilLink]);

/** `payment` of order-details. */
export const paymentField = Type.Union([
  payment('UPI_PAYU', {
    id: payuId,
    productDescription: requiredTextUpTo(100),
    customerFirstName: requiredTextUpTo(60),
    customerLastName: optionalText(20),
    customerEmail: requiredTextUpTo(50),
    callbackData: Type.Optional(Type.Array(Type.String({ maxLength: 255 }), { maxItems: 5 })),
  }),
  payment('BRAZIL', { id }),
  pix,
  brazilLink,
  boleto,
  payment('BRAZIL_PAYMENTS', { payments: Type.Array(brazilPayment, { minItems: 1, maxItems: 2 }) }),
  payment('PG_PAYU', {
    id,
    beneficiary,
    callbackData: Type.Optional(Type.Array(requiredTextUpTo(255), { maxItems: 4 })),
  }),
  payment('PG_RAZORPAY', {
    id,
    beneficiary,
    callbackData: Type.Optional(Type.Record(Type.String(), Type.String())),
  }),
  payment('UPI_INTENT', {
    id,
    beneficiary,
    format: Type.Object({ type: Type.Optional(Type.Enum(['LINK'])), paymentLink: requiredText }),
  }),
  payment('UPI_LINK', { id, beneficiary, paymentLink: requiredText }),
]);

/** `payment` of order-status: which order it is about. Meta asks for the id only. */
export const paymentReferenceField = Type.Union([
  payment('UPI_PAYU', { id: payuId }),
  payment('BRAZIL', { id }),
  payment('BRAZIL_PIX_DC', { id }),
  payment('PG_PAYU', { id }),
  payment('PG_RAZORPAY', { id }),
  payment('BRAZIL_LINK', { id }),
  payment('BRAZIL_BOLETO', { id }),
  payment('UPI_INTENT', { id }),
  payment('UPI_LINK', { id }),
]);

/** A validated payment. */
export type Payment = Static<typeof paymentField>;

/** The part of Meta's order parameters that says how it is paid. `configuration` is Infobip's paymentConfiguration. */
export function paymentToWire(payment: Payment, configuration: string | undefined): object {
  return {
    reference_id: referenceId(payment),
    payment_type: paymentType(payment),
    payment_settings: settingsOf(payment, configuration),
    // A gateway's configuration is named inside its settings; the legacy form names it here.
    payment_configuration: payment.type.startsWith('PG_') ? undefined : configuration,
    beneficiaries: 'beneficiary' in payment ? beneficiariesOf(payment.beneficiary) : undefined,
  };
}

function payment<K extends string, P extends TProperties>(type: K, fields: P) {
  return Type.Object({ type: Type.Literal(type), ...fields });
}

function referenceId(payment: Payment): string | undefined {
  return payment.type === 'BRAZIL_PAYMENTS' ? payment.payments[0]?.id : payment.id;
}

function paymentType({ type }: Payment): string | undefined {
  if (type === 'UPI_PAYU') return 'upi';
  return type.startsWith('BRAZIL') ? 'br' : undefined;
}

function settingsOf(payment: Payment, configuration: string | undefined): object[] | undefined {
  switch (payment.type) {
    case 'BRAZIL':
      return undefined;
    case 'BRAZIL_PAYMENTS':
      return payment.payments.map(brazilSetting);
    case 'BRAZIL_PIX_DC':
    case 'BRAZIL_LINK':
    case 'BRAZIL_BOLETO':
      return [brazilSetting(payment)];
    case 'UPI_INTENT':
      return [{ type: 'upi_intent_link', upi_intent_link: { link: payment.format.paymentLink } }];
    case 'UPI_LINK':
      return [paymentLink(payment.paymentLink)];
    case 'PG_RAZORPAY':
      return [gateway('razorpay', configuration, payment.callbackData && { notes: payment.callbackData })];
    case 'PG_PAYU':
      return [gateway('payu', configuration, payment.callbackData && userFields(payment.callbackData))];
    case 'UPI_PAYU':
      return [gateway('payu', configuration, customerOf(payment))];
  }
}

function brazilSetting(payment: Static<typeof brazilPayment>): object {
  switch (payment.type) {
    case 'BRAZIL_LINK':
      return paymentLink(payment.paymentLink);
    case 'BRAZIL_BOLETO':
      return { type: 'boleto', boleto: { digitable_line: payment.code } };
    case 'BRAZIL_PIX_DC': {
      const { code, merchantName, key, keyType, flowType } = payment;
      const fields = { code, merchant_name: merchantName, key, key_type: keyType, flow_type: flowType?.toLowerCase() };
      return { type: 'pix_dynamic_code', pix_dynamic_code: fields };
    }
  }
}

function paymentLink(uri: string): object {
  return { type: 'payment_link', payment_link: { uri } };
}

function gateway(type: 'payu' | 'razorpay', configuration: string | undefined, fields: object | undefined): object {
  return { type: 'payment_gateway', payment_gateway: { type, configuration_name: configuration, [type]: fields } };
}

/** PayU's own names of what the legacy form carries; Meta shows none for them, so it can refuse what it does not take. */
function customerOf(payment: Extract<Payment, { type: 'UPI_PAYU' }>): object {
  return {
    productinfo: payment.productDescription,
    firstname: payment.customerFirstName,
    lastname: payment.customerLastName,
    email: payment.customerEmail,
    ...userFields(payment.callbackData ?? []),
  };
}

/** PayU's user-defined fields: udf1, udf2 ... */
function userFields(values: readonly string[]): object {
  return Object.fromEntries(values.map((value, i) => [`udf${i + 1}`, value]));
}

function beneficiariesOf(given: Static<typeof beneficiary> | undefined): object[] | undefined {
  if (given === undefined) return undefined;
  return [
    {
      name: given.name,
      address_line1: given.firstAddressLine,
      address_line2: given.secondAddressLine,
      city: given.city,
      state: given.state,
      country: 'India',
      postal_code: given.postalCode,
    },
  ];
}
