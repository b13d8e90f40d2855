// HMAC security of profiles: a signature over the exact bytes of the body (Infobip 4.5).
import { createHmac } from 'node:crypto';
import type { HmacAlgorithm, HmacSecurity } from '../contract/delivery-profile.js';

// Infobip's Calls API signs its webhooks under this name; for subscriptions no name is published.
const HMAC_HEADER = 'X-Ib-Hmac-Signature';

const HASHES: Readonly<Record<HmacAlgorithm, string>> = {
  HMAC_MD5: 'md5',
  HMAC_SHA_1: 'sha1',
  HMAC_SHA_224: 'sha224',
  HMAC_SHA_256: 'sha256',
  HMAC_SHA_384: 'sha384',
  HMAC_SHA_512: 'sha512',
};

/** The header that signs `body`. The key is its UTF-8 bytes. */
export function hmacHeader(
  { secretKey, algorithm, headerName, encoding }: HmacSecurity,
  body: string,
): Record<string, string> {
  const signature = createHmac(HASHES[algorithm], secretKey)
    .update(body)
    .digest(encoding ?? 'hex');
  return { [(headerName ?? HMAC_HEADER).toLowerCase()]: signature };
}
