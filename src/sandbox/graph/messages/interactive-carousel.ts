// Interactive type `carousel`: cards with media and buttons, or cards with products (Meta 1.5).
import Type, { type Static } from 'typebox';
import type { Refusal } from '../errors.js';
import { invalidValue, missingParameter, tooMany, unexpectedKey } from '../schema.js';
import {
  checkDistinct,
  checkHeader,
  checkUrlParameters,
  headerSchema,
  interactiveType,
  LABEL_CHARACTERS_MAX,
  mediaOfHeader,
  textUpTo,
  UrlParameters,
} from './interactive.js';

const closed = { additionalProperties: false };
const CARDS_MIN = 2;
const CARDS_MAX = 10;
const BUTTONS_MAX = 3;
const BODY_CHARACTERS_MAX = 160;
const BODY_LINE_BREAKS_MAX = 2;
/** 20 in one source; the limit of reply buttons until that is confirmed. */
const BUTTON_ID_CHARACTERS_MAX = 256;
const PRODUCT_ID_CHARACTERS_MAX = 512;
const PATH = "interactive['action']['cards']";

const ProductId = Type.Optional(textUpTo(PRODUCT_ID_CHARACTERS_MAX));
const Card = Type.Object(
  {
    card_index: Type.Integer({ minimum: 0, maximum: CARDS_MAX - 1 }),
    type: Type.Enum(['cta_url', 'product']),
    header: Type.Optional(headerSchema(['image', 'video'])),
    body: Type.Optional(Type.Object({ text: textUpTo(BODY_CHARACTERS_MAX) }, closed)),
    action: Type.Object(
      {
        name: Type.Optional(Type.Literal('cta_url')),
        parameters: Type.Optional(UrlParameters),
        buttons: Type.Optional(
          Type.Array(
            Type.Object(
              {
                type: Type.Literal('quick_reply'),
                quick_reply: Type.Object(
                  { id: textUpTo(BUTTON_ID_CHARACTERS_MAX), title: textUpTo(LABEL_CHARACTERS_MAX) },
                  closed,
                ),
              },
              closed,
            ),
            { minItems: 1, maxItems: BUTTONS_MAX },
          ),
        ),
        product_retailer_id: ProductId,
        catalog_id: ProductId,
      },
      closed,
    ),
  },
  closed,
);
const Action = Type.Object({ cards: Type.Array(Card, { minItems: CARDS_MIN, maxItems: CARDS_MAX }) }, closed);
type Card = Static<typeof Card>;

/** Cards side by side. */
export const carousel = interactiveType({
  type: 'carousel',
  hasFooter: false,
  action: Action,
  check({ cards }: Static<typeof Action>) {
    for (const [index, card] of cards.entries()) {
      const refusal = checkCard(card, `${PATH}[${index}]`);
      if (refusal !== null) return refusal;
    }
    return checkTogether(cards);
  },
  media: ({ cards }: Static<typeof Action>) =>
    cards.flatMap(({ header }, index) => mediaOfHeader(header, `${PATH}[${index}]['header']`)),
});

function checkCard(card: Card, path: string): Refusal | null {
  return card.type === 'product' ? checkProductCard(card, path) : checkMediaCard(card, path);
}

function checkProductCard({ header, body, action }: Card, path: string): Refusal | null {
  if (header !== undefined) return unexpectedKey('header', path);
  if (body !== undefined) return unexpectedKey('body', path);
  const extra = (['name', 'parameters', 'buttons'] as const).find((key) => action[key] !== undefined);
  if (extra !== undefined) return unexpectedKey(extra, `${path}['action']`);
  const missing = (['product_retailer_id', 'catalog_id'] as const).find((key) => action[key] === undefined);
  return missing === undefined ? null : missingParameter(`${path}['action']['${missing}']`);
}

function checkMediaCard({ header, body, action }: Card, path: string): Refusal | null {
  if (header === undefined) return missingParameter(`${path}['header']`);
  const extra = (['product_retailer_id', 'catalog_id'] as const).find((key) => action[key] !== undefined);
  if (extra !== undefined) return unexpectedKey(extra, `${path}['action']`);
  const lineBreaks = body?.text.match(/\r\n|\r|\n/g)?.length ?? 0;
  if (lineBreaks > BODY_LINE_BREAKS_MAX)
    return invalidValue(`${path}['body']['text']`, `must have at most ${BODY_LINE_BREAKS_MAX} line breaks`);
  return checkHeader(header, `${path}['header']`) ?? checkMediaAction(action, `${path}['action']`);
}

function checkMediaAction({ name, parameters, buttons }: Card['action'], path: string): Refusal | null {
  if (parameters === undefined) {
    if (buttons === undefined) return missingParameter(`${path}['parameters']`);
    return checkDistinct(
      buttons.map((button) => button.quick_reply.id),
      `${path}['buttons']`,
      'button ids',
    );
  }
  if (buttons !== undefined) return tooMany(`${path}['parameters']`, `${path}['buttons']`);
  if (name === undefined) return missingParameter(`${path}['name']`);
  return checkUrlParameters(parameters, `${path}['parameters']`);
}

/** What holds between cards: indices from 0, one kind of card, media, buttons and catalog. Cards may share their buttons' ids. */
function checkTogether(cards: readonly Card[]): Refusal | null {
  const indices = cards.map((card) => card.card_index).sort((a, b) => a - b);
  if (indices.some((cardIndex, at) => cardIndex !== at))
    return invalidValue(PATH, 'must be numbered from 0 without gaps');
  const shapes = new Set(
    cards.map(({ type, header, action }) => `${type}:${header?.type}:${action.buttons?.length}:${action.catalog_id}`),
  );
  if (shapes.size > 1) return invalidValue(PATH, 'must all have the same kind of header, buttons and catalog');
  return null;
}
