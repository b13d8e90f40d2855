// What a user can send: Meta's inbound fragments, without from, id and timestamp (Meta 2.2).
import Type, { type Static, type TSchema } from 'typebox';
import { checkerOf } from '../checker.js';
import { ControlError, parseBody } from './answer.js';

const closed = { additionalProperties: false };
const Short = Type.String({ minLength: 1, maxLength: 4096 });
const Id = Type.String({ minLength: 1, maxLength: 512 });
const WebAddress = Type.String({ pattern: '^https?://', maxLength: 4096 });
const Reply = Type.Object({ id: Id, title: Short, description: Type.Optional(Type.String()) }, closed);

/** Where the bytes of a file come from: `data` in base64, `link` or `url` to fetch, `id` of media that the sandbox has; none when the request carries the file itself. */
const FileSource = {
  id: Type.Optional(Id),
  link: Type.Optional(WebAddress),
  url: Type.Optional(WebAddress),
  data: Type.Optional(Type.String({ minLength: 1, pattern: '^[A-Za-z0-9+/]+={0,2}$' })),
  mime_type: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+( *;.*)?$', maxLength: 255 })),
  sha256: Type.Optional(Type.String()),
};
const Caption = Type.Optional(Type.String({ maxLength: 4096 }));

/** Types that carry a file. */
export const FILE_FRAGMENTS: Readonly<Record<string, TSchema>> = {
  image: Type.Object({ ...FileSource, caption: Caption }, closed),
  video: Type.Object({ ...FileSource, caption: Caption }, closed),
  audio: Type.Object({ ...FileSource, voice: Type.Optional(Type.Boolean()) }, closed),
  document: Type.Object({ ...FileSource, caption: Caption, filename: Type.Optional(Short) }, closed),
  sticker: Type.Object({ ...FileSource, animated: Type.Optional(Type.Boolean()) }, closed),
};

/** The object of each type, under the key of its name; a type without a file. */
export const FRAGMENTS: Readonly<Record<string, TSchema>> = {
  text: Type.Object({ body: Type.String({ minLength: 1, maxLength: 4096 }) }, closed),
  location: Type.Object(
    {
      latitude: Type.Number({ minimum: -90, maximum: 90 }),
      longitude: Type.Number({ minimum: -180, maximum: 180 }),
      name: Type.Optional(Type.String()),
      address: Type.Optional(Type.String()),
      url: Type.Optional(Type.String()),
    },
    closed,
  ),
  button: Type.Object({ payload: Short, text: Short }, closed),
  reaction: Type.Object({ message_id: Id, emoji: Type.Optional(Type.String()) }, closed),
  contacts: Type.Array(Type.Object({ name: Type.Object({ formatted_name: Short }) }), { minItems: 1, maxItems: 257 }),
  interactive: Type.Union([
    Type.Object({ type: Type.Literal('button_reply'), button_reply: Reply }, closed),
    Type.Object({ type: Type.Literal('list_reply'), list_reply: Reply }, closed),
    Type.Object(
      {
        type: Type.Literal('nfm_reply'),
        nfm_reply: Type.Object(
          { name: Type.Optional(Short), body: Type.Optional(Short), response_json: Type.String() },
          closed,
        ),
      },
      closed,
    ),
    Type.Object(
      {
        type: Type.Literal('call_permission_reply'),
        call_permission_reply: Type.Object(
          {
            response: Type.Enum(['accept', 'reject']),
            is_permanent: Type.Optional(Type.Boolean()),
            expiration_timestamp: Type.Optional(Type.Union([Type.Number(), Type.String()])),
            response_source: Type.Optional(Type.Enum(['user_action', 'automatic'])),
          },
          closed,
        ),
      },
      closed,
    ),
  ]),
  order: Type.Object(
    {
      catalog_id: Id,
      text: Type.Optional(Type.String()),
      product_items: Type.Array(
        Type.Object(
          { product_retailer_id: Id, quantity: Type.Integer(), item_price: Type.Number(), currency: Short },
          closed,
        ),
        { minItems: 1 },
      ),
    },
    closed,
  ),
  system: Type.Object({ type: Short, body: Type.Optional(Short) }),
  edit: Type.Object({ original_message_id: Id, message: Type.Object({ type: Short }) }, closed),
  revoke: Type.Object({ original_message_id: Id }, closed),
};

/** Types that carry no object of their own, or an optional one. */
const OPTIONAL_FRAGMENTS: Readonly<Record<string, TSchema>> = {
  unsupported: Type.Object({ type: Type.Optional(Short) }),
  unknown: Type.Object({}),
  request_welcome: Type.Object({}),
};

const Context = Type.Object(
  {
    id: Type.Optional(Id),
    forwarded: Type.Optional(Type.Boolean()),
    frequently_forwarded: Type.Optional(Type.Boolean()),
    referred_product: Type.Optional(Type.Object({ catalog_id: Id, product_retailer_id: Id }, closed)),
  },
  { ...closed, minProperties: 1 },
);

const Referral = Type.Object(
  {
    source_url: Short,
    source_id: Id,
    source_type: Type.Enum(['ad', 'post']),
    headline: Type.Optional(Type.String()),
    body: Type.Optional(Type.String()),
    media_type: Type.Optional(Type.Enum(['image', 'video'])),
    image_url: Type.Optional(Type.String()),
    video_url: Type.Optional(Type.String()),
    thumbnail_url: Type.Optional(Type.String()),
    ctwa_clid: Type.Optional(Type.String()),
    welcome_message: Type.Optional(Type.Object({ text: Type.String() }, closed)),
  },
  closed,
);

/** Beside `system` when an identity changed (Meta 2.2). */
const Identity = Type.Object({
  acknowledged: Type.Boolean(),
  created_timestamp: Type.Union([Type.Number(), Type.String()]),
  hash: Short,
});

/** A checked fragment. */
export interface InboundFragment {
  type: string;
  context?: Static<typeof Context>;
  [key: string]: unknown;
}

/** Checks fragments; made once, because its validators are compiled. */
export function createInboundCheck(): (fragment: unknown) => InboundFragment {
  const validators = new Map([
    ...Object.entries({ ...FRAGMENTS, ...FILE_FRAGMENTS }).map(
      ([type, schema]) => [type, compile(type, schema)] as const,
    ),
    ...Object.entries(OPTIONAL_FRAGMENTS).map(
      ([type, schema]) => [type, compile(type, Type.Optional(schema))] as const,
    ),
  ]);
  return (fragment) => {
    const type = typeof fragment === 'object' && fragment !== null && 'type' in fragment ? fragment.type : undefined;
    const validator = typeof type === 'string' ? validators.get(type) : undefined;
    if (validator === undefined) {
      throw new ControlError(400, `must be one of ${[...validators.keys()].join(', ')}`, 'type');
    }
    return parseBody(validator, fragment);
  };
}

function compile(type: string, schema: TSchema) {
  const properties: Record<string, TSchema> = { [type]: schema };
  return checkerOf(
    Type.Object(
      {
        type: Type.Literal(type),
        context: Type.Optional(Context),
        identity: Type.Optional(Identity),
        referral: Type.Optional(Referral),
        errors: Type.Optional(Type.Array(Type.Object({ code: Type.Integer(), title: Short }))),
        ...properties,
      },
      closed,
    ),
  );
}
