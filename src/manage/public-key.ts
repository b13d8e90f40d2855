// The public key with which phones encrypt for a business's data endpoints (Infobip 10, Meta 5.3).
import { createPublicKey } from 'node:crypto';
import { itemsAt, textAt } from '../contract/json.js';
import type { GraphClient } from '../meta/graph-client.js';
import type { DirectorySender } from '../store/directory.js';
import { askMeta } from './template-graph.js';
import { isTemplateRefusal, type TemplateRefusal, wrongField } from './template-refusal.js';

/** What these operations need. */
export interface PublicKeyParts {
  graph: Pick<GraphClient, 'get' | 'post'>;
  tokenOf(sender: DirectorySender): string | undefined;
}

const KEY_BITS = 2048;

/** The key that Meta has, and whether its signature fits (VALID or MISMATCH). */
export async function readPublicKey(
  { graph, tokenOf }: PublicKeyParts,
  sender: DirectorySender,
): Promise<{ publicKey: string; status: string } | TemplateRefusal> {
  const token = tokenOf(sender);
  if (token === undefined) return { refusal: 'upstream', detail: 'the access token of this sender cannot be opened' };
  const answer = await askMeta(graph.get(pathOf(sender), token));
  if (isTemplateRefusal(answer)) return answer;
  // Some samples have the object without the list around it.
  const node = itemsAt(answer.body, 'data')[0] ?? answer.body;
  const publicKey = textAt(node, 'business_public_key');
  const status = textAt(node, 'business_public_key_signature_status');
  return publicKey === undefined ? { refusal: 'notFound' } : { publicKey, status: status ?? 'MISMATCH' };
}

/** Replaces the key. */
export async function replacePublicKey(
  { graph, tokenOf }: PublicKeyParts,
  sender: DirectorySender,
  pem: string,
): Promise<object | TemplateRefusal> {
  if (!isKey(pem)) return wrongField('file', 'must be a 2048-bit RSA public key in PEM form');
  const token = tokenOf(sender);
  if (token === undefined) return { refusal: 'upstream', detail: 'the access token of this sender cannot be opened' };
  const answer = await askMeta(graph.post(pathOf(sender), token, { business_public_key: pem }));
  if (!isTemplateRefusal(answer) || answer.refusal !== 'invalid') return answer;
  return wrongField('file', answer.detail ?? 'is refused by Meta');
}

function pathOf({ phoneNumberId }: DirectorySender): string {
  return `${encodeURIComponent(phoneNumberId)}/whatsapp_business_encryption`;
}

function isKey(pem: string): boolean {
  if (!pem.includes('-----BEGIN PUBLIC KEY-----')) return false;
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey(pem);
    return asymmetricKeyType === 'rsa' && asymmetricKeyDetails?.modulusLength === KEY_BITS;
  } catch {
    return false;
  }
}
