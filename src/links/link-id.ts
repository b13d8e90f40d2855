// Ids of short links: 60 bits that nobody can guess, in 12 characters that survive changes of case and misreading. Pure.
import { createHmac } from 'node:crypto';

/** Crockford's base 32: without i, l, o and u. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const LENGTH = 12;
const BITS = 5;
const PURPOSE = 'parley link id';

/**
 * Makes the id of the link that stands at `place` among those of a message (its UUID): always the same one, so that a message that is
 * sent again has the same links. `turn` counts up from 0 while an id is taken by another message.
 */
export type LinkIdOf = (message: string, place: number, turn?: number) => string;

/** Ids under a secret key; another key makes others. */
export function createLinkIds(secretKey: Buffer): LinkIdOf {
  const key = createHmac('sha256', secretKey).update(PURPOSE).digest();
  return (message, place, turn = 0) =>
    idOf(createHmac('sha256', key).update(`${message}:${place}:${turn}`).digest().readBigUInt64BE());
}

function idOf(bits: bigint): string {
  const at = (i: number): number => Number((bits >> BigInt(i * BITS)) & 31n);
  return Array.from({ length: LENGTH }, (_, i) => ALPHABET[at(i)] ?? '').join('');
}

const READ = /^[0-9a-z]{12}$/;

/** The id that a text means, whatever its case, o read as 0, i and l as 1; undefined when it is none. */
export function readLinkId(text: string): string | undefined {
  if (text.length !== LENGTH) return undefined;
  const id = text.toLowerCase().replaceAll('o', '0').replaceAll(/[il]/g, '1');
  return READ.test(id) && !id.includes('u') ? id : undefined;
}
