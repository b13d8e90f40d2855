// Template messages: what fills a registered template (Infobip 2.3, Meta 1.6).
import { type Static, Type } from 'typebox';
import { checkOf } from '../check.js';
import { parseDate } from '../dates.js';
import { optionalText, requiredText, requiredTextUpTo, requiredUrlField } from '../fields.js';
import { addViolation, type Violations } from '../readers.js';
import { defineMessage, type WireMoment } from './envelope.js';
import { checkOrder, orderAction, orderActionToWire } from './interactive-order-details.js';
import { paymentReferenceField } from './payments.js';

const media = { mediaUrl: requiredUrlField };
const header = Type.Union([
  Type.Object({ type: Type.Literal('TEXT'), placeholder: requiredText }),
  Type.Object({ type: Type.Literal('IMAGE'), ...media }),
  Type.Object({ type: Type.Literal('VIDEO'), ...media }),
  Type.Object({ type: Type.Literal('GIF'), ...media }),
  Type.Object({ type: Type.Literal('DOCUMENT'), ...media, filename: requiredTextUpTo(240) }),
  Type.Object({
    type: Type.Literal('LOCATION'),
    latitude: Type.Number({ minimum: -90, maximum: 90 }),
    longitude: Type.Number({ minimum: -180, maximum: 180 }),
  }),
]);
const body = Type.Object({ placeholders: Type.Array(requiredText, { maxItems: 100 }) });

const quickReply = Type.Object({ type: Type.Literal('QUICK_REPLY'), parameter: requiredTextUpTo(128) });
const urlButton = Type.Object({ type: Type.Literal('URL'), parameter: requiredTextUpTo(2000) });
const thumbnail = { thumbnailProductRetailerId: optionalText(3000) };
const section = Type.Object({
  title: requiredTextUpTo(24),
  productRetailerIds: Type.Array(requiredTextUpTo(3000), { minItems: 1, maxItems: 30 }),
});
const button = Type.Union([
  quickReply,
  urlButton,
  Type.Object({ type: Type.Literal('COPY_CODE'), parameter: requiredTextUpTo(15) }),
  Type.Object({
    type: Type.Literal('FLOW'),
    flowToken: optionalText(3000),
    data: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  }),
  Type.Object({ type: Type.Literal('CATALOG'), ...thumbnail }),
  Type.Object({
    type: Type.Literal('MULTI_PRODUCT'),
    ...thumbnail,
    sections: Type.Array(section, { minItems: 1, maxItems: 10 }),
  }),
  Type.Object({ type: Type.Literal('ORDER_DETAILS'), action: orderAction }),
  Type.Object({
    type: Type.Literal('VOICE_CALL'),
    callValidityPeriod: Type.Optional(Type.Integer({ minimum: 1, maximum: 43_200 })),
    callContextPayload: optionalText(512),
  }),
]);
const card = Type.Object({
  header,
  body: Type.Optional(body),
  buttons: Type.Optional(Type.Array(Type.Union([quickReply, urlButton]), { minItems: 1, maxItems: 2 })),
});
const orderStatus = Type.Object({
  payment: paymentReferenceField,
  status: Type.Enum(['PENDING', 'PROCESSING', 'PARTIALLY_SHIPPED', 'SHIPPED', 'COMPLETED', 'CANCELED']),
  description: optionalText(120),
});

/** What fills a template. */
const templateData = Type.Object({
  body,
  header: Type.Optional(header),
  buttons: Type.Optional(Type.Array(button, { maxItems: 10 })),
  carousel: Type.Optional(Type.Object({ cards: Type.Array(card, { minItems: 1, maxItems: 10 }) })),
  limitedTimeOffer: Type.Optional(Type.Object({ expirationTime: requiredText })),
  orderStatus: Type.Optional(Type.Object({ orderStatuses: Type.Array(orderStatus, { minItems: 1, maxItems: 1 }) })),
});

/** Fields of the content as a request has them. */
export const templateContentFields = {
  templateName: requiredTextUpTo(512),
  language: requiredTextUpTo(20),
  templateData,
};

