// Ids as Meta makes them: message ids with their documented inner layout, object ids as digits, trace ids, user ids (BSUID).
import { createHash, randomFillSync, randomInt } from 'node:crypto';

const FROM_BUSINESS = 0x11;
const FROM_USER = 0x12;

/** Random bytes are fetched in blocks: one call for each id cost 3 % of a send. */
const pool = Buffer.alloc(4096);
const state = { offset: pool.length };

function randomText(bytes: number, encoding: 'hex' | 'base64url'): string {
  if (state.offset + bytes > pool.length) {
    randomFillSync(pool);
    state.offset = 0;
  }
  state.offset += bytes;
  return pool.toString(encoding, state.offset - bytes, state.offset);
}

/** A new message id; `user` is the user's digits whichever way the message goes. Opaque to clients (Meta 1.2). */
export function newWamid(direction: 'out' | 'in', user: string): string {
  const isOut = direction === 'out';
  const hex = isOut ? randomText(9, 'hex') : `3a${randomText(9, 'hex')}`;
  const inner = `\x1c\x18${lengthByte(user)}${user}\x15\x02\x00${String.fromCharCode(isOut ? FROM_BUSINESS : FROM_USER)}\x18${lengthByte(hex)}${hex.toUpperCase()}\x00`;
  return `wamid.${Buffer.from(inner, 'latin1').toString('base64')}`;
}

function lengthByte(text: string): string {
  return String.fromCharCode(text.length);
}

/** A new object id: 15 digits, below 2^53 (Meta 0.3). */
export function newObjectId(): string {
  return `1${String(randomInt(0, 10 ** 14 - 1)).padStart(14, '0')}`;
}

/** A trace id for `fbtrace_id` and `x-fb-trace-id`. */
export function newTraceId(): string {
  return `A${randomText(16, 'base64url')}`;
}

/** The user's business-scoped id (BSUID, Meta 2.9) for the app's owner: the same for the same pair, and not reversible. */
export function businessScopedId(scope: string, user: string): string {
  const digest = createHash('sha256').update(`${scope}:${user}`).digest('hex').toUpperCase();
  return `ZZ.${digest.slice(0, 20)}`;
}
