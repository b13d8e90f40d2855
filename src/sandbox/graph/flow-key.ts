// GET and POST /{phone-number-id}/whatsapp_business_encryption: the public key with which phones encrypt for endpoints (Meta 5.3).
import { createPublicKey } from 'node:crypto';
import type { World } from '../world.js';
import { type GraphAnswer, type GraphCall, notFound, ownNumber, refuse } from './call.js';

const KEY_BITS_MIN = 2048;
const PEM_CHARACTERS_MAX = 8_192;

/** Answers the key there is, or takes another. */
export function flowKey(world: World, call: GraphCall): GraphAnswer {
  const number = ownNumber(world, call);
  if (number === undefined) return notFound(call);
  if (call.method === 'GET') {
    const { flowKey: key } = number;
    const data = key === undefined ? [] : [{ business_public_key: key, business_public_key_signature_status: 'VALID' }];
    return { body: { data } };
  }
  const pem =
    typeof call.body === 'object' && call.body !== null ? Reflect.get(call.body, 'business_public_key') : undefined;
  if (typeof pem !== 'string' || !isKey(pem)) {
    return refuse({ code: 100, details: 'business_public_key must be a 2048-bit RSA public key in PEM form.' });
  }
  world.numbers.put(number.phoneNumberId, { ...number, flowKey: pem });
  return { body: { success: true } };
}

function isKey(pem: string): boolean {
  if (pem.length > PEM_CHARACTERS_MAX || !pem.trimStart().startsWith('-----BEGIN PUBLIC KEY-----')) return false;
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey(pem);
    return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= KEY_BITS_MIN;
  } catch {
    return false;
  }
}
