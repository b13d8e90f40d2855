// /accounts/{id}/keys: API keys of an account, with everything that Infobip's own keys have. Managed by keys of kind admin alone.

import { Type } from 'typebox';
import { parseDate } from '../../contract/dates.js';
import { withNull } from '../../contract/openapi-schemas.js';
import type { Violations } from '../../contract/readers.js';
import {
  createKey,
  type KeyChange,
  type KeyOutcome,
  PERMISSIONS,
  removeKey,
  updateKey,
} from '../../manage/api-keys.js';
import { refuse } from '../../manage/refusal.js';
import { type ApiKeyRow, pageApiKeys } from '../../store/api-keys.js';
import { instant, isOn, scopesOrNull, text } from './fields.js';
import type { AdminParts } from './parts.js';
import type { Problem } from './problem.js';
import {
  defineOfAccount,
  isDone,
  listOfAccount,
  lists,
  type Reply,
  type Route,
  shows,
  timeOf,
  wrongFields,
} from './route.js';

const NAME_LENGTH_MAX = 255;
const ENTRIES_MAX = 100;
const URL = '/accounts/:accountId/keys';
const nameField = text(NAME_LENGTH_MAX);
const date = Type.Union([instant, Type.Null()], {
  says: 'must be a date and time with an offset, like 2026-01-31T12:00:00Z, or null',
});
const settings = {
  scopeGuids: Type.Optional(scopesOrNull),
  allowedIPs: Type.Optional(
    Type.Array(Type.String({ maxLength: 100 }), {
      maxItems: ENTRIES_MAX,
      says: `must be a list of at most ${ENTRIES_MAX} IP addresses or networks`,
    }),
  ),
  validFrom: Type.Optional(date),
  validTo: Type.Optional(date),
  enabled: Type.Optional(isOn),
  permissions: Type.Optional(
    Type.Array(Type.Enum([...PERMISSIONS]), { uniqueItems: true, says: `must be a list of ${PERMISSIONS.join(', ')}` }),
  ),
  platform: Type.Optional(
    Type.Array(
      Type.Object(
        {
          applicationId: Type.String({ minLength: 1, maxLength: 255, pattern: '^[^\\0\\p{Cs}]*$' }),
          entityId: Type.Optional(Type.String({ minLength: 1, maxLength: 255, pattern: '^[^\\0\\p{Cs}]*$' })),
          action: Type.Optional(Type.Enum(['FILL', 'FORCE'])),
        },
        { additionalProperties: false },
      ),
      {
        maxItems: ENTRIES_MAX,
        says: `must be a list of at most ${ENTRIES_MAX} objects {applicationId, entityId?, action? FILL or FORCE}`,
      },
    ),
  ),
};

const EXAMPLE = {
  id: '0190d8a2-6c1f-7d35-9f00-5a1b2c3d4e5f',
  name: 'main',
  enabled: true,
  createdAt: '2026-01-31T12:00:00.000Z',
  scopeGuids: ['message:send'],
  allowedIPs: ['192.0.2.0/24'],
  validFrom: '2026-01-31T12:00:00.000Z',
  validTo: '2027-01-31T12:00:00.000Z',
  permissions: ['PUBLIC_API'],
  platform: [{ applicationId: 'crm', entityId: 'north', action: 'FILL' }],
};
const PLAIN = { ...withNull(EXAMPLE, 'scopeGuids', 'validFrom', 'validTo'), platform: [{ applicationId: 'crm' }] };
const SECRET = { apiKeySecret: 'b1946ac92492d2347c6235b4d2611184' };

/** The endpoints. */
export function keyRoutes(parts: AdminParts): Route[] {
  const { database } = parts;
  return [
    listOfAccount(
      parts,
      { url: URL, summary: 'List the API keys of an account', answers: lists(EXAMPLE, PLAIN) },
      (account, slice) => pageApiKeys(database, account, slice),
      showKey,
    ),
    defineOfAccount(parts, {
      method: 'POST',
      url: URL,
      summary: 'Make an API key; its secret is shown once',
      body: Type.Object({ name: nameField, ...settings }),
      example: { name: 'crm', scopeGuids: ['message:send'] },
      answers: shows(201, 'The key with its secret', { ...EXAMPLE, ...SECRET }, { ...PLAIN, ...SECRET }),
      async handle({ account, body }) {
        const made = await createKey(parts, account, { ...toChange(body), name: body.name });
        return answer(made, 201, (key) => ({ ...showKey(key), apiKeySecret: key.apiKeySecret }));
      },
    }),
    defineOfAccount(parts, {
      method: 'PATCH',
      url: `${URL}/:keyId`,
      summary: 'Change an API key',
      body: Type.Object({ name: Type.Optional(nameField), ...settings }),
      example: { enabled: false },
      answers: shows(200, 'The key as it is now', EXAMPLE, PLAIN),
      async handle({ account, param, body }) {
        return answer(await updateKey(parts, account, param('keyId'), toChange(body)), 200, showKey);
      },
    }),
    defineOfAccount(parts, {
      method: 'DELETE',
      url: `${URL}/:keyId`,
      summary: 'Take an API key away',
      answers: isDone,
      async handle({ account, param }) {
        return (await removeKey(parts, account, param('keyId'))) ? { status: 204 } : refuse('notFound', 'no such key');
      },
    }),
  ];
}

function answer<Key>(outcome: KeyOutcome<Key>, status: number, show: (key: Key) => object) {
  switch (outcome.kind) {
    case 'done':
      return { status, body: show(outcome.key) } satisfies Reply;
    case 'invalid':
      return problemOfFields(outcome.violations);
    case 'unknown':
      return refuse('notFound', 'no such key');
  }
}

function problemOfFields(violations: Violations): Problem {
  return wrongFields(Object.entries(violations).map(([field, says]) => ({ field, message: says.join(', ') })));
}

interface Given extends Omit<KeyChange, 'scopes' | 'allowedIps' | 'validFrom' | 'validTo'> {
  scopeGuids?: readonly string[] | null;
  allowedIPs?: readonly string[];
  validFrom?: string | null;
  validTo?: string | null;
}

function toChange({ scopeGuids, allowedIPs, validFrom, validTo, ...rest }: Given): KeyChange {
  return {
    ...rest,
    scopes: scopeGuids,
    allowedIps: allowedIPs,
    validFrom: toInstant(validFrom),
    validTo: toInstant(validTo),
  };
}

/** NaN for a day that no calendar has: the operation tells. */
function toInstant(given: string | null | undefined): number | null | undefined {
  return typeof given === 'string' ? (parseDate(given) ?? Number.NaN) : given;
}

function showKey(key: ApiKeyRow): object {
  const { id, name, enabled, createdAt, scopes: scopeGuids, allowedIps: allowedIPs, permissions, platform } = key;
  const [validFrom, validTo] = [timeOf(key.validFrom), timeOf(key.validTo)];
  return {
    id,
    name,
    enabled,
    createdAt: timeOf(createdAt),
    scopeGuids,
    allowedIPs,
    validFrom,
    validTo,
    permissions,
    platform,
  };
}
