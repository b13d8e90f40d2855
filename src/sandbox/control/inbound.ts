// What a user can send: Meta's inbound fragments, without from, id and timestamp (Meta 2.2).
import Type, { type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { ControlError, parseBody } from './answer.js';

const closed = { additionalProperties: false };
const Short = Type.String({ minLength: 1, maxLength: 4096 });
const Id = Type.String({ minLength: 1, maxLength: 512 });
const Reply = Type.Object({ id: Id, title: Short, description: Type.Optional(Type.String()) }, closed);

/** The object of each type, under the key of its name; a type without media. */
const FRAGMENTS: Readonly<Record<string, TSchema>> = {
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
};

/** Types that carry no object of their own, or an optional one. */
const OPTIONAL_FRAGMENTS: Readonly<Record<string, TSchema>> = {
  unsupported: Type.Object({ type: Type.Optional(Short) }),
  unknown: Type.Object({}),
  request_welcome: Type.Object({}),
};

/** A checked fragment. */
export interface InboundFragment {
  type: string;
  context?: { id: string };
  [key: string]: unknown;
}

/** Checks fragments; made once, because its validators are compiled. */
export function createInboundCheck(): (fragment: unknown) => InboundFragment {
  const validators = new Map([
    ...Object.entries(FRAGMENTS).map(([type, schema]) => [type, compile(type, schema)] as const),
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
  return Compile(
    Type.Object(
      {
        type: Type.Literal(type),
        context: Type.Optional(Type.Object({ id: Id }, closed)),
        referral: Type.Optional(
          Type.Object({ source_url: Short, source_id: Id, source_type: Type.Enum(['ad', 'post']) }),
        ),
        errors: Type.Optional(Type.Array(Type.Object({ code: Type.Integer(), title: Short }))),
        ...properties,
      },
      closed,
    ),
  );
}
