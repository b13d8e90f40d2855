// Who calls: the account behind a request's credentials, and what they may do (Infobip 1.1).
import type { IncomingHttpHeaders } from 'node:http';
import type { KeyPlatform } from '../contract/key-platform.js';
import type { Clock } from '../lib/clock.js';
import { type CallerAddress, createNetworkList, type NetworkList } from '../lib/networks.js';
import type { Directory, DirectoryAccount, DirectoryKey } from '../store/directory.js';

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
}

/** Who calls: somebody of an account, or a key of kind admin. */
export type Caller = AccountCaller | { account: null };

/** Why a request goes no further: wrong credentials 401, right ones that may not do this 403, too many 429. */
export interface Denial {
  status: 401 | 403 | 429;
  retryAfterSeconds?: number;
}

/** Finds out who calls. */
export interface Authenticator {
  /** At once for API keys. */
  authenticate(head: RequestHead): Caller | Denial | Promise<Caller | Denial>;
}

/** What finding out takes. */
export interface AuthenticatorParts {
  directory: Directory;
  clock: Clock;
  callerAddress: CallerAddress;
}

const APP = /^App +([\x21-\x7e]{1,512}) *$/i;
const UNKNOWN: Denial = Object.freeze({ status: 401 });
const FORBIDDEN: Denial = Object.freeze({ status: 403 });
const HEADERS_REMEMBERED_MAX = 10_000;

/** What an API key means, made once. */
interface KnownKey {
  caller: Caller | Denial;
  /** Null: from anywhere. */
  networks: NetworkList | null;
  validFrom: number;
  validTo: number;
}

/** Finds out by what `directory` knows. */
export function createAuthenticator({ directory, clock, callerAddress }: AuthenticatorParts): Authenticator {
  /** By whole header, so that the common case is one look. Only right ones are remembered, until anything changes. */
  const known = new Map<string, KnownKey>();
  directory.onChange(() => known.clear());

  function keyOf(authorization: string): KnownKey | undefined {
    const secret = APP.exec(authorization)?.[1];
    const key = secret === undefined ? undefined : directory.keyOf(secret);
    if (key === undefined) return undefined;
    const made = toKnown(directory, key);
    if (known.size < HEADERS_REMEMBERED_MAX) known.set(authorization, made);
    return made;
  }

  function admit({ caller, networks, validFrom, validTo }: KnownKey, head: RequestHead): Caller | Denial {
    const now = clock.now();
    if (now < validFrom || now >= validTo) return UNKNOWN;
    if (networks !== null && !networks.has(addressOf(callerAddress, head))) return UNKNOWN;
    return caller;
  }

  return {
    authenticate(head) {
      const { authorization } = head.headers;
      if (authorization === undefined) return UNKNOWN;
      const key = known.get(authorization) ?? keyOf(authorization);
      return key === undefined ? UNKNOWN : admit(key, head);
    },
  };
}

function addressOf(callerAddress: CallerAddress, { headers, remoteAddress }: RequestHead): string {
  const forwardedFor = headers['x-forwarded-for'];
  return callerAddress(remoteAddress, typeof forwardedFor === 'string' ? forwardedFor : undefined);
}

function toKnown(directory: Directory, key: DirectoryKey): KnownKey {
  return {
    caller: callerOf(directory, key),
    networks: key.allowedIps.length === 0 ? null : createNetworkList(key.allowedIps),
    validFrom: key.validFrom ?? Number.NEGATIVE_INFINITY,
    validTo: key.validTo ?? Number.POSITIVE_INFINITY,
  };
}

function callerOf(directory: Directory, { account: id, permissions, scopes, platform }: DirectoryKey): Caller | Denial {
  if (id === null) return { account: null };
  const account = directory.account(id);
  if (account === undefined || !permissions.includes('PUBLIC_API')) return FORBIDDEN;
  return { account, scopes: scopes === null ? null : new Set(scopes), platform };
}
