// Cards with media and buttons, side by side (Infobip 2.2, Meta 1.5 `carousel`).
import { type Static, Type } from 'typebox';
import { httpUrl } from '../fields.js';
import { addViolation, type Violations } from '../readers.js';
import { defineMessage } from './envelope.js';
import { looseBodyField, toInteractive } from './interactive.js';
import { mediaLink } from './media.js';
import { urlAction } from './url-action.js';

const header = Type.Union([
  Type.Object({ type: Type.Literal('IMAGE'), url: httpUrl() }),
  Type.Object({ type: Type.Literal('VIDEO'), url: httpUrl() }),
]);
const body = Type.Object({ text: Type.String({ maxLength: 160 }) });
const shortText = Type.String({ maxLength: 20 });

const urlCard = Type.Object({
  header,
  body,
  button: Type.Object({ displayText: shortText, url: httpUrl() }),
});
const replyCard = Type.Object({
  header,
  body,
  buttons: Type.Array(Type.Object({ id: shortText, title: shortText }), { minItems: 1 }),
});
const cardCount = { minItems: 2, maxItems: 10 } as const;
const action = Type.Union([
  Type.Object({ type: Type.Literal('QUICK_REPLY'), cards: Type.Array(replyCard, cardCount) }),
  Type.Object({ type: Type.Literal('URL'), cards: Type.Array(urlCard, cardCount) }),
]);

/** `POST /whatsapp/1/message/interactive/media-carousel`. All cards have one kind of header and as many buttons. */
export const interactiveMediaCarouselMessage = defineMessage({
  path: 'interactive/media-carousel',
  summary: 'Send cards with media and buttons',
  content: Type.Object({ body: looseBodyField, action }),
  crossCheck({ action }, _, violations) {
    checkHeaders(action.cards, violations);
    if (action.type === 'QUICK_REPLY') checkButtons(action.cards, violations);
  },
  toWire: ({ action, ...parts }) =>
    toInteractive('carousel', parts, {
      cards:
        action.type === 'URL'
          ? action.cards.map((card, i) => cardToWire(card, i, urlAction(card.button)))
          : action.cards.map((card, i) => cardToWire(card, i, { buttons: card.buttons.map(replyToWire) })),
    }),
  example: {
    from: '441134960000',
    to: '441134960001',
    content: {
      body: { text: 'Looks of the week' },
      action: {
        type: 'URL',
        cards: [
          {
            header: { type: 'IMAGE', url: 'https://cdn.example/1.png' },
            body: { text: 'One' },
            button: { displayText: 'Buy', url: 'https://shop.example/1' },
          },
          {
            header: { type: 'IMAGE', url: 'https://cdn.example/2.png' },
            body: { text: 'Two' },
            button: { displayText: 'Buy', url: 'https://shop.example/2' },
          },
        ],
      },
    },
  },
});

type Card = Pick<Static<typeof urlCard>, 'header' | 'body'>;

function checkHeaders(cards: readonly Card[], violations: Violations): void {
  const first = cards[0]?.header.type;
  for (const [i, card] of cards.entries()) {
    if (card.header.type === first) continue;
    addViolation(violations, `content.action.cards[${i}].header.type`, 'must be the same on every card');
  }
}

function checkButtons(cards: readonly Static<typeof replyCard>[], violations: Violations): void {
  const first = cards[0]?.buttons.length;
  for (const [i, card] of cards.entries()) {
    if (card.buttons.length === first) continue;
    addViolation(violations, `content.action.cards[${i}].buttons`, 'must be as many on every card');
  }
}

/** Meta gives cards of both kinds this one type. The body of a card may be absent there, so an empty one is left out. */
function cardToWire({ header, body }: Card, index: number, cardAction: object): object {
  const media = header.type === 'IMAGE' ? 'image' : 'video';
  return {
    card_index: index,
    type: 'cta_url',
    header: { type: media, [media]: mediaLink(header.url) },
    body: body.text === '' ? undefined : body,
    action: cardAction,
  };
}

function replyToWire({ id, title }: { id: string; title: string }): object {
  return { type: 'quick_reply', quick_reply: { id, title } };
}
