// A phone's side of data exchange, written from the algorithms with Web Crypto, apart from the product's own code (Meta 5.2).
import { createHmac, webcrypto } from 'node:crypto';

const { subtle } = webcrypto;

/** What a phone sent, and how it reads the answer. */
export interface FlowCall {
  body: string;
  signature: string;
  /** Decrypts an answer; rejects when it was not encrypted for this call. */
  read(answer: string): Promise<unknown>;
}

/** Encrypts `request` for the holder of the public key (PEM, SPKI) and signs it with the app secret. */
export async function makeFlowCall(publicKeyPem: string, appSecret: string, request: unknown): Promise<FlowCall> {
  const der = Buffer.from(publicKeyPem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const publicKey = await subtle.importKey('spki', der, { name: 'RSA-OAEP', hash: 'SHA-256' }, false, ['encrypt']);
  const rawKey = webcrypto.getRandomValues(new Uint8Array(16));
  const iv = webcrypto.getRandomValues(new Uint8Array(16));
  const key = await subtle.importKey('raw', rawKey, 'AES-GCM', false, ['encrypt', 'decrypt']);
  // Web Crypto puts the 16 bytes of the tag behind the ciphertext, as Meta does.
  const data = await subtle.encrypt(
    { name: 'AES-GCM', iv, tagLength: 128 },
    key,
    new TextEncoder().encode(JSON.stringify(request)),
  );
  const wrapped = await subtle.encrypt({ name: 'RSA-OAEP' }, publicKey, rawKey);
  const body = JSON.stringify({
    encrypted_flow_data: Buffer.from(data).toString('base64'),
    encrypted_aes_key: Buffer.from(wrapped).toString('base64'),
    initial_vector: Buffer.from(iv).toString('base64'),
  });
  return {
    body,
    signature: `sha256=${createHmac('sha256', appSecret).update(body).digest('hex')}`,
    async read(answer) {
      const flipped = Uint8Array.from(iv, (byte) => byte ^ 0xff);
      const bytes = Buffer.from(answer, 'base64');
      const plain = await subtle.decrypt({ name: 'AES-GCM', iv: flipped, tagLength: 128 }, key, bytes);
      return JSON.parse(new TextDecoder().decode(plain));
    },
  };
}
