// Passwords: kept as argon2id, hashed off the main thread and only a few at once, so that guessing costs the rest of the process little.
import { hash, verify } from '@node-rs/argon2';

/** Hashes and verifies passwords. Both reject with PasswordsBusy when too many wait already. */
export interface Passwords {
  /** The password in PHC form, salted anew each time. */
  hash(password: string): Promise<string>;
  /** Whether it is the password that was hashed. With undefined (nobody has this name) it takes as long, and is wrong. */
  verify(hashed: string | undefined, password: string): Promise<boolean>;
}

/** More passwords wait than may. */
export class PasswordsBusy extends Error {
  override readonly name = 'PasswordsBusy';
}

// OWASP's second choice of parameters; the algorithm is argon2id unless said. Measured here: 19 MiB and 20-50 ms of one core each.
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const WAITING_MAX = 64;

/** `atOnceMax`: how many are computed at the same time; each takes a core and 19 MiB. */
export function createPasswords(atOnceMax: number): Passwords {
  const waiting: (() => void)[] = [];
  let running = 0;
  let nobody: Promise<string> | undefined;

  async function compute<Result>(work: () => Promise<Result>): Promise<Result> {
    if (running >= atOnceMax) {
      if (waiting.length >= WAITING_MAX) throw new PasswordsBusy(`${WAITING_MAX} passwords wait`);
      // Whoever ends hands its place on.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  }

  return {
    hash: (password) => compute(() => hash(password, PARAMETERS)),
    async verify(hashed, password) {
      nobody ??= hash('nobody', PARAMETERS);
      const known = hashed ?? (await nobody);
      const isRight = await compute(() => verify(known, password));
      return isRight && hashed !== undefined;
    },
  };
}
