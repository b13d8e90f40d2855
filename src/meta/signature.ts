// Meta's webhook signature: HMAC-SHA256 of the raw body under an app secret (Meta 2.1).
import { createHmac } from 'node:crypto';
import { equalBytes } from '../lib/secrets.js';

const FORM = /^sha256=([0-9a-f]{64})$/i;

/**
 * Whether `header` (X-Hub-Signature-256) signs exactly `body` under one of `secrets`. All secrets are tried, each compared in
 * constant time, so the time taken does not say which one fits. False for a missing or malformed header.
 */
export function isSignedByMeta(body: Buffer, header: string | undefined, secrets: readonly string[]): boolean {
  const hex = header === undefined ? undefined : FORM.exec(header)?.[1];
  if (hex === undefined) return false;
  const given = Buffer.from(hex, 'hex');
  let isSigned = false;
  for (const secret of secrets) {
    if (equalBytes(given, createHmac('sha256', secret).update(body).digest())) isSigned = true;
  }
  return isSigned;
}
