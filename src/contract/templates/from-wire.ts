// From Meta's components to the structure that reads show (Infobip 9, Meta 4.3). What Infobip has no word for is left out and the
// structure is of type UNSUPPORTED. Pure; never throws, whatever Meta sent.
import { integerAt, isObject, itemsAt, type JsonObject, objectAt, textAt } from '../json.js';
import { hasNamedPlaceholders } from './placeholders.js';
import { destinationOf, type Shortening, shownUrl, slotOf } from './short-urls.js';

/** What a template was registered with that Meta does not keep. */
export interface StructureExtras extends Shortening {
  /** Of an ORDER_DETAILS button. */
  variant?: 'BRAZIL' | 'INDIA';
}

/** A structure as reads show it. */
export type ShownStructure = JsonObject & { type: 'TEXT' | 'MEDIA' | 'UNSUPPORTED' };

/** Whether something was left out. */
interface Loss {
  isUnsupported: boolean;
}

const FORMATS: ReadonlySet<string> = new Set(['IMAGE', 'VIDEO', 'GIF', 'DOCUMENT', 'LOCATION']);

/** The structure of Meta's components. */
export function structureFromWire(components: readonly unknown[], extras: StructureExtras = {}): ShownStructure {
  const loss: Loss = { isUnsupported: false };
  const structure: Record<string, unknown> = { body: { text: '' } };
  for (const component of components) readComponent(component, structure, extras, loss);
  if (extras.customDomain !== undefined) structure.shorteningOptions = { customDomain: extras.customDomain };
  const isTextOnly = Object.keys(structure).length === 1;
  return { ...structure, type: loss.isUnsupported ? 'UNSUPPORTED' : isTextOnly ? 'TEXT' : 'MEDIA' };
}

function readComponent(
  component: unknown,
  structure: Record<string, unknown>,
  extras: StructureExtras,
  loss: Loss,
  card?: number,
): void {
  switch (typeOf(component)) {
    case 'HEADER':
      structure.header = headerFromWire(component, loss);
      return;
    case 'BODY':
      structure.body = { text: bodyTextOf(component, loss) };
      return;
    case 'FOOTER':
      structure.footer = { text: footerTextOf(component) };
      return;
    case 'BUTTONS':
      structure.buttons = buttonsFromWire(component, extras, loss, card);
      return;
    case 'CAROUSEL':
      structure.carousel = { cards: itemsAt(component, 'cards').map((own, i) => cardFromWire(own, extras, loss, i)) };
      return;
    case 'LIMITED_TIME_OFFER':
      structure.limitedTimeOffer = offerFromWire(objectAt(component, 'limited_time_offer'));
      return;
    case 'CALL_PERMISSION_REQUEST':
      structure.callPermissionRequest = {};
      return;
    default:
      loss.isUnsupported = true;
  }
}

/** The type of a component or button in capitals: Meta writes both cases. */
function typeOf(component: unknown): string | undefined {
  return textAt(component, 'type')?.toUpperCase();
}

function headerFromWire(header: unknown, loss: Loss): JsonObject | undefined {
  const format = textAt(header, 'format')?.toUpperCase() ?? '';
  if (format === 'TEXT') {
    const text = textAt(header, 'text') ?? '';
    if (hasNamedPlaceholders(text)) loss.isUnsupported = true;
    return { format, text };
  }
  if (FORMATS.has(format)) return { format };
  loss.isUnsupported = true;
  return undefined;
}

/** Meta presets the text of authentication templates and does not always tell it. */
function bodyTextOf(body: unknown, loss: Loss): string {
  const text = textAt(body, 'text');
  if (text !== undefined && hasNamedPlaceholders(text)) loss.isUnsupported = true;
  if (text !== undefined) return text;
  const advice = isObject(body) && body.add_security_recommendation === true;
  return `*{{1}}* is your verification code.${advice ? ' For your security, do not share this code.' : ''}`;
}

function footerTextOf(footer: unknown): string {
  const minutes = integerAt(footer, 'code_expiration_minutes');
  const expiry = minutes === undefined ? '' : `This code expires in ${minutes} minutes.`;
  return textAt(footer, 'text') ?? expiry;
}

function offerFromWire(offer: JsonObject | undefined): JsonObject {
  return { text: textAt(offer, 'text') ?? '', hasExpiration: offer?.has_expiration === true };
}

function cardFromWire(card: unknown, extras: StructureExtras, loss: Loss, i: number): JsonObject {
  const shown: Record<string, unknown> = { body: { text: '' }, buttons: [] };
  for (const component of itemsAt(card, 'components')) readComponent(component, shown, extras, loss, i);
  return shown;
}

function buttonsFromWire(
  component: unknown,
  extras: StructureExtras,
  loss: Loss,
  card: number | undefined,
): JsonObject[] {
  return itemsAt(component, 'buttons').flatMap((button, place): JsonObject[] => {
    const shown = buttonFromWire(button, extras, slotOf(place, card));
    if (shown === undefined) loss.isUnsupported = true;
    return shown === undefined ? [] : [shown];
  });
}

function buttonFromWire(button: unknown, extras: StructureExtras, slot: string): JsonObject | undefined {
  const type = typeOf(button);
  const text = textAt(button, 'text') ?? '';
  switch (type) {
    case 'PHONE_NUMBER':
      return { type, text, phoneNumber: textAt(button, 'phone_number') ?? '' };
    case 'URL': {
      const url = textAt(button, 'url') ?? '';
      const destinationUrl = destinationOf(extras, url, slot);
      return destinationUrl === undefined
        ? { type, text, url }
        : { type, text, url: shownUrl(url, destinationUrl), destinationUrl };
    }
    case 'OTP':
      return { type: 'URL', text: text === '' ? 'Copy code' : text, url: otpUrl(button) };
    case 'QUICK_REPLY':
    case 'COPY_CODE':
    case 'CATALOG':
    case 'REQUEST_CONTACT_INFO':
      return { type, ...(text === '' ? {} : { text }) };
    case 'MPM':
      return { type: 'MULTI_PRODUCT', ...(text === '' ? {} : { text }) };
    case 'FLOW':
      return flowFromWire(button, text);
    case 'ORDER_DETAILS':
      return { type, variant: extras.variant ?? 'INDIA' };
    case 'VOICE_CALL': {
      const callValidityPeriod = integerAt(button, 'ttl_minutes');
      return { type, text, ...(callValidityPeriod === undefined ? {} : { callValidityPeriod }) };
    }
    default:
      return undefined;
  }
}

/** Authentication templates are read back with a URL button (Infobip 9); Meta's exact URL is not documented. */
function otpUrl(button: unknown): string {
  const kind = textAt(button, 'otp_type') ?? 'COPY_CODE';
  return `https://www.whatsapp.com/otp/code/?otp_type=${kind}&code=otp{{1}}`;
}

function flowFromWire(button: unknown, text: string): JsonObject {
  const navigateScreen = textAt(button, 'navigate_screen');
  const isExchange = textAt(button, 'flow_action')?.toUpperCase() === 'DATA_EXCHANGE';
  return {
    type: 'FLOW',
    text,
    flowId: Number(textAt(button, 'flow_id') ?? 0),
    flowAction: isExchange ? 'DATA_EXCHANGE' : 'NAVIGATE',
    ...(navigateScreen === undefined ? {} : { navigateScreen }),
  };
}
