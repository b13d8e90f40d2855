// /settings/2/api-keys: an account's own API keys (Infobip 1.1). A secret is in the answer to its creation and nowhere else.
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { SCOPES } from '../contract/access.js';
import { formatDate, parseDate } from '../contract/dates.js';
import { isObject, textAt } from '../contract/json.js';
import type { KeyPlatform } from '../contract/key-platform.js';
import type { Violations } from '../contract/readers.js';
import { compileValidator } from '../contract/validate.js';
import type { Clock } from '../lib/clock.js';
import { sha256 } from '../lib/secrets.js';
import { createKey, type KeyChange, type KeyOutcome, updateKey } from '../manage/api-keys.js';
import type { PlatformDirectory } from '../pipeline/platform-directory.js';
import { type ApiKeyFilter, type ApiKeyRow, findApiKey, pageApiKeys } from '../store/api-keys.js';
import type { Database } from '../store/database.js';
import type { Directory } from '../store/directory.js';
import { sendApiError } from './api-errors.js';
import { createSchema, KEY_ORDERS, PAGE_MAX, SIZE_MAX, updateSchema } from './api-keys-page.js';
import type { AccountCaller } from './authenticate.js';
import { callerOf, type Gate } from './gate.js';

/** What the endpoints work with. */
export interface ApiKeyApiParts {
  database: Database;
  directory: Directory;
  clock: Clock;
  gate: Gate;
  /** Applications and entities, made on first use. */
  platforms: PlatformDirectory;
}

const KEYS = '/settings/2/api-keys';
const KEY = `${KEYS}/:apiKeyId`;
const YEAR_MS = 365 * 24 * 3_600_000;
const readCreation = compileValidator(createSchema);
const readUpdate = compileValidator(updateSchema);

/** Serves the endpoints. */
export function registerApiKeys(scope: FastifyInstance, parts: ApiKeyApiParts): void {
  parts.gate.protect(scope, sendApiError);
  scope.get(KEYS, (request, reply) => list(parts, request, reply));
  scope.post(KEYS, (request, reply) => create(parts, request, reply));
  scope.get(KEY, async (request, reply) => {
    const { account } = callerOf(request);
    const key = await findApiKey(parts.database, account.id, idOf(request));
    return key === undefined ? sendApiError(reply, 404) : reply.send(showKey(account.accountId, key));
  });
  scope.put(KEY, (request, reply) => update(parts, request, reply));
}

/** Empty for what no key is called, NUL among it. */
function idOf(request: FastifyRequest): string {
  const id = textAt(request.params, 'apiKeyId') ?? '';
  return /^[\w-]{1,100}$/.test(id) ? id : '';
}

/** An account has keys of its own only; another's is none of its business. */
function isForeign({ account }: AccountCaller, accountId: string | undefined): boolean {
  return accountId !== undefined && accountId !== account.accountId;
}

async function list({ database }: ApiKeyApiParts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const caller = callerOf(request);
  const violations: Violations = {};
  const query = readQuery(isObject(request.query) ? request.query : {}, violations);
  if (Object.keys(violations).length > 0) return sendApiError(reply, 400, violations);
  if (isForeign(caller, query.accountId)) return sendApiError(reply, 403);
  const { page, size, filter } = query;
  const slice = { limit: size, offset: page * size };
  const { rows, total } = await pageApiKeys(database, caller.account.id, slice, filter);
  const { orderBy, isDescending } = filter;
  const paging = {
    page,
    pageSize: size,
    orderDirection: isDescending === true ? 'desc' : 'asc',
    orderBy,
    totalCount: total,
    totalPages: Math.ceil(total / size),
  };
  return reply.send({ apiKeys: rows.map((key) => showKey(caller.account.accountId, key)), paging });
}

interface Query {
  accountId: string | undefined;
  page: number;
  size: number;
  filter: ApiKeyFilter;
}

function readQuery(query: Readonly<Record<string, unknown>>, violations: Violations): Query {
  const textOf = (name: string): string | undefined => {
    const given = query[name];
    if (given === undefined || given === '') return undefined;
    if (typeof given === 'string' && given.length <= 512 && !given.includes('\0')) return given;
    violations[name] = ['must be one text of at most 512 characters'];
    return undefined;
  };
  const numberOf = (name: string, min: number, max: number): number | undefined => {
    const given = textOf(name);
    if (given === undefined) return undefined;
    const number = /^\d{1,9}$/.test(given) ? Number(given) : -1;
    if (number < min || number > max) violations[name] = [`must be between ${min} and ${max}`];
    return number;
  };
  const choiceOf = <T extends string>(name: string, choices: readonly T[]): T | undefined => {
    const given = textOf(name)?.toLowerCase();
    const choice = choices.find((known) => known.toLowerCase() === given);
    if (given !== undefined && choice === undefined) violations[name] = [`must be one of ${choices.join(', ')}`];
    return choice;
  };
  const enabled = choiceOf('enabled', ['true', 'false']);
  const secret = textOf('apiKeySecret');
  return {
    accountId: textOf('accountId'),
    page: numberOf('page', 0, PAGE_MAX) ?? 0,
    // Infobip's page of parameters says size, its answers pageSize.
    size: numberOf('size', 1, SIZE_MAX) ?? numberOf('pageSize', 1, SIZE_MAX) ?? SIZE_MAX,
    filter: {
      name: textOf('name'),
      enabled: enabled === undefined ? undefined : enabled === 'true',
      secretHash: secret === undefined ? undefined : sha256(secret),
      orderBy: choiceOf('orderBy', KEY_ORDERS) ?? 'id',
      isDescending: choiceOf('orderDirection', ['asc', 'desc']) === 'desc',
    },
  };
}

