// What is done with messages to a number (Infobip 5: number-level inbound configuration).
import { Type } from 'typebox';
import type { InboundEvent } from './events/envelope.js';
import { addViolation } from './readers.js';
import { compileValidator } from './validate.js';

/** Longest keyword. */
const KEYWORD_LENGTH_MAX = 50;
/** The format that forwarded messages have; there is no other for WhatsApp. */
const FORMAT = 'MO_OTT_CONTACT';
const FIRST_WORD = new RegExp(`^\\s*(\\S{1,${KEYWORD_LENGTH_MAX}})(?=\\s|$)`, 'u');
const UNSET = [
  'USERNAME',
  'PLATFORM',
  'FORWARDING',
  'CONVERSATIONS',
  'ANSWERS',
  'AUTORESPONSE',
  'BLOCKLISTCONFIGURATION',
];

const anything = Type.Optional(Type.Record(Type.String(), Type.Any()));

/** Body of POST /resource-management/1/inbound-message-configurations. */
export const inboundConfigurationSchema = Type.Object({
  channel: Type.Enum(['WHATSAPP']),
  number: Type.Optional(Type.String({ maxLength: 24 })),
  numberKey: Type.Optional(Type.String({ maxLength: 255 })),
  keyword: Type.Optional(Type.String({ maxLength: KEYWORD_LENGTH_MAX })),
  username: Type.Optional(Type.String({ maxLength: 255, pattern: '^(?!\\s*$).+' })),
  platform: Type.Optional(
    Type.Object({
      applicationId: Type.Optional(Type.String({ maxLength: 255 })),
      entityId: Type.Optional(Type.String({ maxLength: 255 })),
    }),
  ),
  forwarding: Type.Optional(
    Type.Object({
      type: Type.Enum(['HTTP_FORWARD']),
      url: Type.String({ minLength: 1, maxLength: 2048, 'x-format': 'http-url' }),
      format: Type.Optional(Type.Enum([FORMAT])),
    }),
  ),
  conversations: Type.Optional(Type.Object({ enabled: Type.Boolean() })),
  answers: anything,
  autoResponse: anything,
  blockListConfiguration: anything,
  unset: Type.Optional(Type.Array(Type.Enum(UNSET), { maxItems: UNSET.length })),
});

/** Reads it. What Parley does not do is refused, rather than kept without effect. */
export const validateInboundConfiguration = compileValidator(inboundConfigurationSchema, {
  crossCheck(given, violations) {
    const { number, numberKey, keyword, conversations } = given;
    if (number === undefined && numberKey === undefined) addViolation(violations, 'number', 'must not be blank');
    if (keyword !== undefined && /\s/.test(keyword)) addViolation(violations, 'keyword', 'must be one word');
    if (conversations?.enabled === true) addViolation(violations, 'conversations', 'is not supported');
    for (const name of ['answers', 'autoResponse', 'blockListConfiguration'] as const)
      if (given[name] !== undefined) addViolation(violations, name, 'is not supported');
  },
});

/** How a keyword is stored and compared: its case does not matter. */
export function normalKeyword(keyword: string): string {
  return keyword.toUpperCase();
}

/** The word of a text by which a configuration may be chosen; undefined when there is none that could be a keyword. */
export function keywordOf({ type, content }: InboundEvent): string | undefined {
  const { text } = content;
  if (type !== 'TEXT' || typeof text !== 'string') return undefined;
  const word = FIRST_WORD.exec(text)?.[1];
  return word === undefined || word.includes('\0') || !word.isWellFormed() ? undefined : normalKeyword(word);
}

/** A configuration as it is shown. */
export interface ShownConfiguration {
  configurationKey: string;
  number: string;
  keyword: string;
  username: string | null;
  applicationId: string | null;
  entityId: string | null;
  url: string | null;
}

/** Infobip's object (Infobip 5: MoConfigurationResponse). */
export function inboundConfigurationAnswer(shown: ShownConfiguration): object {
  const { configurationKey, number, keyword, username, applicationId, entityId, url } = shown;
  const hasPlatform = applicationId !== null || entityId !== null;
  return {
    configurationKey,
    channel: 'WHATSAPP',
    number,
    numberKey: number,
    keyword: keyword === '' ? undefined : keyword,
    username: username ?? undefined,
    platform: hasPlatform ? { applicationId: applicationId ?? undefined, entityId: entityId ?? undefined } : undefined,
    forwarding: url === null ? undefined : { type: 'HTTP_FORWARD', url, format: FORMAT },
  };
}
