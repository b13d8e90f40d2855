// Signatures on what we post to customers: Standard Webhooks, v1 (HMAC-SHA256 of `id.timestamp.body`), one per live secret.
import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** A new signing secret: `whsec_` and 32 random bytes in base64. */
export function newSigningSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/** Headers `webhook-id`, `webhook-timestamp` (seconds) and, when there are secrets, `webhook-signature`. Throws TypeError on a secret without `whsec_`. */
export function signingHeaders(
  id: string,
  nowMs: number,
  body: string,
  secrets: readonly string[],
): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1000));
  const headers: Record<string, string> = { 'webhook-id': id, 'webhook-timestamp': timestamp };
  if (secrets.length > 0)
    headers['webhook-signature'] = secrets.map((secret) => sign(secret, `${id}.${timestamp}.${body}`)).join(' ');
  return headers;
}

function sign(secret: string, content: string): string {
  if (!secret.startsWith(PREFIX)) throw new TypeError(`a signing secret starts with ${PREFIX}`);
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
}
