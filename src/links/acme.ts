// Orders certificates from a CA that speaks ACME (RFC 8555), which looks at the hosts over HTTP (http-01).
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Authorization, Client, CryptoInterface, Order } from 'acme-client';
import { type AcmeWire, createAcmeWire } from './acme-wire.js';

/** The CA, and who we are to it. */
export interface AcmeSettings {
  /** URL of its directory. */
  directory: string;
  /** Where it writes to. */
  email: string | undefined;
  /** The account at the CA that ours is bound to, where it wants that; `hmacKey` in base64. */
  binding: { keyId: string; hmacKey: string } | undefined;
  /** CAs (PEM) that may vouch for the directory, beside the usual ones. */
  ca: string | undefined;
}

/** A certificate with its key. Times are epoch ms. */
export interface IssuedCertificate {
  /** PEM. */
  key: string;
  /** PEM, the host's own first. */
  chain: string;
  validFrom: number;
  validUntil: number;
}

/** What is ordered. */
export interface AcmeOrder {
  host: string;
  /** PEM. */
  accountKey: string;
  /** Makes the host answer `answer` when it is asked for `token`, before it resolves. */
  publish(token: string, answer: string): Promise<void>;
  /** Ends the order. */
  signal: AbortSignal;
}

/** Orders a certificate: throws OrderRefused, what `publish` throws, or the signal's reason. */
export type OrderCertificate = (order: AcmeOrder) => Promise<IssuedCertificate>;

/** There is no certificate; the message says to people why. */
export class OrderRefused extends Error {
  override readonly name = 'OrderRefused';
}

const POLL_MS = 1_000;
const REASON_CHARACTERS_MAX = 400;

/** The CA of `settings`. Nothing is asked yet. */
export async function openAcme(settings: AcmeSettings): Promise<{ order: OrderCertificate; close(): Promise<void> }> {
  // Loaded only where certificates are wanted: it brings an HTTP client and a cryptography of its own, 12 MB in memory.
  const { axios, Client: AcmeClient, crypto } = await import('acme-client');
  const wire: AcmeWire = createAcmeWire(settings.ca);
  // The library's own requests have no timeout, its retries wait for as long as the CA says, and both hide why a connection failed.
  Object.assign(axios.defaults, { adapter: wire.adapter });
  return {
    close: wire.close,
    async order(order) {
      const { directory: directoryUrl, binding } = settings;
      const client = new AcmeClient({
        directoryUrl,
        accountKey: order.accountKey,
        ...(binding && { externalAccountBinding: { kid: binding.keyId, hmacKey: binding.hmacKey } }),
      });
      try {
        return await untilAborted(order.signal, run({ client, crypto, email: settings.email }, order));
      } catch (error) {
        if (order.signal.aborted) throw order.signal.reason;
        throw isBare(error) ? new OrderRefused(reasonOf(error.message), { cause: error }) : error;
      }
    },
  };
}

/** A new account key, in PEM. */
export function newAccountKey(): string {
  return newKey();
}

function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** The library throws bare errors with what the CA said. */
function isBare(error: unknown): error is Error {
  return error instanceof Error && error.name === 'Error';
}

function reasonOf(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  return line === '' ? 'the CA gave no reason' : line.slice(0, REASON_CHARACTERS_MAX);
}

/** What is under way when the signal comes goes on until its next request, and its outcome is nobody's. */
async function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop);
  }
}

interface Session {
  client: Client;
  crypto: CryptoInterface;
  email: string | undefined;
}

async function run(
  { client, crypto, email }: Session,
  { host, publish, signal }: AcmeOrder,
): Promise<IssuedCertificate> {
  // A key that has its account already gets it, whatever we remember of it.
  await client.createAccount({
    termsOfServiceAgreed: true,
    ...(email === undefined ? {} : { contact: [`mailto:${email}`] }),
  });
  const order = await client.createOrder({ identifiers: [{ type: 'dns', value: host }] });
  for (const authorization of await client.getAuthorizations(order)) await prove(client, authorization, publish);
  const ready = await poll(client, order, signal, ({ status }) => status !== 'pending');
  const key = newKey();
  // Without a common name: one has at most 64 characters, and nobody reads it.
  const [, request] = await crypto.createCsr({ altNames: [host] }, key);
  const finalized = ready.status === 'ready' ? await client.finalizeOrder(ready, request) : ready;
  const done = await poll(client, finalized, signal, ({ status }) => status === 'valid');
  return checked(host, key, await client.getCertificate(done));
}

async function prove(
  client: Client,
  { status, challenges }: Authorization,
  publish: AcmeOrder['publish'],
): Promise<void> {
  if (status === 'valid') return;
  const challenge = challenges.find(({ type }) => type === 'http-01');
  if (challenge === undefined) throw new OrderRefused('the CA offers no proof over HTTP (http-01)');
  await publish(challenge.token, await client.getChallengeKeyAuthorization(challenge));
  await client.completeChallenge(challenge);
}

async function poll(
  client: Client,
  first: Order,
  signal: AbortSignal,
  isDone: (order: Order) => boolean,
): Promise<Order> {
  for (let order = first; ; order = await client.getOrder(order)) {
    if (order.status === 'invalid') throw new OrderRefused(await whyInvalid(client, order));
    if (isDone(order)) return order;
    await delay(POLL_MS, undefined, { signal });
  }
}

/** The problem of the proof that failed, else of the order. */
async function whyInvalid(client: Client, order: Order): Promise<string> {
  const authorizations = await client.getAuthorizations(order);
  const problems = [...authorizations.flatMap(({ challenges }) => challenges.map(({ error }) => error)), order.error];
  const detail = problems.map(detailOf).find((text) => text !== undefined);
  return reasonOf(detail ?? 'the CA found the order invalid');
}

function detailOf(problem: object | undefined): string | undefined {
  if (problem === undefined || problem === null || !('detail' in problem)) return undefined;
  return typeof problem.detail === 'string' ? problem.detail : undefined;
}

function checked(host: string, key: string, chain: string): IssuedCertificate {
  const leaf = new X509Certificate(chain);
  if (leaf.checkHost(host) === undefined || !leaf.checkPrivateKey(createPrivateKey(key)))
    throw new OrderRefused('the certificate that came is not for this host and key');
  return { key, chain, validFrom: Date.parse(leaf.validFrom), validUntil: Date.parse(leaf.validTo) };
}
