// Outbound type `template` (Meta 1.6): its form. Whether it fits the registered template is for templates/fit.ts.
import Type, { type Static, type TSchema } from 'typebox';
import type { Refusal } from '../errors.js';
import { invalidValue, missingParameter, unexpectedKey } from '../schema.js';
import { findTemplate } from '../template-send.js';
import { checkFile, DocumentObject, FileObject, referenceTo } from './media.js';
import type { MediaReference, OutboundType } from './type.js';

const closed = { additionalProperties: false };
const NAME_CHARACTERS_MAX = 512;
const TEXT_CHARACTERS_MAX = 4096;
const PARAMETERS_MAX = 100;
const COMPONENTS_MAX = 20;
const CARDS_MAX = 10;
const SECTIONS_MAX = 10;
const PRODUCTS_MAX = 30;
const SECTION_TITLE_CHARACTERS_MAX = 24;
const COUPON_CHARACTERS_MAX = 20;
const PAYLOAD_CHARACTERS_MAX = 512;

const Text = Type.String({ maxLength: TEXT_CHARACTERS_MAX });
const Word = Type.String({ minLength: 1, maxLength: NAME_CHARACTERS_MAX });
const Degrees = Type.Union([Type.Number(), Type.String({ pattern: '^\\s*[-+]?[0-9]+(\\.[0-9]+)?\\s*$' })]);
const Section = Type.Object(
  {
    title: Type.Optional(Type.String({ maxLength: SECTION_TITLE_CHARACTERS_MAX })),
    product_items: Type.Array(Type.Object({ product_retailer_id: Word }, closed), {
      minItems: 1,
      maxItems: PRODUCTS_MAX,
    }),
  },
  closed,
);
const Action = Type.Object(
  {
    thumbnail_product_retailer_id: Type.Optional(Word),
    sections: Type.Optional(Type.Array(Section, { minItems: 1, maxItems: SECTIONS_MAX })),
    flow_token: Type.Optional(Text),
    flow_action_data: Type.Optional(Type.Object({})),
    order_details: Type.Optional(Type.Object({})),
  },
  closed,
);

/** The object of each type of parameter, under the key of the same name. */
const VALUES = {
  text: Text,
  image: FileObject,
  video: FileObject,
  gif: FileObject,
  document: DocumentObject,
  location: Type.Object(
    {
      latitude: Degrees,
      longitude: Degrees,
      name: Type.Optional(Text),
      address: Type.Optional(Text),
    },
    closed,
  ),
  product: Type.Object({ product_retailer_id: Word, catalog_id: Word }, closed),
  currency: Type.Object({ fallback_value: Text, code: Word, amount_1000: Type.Integer() }, closed),
  date_time: Type.Object({ fallback_value: Text }),
  payload: Type.String({ maxLength: PAYLOAD_CHARACTERS_MAX }),
  coupon_code: Type.String({ minLength: 1, maxLength: COUPON_CHARACTERS_MAX }),
  action: Action,
  ttl_minutes: Type.Integer({ minimum: 1, maximum: 43_200 }),
  limited_time_offer: Type.Object({ expiration_time_ms: Type.Integer({ minimum: 1 }) }, closed),
  order_status: Type.Object(
    {
      reference_id: Word,
      order: Type.Object(
        {
          status: Type.Enum([
            'pending',
            'processing',
            'partially-shipped',
            'partially_shipped',
            'shipped',
            'completed',
            'canceled',
          ]),
          description: Type.Optional(Type.String({ maxLength: 120 })),
        },
        closed,
      ),
    },
    closed,
  ),
  tap_target_configuration: Type.Array(Type.Object({ url: Word, title: Word }, closed), { minItems: 1, maxItems: 1 }),
} satisfies Record<string, TSchema>;

const PARAMETER_TYPES = [
  'text',
  'image',
  'video',
  'gif',
  'document',
  'location',
  'product',
  'currency',
  'date_time',
  'payload',
  'coupon_code',
  'action',
  'ttl_minutes',
  'limited_time_offer',
  'order_status',
  'tap_target_configuration',
] as const;

const Parameter = Type.Object(
  {
    type: Type.Enum([...PARAMETER_TYPES]),
    parameter_name: Type.Optional(Word),
    text: Type.Optional(VALUES.text),
    image: Type.Optional(VALUES.image),
    video: Type.Optional(VALUES.video),
    gif: Type.Optional(VALUES.gif),
    document: Type.Optional(VALUES.document),
    location: Type.Optional(VALUES.location),
    product: Type.Optional(VALUES.product),
    currency: Type.Optional(VALUES.currency),
    date_time: Type.Optional(VALUES.date_time),
    payload: Type.Optional(VALUES.payload),
    coupon_code: Type.Optional(VALUES.coupon_code),
    action: Type.Optional(VALUES.action),
    ttl_minutes: Type.Optional(VALUES.ttl_minutes),
    limited_time_offer: Type.Optional(VALUES.limited_time_offer),
    order_status: Type.Optional(VALUES.order_status),
    tap_target_configuration: Type.Optional(VALUES.tap_target_configuration),
  },
  closed,
);
/** One parameter of a sent component. */
export type Parameter = Static<typeof Parameter>;

