// Tokens that users got for their passwords: sessions, which end when they are idle, and OAuth tokens. Only SHA-256 of them is kept.
import type { Runner } from './accounts.js';

/** Kinds of tokens. */
export const TokenKind = { session: 1, oauth: 2 } as const;
/** One of `TokenKind`. */
export type TokenKind = (typeof TokenKind)[keyof typeof TokenKind];

/** A token. `expiresAt` is epoch ms. */
export interface TokenRow {
  kind: TokenKind;
  userId: number;
  /** The only address it counts from; null: any. */
  address: string | null;
  expiresAt: number;
}

const INSERT = {
  name: 'access_token_insert',
  text: 'INSERT INTO access_tokens (hash, kind, user_id, address, expires_at) VALUES ($1, $2, $3, $4, $5)',
};
const FIND = {
  name: 'access_token_find',
  text: `SELECT kind, user_id AS "userId", address, expires_at AS "expiresAt" FROM access_tokens WHERE hash = $1`,
};
const PROLONG = {
  name: 'access_token_prolong',
  text: 'UPDATE access_tokens SET expires_at = $2 WHERE hash = $1 AND expires_at < $2',
};
const DELETE = { name: 'access_token_delete', text: 'DELETE FROM access_tokens WHERE hash = $1' };
const FORGET = { name: 'access_token_forget', text: 'DELETE FROM access_tokens WHERE expires_at <= $1' };

/** Adds a token. */
export async function insertToken(db: Runner, hash: Buffer, token: TokenRow): Promise<void> {
  await db.run(INSERT, [hash, token.kind, token.userId, token.address, token.expiresAt]);
}

/** The token with this hash, expired or not. */
export async function findToken(db: Runner, hash: Buffer): Promise<TokenRow | undefined> {
  const [row] = await db.run<TokenRow>(FIND, [hash]);
  return row;
}

/** Lets a token live until `expiresAt`, if that is longer. */
export async function prolongToken(db: Runner, hash: Buffer, expiresAt: number): Promise<void> {
  await db.run(PROLONG, [hash, expiresAt]);
}

/** Ends a token. */
export async function deleteToken(db: Runner, hash: Buffer): Promise<void> {
  await db.run(DELETE, [hash]);
}

/** Removes tokens that expired. */
export async function forgetExpiredTokens(db: Runner, now: number): Promise<void> {
  await db.run(FORGET, [now]);
}
