// Notification profiles of accounts: where reports of a subscription go, and how.
import type { KeyPlatform } from '../contract/key-platform.js';
import type { Page, Runner, Slice } from './accounts.js';
import { type EndpointHealth, HEALTH } from './endpoints.js';
import { rangeValues, seenBy } from './key-range.js';

/** A profile as it is shown. `settings` is JSON. */
export interface ProfileRow extends EndpointHealth {
  id: number;
  profileId: string;
  notifyUrl: string | null;
  /** Of `notifyUrl`'s origin. */
  endpoint: number | null;
  settings: string;
  authId: string | null;
  certificateId: string | null;
}

/** A profile to be stored. */
export interface NewProfile {
  account: number;
  profileId: string;
  notifyUrl: string | null;
  endpoint: number | null;
  settings: string;
  security: number | null;
  certificate: number | null;
  /** Sealed JSON list, null: the account's own. */
  signingSecrets: Buffer | null;
}

const SELECT = `SELECT p.id, p.profile_id AS "profileId", p.notify_url AS "notifyUrl", p.endpoint, p.settings, s.auth_id AS "authId",
    c.certificate_id AS "certificateId", ${HEALTH}
  FROM profiles p LEFT JOIN endpoint_heads h ON h.endpoint = p.endpoint LEFT JOIN securities s ON s.id = p.security LEFT JOIN certificates c ON c.id = p.certificate`;
const seen = (first: number): string => seenBy('h.id = p.id', first);
const FIND = { name: 'profile_find', text: `${SELECT} WHERE p.account = $1 AND p.profile_id = $2 AND ${seen(3)}` };
const PAGE = {
  name: 'profile_page',
  text: `${SELECT} WHERE p.account = $1 AND ${seen(2)} ORDER BY p.id DESC LIMIT $4 OFFSET $5`,
};
const COUNT = {
  name: 'profile_count',
  text: `SELECT count(*) AS total FROM profiles p WHERE p.account = $1 AND ${seen(2)}`,
};
const INSERT = {
  name: 'profile_insert',
  text: `INSERT INTO profiles (account, profile_id, notify_url, endpoint, settings, security, certificate, signing_secrets, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING id`,
};
const UPDATE = {
  name: 'profile_update',
  text: `UPDATE profiles SET notify_url = $3, endpoint = $4, settings = $5, security = $6, certificate = $7, signing_secrets = $8
    WHERE account = $1 AND profile_id = $2 RETURNING id`,
};
const IS_LINKED = { name: 'profile_is_linked', text: 'SELECT FROM subscriptions WHERE profile = $1 LIMIT 1' };
const DELETE = { name: 'profile_delete', text: 'DELETE FROM profiles WHERE id = $1 RETURNING id' };
const ENSURE_ENDPOINT = { name: 'profile_ensure_endpoint', text: 'SELECT ensure_endpoint($1, $2, $3, $4) AS id' };

/** An account's profile by the client's id, as far as a key bound to `platform` may see it. */
export async function findProfile(
  db: Runner,
  account: number,
  profileId: string,
  platform: readonly KeyPlatform[] = [],
): Promise<ProfileRow | undefined> {
  const [row] = await db.run<ProfileRow>(FIND, [account, profileId, ...rangeValues(platform)]);
  return row;
}

/** An account's profiles that a key bound to `platform` may see, newest first. */
export async function pageProfiles(
  db: Runner,
  account: number,
  platform: readonly KeyPlatform[],
  { limit, offset }: Slice,
): Promise<Page<ProfileRow>> {
  const values = [account, ...rangeValues(platform)];
  const [count] = await db.run<{ total: number }>(COUNT, values);
  return { rows: await db.run<ProfileRow>(PAGE, [...values, limit, offset]), total: count?.total ?? 0 };
}

/** Adds one; undefined when the id is taken. */
export async function insertProfile(db: Runner, profile: NewProfile, now: number): Promise<number | undefined> {
  const [row] = await db.run<{ id: number }>(INSERT, [...valuesOf(profile), now]);
  return row?.id;
}

/** Replaces one; false when there is none. */
export async function updateProfile(db: Runner, profile: NewProfile): Promise<boolean> {
  return (await db.run(UPDATE, valuesOf(profile))).length === 1;
}

function valuesOf({ account, profileId, notifyUrl, endpoint, settings, ...links }: NewProfile) {
  const { security, certificate, signingSecrets } = links;
  return [account, profileId, notifyUrl, endpoint, settings, security, certificate, signingSecrets];
}

/** Whether a subscription uses it. */
export async function isProfileLinked(db: Runner, id: number): Promise<boolean> {
  return (await db.run(IS_LINKED, [id])).length > 0;
}

/** Removes one that no subscription uses. */
export async function deleteProfile(db: Runner, id: number): Promise<void> {
  await db.run(DELETE, [id]);
}

/** The endpoint of an account, origin and profile, made when there is none. */
export async function ensureProfileEndpoint(
  db: Runner,
  account: number,
  origin: string,
  profileId: string,
  now: number,
): Promise<number> {
  const [row] = await db.run<{ id: number }>(ENSURE_ENDPOINT, [account, origin, profileId, now]);
  if (row === undefined) throw new Error('ensure_endpoint returned no row');
  return row.id;
}