const componentParts = {
  type: Type.String({ pattern: '^[A-Za-z_]{1,40}$' }),
  sub_type: Type.Optional(Type.String({ pattern: '^[A-Za-z_]{1,40}$' })),
  index: Type.Optional(Type.Union([Type.Integer({ minimum: 0, maximum: 9 }), Type.String({ pattern: '^[0-9]$' })])),
  parameters: Type.Optional(Type.Array(Parameter, { maxItems: PARAMETERS_MAX })),
};
const PlainComponent = Type.Object(componentParts, closed);
/** One component of a sent template; a card's has no cards. */
export type SentComponent = Static<typeof PlainComponent> & { cards?: SentCard[] | undefined };

const SentCard = Type.Object(
  {
    card_index: Type.Integer({ minimum: 0, maximum: CARDS_MAX - 1 }),
    components: Type.Array(PlainComponent, { maxItems: COMPONENTS_MAX }),
  },
  closed,
);
export type SentCard = Static<typeof SentCard>;

const SentTemplate = Type.Object(
  {
    name: Word,
    language: Type.Object(
      { code: Type.String({ pattern: '^[A-Za-z_]{2,10}$' }), policy: Type.Optional(Type.Literal('deterministic')) },
      closed,
    ),
    components: Type.Optional(
      Type.Array(
        Type.Object(
          { ...componentParts, cards: Type.Optional(Type.Array(SentCard, { minItems: 1, maxItems: CARDS_MAX })) },
          closed,
        ),
        { maxItems: COMPONENTS_MAX },
      ),
    ),
  },
  closed,
);
/** A template as it is sent. */
export type SentTemplate = Static<typeof SentTemplate>;

const COMPONENT_TYPES: ReadonlySet<string> = new Set([
  'header',
  'body',
  'button',
  'carousel',
  'limited_time_offer',
  'order_status',
  'tap_target_configuration',
]);
const FILE_KINDS = ['image', 'video', 'gif', 'document'] as const;

/** A message from a registered template. */
export const template: OutboundType = {
  name: 'template',
  schema: SentTemplate,
  check: ({ components = [] }: SentTemplate) => checkComponents(components, "template['components']"),
  registered: (world, number, value: SentTemplate, major) => findTemplate(world, number, value, major),
  media: ({ components = [] }: SentTemplate) => mediaOf(components, "template['components']"),
};

function checkComponents(components: readonly SentComponent[], path: string): Refusal | null {
  for (const [index, component] of components.entries()) {
    const refusal = checkComponent(component, `${path}[${index}]`);
    if (refusal !== null) return refusal;
  }
  return null;
}

function checkComponent({ type, sub_type, index, parameters = [], cards = [] }: SentComponent, path: string) {
  const kind = type.toLowerCase();
  if (!COMPONENT_TYPES.has(kind))
    return invalidValue(`${path}['type']`, `must be one of ${[...COMPONENT_TYPES].join(', ')}`);
  if (kind === 'button' && sub_type === undefined) return missingParameter(`${path}['sub_type']`);
  if (kind === 'button' && index === undefined) return missingParameter(`${path}['index']`);
  for (const [at, parameter] of parameters.entries()) {
    const refusal = checkParameter(parameter, `${path}['parameters'][${at}]`);
    if (refusal !== null) return refusal;
  }
  for (const [at, card] of cards.entries()) {
    const refusal = checkComponents(card.components, `${path}['cards'][${at}]['components']`);
    if (refusal !== null) return refusal;
  }
  return null;
}

function checkParameter(parameter: Parameter, path: string): Refusal | null {
  const { type } = parameter;
  if (parameter[type] === undefined) return missingParameter(`${path}['${type}']`);
  const extra = PARAMETER_TYPES.find((each) => each !== type && parameter[each] !== undefined);
  if (extra !== undefined) return unexpectedKey(extra, path);
  const kind = FILE_KINDS.find((each) => each === type);
  const file = kind === undefined ? undefined : parameter[kind];
  return file === undefined ? null : checkFile(file, `${path}['${type}']`);
}

function mediaOf(components: readonly SentComponent[], path: string): MediaReference[] {
  return components.flatMap(({ parameters = [], cards = [] }, index) => [
    ...parameters.flatMap((parameter, at) => fileOf(parameter, `${path}[${index}]['parameters'][${at}]`)),
    ...cards.flatMap((card, at) => mediaOf(card.components, `${path}[${index}]['cards'][${at}]['components']`)),
  ]);
}

/** The file of a parameter; a GIF is an MP4 (Meta 4.3). */
function fileOf(parameter: Parameter, path: string): MediaReference[] {
  const kind = FILE_KINDS.find((each) => each === parameter.type);
  const file = kind === undefined ? undefined : parameter[kind];
  if (kind === undefined || file === undefined) return [];
  const { id, link } = file;
  return [
    referenceTo(
      { ...(id === undefined ? {} : { id }), ...(link === undefined ? {} : { link }) },
      kind === 'gif' ? 'video' : kind,
      `${path}['${kind}']`,
    ),
  ];
}
