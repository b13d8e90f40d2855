// From a structure to Meta's components (Meta 4.3). Pure.
import type { JsonObject } from '../json.js';
import { plainPhone } from './button-rules.js';
import { countPlaceholders } from './placeholders.js';
import { shortUrl } from './short-urls.js';
import {
  type AuthenticationStructure,
  type Button,
  type Card,
  type DefaultStructure,
  type Header,
  isAuthentication,
} from './structure.js';

/** Handles of uploaded examples by slot: `header`, `cards[0]` (Meta 3). */
export type Handles = ReadonlyMap<string, string>;

/** A media header and where its example comes from. */
export interface MediaExample {
  slot: string;
  /** The field of the request. */
  path: string;
  format: 'IMAGE' | 'VIDEO' | 'GIF' | 'DOCUMENT';
  url: string | undefined;
}

/** The media headers of a structure, cards included. */
export function mediaExamples(structure: DefaultStructure | AuthenticationStructure): MediaExample[] {
  if (isAuthentication(structure)) return [];
  const cards = structure.carousel?.cards ?? [];
  return [
    ...exampleOf(structure.header, 'header', 'structure.header'),
    ...cards.flatMap(({ header }, i) => exampleOf(header, `cards[${i}]`, `structure.carousel.cards[${i}].header`)),
  ];
}

function exampleOf(header: Header | undefined, slot: string, path: string): MediaExample[] {
  if (header === undefined || header.format === 'TEXT' || header.format === 'LOCATION') return [];
  return [{ slot, path: `${path}.example`, format: header.format, url: header.example }];
}

/** Meta's components of a structure. A media header without a handle has no example. */
export function componentsToWire(
  structure: DefaultStructure | AuthenticationStructure,
  handles: Handles = new Map(),
): JsonObject[] {
  return isAuthentication(structure) ? authenticationToWire(structure) : defaultToWire(structure, handles);
}

function authenticationToWire({ body, footer, buttons }: AuthenticationStructure): JsonObject[] {
  const { addSecurityRecommendation } = body;
  const { codeExpirationMinutes } = footer;
  return [
    { type: 'BODY', ...given('add_security_recommendation', addSecurityRecommendation) },
    ...(codeExpirationMinutes === undefined
      ? []
      : [{ type: 'FOOTER', code_expiration_minutes: codeExpirationMinutes }]),
    { type: 'BUTTONS', buttons: buttons.map(otpToWire) },
  ];
}

function otpToWire(button: AuthenticationStructure['buttons'][number]): JsonObject {
  const { otpType, text } = button;
  const shared = { type: 'OTP', otp_type: otpType, ...given('text', text) };
  if (otpType === 'COPY_CODE') return shared;
  const { autofillText, packageName, signatureHash } = button;
  return {
    ...shared,
    ...given('autofill_text', autofillText),
    ...(otpType === 'ZERO_TAP' ? { zero_tap_terms_accepted: true } : {}),
    supported_apps: [{ package_name: packageName, signature_hash: signatureHash }],
  };
}

function defaultToWire(structure: DefaultStructure, handles: Handles): JsonObject[] {
  const { header, body, footer, buttons = [], carousel, limitedTimeOffer: offer, shorteningOptions } = structure;
  const toWire = (button: Button): JsonObject => buttonToWire(button, shorteningOptions?.customDomain);
  return [
    ...(header === undefined ? [] : [headerToWire(header, handles.get('header'))]),
    ...(offer === undefined ? [] : [offerToWire(offer)]),
    bodyToWire(body),
    ...(footer === undefined ? [] : [{ type: 'FOOTER', text: footer.text }]),
    ...(buttons.length === 0 ? [] : [{ type: 'BUTTONS', buttons: buttons.map(toWire) }]),
    ...(carousel === undefined
      ? []
      : [
          {
            type: 'CAROUSEL',
            cards: carousel.cards.map((card, i) => cardToWire(card, handles.get(`cards[${i}]`), toWire)),
          },
        ]),
    ...(structure.callPermissionRequest === undefined ? [] : [{ type: 'CALL_PERMISSION_REQUEST' }]),
  ];
}

function offerToWire({ text, hasExpiration = false }: NonNullable<DefaultStructure['limitedTimeOffer']>): JsonObject {
  return { type: 'LIMITED_TIME_OFFER', limited_time_offer: { text, has_expiration: hasExpiration } };
}

function headerToWire(header: Header, handle: string | undefined): JsonObject {
  const { format } = header;
  if (format === 'LOCATION') return { type: 'HEADER', format };
  if (format !== 'TEXT')
    return { type: 'HEADER', format, ...(handle === undefined ? {} : { example: { header_handle: [handle] } }) };
  const { text, example } = header;
  const hasExample = example !== undefined && countPlaceholders(text) > 0;
  return { type: 'HEADER', format, text, ...(hasExample ? { example: { header_text: [example] } } : {}) };
}

function bodyToWire({ text, examples = [] }: DefaultStructure['body']): JsonObject {
  return { type: 'BODY', text, ...(examples.length === 0 ? {} : { example: { body_text: [examples] } }) };
}

function cardToWire(
  { header, body, buttons }: Card,
  handle: string | undefined,
  toWire: (button: Button) => JsonObject,
): JsonObject {
  const parts = [headerToWire(header, handle), bodyToWire(body)];
  return { components: [...parts, { type: 'BUTTONS', buttons: buttons.map(toWire) }] };
}

/** Labels that Meta fixes (Meta 4.3). */
const CATALOG_LABEL = 'View catalog';
const ITEMS_LABEL = 'View items';
const ORDER_LABEL = 'Buy now';

/** `domain`: of short links, which every URL button then opens. */
function buttonToWire(button: Button, domain: string | undefined): JsonObject {
  const { type } = button;
  switch (type) {
    case 'PHONE_NUMBER':
      return { type, text: button.text, phone_number: plainPhone(button.phoneNumber) };
    case 'URL': {
      const { text, url, example } = button;
      if (domain !== undefined) return { type, text, ...shortUrl(domain) };
      const hasExample = example !== undefined && countPlaceholders(url) > 0;
      return { type, text, url, ...(hasExample ? { example: [example] } : {}) };
    }
    case 'QUICK_REPLY':
      return { type, text: button.text };
    case 'COPY_CODE':
      return { type, ...given('example', button.example) };
    case 'FLOW': {
      const { text, flowId, flowAction, navigateScreen } = button;
      const action = flowAction === 'NAVIGATE' ? 'navigate' : 'data_exchange';
      return { type, text, flow_id: String(flowId), flow_action: action, ...given('navigate_screen', navigateScreen) };
    }
    case 'CATALOG':
      return { type, text: CATALOG_LABEL };
    case 'MULTI_PRODUCT':
      return { type: 'MPM', text: ITEMS_LABEL };
    case 'ORDER_DETAILS':
      return { type, text: ORDER_LABEL };
    case 'VOICE_CALL':
      return { type, text: button.text, ...given('ttl_minutes', button.callValidityPeriod) };
    case 'REQUEST_CONTACT_INFO':
      return { type };
    default:
      return assertNever(button);
  }
}

function given(key: string, value: unknown): JsonObject {
  return value === undefined ? {} : { [key]: value };
}

function assertNever(value: never): never {
  throw new TypeError(`unknown button ${JSON.stringify(value)}`);
}
