// The endpoints of API keys on the API page, and what their bodies and queries are made of (Infobip 1.1).
import { Type } from 'typebox';
import type { ErrorHttpStatus } from '../contract/answers.js';
import type { Operation } from '../contract/openapi.js';
import { without } from '../contract/openapi-schemas.js';
import { PERMISSIONS } from '../manage/api-keys.js';
import { apiErrorAnswer } from './api-errors.js';

const ENTRIES_MAX = 100;
/** The last page there is. */
export const PAGE_MAX = 100;
/** Keys in one page at most, and when nothing is said. */
export const SIZE_MAX = 100;
/** What a list can be ordered by. */
export const KEY_ORDERS = ['id', 'name', 'validFrom', 'validTo', 'enabled'] as const;

const text = Type.Optional(Type.String({ maxLength: 255 }));
const settings = {
  accountId: text,
  allowedIPs: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: ENTRIES_MAX })),
  validFrom: text,
  validTo: text,
  enabled: Type.Optional(Type.Boolean()),
  permissions: Type.Optional(Type.Array(Type.Enum([...PERMISSIONS]), { minItems: 1, maxItems: PERMISSIONS.length })),
  platform: Type.Optional(
    Type.Array(
      Type.Object({
        applicationId: Type.String({ minLength: 1, maxLength: 255 }),
        entityId: text,
        action: Type.Optional(Type.Enum(['FILL', 'FORCE'])),
      }),
      { maxItems: ENTRIES_MAX },
    ),
  ),
  scopeGuids: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: ENTRIES_MAX })),
};
/** Body of POST. */
export const createSchema = Type.Object({ name: Type.String({ minLength: 1, maxLength: 255 }), ...settings });
/** Body of PUT. */
export const updateSchema = Type.Object({ name: text, ...settings });

const NAMED = { key: '04B70ACBAD51C0B6BD93E9D4717CA33A', applicationId: 'crm' };
const example = {
  id: '0190d8a2-6c1f-7d35-9f00-5a1b2c3d4e5f',
  accountId: 'demo',
  name: 'crm',
  allowedIPs: ['192.0.2.7'],
  validFrom: '2026-05-04T09:00:00.000+0000',
  validTo: '2027-05-04T09:00:00.000+0000',
  enabled: true,
  permissions: ['PUBLIC_API'],
  platform: [],
  scopeGuids: ['whatsapp:message:send'],
};
/** A key with an application that never expires, alone or in a list. */
function plain(shown: object): object {
  const endless = {
    ...without(example, 'validTo'),
    platform: [NAMED, { ...NAMED, entityId: 'north', action: 'FILL' }],
  };
  return 'apiKeys' in shown ? { ...shown, apiKeys: [endless] } : { ...shown, ...endless };
}
const paging = { page: 0, pageSize: 100, orderDirection: 'asc', orderBy: 'id', totalCount: 1, totalPages: 1 };
const ERRORS = [400, 401, 403, 404, 413, 415, 429, 500, 503] as const satisfies ErrorHttpStatus[];
const errors = ERRORS.map(apiErrorAnswer);

function operation(
  method: Operation['method'],
  path: string,
  summary: string,
  own: Pick<Operation, 'body' | 'query'> & { example: object },
): Operation {
  const { example: shown, ...rest } = own;
  const good = { status: 200, description: 'Done', example: shown, also: [plain(shown)] };
  return { method, path, tag: 'Access', summary, ...rest, answers: [good, ...errors] };
}

const PATH = '/settings/2/api-keys';
const keyPath = `${PATH}/{apiKeyId}`;
const query = Type.Object({
  accountId: text,
  name: text,
  enabled: Type.Optional(Type.Boolean()),
  apiKeySecret: text,
  page: Type.Optional(Type.Integer({ minimum: 0, maximum: PAGE_MAX })),
  size: Type.Optional(Type.Integer({ minimum: 1, maximum: SIZE_MAX })),
  orderBy: Type.Optional(Type.Enum([...KEY_ORDERS])),
  orderDirection: Type.Optional(Type.Enum(['asc', 'desc'])),
});

/** The endpoints on the API page. */
export const apiKeyOperations: readonly Operation[] = [
  operation('GET', PATH, "List an account's own API keys, without their secrets", {
    query,
    example: { apiKeys: [example], paging },
  }),
  operation('POST', PATH, 'Make an API key; its secret is shown once', {
    body: { schema: createSchema, example: { name: 'crm', scopeGuids: ['whatsapp:message:send'] } },
    example: { ...example, apiKeySecret: 'pYq1iDk0m3tV' },
  }),
  operation('GET', keyPath, 'Read an API key', { example }),
  operation('PUT', keyPath, 'Change an API key', {
    body: { schema: updateSchema, example: { enabled: false } },
    example: { ...example, enabled: false },
  }),
];
