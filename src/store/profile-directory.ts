// How reports are posted, remembered: all notification profiles as one snapshot in memory, made anew when the database says that one,
// its security or its certificate changed. Delivery looks profiles up by the account and profile of an endpoint.
import type { DeliveryProfile } from '../contract/delivery-profile.js';
import { readSettings } from '../contract/subscriptions/profile.js';
import { readCredentials } from '../contract/subscriptions/security.js';
import { readCertificate } from '../lib/client-certificate.js';
import type { Database } from './database.js';

/** The snapshot and how to renew it. */
export interface ProfileDirectory {
  /**
   * The profile of an endpoint by its account and profile, secrets opened; undefined when it was removed, or for '', which is no profile. The
   * same object until something changes. Throws Error when its secrets were sealed with a key that is not given.
   */
  profileOf(account: number, profileId: string): DeliveryProfile | undefined;
  /** The same; what is not in the snapshot may be newer than it, so the database is asked first. Rejects with DatabaseError. */
  findProfile(account: number, profileId: string): DeliveryProfile | undefined | Promise<DeliveryProfile | undefined>;
  /** Loads the snapshot now if anything changed. Throws DatabaseError. */
  refresh(): Promise<void>;
}

const VERSION = { name: 'profile_version', text: 'SELECT version FROM profile_version' };
const PROFILES = {
  name: 'profile_directory',
  text: `SELECT p.account, p.profile_id AS "profileId", p.settings, p.signing_secrets AS "signingSecrets", c.content AS certificate,
      s.id IS NOT NULL AS "hasSecurity", s.credentials
    FROM profiles p LEFT JOIN securities s ON s.id = p.security LEFT JOIN certificates c ON c.id = p.certificate`,
};

interface Snapshot {
  version: number;
  profiles: Map<string, ProfileFacts>;
  /** Those that were asked for. */
  opened: Map<string, DeliveryProfile>;
}

interface ProfileFacts {
  account: number;
  profileId: string;
  settings: string;
  signingSecrets: Buffer | null;
  certificate: Buffer | null;
  hasSecurity: boolean;
  credentials: Buffer | null;
}

/** Reads the first snapshot; `open` opens what is sealed. Throws DatabaseError. */
export async function openProfileDirectory(
  database: Database,
  open: (sealed: Buffer) => string,
): Promise<ProfileDirectory> {
  let snapshot = await load(database);
  let loading: Promise<void> | undefined;
  async function reload(): Promise<void> {
    const [row] = await database.run<{ version: number }>(VERSION, []);
    if (row === undefined || row.version === snapshot.version) return;
    snapshot = await load(database);
  }
  const profileOf = (account: number, profileId: string): DeliveryProfile | undefined =>
    opened(snapshot, keyOf(account, profileId), open);
  async function refresh(): Promise<void> {
    // A load under way may have read before the caller's change: wait for it, then look again.
    if (loading !== undefined) await loading.catch(() => undefined);
    loading ??= reload().finally(() => {
      loading = undefined;
    });
    await loading;
  }
  return {
    profileOf,
    findProfile: (account, profileId) =>
      profileOf(account, profileId) ?? refresh().then(() => profileOf(account, profileId)),
    refresh,
  };
}

/** A profile of a snapshot, opened once. */
function opened(
  { profiles, opened: known }: Snapshot,
  key: string,
  open: (sealed: Buffer) => string,
): DeliveryProfile | undefined {
  const facts = profiles.get(key);
  if (facts === undefined) return undefined;
  const profile = known.get(key) ?? toProfile(facts, open);
  known.set(key, profile);
  return profile;
}

function keyOf(account: number, profileId: string): string {
  return `${account} ${profileId}`;
}

async function load(database: Database): Promise<Snapshot> {
  // The version is read first: a change during the load is then seen as one more change.
  const [version] = await database.run<{ version: number }>(VERSION, []);
  const rows = await database.run<ProfileFacts>(PROFILES, []);
  const profiles = rows.map((facts) => [keyOf(facts.account, facts.profileId), facts] as const);
  return { version: version?.version ?? 0, profiles: new Map(profiles), opened: new Map() };
}

function toProfile(
  { settings, signingSecrets, certificate, hasSecurity, credentials }: ProfileFacts,
  open: (sealed: Buffer) => string,
): DeliveryProfile {
  return {
    ...readSettings(settings),
    security: hasSecurity ? readCredentials(credentials === null ? undefined : open(credentials)) : undefined,
    clientCertificate: certificate === null ? undefined : readCertificate(open(certificate)),
    signingSecrets: signingSecrets === null ? undefined : readSecrets(open(signingSecrets)),
  };
}

function readSecrets(text: string): string[] {
  // Parse boundary: only a list of texts is sealed here.
  return JSON.parse(text) as string[];
}
