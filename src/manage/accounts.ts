// Accounts: made, changed, and those and the API keys that are there from the start.
import type { Clock } from '../lib/clock.js';
import { uuidv7 } from '../lib/id.js';
import { sha256 } from '../lib/secrets.js';
import { type AccountRow, type AccountSettings, changeAccount, findAccount, insertAccount } from '../store/accounts.js';
import { dropApiKey, putApiKey } from '../store/api-keys.js';
import type { Database } from '../store/database.js';
import { type Refusal, refuse } from './refusal.js';

/** What these operations need. */
export interface AccountParts {
  database: Database;
  clock: Clock;
}

/** accountId of the account that `parley dev` makes. */
const DEMO_ACCOUNT_ID = 'demo';

/** Key rows that are there because of the configuration. */
const CONFIGURED_ADMIN_KEY_ID = 'configured-admin';
const CONFIGURED_DEV_KEY_ID = 'configured-demo';

/** Makes an account with a new accountId (a UUIDv7). */
export async function createAccount(
  { database, clock }: AccountParts,
  settings: AccountSettings & { name: string },
): Promise<AccountRow> {
  const now = clock.now();
  const row = await insertAccount(database, uuidv7(now), settings, now);
  if (row === undefined) throw new Error('a new UUID was taken');
  return row;
}

/** Changes what is given of an account. */
export async function updateAccount(
  { database }: AccountParts,
  accountId: string,
  settings: AccountSettings,
): Promise<AccountRow | Refusal> {
  const account = await findAccount(database, accountId);
  const row = account && (await changeAccount(database, account.id, settings));
  return row ?? refuse('notFound', 'no such account');
}

/** Keys that the configuration names. */
export interface ConfiguredKeys extends AccountParts {
  /** Secret of a key of kind admin. */
  adminKey?: string | undefined;
  /** In dev: secret of a key of the demo account. */
  devApiKey?: string | undefined;
}

/**
 * Makes what the configuration promises: the admin key and, when `devApiKey` is given, the account `demo` with that key.
 * Doing it again changes nothing; another secret replaces the one before; without `adminKey` an earlier one stops working.
 * Throws DatabaseError of kind data when a secret belongs to another key already.
 */
export async function ensureDevAccount({ database, clock, adminKey, devApiKey }: ConfiguredKeys): Promise<void> {
  const createdAt = clock.now();
  if (adminKey === undefined) await dropApiKey(database, CONFIGURED_ADMIN_KEY_ID);
  else {
    const key = { id: CONFIGURED_ADMIN_KEY_ID, account: null, name: 'PARLEY_ADMIN_KEY', createdAt };
    await putApiKey(database, { ...key, secretHash: sha256(adminKey) });
  }
  if (devApiKey === undefined) {
    await dropApiKey(database, CONFIGURED_DEV_KEY_ID);
    return;
  }
  const account =
    (await findAccount(database, DEMO_ACCOUNT_ID)) ??
    (await insertAccount(database, DEMO_ACCOUNT_ID, { name: DEMO_ACCOUNT_ID }, createdAt)) ??
    (await findAccount(database, DEMO_ACCOUNT_ID));
  if (account === undefined) throw new Error('the demo account could not be made');
  const key = { id: CONFIGURED_DEV_KEY_ID, account: account.id, name: 'PARLEY_DEV_API_KEY', createdAt };
  await putApiKey(database, { ...key, secretHash: sha256(devApiKey) });
}
