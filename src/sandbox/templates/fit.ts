// Whether a sent template fits the registered one, and what it then shows (Meta 1.6). The first thing wrong is answered, in Meta's words where they are known.
import type { Refusal } from '../graph/errors.js';
import type { Parameter, SentCard, SentComponent } from '../graph/messages/template.js';
import type { Button, Card, Component } from './component.js';
import { fitButton } from './fit-buttons.js';
import { fillIn, parametersOf } from './placeholders.js';
import type { Category, Content } from './record.js';
import type { Rendered, RenderedButton, RenderedCard, RenderedHeader } from './rendered.js';
import { componentOf } from './rules.js';
import {
  BODY_CHARACTERS_MAX,
  CARD_BODY_CHARACTERS_MAX,
  HEADER_CHARACTERS_MAX,
  OFFER_BODY_CHARACTERS_MAX,
} from './rules-text.js';
import { Unfit } from './unfit.js';

/** From this version on bad characters in a parameter are 132018 (Meta 1.6). */
const PARAMETER_CODE_MAJOR_MIN = 23;
const CARDS_MAX = 10;
const CODE_CHARACTERS_MAX = 15;

/** What the fit of one component needs. `parts` is what was sent for the message or the card; `path` is where that is. */
interface Given {
  parts: readonly SentComponent[];
  path: string;
  named: boolean;
  major: number;
}

/** What the message shows, or how Meta refuses it. `major` is the version of the call. */
export function fitTemplate(
  content: Content,
  category: Category,
  components: readonly SentComponent[],
  major: number,
): Rendered | Refusal {
  try {
    const named = content.parameterFormat === 'NAMED';
    return render(content.components, category, { parts: components, path: "template['components']", named, major });
  } catch (error) {
    if (error instanceof Unfit) return error.refusal;
    throw error;
  }
}

function render(components: readonly Component[], category: Category, given: Given): Rendered {
  const find = (type: Component['type']) => componentOf(components, type);
  const [footer, offer, carousel] = [find('FOOTER')?.text, find('LIMITED_TIME_OFFER'), find('CAROUSEL')];
  refuseTwins(given.parts);
  const header = fitHeader(find('HEADER'), given);
  const body = fitBody(find('BODY'), given, offer === undefined ? BODY_CHARACTERS_MAX : OFFER_BODY_CHARACTERS_MAX);
  const expiresAt = fitOffer(offer, given);
  if (category === 'AUTHENTICATION') refuseOtherCodes(given);
  const cards = fitCarousel(carousel, given);
  const orderStatus = partOf(given, 'order_status')?.parameters?.[0]?.order_status;
  return {
    ...(header === undefined ? {} : { header }),
    body,
    ...(footer === undefined ? {} : { footer }),
    ...(offer?.limited_time_offer === undefined
      ? {}
      : { offer: { text: offer.limited_time_offer.text, ...(expiresAt === undefined ? {} : { expiresAt }) } }),
    buttons: fitButtons(find('BUTTONS')?.buttons ?? [], given),
    ...(cards === undefined ? {} : { cards }),
    ...(find('CALL_PERMISSION_REQUEST') === undefined ? {} : { asksForCalls: true }),
    ...(orderStatus === undefined ? {} : { orderStatus }),
  };
}

/** Two components for one place cannot both hold. */
function refuseTwins(parts: readonly SentComponent[]): void {
  const places = parts.map(({ type, index }) => `${type.toLowerCase()}:${index ?? ''}`);
  const twice = places.find((place, at) => places.indexOf(place) !== at);
  if (twice !== undefined)
    throw new Unfit({ code: 131009, details: `The component ${twice.split(':')[0]} is given twice.` });
}

function partOf({ parts }: Given, type: string): SentComponent | undefined {
  return parts.find((part) => part.type.toLowerCase() === type);
}

function fitHeader(header: Component | undefined, given: Given): RenderedHeader | undefined {
  const sent = partOf(given, 'header');
  const parameters = sent?.parameters ?? [];
  if (header?.format === undefined || header.format === 'TEXT') {
    const text = fitText(header?.text ?? '', parameters, 'header', given);
    if (text.length > HEADER_CHARACTERS_MAX) throw tooLong('header', text, HEADER_CHARACTERS_MAX);
    return header === undefined ? undefined : { type: 'text', text };
  }
  const [parameter, second] = parameters;
  const wanted = header.format.toLowerCase();
  if (parameter?.type !== wanted || second !== undefined) {
    const received = second === undefined ? (parameter?.type.toUpperCase() ?? 'UNKNOWN') : 'SEVERAL';
    throw new Unfit({
      code: 132012,
      details: `header: Format mismatch, expected ${header.format}, received ${received}`,
    });
  }
  const at = sent === undefined ? 0 : given.parts.indexOf(sent);
  return headerOf(parameter, `${given.path}[${at}]['parameters'][0]['${wanted}']`);
}

function headerOf(parameter: Parameter, path: string): RenderedHeader {
  const { location, product, document } = parameter;
  switch (parameter.type) {
    case 'location':
      return { type: 'location', location: { ...location } };
    case 'product':
      return { type: 'product', product: { ...product } };
    case 'document':
      return { type: 'document', path, ...(document?.filename === undefined ? {} : { filename: document.filename }) };
    case 'video':
    case 'gif':
      return { type: parameter.type, path };
    default:
      return { type: 'image', path };
  }
}

function fitBody(body: Component | undefined, given: Given, max: number): string {
  const text = fitText(body?.text ?? '', partOf(given, 'body')?.parameters ?? [], 'body', given);
  if (text.length > max) throw tooLong('body', text, max);
  return text;
}

