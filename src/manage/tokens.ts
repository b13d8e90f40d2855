// Tokens for users: sessions that end when they are idle, and OAuth tokens that end after an hour. Only their SHA-256 is kept.
import type { Clock } from '../lib/clock.js';
import { newToken, sha256 } from '../lib/secrets.js';
import {
  deleteToken,
  findToken,
  insertToken,
  TokenKind as Kind,
  prolongToken,
  type TokenKind,
  type TokenRow,
} from '../store/access-tokens.js';
import type { Database } from '../store/database.js';
import type { Directory, DirectoryUser } from '../store/directory.js';

/** Issues tokens and knows whose they are. All reject with DatabaseError. */
export interface Tokens {
  /** A new session of a user, bound to `address` unless that is null. */
  openSession(user: DirectoryUser, address: string | null): Promise<string>;
  /** Ends a session; other processes may take it for up to a second more. */
  closeSession(token: string): Promise<void>;
  /** A new OAuth token of a user, and in how many seconds it ends. */
  issue(user: DirectoryUser): Promise<{ token: string; expiresInSeconds: number }>;
  /** The enabled user of a token that is of this kind, not over, and used from an address it is good for. */
  userOf(kind: TokenKind, token: string, address: string): Promise<DirectoryUser | undefined>;
}

/** What they are made of. */
export interface TokenParts {
  database: Database;
  directory: Directory;
  clock: Clock;
}

/** A session ends when it was not used for so long. */
const IDLE_MS = 60 * 60_000;
/** Not every use of a session writes: only when so much of its time is gone. */
const PROLONG_MS = 60_000;
const OAUTH_MS = 60 * 60_000;
/** How long a token is taken as it was read. */
const FRESH_MS = 1_000;
const REMEMBERED_MAX = 10_000;

interface Remembered {
  readAt: number;
  row: Promise<TokenRow | undefined>;
}

/** Builds it. */
export function createTokens({ database, directory, clock }: TokenParts): Tokens {
  const remembered = new Map<string, Remembered>();

  async function add(token: Omit<TokenRow, 'expiresAt'>, lifeMs: number): Promise<string> {
    const secret = newToken();
    await insertToken(database, sha256(secret), { ...token, expiresAt: clock.now() + lifeMs });
    return secret;
  }

  function remember(key: string, row: Promise<TokenRow | undefined>): Promise<TokenRow | undefined> {
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.set(key, { readAt: clock.monotonic(), row });
    row.then(
      (found) => found ?? remembered.delete(key),
      () => remembered.delete(key),
    );
    return row;
  }

  /** Many requests with one token cost one look a second. */
  function rowOf(hash: Buffer): Promise<TokenRow | undefined> {
    const key = keyOf(hash);
    const known = remembered.get(key);
    const isFresh = known !== undefined && clock.monotonic() - known.readAt < FRESH_MS;
    return isFresh ? known.row : remember(key, findToken(database, hash));
  }

  /** A use of a session is what keeps it. */
  async function prolong(hash: Buffer, row: TokenRow): Promise<void> {
    const expiresAt = clock.now() + IDLE_MS;
    if (row.kind !== Kind.session || row.expiresAt > expiresAt - PROLONG_MS) return;
    await prolongToken(database, hash, expiresAt);
    await remember(keyOf(hash), Promise.resolve({ ...row, expiresAt }));
  }

  return {
    openSession: ({ id: userId }, address) => add({ kind: Kind.session, userId, address }, IDLE_MS),
    async closeSession(token) {
      const hash = sha256(token);
      await deleteToken(database, hash);
      remembered.delete(keyOf(hash));
    },
    async issue({ id: userId }) {
      const token = await add({ kind: Kind.oauth, userId, address: null }, OAUTH_MS);
      return { token, expiresInSeconds: OAUTH_MS / 1000 };
    },
    async userOf(kind, token, address) {
      const hash = sha256(token);
      const row = await rowOf(hash);
      if (row === undefined || row.kind !== kind || row.expiresAt <= clock.now()) return undefined;
      if (row.address !== null && row.address !== address) return undefined;
      await prolong(hash, row);
      return directory.userById(row.userId);
    },
  };
}

function keyOf(hash: Buffer): string {
  return hash.toString('base64');
}
