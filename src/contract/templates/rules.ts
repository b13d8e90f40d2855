// The rules between the fields of a structure, enforced before Meta sees it: each names the field that is wrong (Infobip 9, Meta 4.3).
import { addViolation, type Violations } from '../readers.js';
import { checkButtons } from './button-rules.js';
import { checkExamples, checkNumbering, checkPositions, countPlaceholders } from './placeholders.js';
import { hostOf } from './short-urls.js';
import type { Card, DefaultStructure, Header } from './structure.js';
import type { Category } from './words.js';

const CARD_BODY_LENGTH_MAX = 160;
const OFFER_BODY_LENGTH_MAX = 600;
/** Meta shows no carousel of one card. */
const CARDS_MIN = 2;
/** Buttons that a limited-time offer can have. Meta's pages want a URL always, Infobip's own example has a code alone. */
const OFFER_BUTTONS: ReadonlySet<string> = new Set(['COPY_CODE URL', 'COPY_CODE', 'URL']);
const MEDIA: ReadonlySet<string> = new Set(['IMAGE', 'VIDEO', 'GIF', 'DOCUMENT']);

/** What a structure is checked for. */
export interface StructureContext {
  category: Category;
  /** Where the structure stands in the request. */
  path: string;
  /** Media headers whose file came with the request (`header`, `cards[0]`): they need no example. */
  files: ReadonlySet<string>;
}

/** Adds everything that is wrong with a structure whose fields are each right by themselves. */
export function checkStructure(structure: DefaultStructure, context: StructureContext, violations: Violations): void {
  const { path } = context;
  const { header, body, footer, buttons = [], carousel, limitedTimeOffer: offer, callPermissionRequest } = structure;
  if (header !== undefined) checkHeader(header, `${path}.header`, context, 'header', violations);
  checkBody(body, `${path}.body`, offer === undefined ? undefined : OFFER_BODY_LENGTH_MAX, violations);
  if (footer !== undefined) checkNumbering(footer.text, `${path}.footer.text`, violations, 0);
  checkButtons(buttons, `${path}.buttons`, violations);
  if (carousel !== undefined) checkCarousel(structure, context, violations);
  if (offer !== undefined) checkOffer(structure, context, violations);
  if (callPermissionRequest !== undefined && (buttons.length > 0 || carousel !== undefined))
    addViolation(violations, `${path}.callPermissionRequest`, 'must not be combined with buttons or a carousel');
  checkShortening(structure, path, violations);
}

function checkHeader(
  header: Header,
  path: string,
  { category, files }: StructureContext,
  slot: string,
  violations: Violations,
): void {
  if (header.format === 'TEXT') {
    checkNumbering(header.text, `${path}.text`, violations, 1);
    if (/[\r\n]/.test(header.text)) addViolation(violations, `${path}.text`, 'must not have a line break');
    if (countPlaceholders(header.text) > 0 && header.example === undefined)
      addViolation(violations, `${path}.example`, 'must have an example of the placeholder');
    return;
  }
  if (header.format === 'GIF' && category !== 'MARKETING')
    addViolation(violations, `${path}.format`, 'GIF is for MARKETING templates only');
  if (MEDIA.has(header.format) && !('example' in header) && !files.has(slot))
    addViolation(violations, `${path}.example`, 'must be the URL of an example file');
}

function checkBody(
  { text, examples }: DefaultStructure['body'],
  path: string,
  lengthMax: number | undefined,
  violations: Violations,
): void {
  checkNumbering(text, `${path}.text`, violations);
  checkPositions(text, `${path}.text`, violations);
  checkExamples(text, examples, `${path}.examples`, violations);
  if (lengthMax !== undefined && [...text].length > lengthMax)
    addViolation(violations, `${path}.text`, `size must be between 1 and ${lengthMax}`);
}

function checkCarousel(structure: DefaultStructure, context: StructureContext, violations: Violations): void {
  const { category } = context;
  const path = `${context.path}.carousel`;
  const cards = structure.carousel?.cards ?? [];
  if (category !== 'MARKETING') addViolation(violations, path, 'is for MARKETING templates only');
  for (const other of ['header', 'footer', 'buttons', 'limitedTimeOffer'] as const)
    if (structure[other] !== undefined)
      addViolation(violations, `${context.path}.${other}`, 'must not be combined with a carousel');
  if (cards.length < CARDS_MIN) addViolation(violations, `${path}.cards`, `must have at least ${CARDS_MIN} cards`);
  for (const [i, card] of cards.entries()) checkCard(card, i, context, violations);
  const first = cards[0];
  for (const [i, card] of cards.entries()) {
    if (first === undefined || shapeOf(card) === shapeOf(first)) continue;
    addViolation(
      violations,
      `${path}.cards[${i}]`,
      'must have the same kind of header and the same buttons as the first',
    );
  }
}

function checkCard(
  { header, body, buttons }: Card,
  i: number,
  context: StructureContext,
  violations: Violations,
): void {
  const path = `${context.path}.carousel.cards[${i}]`;
  if (header.format !== 'IMAGE' && header.format !== 'VIDEO')
    addViolation(violations, `${path}.header.format`, 'must be IMAGE or VIDEO on a card');
  else checkHeader(header, `${path}.header`, context, `cards[${i}]`, violations);
  checkBody(body, `${path}.body`, CARD_BODY_LENGTH_MAX, violations);
  for (const [j, button] of buttons.entries())
    if (!['QUICK_REPLY', 'URL', 'PHONE_NUMBER'].includes(button.type))
      addViolation(violations, `${path}.buttons[${j}].type`, 'must be QUICK_REPLY, URL or PHONE_NUMBER on a card');
  checkButtons(buttons, `${path}.buttons`, violations);
}

function shapeOf({ header, buttons }: Card): string {
  return [header.format, ...buttons.map(({ type }) => type)].join(' ');
}

function checkOffer(structure: DefaultStructure, { category, path }: StructureContext, violations: Violations): void {
  const { header, footer, buttons = [], limitedTimeOffer: offer } = structure;
  if (category !== 'MARKETING') addViolation(violations, `${path}.limitedTimeOffer`, 'is for MARKETING templates only');
  if (header !== undefined && header.format !== 'IMAGE' && header.format !== 'VIDEO')
    addViolation(violations, `${path}.header.format`, 'must be IMAGE or VIDEO with a limited-time offer');
  if (footer !== undefined)
    addViolation(violations, `${path}.footer`, 'must not be combined with a limited-time offer');
  if (offer?.hasExpiration === true && buttons[0]?.type !== 'COPY_CODE')
    addViolation(violations, `${path}.buttons`, 'must begin with COPY_CODE when the offer has an expiration');
  if (!OFFER_BUTTONS.has(buttons.map(({ type }) => type).join(' ')))
    addViolation(violations, `${path}.buttons`, 'must be COPY_CODE and URL, or one of them, with a limited-time offer');
}

function checkShortening(structure: DefaultStructure, path: string, violations: Violations): void {
  if (structure.shorteningOptions === undefined) return;
  const { customDomain } = structure.shorteningOptions;
  const cards = structure.carousel?.cards ?? [];
  const all = [...(structure.buttons ?? []), ...cards.flatMap(({ buttons }) => buttons)];
  if (!all.some((button) => button.type === 'URL'))
    addViolation(violations, `${path}.shorteningOptions`, 'needs a URL button');
  if (hostOf(customDomain) === undefined)
    addViolation(violations, `${path}.shorteningOptions.customDomain`, 'is not a valid domain');
}
