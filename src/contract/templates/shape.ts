// What a message must bring for a registered template, read off Meta's components, and whether one does (Infobip 2.3). Pure.
import { itemsAt, objectAt, textAt } from '../json.js';
import type { TemplateButton, TemplateData } from '../messages/template.js';
import { countPlaceholders } from './placeholders.js';
import { type Destinations, isDynamic, slotOf } from './short-urls.js';

/** What one button takes: nothing (it is left out of messages), a parameter if one is wanted, or one always. */
interface ButtonShape {
  /** Its place in the template. */
  place: number;
  type: TemplateButton['type'];
  isRequired: boolean;
}

/** What a message must bring. */
export interface TemplateShape {
  bodyPlaceholders: number;
  /** Undefined: no header, or one that takes nothing. */
  header: string | undefined;
  buttons: readonly ButtonShape[];
  cards: readonly TemplateShape[] | undefined;
  hasExpiration: boolean;
  /** The code must be the same in body and button. */
  isAuthentication: boolean;
}

/** The places of buttons that a message has, or what does not fit; `detail` is for people. */
export type Fit = { fits: true; places: number[]; cardPlaces: number[][] } | { fits: false; detail: string };

/** The longest code (Meta 4.3). */
const CODE_LENGTH_MAX = 15;

/** What is known of a template besides its components. */
interface ShapeContext {
  category?: string | undefined;
  /** Of buttons with short links: what leads always to the same place is no business of messages. */
  destinations?: Destinations | undefined;
}

/** The shape of components. `card`: whose they are. */
export function shapeOf(components: readonly unknown[], context: ShapeContext = {}, card?: number): TemplateShape {
  const { category, destinations = {} } = context;
  const find = (type: string): unknown => components.find((part) => textAt(part, 'type')?.toUpperCase() === type);
  const body = find('BODY');
  const buttons = itemsAt(find('BUTTONS'), 'buttons');
  const slots = buttons.flatMap((button, place) => buttonOf(button, place, destinations[slotOf(place, card)]));
  // In India they may look like any other, without a button for the code.
  const isAuthentication = category === 'AUTHENTICATION' && slots.some(({ type }) => type === 'URL');
  const carousel = find('CAROUSEL');
  const text = textAt(body, 'text');
  return {
    bodyPlaceholders: text === undefined ? Number(isAuthentication) : countPlaceholders(text),
    header: headerOf(find('HEADER')),
    buttons: slots,
    cards:
      carousel === undefined
        ? undefined
        : itemsAt(carousel, 'cards').map((own, i) => shapeOf(itemsAt(own, 'components'), { destinations }, i)),
    hasExpiration: objectAt(find('LIMITED_TIME_OFFER'), 'limited_time_offer')?.has_expiration === true,
    isAuthentication,
  };
}

function headerOf(header: unknown): string | undefined {
  const format = textAt(header, 'format')?.toUpperCase();
  if (format !== 'TEXT') return format;
  return countPlaceholders(textAt(header, 'text') ?? '') > 0 ? format : undefined;
}

function buttonOf(button: unknown, place: number, destination: string | undefined): ButtonShape[] {
  if (destination !== undefined && !isDynamic(destination)) return [];
  const type = textAt(button, 'type')?.toUpperCase();
  switch (type) {
    case 'URL':
      return countPlaceholders(textAt(button, 'url') ?? '') > 0 ? [{ place, type, isRequired: true }] : [];
    case 'OTP':
      return [{ place, type: 'URL', isRequired: true }];
    case 'QUICK_REPLY':
    case 'FLOW':
    case 'CATALOG':
    case 'VOICE_CALL':
      return [{ place, type, isRequired: false }];
    case 'COPY_CODE':
    case 'ORDER_DETAILS':
      return [{ place, type, isRequired: true }];
    case 'MPM':
      return [{ place, type: 'MULTI_PRODUCT', isRequired: true }];
    default:
      return [];
  }
}

/** Whether what a message brings fills the template exactly: number of placeholders, kind of header, buttons in order, cards. */
export function fitTemplate(shape: TemplateShape, data: TemplateData): Fit {
  const wrong = misfit(shape, data) ?? offerMisfit(shape, data) ?? codeMisfit(shape, data);
  if (wrong !== undefined) return { fits: false, detail: wrong };
  const places = placesOf(shape.buttons, data.buttons ?? []);
  if (typeof places === 'string') return { fits: false, detail: places };
  const cards = data.carousel?.cards ?? [];
  const cardShapes = shape.cards ?? [];
  if (cards.length !== cardShapes.length)
    return { fits: false, detail: `carousel: ${cards.length} cards, not ${cardShapes.length}` };
  const cardPlaces: number[][] = [];
  for (const [i, card] of cards.entries()) {
    const cardShape = cardShapes[i];
    if (cardShape === undefined) break;
    const own = misfit(cardShape, card) ?? placesOf(cardShape.buttons, card.buttons ?? []);
    if (typeof own === 'string') return { fits: false, detail: `card ${i + 1}: ${own}` };
    cardPlaces.push(own);
  }
  return { fits: true, places, cardPlaces };
}

function misfit(
  { bodyPlaceholders, header }: TemplateShape,
  data: { body?: { placeholders: readonly string[] }; header?: { type: string } },
): string | undefined {
  const given = data.body?.placeholders.length ?? 0;
  if (given !== bodyPlaceholders) return `body: ${given} placeholders, not ${bodyPlaceholders}`;
  if (data.header?.type !== header) return `header: ${data.header?.type ?? 'none'}, not ${header ?? 'none'}`;
  return undefined;
}

function offerMisfit({ hasExpiration }: TemplateShape, { limitedTimeOffer }: TemplateData): string | undefined {
  if ((limitedTimeOffer !== undefined) === hasExpiration) return undefined;
  return hasExpiration ? 'limitedTimeOffer: missing' : 'limitedTimeOffer: the template has none that expires';
}

function codeMisfit({ isAuthentication }: TemplateShape, { body, buttons = [] }: TemplateData): string | undefined {
  if (!isAuthentication) return undefined;
  const [code] = body.placeholders;
  const [button] = buttons;
  if (code !== undefined && code.length > CODE_LENGTH_MAX)
    return `body: a code has at most ${CODE_LENGTH_MAX} characters`;
  return button?.type === 'URL' && button.parameter === code
    ? undefined
    : 'buttons: the code of the body must also be the parameter of a URL button';
}

/** Buttons in the order of the template; those that need no parameter may be left out. */
function placesOf(shapes: readonly ButtonShape[], given: readonly { type: string }[]): number[] | string {
  const places: number[] = [];
  let next = 0;
  for (const { place, type, isRequired } of shapes) {
    if (given[next]?.type === type) {
      places.push(place);
      next += 1;
    } else if (isRequired) return `buttons: ${given[next]?.type ?? 'none'} where ${type} belongs`;
  }
  return next === given.length ? places : `buttons: ${given[next]?.type ?? 'none'} has no place in the template`;
}
