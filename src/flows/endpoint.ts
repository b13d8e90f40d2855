// A business's side of data exchange: verifies, decrypts, answers what needs no business, encrypts (Meta 5.2). A library of its own.
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  type KeyObject,
  privateDecrypt,
  timingSafeEqual,
} from 'node:crypto';

const ALGORITHM = 'aes-128-gcm';
const KEY_BYTES = 16;
const TAG_BYTES = 16;

/** Longest answer in bytes before encryption (*Meta 5.2*). */
export const ANSWER_BYTES_MAX = 10 * 1024 * 1024;

/** What a flow on somebody's phone asks, decrypted (*Meta 5.2*). Fields are as the phone sent them. */
export interface FlowRequest {
  version?: unknown;
  action?: unknown;
  screen?: unknown;
  data?: unknown;
  flow_token?: unknown;
  flow_token_signature?: unknown;
}

/** What the business says: the next screen with its data, or that the flow token is no longer good. */
export type FlowAnswer = { answer: object } | { expired: string | undefined };

/** What an endpoint needs. Secrets are tried in turn, so that one can replace another; none: signatures are not looked at. */
export interface FlowEndpointParts {
  privateKey: KeyObject;
  appSecrets: readonly string[];
  /** Decides on everything but pings and error notifications. What it throws becomes a bare 500. */
  answer(request: FlowRequest): Promise<FlowAnswer>;
  /** Hears of errors that a phone met (`data.error`, `data.error_message`). */
  onClientError?(request: FlowRequest): void;
}

/** An answer for HTTP. The body is base64 text, or empty. */
export interface FlowHttpAnswer {
  status: 200 | 400 | 421 | 427 | 432 | 500;
  contentType: 'text/plain';
  body: string;
}

/** A request that was opened, and what its answer is encrypted with. */
interface Opened {
  request: FlowRequest;
  key: Buffer;
  iv: Buffer;
}

/** A private RSA key from PEM, with its passphrase if it has one. Throws when it is none or has fewer than 2048 bits. */
export function readFlowKey(pem: string, passphrase?: string): KeyObject {
  const key = createPrivateKey({ key: pem, passphrase });
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || bits < 2048) throw new Error('not an RSA key of 2048 bits or more');
  return key;
}

/**
 * Answers one POST of Meta's to an endpoint: `body` are its raw bytes, `signature` its X-Hub-Signature-256. 432 for a wrong
 * signature, 400 for what is no such request, 421 when it cannot be decrypted, 427 for an expired token, 500 when `answer` throws.
 */
export async function answerFlowRequest(
  parts: FlowEndpointParts,
  body: Uint8Array,
  signature: string | undefined,
): Promise<FlowHttpAnswer> {
  if (parts.appSecrets.length > 0 && !isSigned(body, signature, parts.appSecrets)) return plain(432);
  const envelope = readEnvelope(body);
  if (envelope === undefined) return plain(400);
  const opened = open(envelope, parts.privateKey);
  if (opened === undefined) return plain(421);
  try {
    return await answer(parts, opened);
  } catch {
    return plain(500);
  }
}

async function answer(parts: FlowEndpointParts, opened: Opened): Promise<FlowHttpAnswer> {
  const { request } = opened;
  if (request.action === 'ping') return sealed(200, { data: { status: 'active' } }, opened);
  if (isErrorNotification(request)) {
    parts.onClientError?.(request);
    return sealed(200, { data: { acknowledged: true } }, opened);
  }
  const said = await parts.answer(request);
  if ('answer' in said) return sealed(200, said.answer, opened);
  return said.expired === undefined ? plain(427) : sealed(427, { error_msg: said.expired }, opened);
}

function isErrorNotification({ data }: FlowRequest): boolean {
  return typeof data === 'object' && data !== null && 'error' in data && 'error_message' in data;
}

function plain(status: FlowHttpAnswer['status']): FlowHttpAnswer {
  return { status, contentType: 'text/plain', body: '' };
}

function isSigned(body: Uint8Array, header: string | undefined, secrets: readonly string[]): boolean {
  const hex = /^sha256=([0-9a-f]{64})$/i.exec(header ?? '')?.[1];
  if (hex === undefined) return false;
  const given = Buffer.from(hex, 'hex');
  const fitting = secrets.filter((secret) =>
    timingSafeEqual(given, createHmac('sha256', secret).update(body).digest()),
  );
  return fitting.length > 0;
}

interface Envelope {
  data: Buffer;
  key: Buffer;
  iv: Buffer;
}

function readEnvelope(body: Uint8Array): Envelope | undefined {
  const value = parsed(Buffer.from(body).toString('utf8'));
  const data = bytesAt(value, 'encrypted_flow_data');
  const key = bytesAt(value, 'encrypted_aes_key');
  const iv = bytesAt(value, 'initial_vector');
  return data === undefined || key === undefined || iv === undefined ? undefined : { data, key, iv };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function bytesAt(value: unknown, name: string): Buffer | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const found: unknown = Reflect.get(value, name);
  return typeof found === 'string' && /^[A-Za-z0-9+/]+={0,2}$/.test(found) ? Buffer.from(found, 'base64') : undefined;
}

/** RSA-OAEP with SHA-256 for the key, AES-128-GCM with the tag at the end for the data. Undefined when anything does not fit. */
function open({ data, key: wrapped, iv }: Envelope, privateKey: KeyObject): Opened | undefined {
  try {
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const key = privateDecrypt({ key: privateKey, padding, oaepHash: 'sha256' }, wrapped);
    if (key.length !== KEY_BYTES || data.length <= TAG_BYTES) return undefined;
    const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
    decipher.setAuthTag(data.subarray(-TAG_BYTES));
    const text = Buffer.concat([decipher.update(data.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8');
    const request = parsed(text);
    return typeof request === 'object' && request !== null ? { request, key, iv } : undefined;
  } catch {
    return undefined;
  }
}

/** The answer under the same key, with every bit of the IV flipped. */
function sealed(status: FlowHttpAnswer['status'], value: object, { key, iv }: Opened): FlowHttpAnswer {
  const text = Buffer.from(JSON.stringify(value), 'utf8');
  if (text.length > ANSWER_BYTES_MAX) throw new Error(`the answer has more than ${ANSWER_BYTES_MAX} bytes`);
  const flipped = Buffer.from(iv.map((byte) => ~byte & 0xff));
  const cipher = createCipheriv(ALGORITHM, key, flipped, { authTagLength: TAG_BYTES });
  const body = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString('base64');
  return { status, contentType: 'text/plain', body };
}
