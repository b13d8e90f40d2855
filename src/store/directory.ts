// Who may do what, remembered: accounts, API keys, signing secrets and senders as one snapshot in memory, made anew when
// the database says that something changed. Requests and dispatch read it without asking the database.
import { parseRate, type Rate } from '../contract/access.js';
import type { KeyPlatform } from '../contract/key-platform.js';
import { sha256 } from '../lib/secrets.js';
import type { Database } from './database.js';

/** An account as the rest of the gateway sees it. `id` is internal, `accountId` is what people see. */
export interface DirectoryAccount {
  id: number;
  accountId: string;
  name: string;
  unknownPolicy: 'resend' | 'fail';
  unknownWaitSeconds: number;
  /** Whether it may mark messages of users as read. */
  readMarks: boolean;
  /** Who fetches the files of messages: Meta, or Parley, which uploads them. */
  media: 'link' | 'upload';
  /** Days that its short links work. */
  linkDays: number;
  /** Whether clicks on them are kept with the hashed address. */
  clickAddresses: boolean;
  /** Its own rates by name of the limit; null when it has none. */
  rates: ReadonlyMap<string, Rate> | null;
}

/** An enabled API key without its secret. `account` is null for a key of kind admin. */
export interface DirectoryKey {
  id: string;
  kind: 'account' | 'admin';
  account: number | null;
  /** Null: all. */
  scopes: readonly string[] | null;
  /** Addresses and networks it may be used from; none: from anywhere. */
  allowedIps: readonly string[];
  /** Epoch ms; null: no such end. */
  validFrom: number | null;
  validTo: number | null;
  permissions: readonly string[];
  /** Whether the configuration names its secret. */
  isConfigured: boolean;
  platform: readonly KeyPlatform[];
}

/** A user that is switched on. `password` is argon2id in PHC form. */
export interface DirectoryUser {
  id: number;
  account: number;
  username: string;
  password: string;
  /** Null: all. */
  scopes: readonly string[] | null;
}

/** A sender; `id` is its lane. `accessToken` is sealed. */
export interface DirectorySender {
  id: number;
  account: number;
  sender: string;
  phoneNumberId: string;
  wabaId: string;
  accessToken: Buffer;
  throughput: number;
  forwardUrl: string | null;
  forwardEndpoint: number | null;
  /** Whether messages to users whose identity changed wait for a confirmation. */
  identityCheck: boolean;
  /** What it is associated with. */
  applicationId: string | null;
  entityId: string | null;
}

/** The snapshot and how to renew it. */
export interface Directory {
  /** The enabled key whose secret this is. Looked up by SHA-256, so time tells nothing about secrets. */
  keyOf(secret: string): DirectoryKey | undefined;
  /** The enabled user of this name. */
  userOf(username: string): DirectoryUser | undefined;
  userById(id: number): DirectoryUser | undefined;
  account(id: number): DirectoryAccount | undefined;
  accountOf(accountId: string): DirectoryAccount | undefined;
  senderOf(sender: string): DirectorySender | undefined;
  /** By lane, among the senders that are not deleted. */
  senderById(id: number): DirectorySender | undefined;
  /** Whether the sender of this lane was removed. A lane that is neither known nor removed is newer than the snapshot. */
  isRemoved(id: number): boolean;
  senderOfPhoneNumberId(phoneNumberId: string): DirectorySender | undefined;
  senders(): Iterable<DirectorySender>;
  /** Sealed signing secrets of an account, newest first. */
  signingSecrets(account: number): readonly Buffer[];
  /** Loads the snapshot now if anything changed. Throws DatabaseError. */
  refresh(): Promise<void>;
  /** Called after each renewal; returns the function that stops it. */
  onChange(listener: () => void): () => void;
}

/** Secrets that were looked up, kept with their keys so that the hash is paid once; only right ones are remembered. */
const SECRETS_REMEMBERED_MAX = 10_000;

interface Snapshot {
  version: number;
  accounts: Map<number, DirectoryAccount>;
  accountIds: Map<string, DirectoryAccount>;
  keys: Map<string, DirectoryKey>;
  bySecret: Map<string, DirectoryKey>;
  usernames: Map<string, DirectoryUser>;
  users: Map<number, DirectoryUser>;
  senders: Map<string, DirectorySender>;
  lanes: Map<number, DirectorySender>;
  phoneNumberIds: Map<string, DirectorySender>;
  removed: Set<number>;
  secrets: Map<number, Buffer[]>;
}

