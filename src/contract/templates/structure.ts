// The structure of a template as Infobip's API takes it: header, body, footer, buttons, carousel and the rest (Infobip 9).
import { type Static, Type } from 'typebox';
import { httpUrl, requiredTextUpTo } from '../fields.js';

const INT32_MAX = 2 ** 31 - 1;
const example = Type.Optional(httpUrl());

const header = Type.Union([
  Type.Object({ format: Type.Literal('IMAGE'), example }),
  Type.Object({ format: Type.Literal('VIDEO'), example }),
  Type.Object({ format: Type.Literal('GIF'), example }),
  Type.Object({ format: Type.Literal('DOCUMENT'), example }),
  Type.Object({ format: Type.Literal('LOCATION') }),
  Type.Object({
    format: Type.Literal('TEXT'),
    text: requiredTextUpTo(60),
    example: Type.Optional(Type.String({ maxLength: 1024 })),
  }),
]);

/** Meta's longest; a carousel card and a limited-time offer have less (Meta 4.3). */
const body = Type.Object({
  text: requiredTextUpTo(1024),
  examples: Type.Optional(Type.Array(requiredTextUpTo(1024), { maxItems: 100 })),
});

const label = requiredTextUpTo(25);
const button = Type.Union([
  Type.Object({ type: Type.Literal('PHONE_NUMBER'), text: label, phoneNumber: requiredTextUpTo(20) }),
  Type.Object({
    type: Type.Literal('URL'),
    text: label,
    url: requiredTextUpTo(2000),
    example: Type.Optional(Type.String({ maxLength: 2000 })),
  }),
  Type.Object({ type: Type.Literal('QUICK_REPLY'), text: label }),
  Type.Object({ type: Type.Literal('COPY_CODE'), example: Type.Optional(Type.String({ maxLength: 15 })) }),
  Type.Object({
    type: Type.Literal('FLOW'),
    text: label,
    flowId: Type.Integer({ minimum: 1 }),
    flowAction: Type.Enum(['NAVIGATE', 'DATA_EXCHANGE']),
    navigateScreen: Type.Optional(Type.String({ maxLength: 255 })),
  }),
  Type.Object({ type: Type.Literal('CATALOG') }),
  Type.Object({ type: Type.Literal('MULTI_PRODUCT') }),
  Type.Object({ type: Type.Literal('ORDER_DETAILS'), variant: Type.Enum(['BRAZIL', 'INDIA']) }),
  Type.Object({
    type: Type.Literal('VOICE_CALL'),
    text: label,
    callValidityPeriod: Type.Optional(Type.Integer({ minimum: 1440, maximum: 43_200 })),
  }),
  Type.Object({ type: Type.Literal('REQUEST_CONTACT_INFO') }),
]);

const card = Type.Object({ header, body, buttons: Type.Array(button, { minItems: 1, maxItems: 2 }) });

/** The structure of marketing and utility templates, as a request has it. */
export const defaultStructure = Type.Object({
  header: Type.Optional(header),
  body,
  footer: Type.Optional(Type.Object({ text: requiredTextUpTo(60) })),
  buttons: Type.Optional(Type.Array(button, { maxItems: 10 })),
  carousel: Type.Optional(Type.Object({ cards: Type.Array(card, { minItems: 1, maxItems: 10 }) })),
  limitedTimeOffer: Type.Optional(
    Type.Object({ hasExpiration: Type.Optional(Type.Boolean({ default: false })), text: requiredTextUpTo(16) }),
  ),
  callPermissionRequest: Type.Optional(Type.Object({})),
  shorteningOptions: Type.Optional(Type.Object({ customDomain: requiredTextUpTo(255) })),
});

const optionalLabel = Type.Optional(Type.String({ maxLength: 25 }));
const appFields = {
  text: optionalLabel,
  autofillText: optionalLabel,
  packageName: requiredTextUpTo(224),
  signatureHash: Type.String({ minLength: 11, maxLength: 11, pattern: '^[A-Za-z0-9+/=]*$' }),
};

/** The structure of authentication templates; ZERO_TAP is Meta's, not in Infobip's documents. */
export const authenticationStructure = Type.Object({
  body: Type.Object({ addSecurityRecommendation: Type.Optional(Type.Boolean()) }),
  footer: Type.Object({ codeExpirationMinutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 90 })) }),
  buttons: Type.Array(
    Type.Union([
      Type.Object({ otpType: Type.Literal('COPY_CODE'), text: optionalLabel }),
      Type.Object({ otpType: Type.Literal('ONE_TAP'), ...appFields }),
      Type.Object({
        otpType: Type.Literal('ZERO_TAP'),
        ...appFields,
        zeroTapTermsAccepted: Type.Literal(true),
      }),
    ]),
    { minItems: 1, maxItems: 1 },
  ),
});

/** How long Meta tries to deliver; -1 as amount is its longest (Infobip 9). */
export const validityPeriod = Type.Object({
  amount: Type.Integer({ minimum: -1, maximum: INT32_MAX }),
  timeUnit: Type.Optional(Type.Enum(['SECONDS', 'MINUTES'])),
});

/** Whom a template belongs to. */
export const platform = Type.Object({
  entityId: Type.Optional(Type.String({ maxLength: 255 })),
  applicationId: Type.Optional(Type.String({ maxLength: 255 })),
});

/** A structure that was read. */
export type DefaultStructure = Static<typeof defaultStructure>;
/** An authentication structure that was read. */
export type AuthenticationStructure = Static<typeof authenticationStructure>;
/** Header of a template or of a card. */
export type Header = NonNullable<DefaultStructure['header']>;
/** A button. */
export type Button = NonNullable<DefaultStructure['buttons']>[number];
/** A card of a carousel. */
export type Card = NonNullable<DefaultStructure['carousel']>['cards'][number];

/** Whether it is of authentication templates. */
export function isAuthentication(
  structure: DefaultStructure | AuthenticationStructure,
): structure is AuthenticationStructure {
  return !('text' in structure.body);
}
