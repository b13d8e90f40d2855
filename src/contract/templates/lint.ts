// What Meta would say to a template before it is asked: what it refuses, by the rules of registration, and what it is likely to refuse or
// to recategorise. The likely part are rules of thumb of ours, so it is advice (Meta 4.2, 4.3). Pure.
import type { Violations } from '../readers.js';
import { countPlaceholders } from './placeholders.js';
import { readTemplateRequest, type TemplateRequest } from './requests.js';
import { type DefaultStructure, isAuthentication } from './structure.js';
import { mediaExamples } from './to-wire.js';

/** One remark: the field that it is about, and why. */
export interface Remark {
  field: string;
  message: string;
}

/** `errors`: Meta would refuse it so. `warnings`: it may refuse it, or approve it as something else. */
export interface LintResult {
  errors: Remark[];
  warnings: Remark[];
}

/** Looks at the body of a registration. */
export function lintTemplate(body: unknown): LintResult {
  const read = readTemplateRequest(body);
  if (!read.ok) return { errors: remarksOf(read.violations), warnings: [] };
  return { errors: [], warnings: warningsOf(read.value) };
}

function remarksOf(violations: Violations): Remark[] {
  return Object.entries(violations).flatMap(([field, phrases]) => phrases.map((message) => ({ field, message })));
}

function warningsOf(request: TemplateRequest): Remark[] {
  const { structure, category } = request;
  if (isAuthentication(structure)) return [];
  return [
    ...textWarnings(structure.body.text),
    ...(category === 'UTILITY' ? utilityWarnings(structure) : []),
    ...(category === 'AUTHENTICATION' ? [] : codeWarnings(structure.body.text)),
    ...linkWarnings(structure),
    ...headerWarnings(structure),
    ...offerWarnings(structure),
    ...mediaExamples(structure)
      .filter(({ format }) => format === 'GIF')
      .map(() => ({
        field: 'structure.header.format',
        message: 'GIF headers are sent by the Marketing Messages API only',
      })),
  ];
}

/** People report that about two words for each placeholder are wanted; Meta's own figure is not published. */
const WORDS_PER_PLACEHOLDER = 2;

function textWarnings(text: string): Remark[] {
  const placeholders = countPlaceholders(text);
  const words = text.replaceAll(/\{\{\d+\}\}/g, ' ').match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
  const isThin = placeholders > 0 && words < WORDS_PER_PLACEHOLDER * placeholders + 1;
  return [
    ...(isThin
      ? [
          {
            field: 'structure.body.text',
            message: `has ${words} words for ${placeholders} placeholders: Meta may refuse it (2388293)`,
          },
        ]
      : []),
    ...(/\n{3,}/.test(text)
      ? [{ field: 'structure.body.text', message: 'has several empty lines in a row: Meta may refuse it' }]
      : []),
  ];
}

const PROMOTION =
  /\b(sale|discount|offers?|deals?|promo(tion)?s?|coupons?|vouchers?|free|gift|save|bargain|exclusive|limited[- ]time|buy now|shop now|new arrivals?|\d+ ?% ?off)\b|\d+ ?%/iu;
const CODE = /\b(otp|one[- ]time|passcode|verification code|security code|login code|your code)\b/iu;

function utilityWarnings({ header, body, footer, buttons = [] }: DefaultStructure): Remark[] {
  const texts: [string, string | undefined][] = [
    ['structure.header.text', header?.format === 'TEXT' ? header.text : undefined],
    ['structure.body.text', body.text],
    ['structure.footer.text', footer?.text],
    ...buttons.map((button, i): [string, string | undefined] => [
      `structure.buttons[${i}].text`,
      'text' in button ? button.text : undefined,
    ]),
  ];
  const promoting = texts.flatMap(([field, text]) => {
    const [word] = PROMOTION.exec(text ?? '') ?? [];
    return word === undefined ? [] : [{ field, message: `"${word}" promotes: Meta is likely to make this MARKETING` }];
  });
  const isGeneric = countPlaceholders(body.text) === 0;
  const generic = {
    field: 'category',
    message: 'a text without placeholders is about no transaction: Meta is likely to make this MARKETING',
  };
  return isGeneric ? [...promoting, generic] : promoting;
}

function codeWarnings(text: string): Remark[] {
  const message =
    'looks like a code to log in: Meta is likely to reject it as INCORRECT_CATEGORY unless it is AUTHENTICATION';
  return CODE.test(text) ? [{ field: 'category', message }] : [];
}

/** Hosts whose links Meta refuses: they hide where they lead, or lead back into WhatsApp. */
const HIDDEN = /https?:\/\/(www\.)?(bit\.ly|tinyurl\.com|goo\.gl|t\.co|ow\.ly|is\.gd|wa\.me|api\.whatsapp\.com)\b/i;

function linkWarnings({ body, buttons = [] }: DefaultStructure): Remark[] {
  const links: [string, string][] = [
    ['structure.body.text', body.text],
    ...buttons.flatMap((button, i): [string, string][] =>
      button.type === 'URL' ? [[`structure.buttons[${i}].url`, button.url]] : [],
    ),
  ];
  return links
    .filter(([, text]) => HIDDEN.test(text))
    .map(([field]) => ({ field, message: 'links through a shortener or into WhatsApp: Meta is likely to reject it' }));
}

function headerWarnings({ header }: DefaultStructure): Remark[] {
  const text = header?.format === 'TEXT' ? header.text.replaceAll(/\{\{\d+\}\}/g, '') : '';
  const message = 'emphasis or asterisks in a header: Meta may refuse it (2388047)';
  return /[*_~`]/.test(text) ? [{ field: 'structure.header.text', message }] : [];
}

function offerWarnings({ limitedTimeOffer, buttons = [] }: DefaultStructure): Remark[] {
  if (limitedTimeOffer === undefined || buttons.some(({ type }) => type === 'URL')) return [];
  return [{ field: 'structure.buttons', message: 'a limited-time offer without a URL button: Meta may refuse it' }];
}