async function create(parts: ApiKeyApiParts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const caller = callerOf(request);
  const read = readCreation(request.body);
  if (!read.ok) return sendApiError(reply, 400, read.violations);
  const { name, accountId } = read.value;
  if (isForeign(caller, accountId)) return sendApiError(reply, 403);
  const now = parts.clock.now();
  const change = toChange(read.value);
  // Infobip: without scopes a key has those of who makes it; it is valid for a year from now.
  const own = caller.scopes === null ? null : [...caller.scopes];
  const isSilent = change.scopes === undefined || change.scopes?.length === 0;
  const whole = { validFrom: now, validTo: now + YEAR_MS, ...defined(change), name };
  const made = await createKey(parts, caller.account.id, isSilent ? { ...whole, scopes: own } : whole);
  return answer(parts, caller, reply, made, ({ apiKeySecret }) => ({ apiKeySecret }));
}

async function update(parts: ApiKeyApiParts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const caller = callerOf(request);
  const read = readUpdate(request.body);
  if (!read.ok) return sendApiError(reply, 400, read.violations);
  if (isForeign(caller, read.value.accountId)) return sendApiError(reply, 403);
  const changed = await updateKey(parts, caller.account.id, idOf(request), {
    ...toChange(read.value),
    name: read.value.name,
  });
  return answer(parts, caller, reply, changed, () => ({}));
}

async function answer<Key extends ApiKeyRow>(
  { directory, platforms }: ApiKeyApiParts,
  { account }: AccountCaller,
  reply: FastifyReply,
  outcome: KeyOutcome<Key>,
  besides: (key: Key) => object,
): Promise<FastifyReply> {
  if (outcome.kind === 'unknown') return sendApiError(reply, 404);
  if (outcome.kind === 'invalid') return sendApiError(reply, 400, outcome.violations);
  const { key } = outcome;
  for (const named of key.platform) await platforms.ensure(account.id, named);
  // What was changed is in force here when the answer arrives.
  await directory.refresh();
  return reply.header('cache-control', 'no-store').send({ ...showKey(account.accountId, key), ...besides(key) });
}

function toChange(given: Static<typeof updateSchema>): KeyChange {
  const { allowedIPs, validFrom, validTo, enabled, permissions, platform, scopeGuids } = given;
  return {
    enabled,
    permissions,
    platform: platform?.map(toPlatform),
    allowedIps: allowedIPs,
    scopes: scopeGuids === undefined ? undefined : [...new Set(scopeGuids)],
    validFrom: toInstant(validFrom),
    validTo: toInstant(validTo),
  };
}

function toPlatform({ applicationId, entityId, action }: KeyPlatform): KeyPlatform {
  return {
    applicationId,
    ...(entityId === undefined || entityId === '' ? {} : { entityId }),
    ...(action === undefined ? {} : { action }),
  };
}

/** NaN for what is no date: the operation tells. */
function toInstant(given: string | undefined): number | undefined {
  return given === undefined || given === '' ? undefined : (parseDate(given) ?? Number.NaN);
}

/** Without what is absent, so that it does not hide a default. */
function defined(change: KeyChange): KeyChange {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

function showKey(accountId: string, key: ApiKeyRow): object {
  const { id, name, enabled, scopes, allowedIps, validFrom, validTo, permissions, platform, createdAt } = key;
  return {
    id,
    accountId,
    name,
    allowedIPs: allowedIps,
    validFrom: formatDate(validFrom ?? createdAt),
    validTo: validTo === null ? undefined : formatDate(validTo),
    enabled,
    permissions,
    platform: platform.map((entry) => ({ key: platformKey(accountId, entry), ...entry })),
    scopeGuids: scopes ?? SCOPES,
  };
}

/** Infobip's own name of the pair, in its form; the same for the same pair. */
function platformKey(accountId: string, { applicationId, entityId }: KeyPlatform): string {
  const named = JSON.stringify([accountId, applicationId, entityId ?? null]);
  return createHash('sha256').update(named).digest('hex').slice(0, 32).toUpperCase();
}
