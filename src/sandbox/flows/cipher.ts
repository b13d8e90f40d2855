// A phone's side of the encryption between phones and data endpoints (Meta 5.2).
import { constants, createCipheriv, createDecipheriv, createHmac, publicEncrypt, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-128-gcm';
const BLOCK_BYTES = 16;

/** A request as it is posted, and how its answer is read. */
export interface SealedRequest {
  body: string;
  /** The answer's value. Throws when it was not encrypted for this request, or is no JSON. */
  open(answer: string): unknown;
}

/** Encrypts a request for whoever holds the private key: a fresh AES key under RSA-OAEP, the answer under the same key and the flipped IV. */
export function sealRequest(publicKeyPem: string, request: object): SealedRequest {
  const key = randomBytes(BLOCK_BYTES);
  const iv = randomBytes(BLOCK_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: BLOCK_BYTES });
  const data = Buffer.concat([cipher.update(JSON.stringify(request), 'utf8'), cipher.final(), cipher.getAuthTag()]);
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const wrapped = publicEncrypt({ key: publicKeyPem, padding, oaepHash: 'sha256' }, key);
  return {
    body: JSON.stringify({
      encrypted_flow_data: data.toString('base64'),
      encrypted_aes_key: wrapped.toString('base64'),
      initial_vector: iv.toString('base64'),
    }),
    open(answer) {
      const bytes = Buffer.from(answer, 'base64');
      const flipped = Buffer.from(iv.map((byte) => ~byte & 0xff));
      const decipher = createDecipheriv(ALGORITHM, key, flipped, { authTagLength: BLOCK_BYTES });
      decipher.setAuthTag(bytes.subarray(-BLOCK_BYTES));
      const text = Buffer.concat([decipher.update(bytes.subarray(0, -BLOCK_BYTES)), decipher.final()]);
      return JSON.parse(text.toString('utf8'));
    },
  };
}

/** The value of X-Hub-Signature-256 for a body. */
export function signatureOf(body: string, appSecret: string): string {
  return `sha256=${createHmac('sha256', appSecret).update(body).digest('hex')}`;
}

/** `flow_token_signature` of Data API 4.0: the token in a JWT, HS256 with the app secret. `now` in epoch ms. */
export function signFlowToken(flowToken: string, appSecret: string, now: number): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const head = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ flow_token: flowToken, iat: Math.floor(now / 1000) })}`;
  return `${head}.${createHmac('sha256', appSecret).update(head).digest('base64url')}`;
}