function tooLong(where: string, text: string, max: number): Unfit {
  return new Unfit({ code: 132005, details: `${where}: ${text.length} characters, at most ${max} are allowed` });
}

/** The text with the parameters in their places; counts, names and kinds must be those of the text. */
function fitText(text: string, parameters: readonly Parameter[], where: string, { named, major }: Given): string {
  const names = parametersOf(text);
  if (names.length !== parameters.length) {
    throw new Unfit({
      code: 132000,
      details: `${where}: number of localizable_params (${parameters.length}) does not match the expected number of params (${names.length})`,
    });
  }
  if (names.length === 0) return text;
  const values = new Map<string, string>();
  for (const [index, parameter] of parameters.entries()) {
    const name = named ? parameter.parameter_name : names[index];
    if (name === undefined)
      throw new Unfit({
        code: 100,
        message: '(#100) Invalid parameter',
        details: 'Parameter name is missing or empty',
      });
    if (!names.includes(name) || values.has(name))
      throw new Unfit({ code: 132012, details: `${where}: parameter name (${name}) does not exist in the template` });
    values.set(name, textOf(parameter, where, major));
  }
  return fillIn(text, values);
}

function textOf(parameter: Parameter, where: string, major: number): string {
  const text = parameter.text ?? parameter.currency?.fallback_value ?? parameter.date_time?.fallback_value;
  if (text === undefined)
    throw new Unfit({
      code: 132012,
      details: `${where}: Format mismatch, expected TEXT, received ${parameter.type.toUpperCase()}`,
    });
  if (text === '') throw new Unfit({ code: 131008, details: `${where}: a parameter of type text needs a text` });
  if (/[\n\r\t]| {5}/.test(text)) {
    throw new Unfit({
      code: major >= PARAMETER_CODE_MAJOR_MIN ? 132018 : 132007,
      details: `${where}: Param text cannot have new-line/tab characters or more than 4 consecutive spaces`,
    });
  }
  return text;
}

function fitOffer(offer: Component | undefined, given: Given): number | undefined {
  const sent = partOf(given, 'limited_time_offer');
  const expiresAt = sent?.parameters?.[0]?.limited_time_offer?.expiration_time_ms;
  const expires = offer?.limited_time_offer?.has_expiration === true;
  if (expires && expiresAt === undefined)
    throw new Unfit({ code: 131008, details: 'limited_time_offer: expiration_time_ms is required' });
  if (!expires && sent !== undefined)
    throw new Unfit({ code: 132012, details: 'limited_time_offer: the template has no offer that expires' });
  return expiresAt;
}

function fitButtons(buttons: readonly Button[], given: Given): RenderedButton[] {
  const sent = new Map<number, SentComponent>();
  for (const part of given.parts) {
    if (part.type.toLowerCase() !== 'button') continue;
    const index = Number(part.index);
    if (buttons[index] === undefined)
      throw new Unfit({ code: 132012, details: `buttons: Button at index ${index} does not exist in the template` });
    sent.set(index, part);
  }
  return buttons.map((button, index) => fitButton(button, index, sent.get(index)));
}

/** The code of an AUTHENTICATION template stands in the body and in the button (Meta 1.6). */
function refuseOtherCodes(given: Given): void {
  const [body, button] = ['body', 'button'].map((type) => partOf(given, type)?.parameters?.[0]?.text);
  if ((body?.length ?? 0) > CODE_CHARACTERS_MAX)
    throw new Unfit({ code: 131009, details: `The code has more than ${CODE_CHARACTERS_MAX} characters.` });
  if (button !== undefined && body !== button)
    throw new Unfit({ code: 131009, details: 'The codes of the body and the button differ.' });
}

function fitCarousel(carousel: Component | undefined, given: Given): RenderedCard[] | undefined {
  const sent = partOf(given, 'carousel');
  const cards = carousel?.cards;
  if (cards === undefined) {
    if (sent !== undefined) throw new Unfit({ code: 132012, details: 'carousel: the template has no cards' });
    return undefined;
  }
  const path = `${given.path}[${sent === undefined ? 0 : given.parts.indexOf(sent)}]['cards']`;
  const sentCards = [...(sent?.cards ?? [])].sort((a, b) => a.card_index - b.card_index);
  const isOfProducts = componentOf(cards[0]?.components ?? [], 'HEADER')?.format === 'PRODUCT';
  const isCountFit = isOfProducts
    ? sentCards.length >= 2 && sentCards.length <= CARDS_MAX
    : sentCards.length === cards.length;
  if (!isCountFit || sentCards.some((card, index) => card.card_index !== index)) {
    throw new Unfit({
      code: 132012,
      details: `carousel: number of cards (${sentCards.length}) does not match the expected number of cards (${cards.length})`,
    });
  }
  return sentCards.map((card, index) => fitCard(cards[index] ?? cards[0], card, { ...given, path: pathOf(card) }));
  function pathOf(card: SentCard): string {
    return `${path}[${(sent?.cards ?? []).indexOf(card)}]['components']`;
  }
}

function fitCard(card: Card | undefined, sent: SentCard, given: Given): RenderedCard {
  const components = card?.components ?? [];
  const inner = { ...given, parts: sent.components };
  refuseTwins(inner.parts);
  const header = fitHeader(componentOf(components, 'HEADER'), inner);
  const body = componentOf(components, 'BODY');
  const text = fitBody(body, inner, CARD_BODY_CHARACTERS_MAX);
  return {
    ...(header === undefined ? {} : { header }),
    ...(body === undefined ? {} : { body: text }),
    buttons: fitButtons(componentOf(components, 'BUTTONS')?.buttons ?? [], inner),
  };
}
