// /subscriptions/1/profiles and /subscriptions/1/security: how reports are posted, and what they authenticate with (Infobip 5).
import { Type } from 'typebox';
import { formatDate } from '../contract/dates.js';
import { without } from '../contract/openapi-schemas.js';
import type { Violations } from '../contract/readers.js';
import {
  noIdProfileSchema,
  profileSchema,
  readSettings,
  validateNoIdProfile,
  validateProfile,
} from '../contract/subscriptions/profile.js';
import {
  noIdSecuritySchema,
  securitySchema,
  shownCredentials,
  validateNoIdSecurity,
  validateSecurity,
} from '../contract/subscriptions/security.js';
import {
  createProfile,
  createSecurity,
  openSecurity,
  type ProfileParts,
  removeProfile,
  removeSecurity,
  replaceProfile,
  replaceSecurity,
} from '../manage/profiles.js';
import { isRefusal, refuse } from '../manage/refusal.js';
import type { EndpointHealth } from '../store/endpoints.js';
import { findProfile, type ProfileRow, pageProfiles } from '../store/profiles.js';
import { findSecurity, pageSecurities, type SecurityRow } from '../store/securities.js';
import {
  type AccountRoute,
  defineAccountRoute,
  hasViolations,
  pageAnswer,
  pageOf,
  readSlice,
} from './account-route.js';

const TAG = 'Subscriptions';
const PROFILES = '/subscriptions/1/profiles';
const SECURITY = '/subscriptions/1/security';
const SIZE_MAX = 100;

/** `page` and `size` on the API page. */
export const pagingQuery = Type.Object({
  page: Type.Optional(Type.Integer({ minimum: 0, default: 0 })),
  size: Type.Optional(Type.Integer({ minimum: 1, maximum: SIZE_MAX, default: 20 })),
});

const securityExample = { authId: 'h-2', type: 'HMAC', credentials: { secretKey: 'k', algorithm: 'HMAC_SHA_256' } };
/** With credentials of every type: each field may be there. */
const otherSecurities = [
  { ...securityExample, credentials: { headerName: 'x-signature', encoding: 'hex' } },
  { ...securityExample, credentials: { username: 'u', password: 'p' } },
  {
    ...securityExample,
    credentials: {
      tokenUrl: 'https://login.example/token',
      grantType: 'client_credentials',
      clientId: 'c',
      clientSecret: 's',
      scope: 'hooks',
      resource: 'hooks',
      refreshToken: 'r',
      headers: {},
    },
  },
  without(securityExample, 'credentials'),
];
const profileExample = {
  profileId: 'p-main',
  webhook: { notifyUrl: 'https://hooks.example/wa' },
  security: { ...securityExample, authId: 'h-1' },
};
const profileAnswer = { ...profileExample, security: { authId: 'h-1' }, delivery: { state: 'UP' } };
/** Of a profile whose reports do not arrive. */
export const troubledDelivery = {
  state: 'DOWN',
  since: '2026-01-31T12:00:00.000+0000',
  reason: 'HTTP 503',
  downSince: '2026-01-31T12:00:00.000+0000',
  nextAttemptAt: '2026-01-31T12:02:00.000+0000',
};
/** With everything that a profile may say, and with nothing. */
const otherProfiles = [
  {
    ...profileAnswer,
    webhook: { contentType: 'application/json', notifyUrl: 'https://hooks.example/wa' },
    clientCertificateId: 'c-1',
    maxBucketSize: 100,
    windowSize: 20,
    connectTimeout: 5000,
    readTimeout: 15_000,
    enabledSSLProtocols: ['TLSv1.3'],
    headers: {},
    responseRegex: '2..',
    responseBodyRegex: 'ok',
    rateLimit: 100,
    ordered: true,
    delivery: troubledDelivery,
  },
  without(profileAnswer, 'security', 'webhook', 'delivery'),
];
const profileIds = { profileId: 'p-main', security: { authId: 'h-1' } };

