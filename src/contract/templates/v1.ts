// The deprecated first version of template registration (Infobip 9), read as if it were the second: community clients still use it.
import { type Static, Type } from 'typebox';
import { requiredText, requiredTextUpTo } from '../fields.js';
import { compileValidator, type Validated } from '../validate.js';
import { countPlaceholders } from './placeholders.js';
import type { TemplateRequest } from './requests.js';
import { LANGUAGES } from './words.js';

const V1_CATEGORIES = [
  'ACCOUNT_UPDATE',
  'PAYMENT_UPDATE',
  'PERSONAL_FINANCE_UPDATE',
  'SHIPPING_UPDATE',
  'RESERVATION_UPDATE',
  'ISSUE_RESOLUTION',
  'APPOINTMENT_UPDATE',
  'TRANSPORTATION_UPDATE',
  'TICKET_UPDATE',
  'ALERT_UPDATE',
  'AUTO_REPLY',
  // The second version's, which its reads show too.
  'MARKETING',
  'UTILITY',
] as const;

const label = requiredTextUpTo(25);

/** Schema of `POST /whatsapp/1/senders/{sender}/templates`. */
export const v1TemplateSchema = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 512, pattern: '^[a-z0-9_]{1,512}$' }),
  language: Type.Enum(LANGUAGES),
  category: Type.Enum([...V1_CATEGORIES]),
  structure: Type.Object({
    header: Type.Optional(
      Type.Union([
        Type.Object({ format: Type.Literal('IMAGE') }),
        Type.Object({ format: Type.Literal('VIDEO') }),
        Type.Object({ format: Type.Literal('DOCUMENT') }),
        Type.Object({ format: Type.Literal('LOCATION') }),
        Type.Object({ format: Type.Literal('TEXT'), text: requiredTextUpTo(60) }),
      ]),
    ),
    body: requiredText,
    footer: Type.Optional(Type.String({ maxLength: 60 })),
    buttons: Type.Optional(
      Type.Array(
        Type.Union([
          Type.Object({ type: Type.Literal('PHONE_NUMBER'), text: label, phoneNumber: requiredText }),
          Type.Object({ type: Type.Literal('URL'), text: label, url: requiredText }),
          Type.Object({ type: Type.Literal('QUICK_REPLY'), text: label }),
        ]),
        { minItems: 1, maxItems: 3 },
      ),
    ),
  }),
});

const read = compileValidator(v1TemplateSchema);

/**
 * A v1 registration as the body of a v2 one; that is then checked as any. The old categories are all what is UTILITY now. v1 has no
 * examples, which Meta wants: placeholders get their own numbers, and media headers a file that is made (`example` absent).
 */
export function v1ToV2(body: unknown): Validated<object> {
  const result = read(body);
  if (!result.ok) return result;
  const { name, language, category, structure } = result.value;
  const request: Omit<TemplateRequest, 'structure'> & { structure: object } = {
    name,
    language,
    category: category === 'MARKETING' ? category : 'UTILITY',
    structure: structureToV2(structure),
  };
  return { ok: true, value: request };
}

type V1Structure = Static<typeof v1TemplateSchema>['structure'];

function structureToV2({ header, body, footer, buttons }: V1Structure): object {
  const examples = Array.from({ length: countPlaceholders(body) }, (_, i) => String(i + 1));
  return {
    ...(header === undefined ? {} : { header: withExample(header) }),
    body: { text: body, ...(examples.length === 0 ? {} : { examples }) },
    ...(footer === undefined ? {} : { footer: { text: footer } }),
    ...(buttons === undefined ? {} : { buttons: buttons.map(buttonToV2) }),
  };
}

function withExample(header: NonNullable<V1Structure['header']>): object {
  return header.format === 'TEXT' && countPlaceholders(header.text) > 0 ? { ...header, example: '1' } : header;
}

function buttonToV2(button: NonNullable<V1Structure['buttons']>[number]): object {
  if (button.type !== 'URL' || countPlaceholders(button.url) === 0) return button;
  return { ...button, example: button.url.replace('{{1}}', '1') };
}
