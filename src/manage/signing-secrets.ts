// Secrets that sign the webhooks of an account, in the form of Standard Webhooks: `whsec_` and base64.
import { newSigningSecret } from '../customer/signing.js';
import type { Clock } from '../lib/clock.js';
import { uuidv7 } from '../lib/id.js';
import type { SecretBox } from '../lib/secrets.js';
import type { Database } from '../store/database.js';
import { insertSigningSecret, type SigningSecretRow } from '../store/signing-secrets.js';
import { type Refusal, refuse } from './refusal.js';

/** Live secrets of one account at most: both sign while one replaces the other. */
const SIGNING_SECRETS_MAX = 2;

/** Makes a signing secret of an account. It is in this answer and, sealed, in the database. */
export async function createSigningSecret(
  { database, clock, secrets }: { database: Database; clock: Clock; secrets: SecretBox },
  account: number,
): Promise<(SigningSecretRow & { secret: string }) | Refusal> {
  const createdAt = clock.now();
  const secret = newSigningSecret();
  const stored = { id: uuidv7(createdAt), account, sealed: secrets.seal(secret), createdAt };
  const row = await database.transaction((tx) => insertSigningSecret(tx, stored, SIGNING_SECRETS_MAX));
  if (row === undefined)
    return refuse('conflict', `an account has at most ${SIGNING_SECRETS_MAX} signing secrets; delete one first`);
  return { ...row, secret };
}
