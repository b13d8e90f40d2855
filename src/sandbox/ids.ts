// Ids as Meta makes them: message ids with their documented inner layout, object ids as digits, trace ids, user ids (BSUID).
import { createHash, randomBytes, randomInt } from 'node:crypto';

const FROM_BUSINESS = 0x11;
const FROM_USER = 0x12;

/** A new message id; `user` is the user's digits whichever way the message goes. Opaque to clients (Meta 1.2). */
export function newWamid(direction: 'out' | 'in', user: string): string {
  const isOut = direction === 'out';
  const hex = isOut ? randomBytes(9).toString('hex') : `3a${randomBytes(9).toString('hex')}`;
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
  return `A${randomBytes(16).toString('base64url')}`;
}

/** The user's business-scoped id (BSUID, Meta 2.9) for the app's owner: the same for the same pair, and not reversible. */
export function businessScopedId(scope: string, user: string): string {
  const digest = createHash('sha256').update(`${scope}:${user}`).digest('hex').toUpperCase();
  return `ZZ.${digest.slice(0, 20)}`;
}
