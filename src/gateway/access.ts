// Who may call: keys, logins and tokens, how often, and what is noted of changes.
import { availableParallelism } from 'node:os';
import { noteChange } from '../api/audit.js';
import { type Authenticator, createAuthenticator } from '../api/authenticate.js';
import { createGate, type Gate } from '../api/gate.js';
import { createLimits, type Limits } from '../api/limits.js';
import { createLockout } from '../lib/lockout.js';
import { type CallerAddress, createCallerAddress } from '../lib/networks.js';
import { createPasswords, type Passwords } from '../lib/passwords.js';
import { createLogins, type Logins } from '../manage/logins.js';
import { createSharedLockout } from '../manage/shared-lockout.js';
import { createTokens, type Tokens } from '../manage/tokens.js';
import type { Ownership } from '../pipeline/ownership.js';
import type { Foundation } from './foundation.js';

/** What decides about callers. */
export interface Access {
  callerAddress: CallerAddress;
  passwords: Passwords;
  logins: Logins;
  tokens: Tokens;
  authenticator: Authenticator;
  limits: Limits;
  gate: Gate;
}

/** `alive`: by how many processes what an account may do in a second is divided. */
export function createAccess(foundation: Foundation, { alive }: Pick<Ownership, 'alive'>): Access {
  const { config, database, clock, log, directory, metrics } = foundation;
  const callerAddress = createCallerAddress(config.trustedProxies);
  const apiProcesses = (): number => alive('api');
  const lockout = createLockout(clock.monotonic, apiProcesses);
  const shared = createSharedLockout(database, clock);
  const passwords = createPasswords(Math.max(1, Math.floor(availableParallelism() / 2)));
  const logins = createLogins({ directory, clock, passwords, lockout, shared, log });
  const tokens = createTokens({ database, directory, clock });
  const authenticator = createAuthenticator({
    directory,
    clock,
    callerAddress,
    logins,
    tokens,
    lockout: config.dev ? undefined : lockout,
    count: (scheme) => metrics.refused.inc({ scheme }),
  });
  const limits = createLimits({ database, clock, published: config.rateLimits, share: apiProcesses });
  const gate = createGate({
    authenticator,
    limits,
    note: (request, caller) => noteChange({ database, clock, directory, authenticator }, request, caller),
  });
  return { callerAddress, passwords, logins, tokens, authenticator, limits, gate };
}
