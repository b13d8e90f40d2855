// Who calls: the account behind a request's credentials, and what they may do (Infobip 1.1).
import type { IncomingHttpHeaders } from 'node:http';
import type { KeyPlatform } from '../contract/key-platform.js';
import type { Clock } from '../lib/clock.js';
import type { Lockout } from '../lib/lockout.js';
import { type CallerAddress, createNetworkList, type NetworkList } from '../lib/networks.js';
import type { Logins } from '../manage/logins.js';
import type { Tokens } from '../manage/tokens.js';
import { TokenKind } from '../store/access-tokens.js';
import type { Directory, DirectoryAccount, DirectoryKey, DirectoryUser } from '../store/directory.js';

/** The head of a request, as far as it says who calls. */
export interface RequestHead {
  headers: IncomingHttpHeaders;
  /** The address of the socket's other end. */
  remoteAddress: string | undefined;
}

/** A caller that belongs to an account. */
export interface AccountCaller {
  account: DirectoryAccount;
  /** Null: all. */
  scopes: ReadonlySet<string> | null;
  /** Applications and entities that the key is bound to. */
  platform: readonly KeyPlatform[];
  /** Of a user; a key is nobody's. */
  username?: string;
  /** Of a key. */
  keyId?: string;
}

/** Who calls: somebody of an account, or a key of kind admin. */
export type Caller = AccountCaller | { account: null; keyId: string };

/** Why a request goes no further: wrong credentials 401, right ones that may not do this 403, too many 429. */
export interface Denial {
  status: 401 | 403 | 429;
  retryAfterSeconds?: number;
}

/** Finds out who calls. */
export interface Authenticator {
  /** At once for API keys, later for users. Rejects with DatabaseError. */
  authenticate(head: RequestHead): Caller | Denial | Promise<Caller | Denial>;
  /** The caller's real address. */
  addressOf(head: RequestHead): string;
}

/** What finding out takes. */
export interface AuthenticatorParts {
  directory: Pick<Directory, 'keyOf' | 'account' | 'onChange'>;
  clock: Pick<Clock, 'now'>;
  callerAddress: CallerAddress;
  logins: Logins;
  tokens: Tokens;
  /** Counts wrong keys; undefined: guessing keys locks nobody out (dev, where they lie in a file). */
  lockout: Lockout | undefined;
  /** Counts what was wrong, by scheme. */
  count(scheme: string): void;
}

const APP = /^App +([\x21-\x7e]{1,512}) *$/i;
const OTHER = /^(Basic|IBSSO|Bearer) +([\x21-\x7e]{1,1024}) *$/i;
const UNKNOWN: Denial = Object.freeze({ status: 401 });
const FORBIDDEN: Denial = Object.freeze({ status: 403 });
const HEADERS_REMEMBERED_MAX = 10_000;

type Accounts = Pick<Directory, 'account'>;

/** What an API key means, made once. */
interface KnownKey {
  caller: Caller | Denial;
  /** Null: from anywhere. */
  networks: NetworkList | null;
  validFrom: number;
  validTo: number;
  /** Whether people chose the secret, as they do in the configuration. Those that we make have 256 random bits. */
  isGuessable: boolean;
}

