// The components that a template is made of, as they are given and kept (Meta 4.3): one object for all kinds, and which keys each kind has.
import Type, { type Static } from 'typebox';

const closed = { additionalProperties: false };
const EXAMPLE_CHARACTERS_MAX = 2048;
const TEXT_CHARACTERS_MAX = 5000;
const URL_CHARACTERS_MAX = 2000;
const APPS_MAX = 5;
const FLOW_JSON_CHARACTERS_MAX = 10_000_000;

const Text = Type.String({ maxLength: TEXT_CHARACTERS_MAX });
const ExampleText = Type.String({ minLength: 1, maxLength: EXAMPLE_CHARACTERS_MAX });
const Examples = Type.Array(ExampleText, { minItems: 1, maxItems: 100 });
const NamedExamples = Type.Array(Type.Object({ param_name: ExampleText, example: ExampleText }, closed), {
  minItems: 1,
  maxItems: 100,
});

const Example = Type.Object(
  {
    header_text: Type.Optional(Examples),
    header_text_named_params: Type.Optional(NamedExamples),
    header_handle: Type.Optional(Examples),
    body_text: Type.Optional(Type.Array(Examples, { minItems: 1, maxItems: 1 })),
    body_text_named_params: Type.Optional(NamedExamples),
  },
  closed,
);

/** Kinds of buttons, in capitals as they are kept. */
const BUTTON_TYPES = [
  'QUICK_REPLY',
  'URL',
  'PHONE_NUMBER',
  'COPY_CODE',
  'CATALOG',
  'MPM',
  'SPM',
  'FLOW',
  'VOICE_CALL',
  'ORDER_DETAILS',
  'OTP',
  'REQUEST_CONTACT_INFO',
] as const;

const SupportedApp = Type.Object(
  {
    package_name: Type.String({ minLength: 1, maxLength: 224 }),
    signature_hash: Type.String({ pattern: '^[A-Za-z0-9+/=]{11}$' }),
  },
  closed,
);

const Button = Type.Object(
  {
    type: Type.Enum([...BUTTON_TYPES]),
    text: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    url: Type.Optional(Type.String({ minLength: 1, maxLength: URL_CHARACTERS_MAX })),
    phone_number: Type.Optional(Type.String({ pattern: '^\\+?[0-9]{1,20}$' })),
    example: Type.Optional(Type.Union([ExampleText, Examples])),
    flow_id: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.String({ pattern: '^[0-9]{1,32}$' })])),
    flow_name: Type.Optional(ExampleText),
    flow_json: Type.Optional(Type.String({ minLength: 2, maxLength: FLOW_JSON_CHARACTERS_MAX })),
    flow_action: Type.Optional(Type.Enum(['navigate', 'data_exchange'])),
    navigate_screen: Type.Optional(ExampleText),
    icon: Type.Optional(Type.Enum(['DOCUMENT', 'PROMOTION', 'REVIEW'])),
    ttl_minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 43_200 })),
    otp_type: Type.Optional(Type.Enum(['COPY_CODE', 'ONE_TAP', 'ZERO_TAP'])),
    autofill_text: Type.Optional(Type.String({ minLength: 1, maxLength: 25 })),
    zero_tap_terms_accepted: Type.Optional(Type.Boolean()),
    supported_apps: Type.Optional(Type.Array(SupportedApp, { minItems: 1, maxItems: APPS_MAX })),
  },
  closed,
);
/** A button. */
export type Button = Static<typeof Button>;

const plainParts = {
  type: Type.Enum(['HEADER', 'BODY', 'FOOTER', 'BUTTONS', 'LIMITED_TIME_OFFER', 'CAROUSEL', 'CALL_PERMISSION_REQUEST']),
  format: Type.Optional(Type.Enum(['TEXT', 'IMAGE', 'VIDEO', 'GIF', 'DOCUMENT', 'LOCATION', 'PRODUCT'])),
  text: Type.Optional(Text),
  example: Type.Optional(Example),
  buttons: Type.Optional(Type.Array(Button, { minItems: 1, maxItems: 20 })),
  limited_time_offer: Type.Optional(
    Type.Object(
      { text: Type.String({ minLength: 1, maxLength: 200 }), has_expiration: Type.Optional(Type.Boolean()) },
      closed,
    ),
  ),
  add_security_recommendation: Type.Optional(Type.Boolean()),
  code_expiration_minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 90 })),
};
const Card = Type.Object(
  { components: Type.Array(Type.Object(plainParts, closed), { minItems: 1, maxItems: 3 }) },
  closed,
);

/** One component. */
export const Component = Type.Object(
  { ...plainParts, cards: Type.Optional(Type.Array(Card, { minItems: 1, maxItems: 20 })) },
  closed,
);
export type Component = Static<typeof Component>;
export type Card = Static<typeof Card>;

/** Keys that a component of the kind may have beside `type`. */
export const COMPONENT_KEYS: Readonly<Record<Component['type'], readonly (keyof Component)[]>> = {
  HEADER: ['format', 'text', 'example'],
  BODY: ['text', 'example', 'add_security_recommendation'],
  FOOTER: ['text', 'code_expiration_minutes'],
  BUTTONS: ['buttons'],
  LIMITED_TIME_OFFER: ['limited_time_offer'],
  CAROUSEL: ['cards'],
  CALL_PERMISSION_REQUEST: [],
};

/** Keys that a button of the kind must have, and those that it may have, beside `type`. */
export const BUTTON_KEYS: Readonly<
  Record<Button['type'], { needs: readonly (keyof Button)[]; mayHave: readonly (keyof Button)[] }>
> = {
  QUICK_REPLY: { needs: ['text'], mayHave: [] },
  URL: { needs: ['text', 'url'], mayHave: ['example'] },
  PHONE_NUMBER: { needs: ['text', 'phone_number'], mayHave: [] },
  COPY_CODE: { needs: ['example'], mayHave: ['text'] },
  CATALOG: { needs: ['text'], mayHave: [] },
  MPM: { needs: ['text'], mayHave: [] },
  SPM: { needs: ['text'], mayHave: [] },
  FLOW: {
    needs: ['text'],
    mayHave: ['flow_id', 'flow_name', 'flow_json', 'flow_action', 'navigate_screen', 'icon'],
  },
  VOICE_CALL: { needs: ['text'], mayHave: ['ttl_minutes'] },
  ORDER_DETAILS: { needs: ['text'], mayHave: [] },
  REQUEST_CONTACT_INFO: { needs: [], mayHave: ['text'] },
  OTP: { needs: ['otp_type'], mayHave: ['text', 'autofill_text', 'zero_tap_terms_accepted', 'supported_apps'] },
};

const CAPITALS: ReadonlySet<string> = new Set(['type', 'format', 'otp_type', 'icon']);

/** The value with its enums in the spelling in which they are kept: Meta takes either (Meta 4.3). Anything else is left as it is. */
export function withUsualCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withUsualCase);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (typeof inner !== 'string') return [key, withUsualCase(inner)];
      if (CAPITALS.has(key)) return [key, inner.toUpperCase()];
      return [key, key === 'flow_action' ? inner.toLowerCase() : inner];
    }),
  );
}
