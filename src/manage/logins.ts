// Names and passwords: checked, remembered for a while, and locked against guessing.
import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../lib/clock.js';
import type { Lockout } from '../lib/lockout.js';
import type { Log } from '../lib/log.js';
import { type Passwords, PasswordsBusy } from '../lib/passwords.js';
import type { Directory, DirectoryUser } from '../store/directory.js';
import type { SharedLockout } from './shared-lockout.js';

/** What a name and a password are worth: a user; nothing; or nobody looked, since too many wrong ones came or too many wait. */
export type Login = { kind: 'right'; user: DirectoryUser } | { kind: 'wrong' } | { kind: 'wait'; waitMs: number };

/** Checks passwords. Rejects with DatabaseError. */
export interface Logins {
  /** Whether the password is that of the enabled user with this name, as tried from `address`. */
  check(username: string, password: string, address: string): Promise<Login>;
}

/** What checking takes. */
export interface LoginParts {
  directory: Pick<Directory, 'userOf'>;
  clock: Pick<Clock, 'monotonic'>;
  passwords: Passwords;
  lockout: Lockout;
  /** The same, counted by all processes together. */
  shared: SharedLockout;
  log: Log;
}

/** So long a password that was right is not hashed again. */
const REMEMBERED_MS = 60_000;
/** So long an address counts as one that knows the password, whatever others guess. */
const TRUSTED_MS = 24 * 3_600_000;
const REMEMBERED_MAX = 10_000;
const BUSY_MS = 1_000;

/** A password that was right, from one address. `hashed`: of which stored one. */
interface Remembered {
  hashed: string;
  at: number;
}

/** Builds it. What is remembered is keyed by a digest under a key of this process: a dump of its memory tells no password. */
export function createLogins({ directory, clock, passwords, lockout, shared, log }: LoginParts): Logins {
  const remembered = new Map<string, Remembered>();
  const checking = new Map<string, Promise<boolean>>();
  const key = randomBytes(32);
  const digestOf = (...parts: string[]): string =>
    createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64');

  function remember(digest: string, hashed: string): void {
    if (remembered.size >= REMEMBERED_MAX) forgetOld();
    remembered.set(digest, { hashed, at: clock.monotonic() });
  }

  function forgetOld(): void {
    const oldest = clock.monotonic() - TRUSTED_MS;
    for (const [digest, { at }] of remembered) if (at < oldest) remembered.delete(digest);
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
  }

  /** Many requests with the same credentials at once cost one hash. */
  function verify(digest: string, hashed: string | undefined, password: string): Promise<boolean> {
    const known = checking.get(digest);
    if (known !== undefined) return known;
    const started = passwords.verify(hashed, password).finally(() => checking.delete(digest));
    checking.set(digest, started);
    return started;
  }

  async function check(username: string, password: string, address: string): Promise<Login> {
    const user = directory.userOf(username);
    const digest = digestOf(username, password, address);
    const before = remembered.get(digest);
    const age = before === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() - before.at;
    // First the lock, then the memory: what is remembered must not tell a right guess from a wrong one while locked.
    const waitMs = lockout.wait(address, username, age < TRUSTED_MS);
    if (waitMs > 0) return { kind: 'wait', waitMs };
    if (user !== undefined && before?.hashed === user.password && age < REMEMBERED_MS) return { kind: 'right', user };
    const sharedMs = await shared.wait(address, username, age < TRUSTED_MS);
    if (sharedMs > 0) return { kind: 'wait', waitMs: sharedMs };
    if (!(await verify(digest, user?.password, password)) || user === undefined) {
      lockout.wrongPassword(address, username);
      await shared.wrongPassword(address, username);
      if (lockout.wait(address, username, true) > 0) log.warn({ event: 'login.locked', address });
      return { kind: 'wrong' };
    }
    remember(digest, user.password);
    return { kind: 'right', user };
  }

  return {
    check: (username, password, address) =>
      check(username, password, address).catch((error: unknown) => {
        if (error instanceof PasswordsBusy) return { kind: 'wait', waitMs: BUSY_MS };
        throw error;
      }),
  };
}