const VERSION = { name: 'directory_version', text: 'SELECT version FROM directory_version' };
const ACCOUNTS = {
  name: 'directory_accounts',
  text: `SELECT id, account_id AS "accountId", name, unknown_policy AS "unknownPolicy", unknown_wait_seconds AS "unknownWaitSeconds",
    read_marks AS "readMarks", media, rate_limits AS "rateLimits", link_days AS "linkDays", click_addresses AS "clickAddresses" FROM accounts`,
};
const KEYS = {
  name: 'directory_keys',
  text: `SELECT id, kind, account, secret_hash AS "secretHash", scopes, allowed_ips AS "allowedIps", valid_from AS "validFrom",
    valid_to AS "validTo", permissions, platform, id LIKE 'configured-%' AS "isConfigured" FROM api_keys WHERE enabled`,
};
const USERS = {
  name: 'directory_users',
  text: 'SELECT id, account, username, password, scopes FROM users WHERE enabled',
};
const SENDERS = {
  name: 'directory_senders',
  text: `SELECT id, account, sender, phone_number_id AS "phoneNumberId", waba_id AS "wabaId", access_token AS "accessToken",
    throughput, forward_url AS "forwardUrl", forward_endpoint AS "forwardEndpoint", identity_check AS "identityCheck",
    application_id AS "applicationId", entity_id AS "entityId" FROM senders WHERE deleted_at IS NULL`,
};
const REMOVED = { name: 'directory_removed', text: 'SELECT id FROM senders WHERE deleted_at IS NOT NULL' };
const SECRETS = {
  name: 'directory_secrets',
  text: 'SELECT account, secret FROM signing_secrets ORDER BY created_at DESC, id',
};

/** Reads the first snapshot. Throws DatabaseError. */
export async function openDirectory(database: Database): Promise<Directory> {
  let snapshot = await load(database);
  let loading: Promise<void> | undefined;
  const listeners = new Set<() => void>();
  async function reload(): Promise<void> {
    const [row] = await database.run<{ version: number }>(VERSION, []);
    if (row === undefined || row.version === snapshot.version) return;
    snapshot = await load(database);
    for (const listener of [...listeners]) listener();
  }
  async function refresh(): Promise<void> {
    // A load under way may have read before the caller's change: wait for it, then look again.
    if (loading !== undefined) await loading.catch(() => undefined);
    loading ??= reload().finally(() => {
      loading = undefined;
    });
    await loading;
  }
  return {
    keyOf: (secret) => snapshot.bySecret.get(secret) ?? findKey(snapshot, secret),
    userOf: (username) => snapshot.usernames.get(username),
    userById: (id) => snapshot.users.get(id),
    account: (id) => snapshot.accounts.get(id),
    accountOf: (accountId) => snapshot.accountIds.get(accountId),
    senderOf: (sender) => snapshot.senders.get(sender),
    senderById: (id) => snapshot.lanes.get(id),
    isRemoved: (id) => snapshot.removed.has(id),
    senderOfPhoneNumberId: (phoneNumberId) => snapshot.phoneNumberIds.get(phoneNumberId),
    senders: () => snapshot.lanes.values(),
    signingSecrets: (account) => snapshot.secrets.get(account) ?? [],
    refresh,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function findKey({ keys, bySecret }: Snapshot, secret: string): DirectoryKey | undefined {
  const key = keys.get(sha256(secret).toString('base64'));
  if (key !== undefined && bySecret.size < SECRETS_REMEMBERED_MAX) bySecret.set(secret, key);
  return key;
}

type AccountRow = Omit<DirectoryAccount, 'rates'> & { rateLimits: Readonly<Record<string, string>> };

/** A rate that cannot be read was refused when it was set. */
function toAccount({ rateLimits, ...account }: AccountRow): DirectoryAccount {
  const rates = Object.entries(rateLimits).flatMap(([name, text]): [string, Rate][] => {
    const rate = parseRate(text);
    return rate === undefined ? [] : [[name, rate]];
  });
  return { ...account, rates: rates.length === 0 ? null : new Map(rates) };
}

async function load(database: Database): Promise<Snapshot> {
  // The version is read first: a change during the load is then seen as one more change.
  const [version] = await database.run<{ version: number }>(VERSION, []);
  const accounts = (await database.run<AccountRow>(ACCOUNTS, [])).map(toAccount);
  const keys = await database.run<DirectoryKey & { secretHash: Buffer }>(KEYS, []);
  const users = await database.run<DirectoryUser>(USERS, []);
  const senders = await database.run<DirectorySender>(SENDERS, []);
  const removed = await database.run<{ id: number }>(REMOVED, []);
  const secrets = await database.run<{ account: number; secret: Buffer }>(SECRETS, []);
  const byAccount = new Map<number, Buffer[]>();
  for (const { account, secret } of secrets) byAccount.set(account, [...(byAccount.get(account) ?? []), secret]);
  return {
    version: version?.version ?? 0,
    accounts: new Map(accounts.map((account) => [account.id, account])),
    accountIds: new Map(accounts.map((account) => [account.accountId, account])),
    keys: new Map(keys.map(({ secretHash, ...key }) => [secretHash.toString('base64'), key])),
    bySecret: new Map(),
    usernames: new Map(users.map((user) => [user.username, user])),
    users: new Map(users.map((user) => [user.id, user])),
    senders: new Map(senders.map((sender) => [sender.sender, sender])),
    lanes: new Map(senders.map((sender) => [sender.id, sender])),
    phoneNumberIds: new Map(senders.map((sender) => [sender.phoneNumberId, sender])),
    removed: new Set(removed.map((row) => row.id)),
    secrets: byAccount,
  };
}
