// API keys of accounts: made, changed, taken away.
import type { Violations } from '../contract/readers.js';
import type { Clock } from '../lib/clock.js';
import { uuidv7 } from '../lib/id.js';
import { isNetwork } from '../lib/networks.js';
import { newToken, sha256 } from '../lib/secrets.js';
import {
  type ApiKeyRow,
  type ApiKeySettings,
  changeApiKey,
  deleteApiKey,
  findApiKey,
  insertApiKey,
} from '../store/api-keys.js';
import type { Database } from '../store/database.js';

/** What these operations need. */
export interface ApiKeyParts {
  database: Database;
  clock: Clock;
}

/** What is said about a key; what is absent keeps its value or its default. An instant that is NaN is a wrong one. */
export type KeyChange = { [Name in keyof ApiKeySettings]?: ApiKeySettings[Name] | undefined };

/** What an operation on a key gives: the key, or which fields are wrong (`platform[0].action`), or that there is none. */
export type KeyOutcome<Key> =
  | { kind: 'done'; key: Key }
  | { kind: 'invalid'; violations: Violations }
  | { kind: 'unknown' };

/** Names of permissions (Infobip 1.1). Only PUBLIC_API lets a key call this API. */
export const PERMISSIONS = ['PUBLIC_API', '2FA_CLIENT', 'WEB_SDK'] as const;

const DEFAULTS: Omit<ApiKeySettings, 'name'> = {
  enabled: true,
  scopes: null,
  allowedIps: [],
  validFrom: null,
  validTo: null,
  permissions: ['PUBLIC_API'],
  platform: [],
};

/** Makes an API key. Its secret, 256 bits, is in this answer and nowhere else. */
export async function createKey(
  { database, clock }: ApiKeyParts,
  account: number,
  settings: KeyChange & { name: string },
): Promise<KeyOutcome<ApiKeyRow & { apiKeySecret: string }>> {
  const now = clock.now();
  const whole = merge({ ...DEFAULTS, name: settings.name }, settings);
  const violations = violationsOf(whole, settings, now);
  if (Object.keys(violations).length > 0) return { kind: 'invalid', violations };
  const apiKeySecret = newToken();
  const key = { ...whole, id: uuidv7(now), account, createdAt: now, secretHash: sha256(apiKeySecret) };
  return { kind: 'done', key: { ...(await insertApiKey(database, key)), apiKeySecret } };
}

/** Changes what is given of a key. */
export async function updateKey(
  { database, clock }: ApiKeyParts,
  account: number,
  id: string,
  change: KeyChange,
): Promise<KeyOutcome<ApiKeyRow>> {
  const known = await findApiKey(database, account, id);
  if (known === undefined) return { kind: 'unknown' };
  const whole = merge(known, change);
  const violations = violationsOf(whole, change, clock.now());
  if (Object.keys(violations).length > 0) return { kind: 'invalid', violations };
  const key = await changeApiKey(database, account, id, whole);
  return key === undefined ? { kind: 'unknown' } : { kind: 'done', key };
}

/** Removes a key; requests with it are refused from the next snapshot of the directory on. False when there is none. */
export async function removeKey({ database }: ApiKeyParts, account: number, id: string): Promise<boolean> {
  return deleteApiKey(database, account, id);
}

function merge(known: ApiKeySettings, change: KeyChange): ApiKeySettings {
  const { name, enabled, scopes, allowedIps, validFrom, validTo, permissions, platform } = change;
  return {
    name: name ?? known.name,
    enabled: enabled ?? known.enabled,
    scopes: scopes === undefined ? known.scopes : scopes,
    allowedIps: allowedIps ?? known.allowedIps,
    validFrom: validFrom === undefined ? known.validFrom : validFrom,
    validTo: validTo === undefined ? known.validTo : validTo,
    permissions: permissions ?? known.permissions,
    platform: platform ?? known.platform,
  };
}

/** What the fields of a request cannot say one by one. Names are those of the API. */
function violationsOf(whole: ApiKeySettings, given: KeyChange, now: number): Violations {
  const violations: Violations = {};
  given.allowedIps?.forEach((entry, i) => {
    if (!isNetwork(entry)) violations[`allowedIPs[${i}]`] = ['must be an IP address or a network like 10.0.0.0/8'];
  });
  for (const name of ['validFrom', 'validTo'] as const)
    if (Number.isNaN(given[name])) violations[name] = ['must be a date and time like 2026-01-31T12:00:00Z'];
  const { validFrom, validTo, permissions, platform } = whole;
  const isEndSaid = given.validTo !== undefined || given.validFrom !== undefined;
  if (isEndSaid && validTo !== null && validTo <= Math.max(validFrom ?? 0, given.validTo === undefined ? 0 : now))
    violations.validTo = ['must be later than validFrom and now'];
  if (permissions.includes('PUBLIC_API') && permissions.includes('WEB_SDK'))
    violations.permissions = ['must not have both PUBLIC_API and WEB_SDK'];
  if (platform.filter(({ action }) => action !== undefined).length > 1)
    violations.platform = ['must have at most one entry with an action'];
  return violations;
}