/** Finds out by what `directory` knows. */
export function createAuthenticator(parts: AuthenticatorParts): Authenticator {
  const { directory, clock, callerAddress, lockout } = parts;
  /** By whole header, so that the common case is one look. Only right ones are remembered, until anything changes. */
  const known = new Map<string, KnownKey>();
  directory.onChange(() => known.clear());

  function keyOf(authorization: string, secret: string): KnownKey | undefined {
    const key = directory.keyOf(secret);
    if (key === undefined) return undefined;
    const made = toKnown(directory, key);
    if (known.size < HEADERS_REMEMBERED_MAX) known.set(authorization, made);
    return made;
  }

  function addressOf({ headers, remoteAddress }: RequestHead): string {
    const forwardedFor = headers['x-forwarded-for'];
    return callerAddress(remoteAddress, typeof forwardedFor === 'string' ? forwardedFor : undefined);
  }

  function admit(key: KnownKey, head: RequestHead): Caller | Denial {
    const { caller, networks, validFrom, validTo, isGuessable } = key;
    const now = clock.now();
    if (now < validFrom || now >= validTo) return UNKNOWN;
    if (networks !== null && !networks.has(addressOf(head))) return UNKNOWN;
    const waitMs = isGuessable && lockout !== undefined ? lockout.waitForKeys(addressOf(head)) : 0;
    return waitMs > 0 ? tooMany(waitMs) : caller;
  }

  /** While an address is locked, a wrong key is told the same as a right one that may be guessed. */
  function refuseKey(head: RequestHead): Denial {
    parts.count('app');
    if (lockout === undefined) return UNKNOWN;
    const address = addressOf(head);
    const waitMs = lockout.waitForKeys(address);
    if (waitMs > 0) return tooMany(waitMs);
    lockout.wrongKey(address);
    return UNKNOWN;
  }

  return {
    addressOf,
    authenticate(head) {
      const { authorization } = head.headers;
      if (authorization === undefined) return UNKNOWN;
      const key = known.get(authorization);
      if (key !== undefined) return admit(key, head);
      const secret = APP.exec(authorization)?.[1];
      if (secret !== undefined) {
        const found = keyOf(authorization, secret);
        return found === undefined ? refuseKey(head) : admit(found, head);
      }
      const [, scheme, credentials] = OTHER.exec(authorization) ?? [];
      if (scheme === undefined || credentials === undefined) return UNKNOWN;
      const address = addressOf(head);
      if (scheme.toLowerCase() === 'basic') return byPassword(parts, credentials, address);
      return byToken(parts, scheme.toLowerCase() === 'ibsso' ? 'ibsso' : 'bearer', credentials, address);
    },
  };
}

/** A denial that says when to come again. */
export function tooMany(waitMs: number): Denial {
  return { status: 429, retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) };
}

async function byPassword(parts: AuthenticatorParts, credentials: string, address: string): Promise<Caller | Denial> {
  const text = Buffer.from(credentials, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) return UNKNOWN;
  const login = await parts.logins.check(text.slice(0, colon), text.slice(colon + 1), address);
  switch (login.kind) {
    case 'right':
      return userCaller(parts.directory, login.user);
    case 'wrong':
      parts.count('basic');
      return UNKNOWN;
    case 'wait':
      return tooMany(login.waitMs);
  }
}

/** Tokens have 256 random bits: who guesses is no danger, and who has an old one must be told that it is. */
async function byToken(
  { tokens, directory, count }: AuthenticatorParts,
  scheme: 'ibsso' | 'bearer',
  token: string,
  address: string,
): Promise<Caller | Denial> {
  const user = await tokens.userOf(scheme === 'ibsso' ? TokenKind.session : TokenKind.oauth, token, address);
  if (user !== undefined) return userCaller(directory, user);
  count(scheme);
  return UNKNOWN;
}

function userCaller(directory: Accounts, { account: id, username, scopes }: DirectoryUser): Caller | Denial {
  const account = directory.account(id);
  if (account === undefined) return FORBIDDEN;
  return { account, scopes: scopes === null ? null : new Set(scopes), platform: [], username };
}

function toKnown(directory: Accounts, key: DirectoryKey): KnownKey {
  return {
    caller: keyCaller(directory, key),
    networks: key.allowedIps.length === 0 ? null : createNetworkList(key.allowedIps),
    validFrom: key.validFrom ?? Number.NEGATIVE_INFINITY,
    validTo: key.validTo ?? Number.POSITIVE_INFINITY,
    isGuessable: key.isConfigured,
  };
}

function keyCaller(directory: Accounts, key: DirectoryKey): Caller | Denial {
  const { id: keyId, account: id, permissions, scopes, platform } = key;
  if (id === null) return { account: null, keyId };
  const account = directory.account(id);
  if (account === undefined || !permissions.includes('PUBLIC_API')) return FORBIDDEN;
  return { account, scopes: scopes === null ? null : new Set(scopes), platform, keyId };
}
