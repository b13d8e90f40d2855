// What a template must be as a whole: which components stand together, and what follows from its category (Meta 4.3).
import type { Refusal } from '../graph/errors.js';
import { type Button, type Card, COMPONENT_KEYS, type Component } from './component.js';
import type { Category, Content } from './record.js';
import { refuseParameter, refuseTemplate, tooLong } from './refusals.js';
import { checkButtons } from './rules-buttons.js';
import {
  BODY_CHARACTERS_MAX,
  CARD_BODY_CHARACTERS_MAX,
  checkBody,
  checkFooter,
  checkHeader,
  OFFER_BODY_CHARACTERS_MAX,
} from './rules-text.js';

const CARDS_MIN = 2;
const CARDS_MAX = 10;
const CARD_BUTTONS_MAX = 2;
const OFFER_CHARACTERS_MAX = 16;
const TTL_SECONDS_ENDLESS = -1;

/** Seconds that an undelivered message may live, by category (Meta 4.3). */
const TTL_SECONDS: Readonly<Record<Category, readonly [min: number, max: number]>> = {
  AUTHENTICATION: [30, 900],
  UTILITY: [30, 43_200],
  MARKETING: [43_200, 2_592_000],
};

/** The component of that kind. */
export function componentOf(components: readonly Component[], type: Component['type']): Component | undefined {
  return components.find((component) => component.type === type);
}

/** Refuses content that a template of the category cannot have. */
export function checkContent({ components, parameterFormat }: Content, category: Category): Refusal | null {
  for (const component of components) {
    const refusal = checkKeys(component);
    if (refusal !== null) return refusal;
  }
  const types = components.map(({ type }) => type);
  const twice = types.find((type, index) => types.indexOf(type) !== index);
  if (twice !== undefined) return refuseParameter(`There are two components of type ${twice}.`);
  if (!types.includes('BODY')) return refuseTemplate(2388072, 'A template needs a body.');
  if (category === 'AUTHENTICATION') return checkAuthentication(components);
  return checkPlain(components, parameterFormat, category);
}

/** Refuses a time to live that a template of the category cannot have. */
export function checkTtl(seconds: number | null, category: Category): Refusal | null {
  const [min, max] = TTL_SECONDS[category];
  if (seconds === null || seconds === TTL_SECONDS_ENDLESS || (seconds >= min && seconds <= max)) return null;
  return refuseParameter(`message_send_ttl_seconds of a ${category} template must be from ${min} to ${max}, or -1.`);
}

function checkKeys(component: Component): Refusal | null {
  const allowed: readonly string[] = ['type', ...COMPONENT_KEYS[component.type]];
  const extra = Object.keys(component).find((key) => !allowed.includes(key));
  return extra === undefined ? null : refuseParameter(`A component of type ${component.type} has no ${extra}.`);
}

function checkPlain(
  components: readonly Component[],
  parameterFormat: Content['parameterFormat'],
  category: Category,
): Refusal | null {
  const find = (type: Component['type']) => componentOf(components, type);
  const [header, body, footer, buttons] = [find('HEADER'), find('BODY'), find('FOOTER'), find('BUTTONS')];
  const isOfProduct = header?.format === 'PRODUCT';
  const offer = find('LIMITED_TIME_OFFER');
  const bodyMax = isOfProduct ? CARD_BODY_CHARACTERS_MAX : offer ? OFFER_BODY_CHARACTERS_MAX : BODY_CHARACTERS_MAX;
  if (body?.add_security_recommendation !== undefined || footer?.code_expiration_minutes !== undefined)
    return refuseParameter('Security texts are only for templates of category AUTHENTICATION.');
  if (buttons?.buttons?.some(({ type }) => type === 'OTP'))
    return refuseParameter('OTP buttons are only for templates of category AUTHENTICATION.');
  if (buttons !== undefined && buttons.buttons === undefined) return refuseParameter('The buttons are missing.');
  return (
    (header === undefined ? null : checkHeader(header, parameterFormat)) ??
    (body === undefined ? null : checkBody(body, parameterFormat, bodyMax)) ??
    (footer === undefined ? null : checkFooter(footer)) ??
    (buttons?.buttons === undefined ? null : checkButtons(buttons.buttons)) ??
    (offer === undefined ? null : checkOffer(offer, components, category)) ??
    checkCarousel(find('CAROUSEL'), components, parameterFormat) ??
    checkCallRequest(components)
  );
}

