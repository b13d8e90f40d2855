// Notification profiles and what they authenticate with: made, replaced and removed, each by the id that the client chose.
import type { DeliverySecurity } from '../contract/delivery-profile.js';
import type { KeyOwner } from '../contract/key-platform.js';
import { type NoIdProfileRequest, type ProfileRequest, settingsOf } from '../contract/subscriptions/profile.js';
import { credentialsOf, isNewSecurity, readCredentials, writeCredentials } from '../contract/subscriptions/security.js';
import type { Clock } from '../lib/clock.js';
import type { SecretBox } from '../lib/secrets.js';
import type { Runner } from '../store/accounts.js';
import { findCertificate } from '../store/certificates.js';
import type { Database } from '../store/database.js';
import { enableEndpoint } from '../store/endpoints.js';
import {
  deleteProfile,
  ensureProfileEndpoint,
  findProfile,
  insertProfile,
  isProfileLinked,
  type NewProfile,
  type ProfileRow,
  updateProfile,
} from '../store/profiles.js';
import {
  deleteSecurity,
  findSecurity,
  insertSecurity,
  isSecurityLinked,
  type SecurityRow,
  updateSecurity,
} from '../store/securities.js';
import { giveUp, type Refusal, transactOrRefuse } from './refusal.js';

/** What these operations need. */
export interface ProfileParts {
  database: Database;
  clock: Clock;
  secrets: SecretBox;
  /** Why a URL can never be posted to, as far as its text says (the SSRF guard's static check). */
  checkUrl(url: string): string | undefined;
}

/** A security as a request gives it, validated. */
type SecurityRequest = Parameters<typeof credentialsOf>[0] & { authId: string };

/** Makes a security of an account. Refused when the id is taken. */
export function createSecurity(
  parts: ProfileParts,
  owner: KeyOwner,
  request: SecurityRequest,
): Promise<object | Refusal> {
  return transactOrRefuse(parts.database, async (tx) => {
    await addSecurity(parts, tx, owner, request, '');
    return {};
  });
}

/** Replaces a security; profiles that use it use what it is now. */
export function replaceSecurity(
  parts: ProfileParts,
  owner: KeyOwner,
  request: SecurityRequest,
): Promise<object | Refusal> {
  return transactOrRefuse(parts.database, async (tx) => {
    const found = await findSecurity(tx, owner.account, request.authId, owner.platform);
    if (found === undefined) giveUp('notFound', 'no such security');
    await updateSecurity(tx, owner.account, sealedSecurity(parts, request, ''));
    return {};
  });
}

/** Removes a security that no profile uses. */
export function removeSecurity({ database }: ProfileParts, owner: KeyOwner, authId: string): Promise<object | Refusal> {
  return transactOrRefuse(database, async (tx) => {
    const found =
      (await findSecurity(tx, owner.account, authId, owner.platform)) ?? giveUp('notFound', 'no such security');
    if (await isSecurityLinked(tx, found.id)) giveUp('conflict', 'a profile uses this security');
    await deleteSecurity(tx, found.id);
    return {};
  });
}

/** The clear credentials of a stored security. Throws Error when they were sealed with another key. */
export function openSecurity(
  { secrets }: Pick<ProfileParts, 'secrets'>,
  { credentials }: SecurityRow,
): DeliverySecurity {
  return readCredentials(credentials === null ? undefined : secrets.open(credentials));
}

function sealedSecurity(
  { secrets, checkUrl }: ProfileParts,
  request: SecurityRequest,
  prefix: string,
): Omit<SecurityRow, 'id'> {
  const credentials = credentialsOf(request);
  if (credentials.type === 'OAUTH') {
    const reason = checkUrl(credentials.tokenUrl);
    if (reason !== undefined) giveUp('invalid', `cannot be posted to: ${reason}`, `${prefix}credentials.tokenUrl`);
  }
  const clear = writeCredentials(credentials);
  return {
    authId: request.authId,
    type: credentials.type,
    credentials: clear === undefined ? null : secrets.seal(clear),
  };
}

async function addSecurity(
  parts: ProfileParts,
  tx: Runner,
  owner: KeyOwner,
  request: SecurityRequest,
  prefix: string,
): Promise<number> {
  const id = await insertSecurity(tx, owner.account, sealedSecurity(parts, request, prefix), parts.clock.now());
  return id ?? giveUp('conflict', `there is a security with this authId already`, `${prefix}authId`);
}