/** The endpoints of profiles. */
export function profileRoutes(parts: ProfileParts): AccountRoute[] {
  const { database } = parts;
  return [
    defineAccountRoute({
      method: 'GET',
      url: PROFILES,
      tag: TAG,
      summary: 'List notification profiles, newest first',
      query: pagingQuery,
      answer: pageAnswer(profileAnswer, ...otherProfiles),
      async handle({ account, platform, query }) {
        const violations: Violations = {};
        const slice = readSlice(query, SIZE_MAX, violations);
        if (hasViolations(violations)) return { violations };
        return {
          status: 200,
          body: pageOf(await pageProfiles(database, account, platform, slice), slice, showProfile),
        };
      },
    }),
    defineAccountRoute({
      method: 'POST',
      url: PROFILES,
      tag: TAG,
      summary: 'Make a notification profile, and the security that it describes',
      body: { schema: profileSchema, example: profileExample, validate: validateProfile },
      answer: {
        status: 201,
        description: 'Made; Location names it',
        example: profileIds,
        also: [{ profileId: 'p-main' }],
      },
      errors: [409],
      async handle({ owner, body }) {
        const row = await createProfile(parts, owner, body);
        if (isRefusal(row)) return row;
        return { status: 201, body: profileIdsOf(row), location: `${PROFILES}/${row.profileId}` };
      },
    }),
    defineAccountRoute({
      method: 'GET',
      url: `${PROFILES}/:profileId`,
      tag: TAG,
      summary: 'Read a notification profile',
      answer: {
        status: 200,
        description: 'The profile',
        example: profileAnswer,
        also: otherProfiles,
      },
      async handle({ account, platform, param }) {
        const row = await findProfile(database, account, param('profileId'), platform);
        return row === undefined ? refuse('notFound', 'no such profile') : { status: 200, body: showProfile(row) };
      },
    }),
    defineAccountRoute({
      method: 'PUT',
      url: `${PROFILES}/:profileId`,
      tag: TAG,
      summary: 'Replace a notification profile',
      body: {
        schema: noIdProfileSchema,
        example: { webhook: { notifyUrl: 'https://hooks.example/wa' }, security: { authId: 'h-1' } },
        validate: validateNoIdProfile,
      },
      answer: { status: 200, description: 'Replaced', example: profileIds, also: [{ profileId: 'p-main' }] },
      async handle({ owner, param, body }) {
        const row = await replaceProfile(parts, owner, param('profileId'), body);
        return isRefusal(row) ? row : { status: 200, body: profileIdsOf(row) };
      },
    }),
    defineAccountRoute({
      method: 'DELETE',
      url: `${PROFILES}/:profileId`,
      tag: TAG,
      summary: 'Delete a notification profile that no subscription uses',
      answer: { status: 200, description: 'Deleted', example: profileIds, also: [{ profileId: 'p-main' }] },
      errors: [409],
      async handle({ owner, param }) {
        const row = await removeProfile(parts, owner, param('profileId'));
        return isRefusal(row) ? row : { status: 200, body: profileIdsOf(row) };
      },
    }),
  ];
}

/** The ids that answers to changes name (Infobip 5: IdOnlyProfileResponse). */
export function profileIdsOf({ profileId, authId }: { profileId: string; authId: string | null }): object {
  return { profileId, security: authId === null ? undefined : { authId } };
}

/** Ours, beside what Infobip shows: whether what goes to a profile's URL arrives. Undefined without a URL. */
export function deliveryOf({ endpoint, ...health }: EndpointHealth & { endpoint: number | null }): object | undefined {
  if (endpoint === null) return undefined;
  const { downSince, disabledAt, nextProbeAt, downReason } = health;
  const shown = (at: number | null): string | undefined => (at === null ? undefined : formatDate(at));
  if (disabledAt !== null)
    return {
      state: 'DISABLED',
      since: shown(disabledAt),
      reason: downReason ?? undefined,
      downSince: shown(downSince),
    };
  if (downSince === null) return { state: 'UP' };
  return { state: 'DOWN', since: shown(downSince), reason: downReason ?? undefined, nextAttemptAt: shown(nextProbeAt) };
}

