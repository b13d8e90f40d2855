// Secrets: sealed at rest with AES-256-GCM, API keys kept only as SHA-256, comparisons in constant time.
import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const FORMAT = 1;

/** Seals short texts with a 32-byte key. Sealed form: version byte, 12-byte IV, 16-byte tag, ciphertext. */
export interface SecretBox {
  seal(text: string): Buffer;
  /** Throws Error when the bytes were sealed with none of the keys or were altered. */
  open(sealed: Buffer): string;
}

/** A box that seals with `key` and opens what it or one of `others` sealed. Throws RangeError unless each is 32 bytes. */
export function createSecretBox(key: Buffer, others: readonly Buffer[] = []): SecretBox {
  const current = createOneKeyBox(key);
  const boxes = [current, ...others.map(createOneKeyBox)];
  return { seal: current.seal, open: (sealed) => openWithAny(boxes, sealed) };
}

function openWithAny(boxes: readonly SecretBox[], sealed: Buffer): string {
  let cause: unknown;
  for (const box of boxes) {
    try {
      return box.open(sealed);
    } catch (error) {
      cause = error;
    }
  }
  throw new Error(`none of ${boxes.length} secret keys opens it`, { cause });
}

function createOneKeyBox(key: Buffer): SecretBox {
  if (key.length !== KEY_BYTES) throw new RangeError(`secret key must be ${KEY_BYTES} bytes, got ${key.length}`);
  return {
    seal(text) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, iv);
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.from([FORMAT]), iv, cipher.getAuthTag(), sealed]);
    },
    open(sealed) {
      if (sealed[0] !== FORMAT || sealed.length < 1 + IV_BYTES + TAG_BYTES) throw new Error('not a sealed secret');
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + IV_BYTES));
      decipher.setAuthTag(sealed.subarray(1 + IV_BYTES, 1 + IV_BYTES + TAG_BYTES));
      const body = sealed.subarray(1 + IV_BYTES + TAG_BYTES);
      return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
    },
  };
}

/**
 * A new random token of 256 bits in base64url, for API keys and signing secrets. It never begins with `-`: on a
 * command line it would be taken for an option.
 */
export function newToken(): string {
  const token = randomBytes(32).toString('base64url');
  return token.startsWith('-') ? newToken() : token;
}

/** SHA-256 of `text`, 32 bytes. */
export function sha256(text: string | Buffer): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Whether two byte strings are equal, in time that depends on their lengths only. */
export function equalBytes(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
