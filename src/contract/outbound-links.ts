// Where messages carry URLs that become short links: texts, captions, bodies and buttons that open a URL, in Meta's form (Infobip 7).
import { isObject, type JsonObject } from './json.js';
import type { WireContent } from './messages/envelope.js';

/** What becomes of URLs. */
export interface LinkRewrite {
  /** A text with links for its URLs. `lengthMax`: what Meta takes, in characters. */
  text(text: string, lengthMax: number): string;
  /** The link for the URL of a button. */
  url(url: string): string;
}

/** What Meta takes (Meta 1.4, 1.5). */
const TEXT_LENGTH_MAX = 4096;
const CAPTION_LENGTH_MAX = 1024;
const BODY_LENGTH_MAX = 1024;
const LIST_BODY_LENGTH_MAX = 4096;
const CARD_BODY_LENGTH_MAX = 160;

/** The message with short links. Headers and footers, media, and what fills templates stay as they are. */
export function withLinks(wire: WireContent, rewrite: LinkRewrite): WireContent {
  const { type } = wire;
  const part = wire[type];
  if (!isObject(part)) return wire;
  return { ...wire, [type]: type === 'interactive' ? interactiveWith(part, rewrite) : mediaWith(part, rewrite) };
}

function mediaWith(part: JsonObject, { text }: LinkRewrite): JsonObject {
  const { body, caption } = part;
  return {
    ...part,
    ...(typeof body === 'string' ? { body: text(body, TEXT_LENGTH_MAX) } : {}),
    ...(typeof caption === 'string' ? { caption: text(caption, CAPTION_LENGTH_MAX) } : {}),
  };
}

function interactiveWith(part: JsonObject, rewrite: LinkRewrite): JsonObject {
  const { body, action } = part;
  const lengthMax = part.type === 'list' ? LIST_BODY_LENGTH_MAX : BODY_LENGTH_MAX;
  return {
    ...part,
    ...(isObject(body) ? { body: bodyWith(body, rewrite, lengthMax) } : {}),
    ...(isObject(action) ? { action: actionWith(action, rewrite) } : {}),
  };
}

function bodyWith(body: JsonObject, { text }: LinkRewrite, lengthMax: number): JsonObject {
  return typeof body.text === 'string' ? { ...body, text: text(body.text, lengthMax) } : body;
}

function actionWith(action: JsonObject, rewrite: LinkRewrite): JsonObject {
  const { name, parameters, cards } = action;
  if (name === 'cta_url' && isObject(parameters) && typeof parameters.url === 'string')
    return { ...action, parameters: { ...parameters, url: rewrite.url(parameters.url) } };
  if (!Array.isArray(cards)) return action;
  return { ...action, cards: cards.map((card: unknown) => (isObject(card) ? cardWith(card, rewrite) : card)) };
}

function cardWith(card: JsonObject, rewrite: LinkRewrite): JsonObject {
  const { body, action } = card;
  return {
    ...card,
    ...(isObject(body) ? { body: bodyWith(body, rewrite, CARD_BODY_LENGTH_MAX) } : {}),
    ...(isObject(action) ? { action: actionWith(action, rewrite) } : {}),
  };
}