function showProfile({ profileId, notifyUrl, settings, authId, certificateId, ...rest }: ProfileRow): object {
  const { contentType, isOrdered, ...shown } = readSettings(settings);
  return {
    profileId,
    webhook: notifyUrl === null ? undefined : { contentType, notifyUrl },
    security: authId === null ? undefined : { authId },
    clientCertificateId: certificateId ?? undefined,
    ...shown,
    ordered: isOrdered,
    delivery: deliveryOf(rest),
  };
}

/** The endpoints of security. */
export function securityRoutes(parts: ProfileParts): AccountRoute[] {
  const { database } = parts;
  const show = (row: SecurityRow): object => showSecurity(parts, row);
  return [
    defineAccountRoute({
      method: 'GET',
      url: SECURITY,
      tag: TAG,
      summary: 'List securities with their credentials, newest first',
      query: pagingQuery,
      answer: pageAnswer(securityExample, ...otherSecurities),
      async handle({ account, platform, query }) {
        const violations: Violations = {};
        const slice = readSlice(query, SIZE_MAX, violations);
        if (hasViolations(violations)) return { violations };
        return { status: 200, body: pageOf(await pageSecurities(database, account, platform, slice), slice, show) };
      },
    }),
    defineAccountRoute({
      method: 'POST',
      url: SECURITY,
      tag: TAG,
      summary: 'Make a security',
      body: { schema: securitySchema, example: securityExample, validate: validateSecurity },
      answer: { status: 201, description: 'Made; Location names it', example: { authId: 'h-1' } },
      errors: [409],
      async handle({ owner, body }) {
        const made = await createSecurity(parts, owner, body);
        const { authId } = body;
        return isRefusal(made) ? made : { status: 201, body: { authId }, location: `${SECURITY}/${authId}` };
      },
    }),
    defineAccountRoute({
      method: 'GET',
      url: `${SECURITY}/:authId`,
      tag: TAG,
      summary: 'Read a security with its credentials',
      answer: { status: 200, description: 'The security', example: securityExample, also: otherSecurities },
      async handle({ account, platform, param }) {
        const row = await findSecurity(database, account, param('authId'), platform);
        return row === undefined ? refuse('notFound', 'no such security') : { status: 200, body: show(row) };
      },
    }),
    defineAccountRoute({
      method: 'PUT',
      url: `${SECURITY}/:authId`,
      tag: TAG,
      summary: 'Replace a security',
      body: {
        schema: noIdSecuritySchema,
        example: { type: 'BASIC', credentials: { username: 'u', password: 'p' } },
        validate: validateNoIdSecurity,
      },
      answer: { status: 200, description: 'Replaced', example: { authId: 'h-1' } },
      async handle({ owner, param, body }) {
        const authId = param('authId');
        const done = await replaceSecurity(parts, owner, { authId, ...body });
        return isRefusal(done) ? done : { status: 200, body: { authId } };
      },
    }),
    defineAccountRoute({
      method: 'DELETE',
      url: `${SECURITY}/:authId`,
      tag: TAG,
      summary: 'Delete a security that no profile uses',
      answer: { status: 200, description: 'Deleted', example: { authId: 'h-1' } },
      errors: [409],
      async handle({ owner, param }) {
        const authId = param('authId');
        const done = await removeSecurity(parts, owner, authId);
        return isRefusal(done) ? done : { status: 200, body: { authId } };
      },
    }),
  ];
}

function showSecurity(parts: ProfileParts, row: SecurityRow): object {
  return { authId: row.authId, type: row.type, credentials: shownCredentials(openSecurity(parts, row)) };
}
