// The fields that every single-message request has around its content, as TypeBox schemas (Infobip 2.1).
import { type Static, Type } from 'typebox';
import { addViolation, type Violations } from './readers.js';

/** Longest id of a message, caller-given or generated (Infobip 2.1; older documents say 100). */
const MESSAGE_ID_LENGTH_MAX = 200;

/** Longest id that `context.replyToMessageId` may quote; Infobip names no limit, a wamid is below 150 characters. */
const REPLY_ID_LENGTH_MAX = 512;

/**
 * A string that must be an absolute http or https URL. `x-format` is read by `validate.ts` and says more than
 * JSON Schema's `uri`: a host is required and credentials in the URL are refused, since nothing would be sent there.
 */
export function httpUrl(maxLength = 2048) {
  return Type.String({ maxLength, 'x-format': 'http-url' });
}

/** Where Meta fetches media from; also the URL that a button opens (Infobip 2.2: 1 to 2048 characters, http or https). */
export const requiredUrlField = Type.String({ minLength: 1, maxLength: 2048, 'x-format': 'http-url' });

/** A required text for which Infobip names no limit. Blank ones could never arrive. */
export const requiredText = Type.String({ minLength: 1 });

/** A required text of at most `maxLength` characters. */
export function requiredTextUpTo(maxLength: number) {
  return Type.String({ minLength: 1, maxLength });
}

/** An optional text of at most `maxLength` characters, or without a limit. */
export function optionalText(maxLength?: number) {
  return Type.Optional(maxLength === undefined ? Type.String() : Type.String({ maxLength }));
}

/** URL shortening and click tracking of one message (Infobip 2.1, 7). */
export const urlOptionsField = Type.Object({
  shortenUrl: Type.Optional(Type.Boolean({ default: true })),
  trackClicks: Type.Optional(Type.Boolean({ default: true })),
  trackingUrl: Type.Optional(httpUrl()),
  removeProtocol: Type.Optional(Type.Boolean({ default: false })),
  customDomain: Type.Optional(Type.String({ maxLength: 255 })),
});

/** Options of one message; absent ones have their defaults. */
export type UrlOptions = Static<typeof urlOptionsField>;

/** Adds what is wrong between url options: those of a message that is not shortened mean nothing (Infobip 7). */
export function checkUrlOptions(options: UrlOptions | undefined, path: string, violations: Violations): void {
  if (options?.shortenUrl !== false) return;
  const { trackClicks = false, trackingUrl, removeProtocol = false, customDomain } = options;
  if (trackClicks || trackingUrl !== undefined || removeProtocol || customDomain !== undefined)
    addViolation(violations, `${path}.shortenUrl`, 'must be true when other url options are used');
}

/** The envelope without `content` and without `urlOptions`, which some types lack (Infobip 2.1). */
export const envelopeFields = {
  from: Type.String({ minLength: 1, maxLength: 24, description: 'Registered sender' }),
  to: Type.String({
    minLength: 1,
    maxLength: 150,
    description: 'Digits of an E.164 number, or a business-scoped user id',
  }),
  messageId: Type.Optional(Type.String({ maxLength: MESSAGE_ID_LENGTH_MAX })),
  callbackData: Type.Optional(Type.String({ maxLength: 4000 })),
  notifyUrl: Type.Optional(httpUrl()),
  entityId: Type.Optional(Type.String({ maxLength: 255 })),
  applicationId: Type.Optional(Type.String({ maxLength: 255 })),
  context: Type.Optional(
    Type.Object({ replyToMessageId: Type.String({ minLength: 1, maxLength: REPLY_ID_LENGTH_MAX }) }),
  ),
};
