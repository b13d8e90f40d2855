// What a CA that speaks ACME knows us by, and what it asks our hosts for.
import type { Runner } from './accounts.js';

const ADD_ACCOUNT = {
  name: 'acme_account_add',
  text: 'INSERT INTO acme_accounts (directory, key, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
};
const READ_ACCOUNT = { name: 'acme_account_read', text: 'SELECT key FROM acme_accounts WHERE directory = $1' };

/** The sealed account key for the CA of `directory`; undefined: there is none yet. */
export async function readAccountKey(db: Runner, directory: string): Promise<Buffer | undefined> {
  const [row] = await db.run<{ key: Buffer }>(READ_ACCOUNT, [directory]);
  return row?.key;
}

/** Keeps a sealed account key, unless somebody was first. */
export async function addAccountKey(db: Runner, directory: string, key: Buffer, now: number): Promise<void> {
  await db.run(ADD_ACCOUNT, [directory, key, now]);
}

const PUBLISH = {
  name: 'acme_challenge_add',
  text: `INSERT INTO acme_challenges (token, host, answer, expires_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (token) DO UPDATE SET host = excluded.host, answer = excluded.answer, expires_at = excluded.expires_at`,
};
const FIND = { name: 'acme_challenge_find', text: 'SELECT answer FROM acme_challenges WHERE token = $1 AND host = $2' };
const FORGET = {
  name: 'acme_challenges_forget',
  text: 'DELETE FROM acme_challenges WHERE host = $1 OR expires_at < $2',
};

/** What a host answers when the CA asks for a token. Times are epoch ms. */
export interface Challenge {
  token: string;
  host: string;
  answer: string;
  expiresAt: number;
}

/** Publishes the answer to a challenge: every process gives it from now on. */
export async function publishChallenge(db: Runner, { token, host, answer, expiresAt }: Challenge): Promise<void> {
  await db.run(PUBLISH, [token, host, answer, expiresAt]);
}

/** The answer of a host to a token. */
export async function findChallengeAnswer(db: Runner, host: string, token: string): Promise<string | undefined> {
  const [row] = await db.run<{ answer: string }>(FIND, [token, host]);
  return row?.answer;
}

/** Forgets the answers of a host, and those that are over. */
export async function forgetChallenges(db: Runner, host: string, now: number): Promise<void> {
  await db.run(FORGET, [host, now]);
}
