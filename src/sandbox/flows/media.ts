// Files that users give to flows: as endpoints are told of them, encrypted behind a link (Flow JSON reference, Media upload).
import { createCipheriv, createHash, createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { MediaLibrary } from '../media/library.js';
import type { App, BusinessNumber, Media } from '../records.js';
import { field, listOf } from './document.js';

/** Largest file of a picker, and what encryption adds. */
export const FLOW_FILE_BYTES_MAX = 25 * 1024 * 1024;
const EXTRA_BYTES = 64;
const KEY_BYTES = 32;
const IV_BYTES = 16;
/** As many bytes of the HMAC stand behind the ciphertext. */
const MAC_BYTES = 10;

/** Where links lead to, and who signs them. */
export interface FlowMediaParts {
  library: MediaLibrary;
  app: App;
  number: BusinessNumber;
  origin: string;
}

/** A file as `complete` carries it. */
export function answerOf({ id, filename, mimeType, sha256 }: Media): Record<string, string> {
  return { id, file_name: filename ?? id, mime_type: mimeType, sha256 };
}

/** The data of a request with every file in it, at its top level, as endpoints get files: encrypted for this one request. */
export async function sealFiles(
  parts: FlowMediaParts,
  data: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const sealed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(data)) {
    const files = listOf(value).map((item) => fileOf(parts, item));
    const isFiles = files.length > 0 && files.every((file) => file !== undefined);
    sealed[name] = isFiles
      ? await Promise.all(files.flatMap((file) => (file === undefined ? [] : sealFile(parts, file))))
      : value;
  }
  return sealed;
}

function fileOf({ library, number }: FlowMediaParts, item: unknown): Media | undefined {
  const id = field(item, 'id');
  const media = typeof id === 'string' && field(item, 'sha256') !== undefined ? library.get(id) : undefined;
  return media?.source === 'inbound' && media.phoneNumberId === number.phoneNumberId ? media : undefined;
}

async function sealFile(parts: FlowMediaParts, media: Media): Promise<Record<string, unknown>> {
  const plain = await parts.library.files.readAll(media.id);
  const [key, hmacKey, iv] = [randomBytes(KEY_BYTES), randomBytes(KEY_BYTES), randomBytes(IV_BYTES)];
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const content = Buffer.concat([cipher.update(plain), cipher.final()]);
  const mac = createHmac('sha256', hmacKey).update(iv).update(content).digest().subarray(0, MAC_BYTES);
  const whole = Buffer.concat([content, mac]);
  const loose = await parts.library.write(once(whole), FLOW_FILE_BYTES_MAX + EXTRA_BYTES);
  if (loose === null) throw new Error('the encrypted file is too large');
  const { wabaId, phoneNumberId, mimeType, filename } = { ...media, mimeType: 'application/octet-stream' };
  const kept = parts.library.keep(loose, { wabaId, phoneNumberId, source: 'inbound', mimeType, filename });
  return {
    file_name: filename ?? media.id,
    media_id: randomUUID(),
    cdn_url: `${parts.origin}/flow_media/${kept.id}?key=${keyOf(parts.app, kept.id)}`,
    encryption_metadata: {
      encrypted_hash: hashOf(whole),
      iv: iv.toString('base64'),
      encryption_key: key.toString('base64'),
      hmac_key: hmacKey.toString('base64'),
      plaintext_hash: hashOf(plain),
    },
  };
}

/** Whether a link to an encrypted file is one that was given out. */
export function isFlowMediaKey(app: App, id: string, key: unknown): boolean {
  const wanted = Buffer.from(keyOf(app, id));
  const given = Buffer.from(typeof key === 'string' ? key : '');
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function keyOf(app: App, id: string): string {
  return createHmac('sha256', app.appSecret).update(`flow media ${id}`).digest('base64url');
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('base64');
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