/** Makes a profile of an account, and the security that it describes. Refused when an id is taken, or names nothing. */
export function createProfile(
  parts: ProfileParts,
  owner: KeyOwner,
  request: ProfileRequest,
): Promise<ProfileRow | Refusal> {
  return transactOrRefuse(parts.database, async (tx) => {
    await addProfile(parts, tx, owner, request, '');
    return existing(tx, owner, request.profileId);
  });
}

/** Makes a profile inside a transaction; `prefix` is its path in the request, with the dot. Returns its internal id. */
export async function addProfile(
  parts: ProfileParts,
  tx: Runner,
  owner: KeyOwner,
  request: ProfileRequest,
  prefix: string,
): Promise<number> {
  const { security } = request;
  const linked =
    security !== undefined && isNewSecurity(security)
      ? await addSecurity(parts, tx, owner, security, `${prefix}security.`)
      : await securityNamed(tx, owner, security?.authId, prefix);
  const row = await toRow(parts, tx, owner, { profileId: request.profileId, security: linked, request, prefix });
  const id = await insertProfile(tx, row, parts.clock.now());
  return id ?? giveUp('conflict', 'there is a profile with this profileId already', `${prefix}profileId`);
}

/** Replaces a profile: what the request leaves out is gone. An endpoint of it that was disabled is tried again. */
export function replaceProfile(
  parts: ProfileParts,
  owner: KeyOwner,
  profileId: string,
  request: NoIdProfileRequest,
): Promise<ProfileRow | Refusal> {
  return transactOrRefuse(parts.database, async (tx) => {
    if ((await findProfile(tx, owner.account, profileId, owner.platform)) === undefined)
      giveUp('notFound', 'no such profile');
    const security = await securityNamed(tx, owner, request.security?.authId, '');
    await updateProfile(tx, await toRow(parts, tx, owner, { profileId, security, request, prefix: '' }));
    const row = await existing(tx, owner, profileId);
    if (row.endpoint === null || row.disabledAt === null) return row;
    await enableEndpoint(tx, row.endpoint);
    return existing(tx, owner, profileId);
  });
}

/** Removes a profile that no subscription uses. */
export function removeProfile(
  { database }: ProfileParts,
  owner: KeyOwner,
  profileId: string,
): Promise<ProfileRow | Refusal> {
  return transactOrRefuse(database, async (tx) => {
    const found = await existing(tx, owner, profileId);
    if (await isProfileLinked(tx, found.id)) giveUp('conflict', 'a subscription uses this profile');
    await deleteProfile(tx, found.id);
    return found;
  });
}

async function existing(tx: Runner, owner: KeyOwner, profileId: string): Promise<ProfileRow> {
  return (await findProfile(tx, owner.account, profileId, owner.platform)) ?? giveUp('notFound', 'no such profile');
}

async function securityNamed(
  tx: Runner,
  owner: KeyOwner,
  authId: string | undefined,
  prefix: string,
): Promise<number | null> {
  if (authId === undefined) return null;
  const found = await findSecurity(tx, owner.account, authId, owner.platform);
  return found?.id ?? giveUp('invalid', 'does not exist', `${prefix}security.authId`);
}

interface ProfileToStore {
  profileId: string;
  security: number | null;
  request: NoIdProfileRequest;
  prefix: string;
}

async function toRow(
  { secrets, checkUrl, clock }: ProfileParts,
  tx: Runner,
  owner: KeyOwner,
  { profileId, security, request, prefix }: ProfileToStore,
): Promise<NewProfile> {
  const notifyUrl = request.webhook?.notifyUrl ?? null;
  const reason = notifyUrl === null ? undefined : checkUrl(notifyUrl);
  if (reason !== undefined) giveUp('invalid', `cannot be posted to: ${reason}`, `${prefix}webhook.notifyUrl`);
  const { signingSecrets, clientCertificateId } = request;
  const now = clock.now();
  return {
    account: owner.account,
    profileId,
    notifyUrl,
    endpoint:
      notifyUrl === null
        ? null
        : await ensureProfileEndpoint(tx, owner.account, new URL(notifyUrl).origin, profileId, now),
    settings: JSON.stringify(settingsOf(request)),
    security,
    certificate: await certificateNamed(tx, owner, clientCertificateId, prefix),
    signingSecrets: signingSecrets === undefined ? null : secrets.seal(JSON.stringify(signingSecrets)),
  };
}

async function certificateNamed(
  tx: Runner,
  owner: KeyOwner,
  certificateId: string | undefined,
  prefix: string,
): Promise<number | null> {
  if (certificateId === undefined) return null;
  const found = await findCertificate(tx, owner.account, certificateId, owner.platform);
  return found?.id ?? giveUp('invalid', 'does not exist', `${prefix}clientCertificateId`);
}
