// Users of accounts: made, changed, taken away.
import type { Clock } from '../lib/clock.js';
import { type Passwords, PasswordsBusy } from '../lib/passwords.js';
import { newToken } from '../lib/secrets.js';
import type { Database } from '../store/database.js';
import { changeUser, insertUser, type UserChange, type UserRow } from '../store/users.js';
import { type Refusal, refuse } from './refusal.js';

/** What these operations need. */
export interface UserParts {
  database: Database;
  clock: Clock;
  passwords: Passwords;
}

/** What a user is made of. */
export interface UserRequest {
  username: string;
  /** Absent: one is made up, and told in the answer. */
  password?: string | undefined;
  scopes?: readonly string[] | null | undefined;
}

/** Makes a user. A password that was made up is in this answer and nowhere else. Names are taken once for all accounts: they alone log in. */
export async function createUser(
  { database, clock, passwords }: UserParts,
  account: number,
  { username, password, scopes = null }: UserRequest,
): Promise<(UserRow & { madePassword?: string }) | Refusal> {
  const known = password ?? newToken();
  const hashed = await hashOrRefuse(passwords, known);
  if (typeof hashed !== 'string') return hashed;
  const user = { account, username, password: hashed, scopes, enabled: true, createdAt: clock.now() };
  const row = await insertUser(database, user);
  if (row === undefined) return refuse('conflict', 'is taken', 'username');
  return password === undefined ? { ...row, madePassword: known } : row;
}

/** Changes what is given of a user. With another password, or switched off, the user's tokens end. */
export async function updateUser(
  { database, passwords }: UserParts,
  account: number,
  username: string,
  { password, ...change }: UserChange,
): Promise<UserRow | Refusal> {
  const hashed = password === undefined ? undefined : await hashOrRefuse(passwords, password);
  if (hashed !== undefined && typeof hashed !== 'string') return hashed;
  const row = await changeUser(database, account, username, { ...change, password: hashed });
  return row ?? refuse('notFound', 'no such user');
}

async function hashOrRefuse(passwords: Passwords, password: string): Promise<string | Refusal> {
  try {
    return await passwords.hash(password);
  } catch (error) {
    if (error instanceof PasswordsBusy) return refuse('conflict', 'too many passwords are being hashed; try again');
    throw error;
  }
}
