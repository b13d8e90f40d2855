// Changing the key that seals secrets: everything sealed with another of the known keys is sealed anew with the first.
import { createSecretBox, type SecretBox } from '../lib/secrets.js';
import type { Database } from '../store/database.js';
import { lockSealed, replaceSealed, type SealedValue } from '../store/sealed.js';

/** How secrets are sealed. */
export interface SealState {
  /** With the first key. */
  current: number;
  /** With another key; after a rotation these are with the first. */
  other: number;
  /** With none of the keys: what each of them is. */
  unreadable: string[];
}

/** The first key and those that only open. */
export interface SecretKeys {
  secretKey: Buffer;
  otherSecretKeys: readonly Buffer[];
}

/** Counts what is sealed with which key; changes nothing. Throws DatabaseError. */
export async function inspectSecrets(database: Database, keys: SecretKeys): Promise<SealState> {
  return database.transaction(async (tx) => sort(await lockSealed(tx), keys).state);
}

/** Seals anew, in one transaction, what is sealed with another key than the first; says how it was. What no key opens stays as it is. Throws DatabaseError with nothing changed. */
export async function rotateSecrets(database: Database, keys: SecretKeys): Promise<SealState> {
  return database.transaction(async (tx) => {
    const { state, resealed } = sort(await lockSealed(tx), keys);
    await replaceSealed(tx, resealed);
    return state;
  });
}

function sort(
  values: readonly SealedValue[],
  { secretKey, otherSecretKeys }: SecretKeys,
): { state: SealState; resealed: SealedValue[] } {
  const first = createSecretBox(secretKey);
  const any = createSecretBox(secretKey, otherSecretKeys);
  const state: SealState = { current: 0, other: 0, unreadable: [] };
  const resealed: SealedValue[] = [];
  for (const value of values) {
    if (opened(first, value.sealed) !== undefined) state.current += 1;
    else {
      const clear = opened(any, value.sealed);
      if (clear === undefined) state.unreadable.push(value.label);
      else resealed.push({ ...value, sealed: first.seal(clear) });
    }
  }
  state.other = resealed.length;
  return { state, resealed };
}

function opened(box: SecretBox, sealed: Buffer): string | undefined {
  try {
    return box.open(sealed);
  } catch {
    return undefined;
  }
}
