// What a notification profile authenticates with: BASIC, HMAC, OAUTH, or CUSTOM, which has no payload (Infobip 4.5, 5).
import { type Static, Type } from 'typebox';
import { type DeliverySecurity, HMAC_ALGORITHMS, type HmacAlgorithm, type OauthSecurity } from '../delivery-profile.js';
import { isObject } from '../json.js';
import { addViolation, type Violations } from '../readers.js';
import { compileValidator } from '../validate.js';
import { clientId, shortText } from './fields.js';

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,255}$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** These are made by the client itself, or say who signs. */
const RESERVED_HEADERS = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'webhook-id',
  'webhook-signature',
  'webhook-timestamp',
]);

/** Header fields by name. */
export const headersField = Type.Optional(Type.Record(Type.String(), Type.String({ maxLength: 4096 })));

// One object for all types: which fields a type needs is checked when the type is known.
const credentialsField = Type.Object({
  username: shortText,
  password: shortText,
  secretKey: shortText,
  algorithm: Type.Optional(Type.Enum([...HMAC_ALGORITHMS])),
  headerName: shortText,
  encoding: Type.Optional(Type.Enum(['hex', 'base64'])),
  tokenUrl: Type.Optional(Type.String({ maxLength: 255, 'x-format': 'http-url' })),
  grantType: shortText,
  clientId: shortText,
  clientSecret: shortText,
  scope: shortText,
  resource: shortText,
  refreshToken: shortText,
  headers: headersField,
});

const typeField = Type.Enum(['BASIC', 'HMAC', 'OAUTH', 'CUSTOM']);

/** Security inside a profile: the id alone names one that is there, the rest makes one. */
export const nestedSecurityField = Type.Object({
  authId: clientId,
  type: Type.Optional(typeField),
  credentials: Type.Optional(credentialsField),
});

type NestedSecurity = Static<typeof nestedSecurityField>;
type GivenCredentials = Static<typeof credentialsField>;

/** Body of POST /security. */
export const securitySchema = Type.Object({
  authId: clientId,
  type: typeField,
  credentials: Type.Optional(credentialsField),
});

/** Body of PUT /security/{authId}. */
export const noIdSecuritySchema = Type.Object({ type: typeField, credentials: Type.Optional(credentialsField) });

/** Reads POST /security. */
export const validateSecurity = compileValidator(securitySchema, {
  crossCheck: (given, violations) => checkSecurity(given, '', violations),
});

/** Reads PUT /security/{authId}. */
export const validateNoIdSecurity = compileValidator(noIdSecuritySchema, {
  crossCheck: (given, violations) => checkSecurity(given, '', violations),
});

const REQUIRED: Readonly<Record<string, readonly (keyof GivenCredentials)[]>> = {
  BASIC: ['username', 'password'],
  HMAC: ['secretKey', 'algorithm'],
  OAUTH: ['tokenUrl', 'grantType'],
  CUSTOM: [],
};

/** Whether a nested security makes one, rather than naming one. */
export function isNewSecurity({ type, credentials }: NestedSecurity): boolean {
  return type !== undefined || credentials !== undefined;
}

/** Adds what is wrong between type and credentials; `prefix` is the path of the object, with its dot. */
export function checkSecurity(
  { type, credentials }: Pick<NestedSecurity, 'type' | 'credentials'>,
  prefix: string,
  violations: Violations,
): void {
  if (type === undefined) {
    addViolation(violations, `${prefix}type`, 'must not be null');
    return;
  }
  for (const name of REQUIRED[type] ?? [])
    if (credentials?.[name] === undefined)
      addViolation(violations, `${prefix}credentials.${name}`, 'must not be blank');
  // Basic credentials end at the first colon (RFC 7617).
  if (type === 'BASIC' && credentials?.username?.includes(':'))
    addViolation(violations, `${prefix}credentials.username`, 'must not contain a colon');
  const { headerName } = credentials ?? {};
  if (headerName !== undefined) checkHeader(headerName, '', `${prefix}credentials.headerName`, violations);
  checkHeaders(credentials?.headers, `${prefix}credentials.headers`, violations);
}

/** Adds what could not stand in a request. */
export function checkHeaders(headers: Record<string, string> | undefined, path: string, violations: Violations): void {
  for (const [name, value] of Object.entries(headers ?? {})) checkHeader(name, value, `${path}.${name}`, violations);
}

function checkHeader(name: string, value: string, path: string, violations: Violations): void {
  if (!TOKEN.test(name)) addViolation(violations, path, 'is not the name of a header');
  else if (RESERVED_HEADERS.has(name.toLowerCase())) addViolation(violations, path, 'is a header that cannot be set');
  if (!HEADER_VALUE.test(value)) addViolation(violations, path, 'is not the value of a header');
}

/** The credentials of a request that was validated: the fields of its type only. */
export function credentialsOf({ type, credentials }: Pick<NestedSecurity, 'type' | 'credentials'>): DeliverySecurity {
  const given = credentials ?? {};
  switch (type) {
    case 'BASIC':
      return { type, username: given.username ?? '', password: given.password ?? '' };
    case 'HMAC':
      return hmacOf(given);
    case 'OAUTH':
      return oauthOf(given);
    default:
      return { type: 'CUSTOM' };
  }
}

function hmacOf({ secretKey = '', algorithm, headerName, encoding }: GivenCredentials): DeliverySecurity {
  return {
    type: 'HMAC',
    secretKey,
    algorithm: isAlgorithm(algorithm) ? algorithm : 'HMAC_SHA_256',
    ...(headerName === undefined ? {} : { headerName }),
    ...(encoding === 'hex' || encoding === 'base64' ? { encoding } : {}),
  };
}

function isAlgorithm(text: string | undefined): text is HmacAlgorithm {
  return HMAC_ALGORITHMS.some((algorithm) => algorithm === text);
}

function oauthOf(given: GivenCredentials): OauthSecurity {
  const { tokenUrl = '', grantType = '' } = given;
  const credentials: OauthSecurity = { type: 'OAUTH', tokenUrl, grantType };
  for (const name of [
    'clientId',
    'clientSecret',
    'scope',
    'username',
    'password',
    'resource',
    'refreshToken',
  ] as const) {
    const value = given[name];
    if (value !== undefined) credentials[name] = value;
  }
  return given.headers === undefined ? credentials : { ...credentials, headers: given.headers };
}

/** The text that is sealed and stored; undefined when there is nothing to keep. */
export function writeCredentials(credentials: DeliverySecurity): string | undefined {
  return credentials.type === 'CUSTOM' ? undefined : JSON.stringify(credentials);
}

/** Reads what `writeCredentials` wrote. Throws TypeError on anything else. */
export function readCredentials(text: string | undefined): DeliverySecurity {
  if (text === undefined) return { type: 'CUSTOM' };
  const value: unknown = JSON.parse(text);
  if (!isObject(value) || typeof value.type !== 'string') throw new TypeError('stored credentials have no type');
  // Parse boundary: only writeCredentials fills this column.
  return value as unknown as DeliverySecurity;
}

/** The credentials as the API shows them: without the type, which stands beside. */
export function shownCredentials(credentials: DeliverySecurity): object | undefined {
  if (credentials.type === 'CUSTOM') return undefined;
  const { type: _, ...shown } = credentials;
  return shown;
}