/** Buttons with short links: on which domain, and where each leads, by its slot (`slotOf`). */
const shortLinks = Type.Object({ domain: requiredText, urls: Type.Record(Type.String(), Type.String()) });
const places = Type.Array(Type.Integer({ minimum: 0, maximum: 9 }), { maxItems: 10 });
/**
 * What is stored: also the places that the buttons have in the registered template, since those without parameter are left out, and what
 * of them has short links.
 */
const storedContent = Type.Object({
  ...templateContentFields,
  places: Type.Optional(places),
  cardPlaces: Type.Optional(Type.Array(places, { maxItems: 10 })),
  shortLinks: Type.Optional(shortLinks),
});

const isStored = checkOf(storedContent);

/** Content of a template message. */
export type TemplateContent = Static<typeof storedContent>;
/** What fills a template. */
export type TemplateData = TemplateContent['templateData'];
type Header = NonNullable<TemplateData['header']>;
/** A button's parameter. */
export type TemplateButton = NonNullable<TemplateData['buttons']>[number];
/** A card's parameters. */
export type Card = NonNullable<TemplateData['carousel']>['cards'][number];

/** The content of a stored template message. Throws TypeError on other content. */
export function readStoredTemplate(text: string): TemplateContent {
  const value: unknown = JSON.parse(text);
  if (!isStored(value)) throw new TypeError('stored content is not of a template');
  return value;
}

/** Meta refuses these inside a text that fills a placeholder (Infobip 2.3, Meta 132018). */
const WHITESPACE = /[\n\r\t]| {5,}/;
const WHITESPACE_PHRASE = 'must not have a line break, a tab or more than 4 spaces in a row';

/** Adds what is wrong between the fields of content standing at `path`. */
export function checkTemplateContent(
  { templateData: data }: TemplateContent,
  path: string,
  violations: Violations,
): void {
  const at = `${path}.templateData`;
  checkFilling(data, at, violations);
  for (const [i, given] of (data.carousel?.cards ?? []).entries())
    checkFilling(given, `${at}.carousel.cards[${i}]`, violations);
  const offer = data.limitedTimeOffer;
  if (offer !== undefined && parseDate(offer.expirationTime) === undefined)
    addViolation(violations, `${at}.limitedTimeOffer.expirationTime`, 'must be a date and time');
  for (const [i, given] of (data.buttons ?? []).entries())
    if (given.type === 'ORDER_DETAILS') checkOrder(given.action, `${at}.buttons[${i}].action`, violations);
}

function checkFilling(
  { header: top, body: middle }: Pick<Card, 'body'> & { header?: Header },
  path: string,
  violations: Violations,
): void {
  for (const [i, text] of (middle?.placeholders ?? []).entries())
    if (WHITESPACE.test(text)) addViolation(violations, `${path}.body.placeholders[${i}]`, WHITESPACE_PHRASE);
  if (top?.type === 'TEXT' && WHITESPACE.test(top.placeholder))
    addViolation(violations, `${path}.header.placeholder`, WHITESPACE_PHRASE);
}

const example = {
  templateName: 'order_up',
  language: 'en_GB',
  templateData: {
    body: { placeholders: ['77'] },
    header: { type: 'IMAGE' as const, mediaUrl: 'https://cdn.example/h.png' },
    buttons: [{ type: 'URL' as const, parameter: '77' }],
  },
};

/** One message of `POST /whatsapp/1/message/template`, as it is stored and sent. The endpoint itself takes a list of them. */
export const templateMessage = defineMessage({
  path: 'template',
  summary: 'Send templates',
  content: storedContent,
  toWire: (content, moment) => ({
    type: 'template',
    template: {
      name: content.templateName,
      language: { code: content.language },
      components: componentsOf(content, moment),
    },
  }),
  example: { from: '441134960000', to: '441134960001', messageId: 'order-77', content: example },
});

function componentsOf(
  { templateData: data, places: own = [], cardPlaces = [] }: TemplateContent,
  moment: WireMoment,
): object[] {
  const { carousel, limitedTimeOffer: offer, orderStatus: status } = data;
  return [
    ...filling(data),
    ...(offer === undefined ? [] : [offerToWire(offer.expirationTime)]),
    ...(data.buttons ?? []).map((given, i) => buttonToWire(given, own[i] ?? i, moment)),
    ...(carousel === undefined
      ? []
      : [
          {
            type: 'carousel',
            cards: carousel.cards.map((given, i) => cardToWire(given, i, cardPlaces[i] ?? [], moment)),
          },
        ]),
    ...(status?.orderStatuses ?? []).map(orderStatusToWire),
  ];
}

