// Notification profiles: where and how reports are posted (Infobip 5: ProfileRequest).
import { type Static, Type } from 'typebox';
import type { DeliveryProfile } from '../delivery-profile.js';
import { addViolation, type Violations } from '../readers.js';
import { compileValidator } from '../validate.js';
import { clientId, shortText } from './fields.js';
import { checkHeaders, checkSecurity, headersField, isNewSecurity, nestedSecurityField } from './security.js';

const REGEX_LENGTH_MAX = 500;
const HEADERS_MAX = 50;
const TLS = ['TLSv1.2', 'TLSv1.3'] as const;

const settings = {
  maxBucketSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 2000, description: 'Results of one request' })),
  windowSize: Type.Optional(Type.Integer({ minimum: 20, maximum: 10_000, description: 'Requests at a time' })),
  connectTimeout: Type.Optional(Type.Integer({ minimum: 300, maximum: 30_000, description: 'In milliseconds' })),
  readTimeout: Type.Optional(Type.Integer({ minimum: 1000, maximum: 90_000, description: 'In milliseconds' })),
  enabledSSLProtocols: Type.Optional(Type.Array(Type.Enum([...TLS]), { maxItems: TLS.length })),
  headers: headersField,
  responseRegex: Type.Optional(Type.String({ maxLength: REGEX_LENGTH_MAX })),
  responseBodyRegex: Type.Optional(Type.String({ maxLength: REGEX_LENGTH_MAX })),
  rateLimit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000, description: 'Requests per second' })),
  ordered: Type.Optional(
    Type.Boolean({ description: 'Ours: reports of one conversation are posted one after the other' }),
  ),
};
const webhook = Type.Object({
  contentType: shortText,
  notifyUrl: Type.String({ minLength: 1, maxLength: 512, 'x-format': 'http-url' }),
});
const signingSecrets = Type.Optional(
  Type.Array(Type.String({ pattern: '^whsec_[A-Za-z0-9+/]{32,88}={0,2}$' }), {
    maxItems: 2,
    description: "Ours: Standard Webhooks secrets in place of the account's",
  }),
);
const shared = { webhook: Type.Optional(webhook), clientCertificateId: shortText, ...settings, signingSecrets };

/** A profile to be made: POST /profiles, or inside a subscription. */
export const profileSchema = Type.Object({
  profileId: clientId,
  security: Type.Optional(nestedSecurityField),
  ...shared,
});

/** Body of PUT /profiles/{profileId}: security is named only. */
export const noIdProfileSchema = Type.Object({ security: Type.Optional(Type.Object({ authId: clientId })), ...shared });

/** A profile as a request gives it. */
export type ProfileRequest = Static<typeof profileSchema>;
/** What replaces a profile. */
export type NoIdProfileRequest = Static<typeof noIdProfileSchema>;

/** Reads POST /profiles. */
export const validateProfile = compileValidator(profileSchema, {
  crossCheck: (given, violations) => checkProfile(given, '', violations),
});

/** Reads PUT /profiles/{profileId}. */
export const validateNoIdProfile = compileValidator(noIdProfileSchema, {
  crossCheck: (given, violations) => checkProfile(given, '', violations),
});

/** Adds what a schema cannot say; `prefix` is the path of the object, with its dot. */
export function checkProfile(given: NoIdProfileRequest | ProfileRequest, prefix: string, violations: Violations): void {
  const { headers, responseRegex, responseBodyRegex, enabledSSLProtocols = [], security, webhook: target } = given;
  if (Object.keys(headers ?? {}).length > HEADERS_MAX)
    addViolation(violations, `${prefix}headers`, `size must be between 0 and ${HEADERS_MAX}`);
  checkHeaders(headers, `${prefix}headers`, violations);
  checkRegex(responseRegex, `${prefix}responseRegex`, violations);
  checkRegex(responseBodyRegex, `${prefix}responseBodyRegex`, violations);
  if (new Set(enabledSSLProtocols).size < enabledSSLProtocols.length)
    addViolation(violations, `${prefix}enabledSSLProtocols`, 'must only contain unique elements');
  if (target?.contentType !== undefined && !/^[\x20-\x7e]+$/.test(target.contentType))
    addViolation(violations, `${prefix}webhook.contentType`, 'is not a media type');
  if (security !== undefined && 'type' in security && isNewSecurity(security))
    checkSecurity(security, `${prefix}security.`, violations);
}

function checkRegex(text: string | undefined, path: string, violations: Violations): void {
  if (text === undefined) return;
  try {
    new RegExp(text);
  } catch {
    addViolation(violations, path, 'is not a regular expression');
  }
}

/** Whether a profile inside a subscription makes one, rather than naming one. */
export function isNewProfile({ profileId: _, ...rest }: ProfileRequest): boolean {
  return Object.keys(rest).length > 0;
}

/** What a profile says beside what it links to and what is secret. */
export type ProfileSettings = Omit<DeliveryProfile, 'security' | 'clientCertificate' | 'signingSecrets'>;

/** The settings of a request. */
export function settingsOf(given: NoIdProfileRequest): ProfileSettings {
  const { webhook: target, maxBucketSize, windowSize, connectTimeout, readTimeout, enabledSSLProtocols } = given;
  const { headers, responseRegex, responseBodyRegex, rateLimit, ordered } = given;
  return withoutUndefined<ProfileSettings>({
    contentType: target?.contentType,
    maxBucketSize,
    windowSize,
    connectTimeout,
    readTimeout,
    enabledSSLProtocols,
    headers,
    responseRegex,
    responseBodyRegex,
    rateLimit,
    isOrdered: ordered,
  });
}

function withoutUndefined<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T;
function withoutUndefined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Reads the stored settings. */
export function readSettings(text: string): ProfileSettings {
  // Parse boundary: only JSON of `settingsOf` is stored.
  return JSON.parse(text) as ProfileSettings;
}
