// A business's data endpoint, written from the algorithms with Web Crypto, apart from the product's own code (Meta 5.2).
import { createHmac, webcrypto } from 'node:crypto';
import { startReceiver } from './receiver.js';

const { subtle } = webcrypto;

/** What a phone asked, decrypted. */
export interface Asked {
  version?: string;
  action?: string;
  screen?: string;
  data?: Record<string, unknown>;
  flow_token?: string;
  flow_token_signature?: string;
}

/** An answer: JSON to encrypt, with status 200 unless told otherwise; null for no body. */
export interface Said {
  status?: number;
  json?: object | null;
  /** Sent as it is. */
  raw?: string;
  delayMs?: number;
}

/** A running endpoint. */
export interface FlowBusiness {
  url: string;
  publicKey: string;
  asked: Asked[];
  /** Whether each request had a good signature. */
  signatures: boolean[];
  /** How many requests came, also those that could not be decrypted. */
  count(): number;
  /** What is answered from now on; pings are answered as Meta wants unless `answers` says something to them. */
  answer(answers: (asked: Asked) => Said | undefined): void;
  stop(): Promise<void>;
}

/** Starts an endpoint with a key of its own, on a free loopback port. */
export async function startFlowBusiness(appSecret: string): Promise<FlowBusiness> {
  const keys = await subtle.generateKey(
    { name: 'RSA-OAEP', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' },
    true,
    ['encrypt', 'decrypt'],
  );
  const der = Buffer.from(await subtle.exportKey('spki', keys.publicKey)).toString('base64');
  const publicKey = `-----BEGIN PUBLIC KEY-----\n${der.replace(/(.{64})/g, '$1\n').trim()}\n-----END PUBLIC KEY-----\n`;
  const receiver = await startReceiver();
  const state = { answers: (_asked: Asked): Said | undefined => undefined };
  const asked: Asked[] = [];
  const signatures: boolean[] = [];
  receiver.answer(async ({ body, headers }) => {
    const hex = createHmac('sha256', appSecret).update(body).digest('hex');
    signatures.push(headers['x-hub-signature-256'] === `sha256=${hex}`);
    const opened = await open(keys.privateKey, JSON.parse(body)).catch(() => undefined);
    if (opened === undefined) return { status: 421 };
    asked.push(opened.request);
    const isPing = opened.request.action === 'ping';
    const said = state.answers(opened.request) ?? (isPing ? { json: { data: { status: 'active' } } } : { status: 500 });
    const { status = 200, json = null, raw, delayMs } = said;
    const answer = { status, body: raw ?? (json === null ? '' : await opened.seal(json)) };
    return delayMs === undefined ? answer : { ...answer, delayMs };
  });
  return {
    url: `${receiver.url}/flow`,
    publicKey,
    asked,
    signatures,
    count: () => receiver.requests.length,
    answer(answers) {
      state.answers = answers;
    },
    stop: () => receiver.stop(),
  };
}

async function open(privateKey: webcrypto.CryptoKey, envelope: Record<string, string>) {
  const bytes = (name: string) => Buffer.from(envelope[name] ?? '', 'base64');
  const raw = await subtle.decrypt({ name: 'RSA-OAEP' }, privateKey, bytes('encrypted_aes_key'));
  const key = await subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
  const iv = bytes('initial_vector');
  const plain = await subtle.decrypt({ name: 'AES-GCM', iv, tagLength: 128 }, key, bytes('encrypted_flow_data'));
  const request: Asked = JSON.parse(new TextDecoder().decode(plain));
  return {
    request,
    async seal(json: object): Promise<string> {
      const flipped = Uint8Array.from(iv, (byte) => byte ^ 0xff);
      const text = new TextEncoder().encode(JSON.stringify(json));
      return Buffer.from(await subtle.encrypt({ name: 'AES-GCM', iv: flipped, tagLength: 128 }, key, text)).toString(
        'base64',
      );
    },
  };
}