function checkOffer(
  { limited_time_offer: offer }: Component,
  components: readonly Component[],
  category: Category,
): Refusal | null {
  if (offer === undefined) return refuseParameter('limited_time_offer is missing.');
  if (offer.text.length > OFFER_CHARACTERS_MAX) return tooLong('text of the offer', OFFER_CHARACTERS_MAX);
  if (category !== 'MARKETING') return refuseParameter('A limited-time offer is only for category MARKETING.');
  const format = componentOf(components, 'HEADER')?.format;
  if (format !== undefined && format !== 'IMAGE' && format !== 'VIDEO')
    return refuseTemplate(2388047, 'A limited-time offer has a picture or a video as its header.');
  if (componentOf(components, 'FOOTER') !== undefined)
    return refuseTemplate(2388073, 'A limited-time offer has no footer.');
  const kinds = (componentOf(components, 'BUTTONS')?.buttons ?? []).map(({ type }) => type).join();
  const allowed = ['COPY_CODE,URL', 'COPY_CODE', ...(offer.has_expiration === true ? [] : ['URL'])];
  return allowed.includes(kinds)
    ? null
    : refuseParameter(
        'A limited-time offer has a copy code button (needed with an expiration), a URL button, or both in this order.',
      );
}

function checkCarousel(
  carousel: Component | undefined,
  components: readonly Component[],
  parameterFormat: Content['parameterFormat'],
): Refusal | null {
  if (carousel === undefined) return null;
  const cards = carousel.cards ?? [];
  if (components.some(({ type }) => type !== 'CAROUSEL' && type !== 'BODY'))
    return refuseParameter('Beside a carousel there is only a body.');
  if (cards.length < CARDS_MIN || cards.length > CARDS_MAX)
    return refuseParameter(`A carousel has ${CARDS_MIN} to ${CARDS_MAX} cards.`);
  for (const card of cards) {
    const refusal = checkCard(card, parameterFormat);
    if (refusal !== null) return refusal;
  }
  return new Set(cards.map(shapeOf)).size === 1
    ? null
    : refuseParameter('All cards of a carousel have the same components and buttons.');
}

function checkCard({ components }: Card, parameterFormat: Content['parameterFormat']): Refusal | null {
  const find = (type: Component['type']) => componentOf(components, type);
  const [header, body, buttons] = [find('HEADER'), find('BODY'), find('BUTTONS')?.buttons];
  if (components.some(({ type }) => !['HEADER', 'BODY', 'BUTTONS'].includes(type)))
    return refuseParameter('A card has a header, a body and buttons.');
  if (!['IMAGE', 'VIDEO', 'PRODUCT'].includes(header?.format ?? ''))
    return refuseTemplate(2388047, 'A card needs a picture, a video or a product as its header.');
  if (buttons === undefined) return refuseParameter('A card needs buttons.');
  return (
    components.map(checkKeys).find((refusal) => refusal !== null) ??
    (header === undefined ? null : checkHeader(header, parameterFormat)) ??
    (body === undefined ? null : checkBody(body, parameterFormat, CARD_BODY_CHARACTERS_MAX)) ??
    checkButtons(buttons, CARD_BUTTONS_MAX)
  );
}

function shapeOf({ components }: Card): string {
  return components
    .map(({ type, format, buttons = [] }) => `${type}:${format}:${buttons.map((button) => button.type).join('+')}`)
    .sort()
    .join();
}

function checkCallRequest(components: readonly Component[]): Refusal | null {
  if (componentOf(components, 'CALL_PERMISSION_REQUEST') === undefined) return null;
  return componentOf(components, 'BUTTONS') === undefined
    ? null
    : refuseParameter('A call permission request has no buttons.');
}

/** Preset texts; the only choices are the security line, the minutes and the one button. */
function checkAuthentication(components: readonly Component[]): Refusal | null {
  const other = components.find(({ type }) => !['BODY', 'FOOTER', 'BUTTONS'].includes(type));
  if (other !== undefined) return refuseParameter(`An AUTHENTICATION template has no component of type ${other.type}.`);
  const body = componentOf(components, 'BODY');
  const footer = componentOf(components, 'FOOTER');
  if (body?.text !== undefined || body?.example !== undefined)
    return refuseTemplate(2388072, 'The body of an AUTHENTICATION template is preset.');
  if (footer !== undefined && (footer.text !== undefined || footer.code_expiration_minutes === undefined))
    return refuseTemplate(2388073, 'The footer of an AUTHENTICATION template has code_expiration_minutes only.');
  const buttons: readonly Button[] = componentOf(components, 'BUTTONS')?.buttons ?? [];
  return buttons.length === 1 && buttons[0]?.type === 'OTP'
    ? checkButtons(buttons)
    : refuseParameter('An AUTHENTICATION template has one OTP button.');
}