function filling({ header: top, body: middle }: { header?: Header; body?: { placeholders: string[] } }): object[] {
  const texts = middle?.placeholders ?? [];
  return [
    ...(top === undefined ? [] : [{ type: 'header', parameters: [headerToWire(top)] }]),
    ...(texts.length === 0 ? [] : [{ type: 'body', parameters: texts.map((text) => ({ type: 'text', text })) }]),
  ];
}

function headerToWire(top: Header): object {
  switch (top.type) {
    case 'TEXT':
      return { type: 'text', text: top.placeholder };
    case 'IMAGE':
      return { type: 'image', image: { link: top.mediaUrl } };
    case 'VIDEO':
      return { type: 'video', video: { link: top.mediaUrl } };
    case 'GIF':
      return { type: 'gif', gif: { link: top.mediaUrl } };
    case 'DOCUMENT':
      return { type: 'document', document: { link: top.mediaUrl, filename: top.filename } };
    case 'LOCATION':
      return { type: 'location', location: { latitude: top.latitude, longitude: top.longitude } };
  }
}

function offerToWire(expirationTime: string): object {
  const offer = { expiration_time_ms: parseDate(expirationTime) ?? 0 };
  return { type: 'limited_time_offer', parameters: [{ type: 'limited_time_offer', limited_time_offer: offer }] };
}

function cardToWire(
  { buttons = [], ...parts }: Card,
  index: number,
  own: readonly number[],
  moment: WireMoment,
): object {
  const buttonParts = buttons.map((given, i) => buttonToWire(given, own[i] ?? i, moment));
  return { card_index: index, components: [...filling(parts), ...buttonParts] };
}

function orderStatusToWire({ payment, status, description }: Static<typeof orderStatus>): object {
  const order = {
    status: status.toLowerCase().replace('_', '-'),
    ...(description === undefined ? {} : { description }),
  };
  const parameter = { type: 'order_status', order_status: { reference_id: payment.id, order } };
  return { type: 'order_status', parameters: [parameter] };
}

/** Meta's words for kinds of button, where they are not ours in small letters. */
const SUB_TYPES: Partial<Record<TemplateButton['type'], string>> = { MULTI_PRODUCT: 'mpm' };

function buttonToWire(given: TemplateButton, index: number, moment: WireMoment): object {
  const subType = SUB_TYPES[given.type] ?? given.type.toLowerCase();
  return { type: 'button', sub_type: subType, index: String(index), parameters: parametersOf(given, moment) };
}

function parametersOf(given: TemplateButton, { acceptedAt }: WireMoment): object[] {
  switch (given.type) {
    case 'QUICK_REPLY':
      return [{ type: 'payload', payload: given.parameter }];
    case 'URL':
      return [{ type: 'text', text: given.parameter }];
    case 'COPY_CODE':
      return [{ type: 'coupon_code', coupon_code: given.parameter }];
    case 'FLOW':
      return [{ type: 'action', action: { flow_token: given.flowToken, flow_action_data: given.data } }];
    case 'CATALOG':
      return [{ type: 'action', action: { thumbnail_product_retailer_id: given.thumbnailProductRetailerId } }];
    case 'MULTI_PRODUCT': {
      const sections = given.sections.map(({ title, productRetailerIds }) => ({
        title,
        product_items: productRetailerIds.map((id) => ({ product_retailer_id: id })),
      }));
      return [
        { type: 'action', action: { thumbnail_product_retailer_id: given.thumbnailProductRetailerId, sections } },
      ];
    }
    case 'ORDER_DETAILS':
      return [{ type: 'action', action: { order_details: orderActionToWire(given.action, acceptedAt) } }];
    case 'VOICE_CALL':
      return [
        ...(given.callValidityPeriod === undefined
          ? []
          : [{ type: 'ttl_minutes', ttl_minutes: given.callValidityPeriod }]),
        ...(given.callContextPayload === undefined ? [] : [{ type: 'payload', payload: given.callContextPayload }]),
      ];
  }
}
