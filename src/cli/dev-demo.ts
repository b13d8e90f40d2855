// The demo that `parley dev` sets up through public APIs only: a WABA with one number in the sandbox, a sender of the demo account in the gateway.
import { setTimeout as delay } from 'node:timers/promises';
import type { DevSecrets } from './dev-secrets.js';

/** The demo's numbers, from the range reserved for fiction, and its ids at Meta. */
export const DEMO = {
  account: 'demo',
  sender: '441134960000',
  user: '441134960001',
  phoneNumberId: '441134960000200',
  wabaId: '441134960000100',
  throughput: 1000,
} as const;

const SMSC_HOST = '127.0.0.1';
const REQUEST_TIMEOUT_MS = 10_000;
const READY_TIMEOUT_MS = 30_000;
const READY_POLL_MS = 25;

/** The demo could not be set up; the message says which request was refused and how. */
export class DemoRefused extends Error {
  override readonly name = 'DemoRefused';
}

/** Resolves when the gateway at `api` says that it is ready; throws DemoRefused after 30 s. */
export async function waitUntilReady(api: string, stopped: AbortSignal): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (!stopped.aborted && performance.now() < deadline) {
    const answer = await fetch(`${api}/readyz`, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) }).catch(
      () => undefined,
    );
    await answer?.body?.cancel();
    if (answer?.status === 200) return;
    await delay(READY_POLL_MS);
  }
  if (!stopped.aborted) throw new DemoRefused(`${api}/readyz was not 200 within ${READY_TIMEOUT_MS / 1000} s`);
}

/** Makes the demo's WABA and number in the sandbox, or points the ones of an earlier start to `api`. */
export async function ensureDemoWaba(sandbox: string, api: string, secrets: DevSecrets): Promise<void> {
  const key = { authorization: `Bearer ${secrets.sandboxToken}` };
  const callbackUrl = `${api}/meta/webhook`;
  const made = await request('PUT', `${sandbox}/_sandbox/wabas/${DEMO.wabaId}`, key, {
    numbers: [{ number: DEMO.sender, phoneNumberId: DEMO.phoneNumberId, throughput: DEMO.throughput }],
    app: { appSecret: secrets.appSecret, verifyToken: secrets.verifyToken, callbackUrl, token: secrets.graphToken },
    openFor: [DEMO.user],
  });
  if (made.status !== 201 && made.status !== 200) throw refused('PUT /_sandbox/wabas', made);
}

/** Makes the demo account's sender, or gives the one of an earlier start its ids and token. Returns the account's id. */
export async function ensureDemoSender(api: string, secrets: DevSecrets): Promise<string> {
  const accountId = await findAccount(api, secrets.adminKey);
  const sender = { phoneNumberId: DEMO.phoneNumberId, wabaId: DEMO.wabaId, accessToken: secrets.graphToken };
  const made = await request('POST', `${api}/parley/1/senders`, secrets.adminKey, {
    ...sender,
    accountId,
    sender: DEMO.sender,
    throughput: DEMO.throughput,
  });
  if (made.status === 201) return accountId;
  if (made.status !== 409) throw refused('POST /parley/1/senders', made);
  const changed = await request('PATCH', `${api}/parley/1/senders/${DEMO.sender}`, secrets.adminKey, sender);
  if (changed.status !== 200) throw refused('PATCH /parley/1/senders', changed);
  return accountId;
}

/** Lets the demo account send its SMS through the sandbox's SMSC, unless it was given another provider. */
export async function ensureDemoSms(
  { sandbox, api, accountId }: { sandbox: string; api: string; accountId: string },
  secrets: DevSecrets,
): Promise<void> {
  const smsc = await request('GET', `${sandbox}/_sandbox/smsc`, { authorization: `Bearer ${secrets.sandboxToken}` });
  if (smsc.status !== 200) throw refused('GET /_sandbox/smsc', smsc);
  const url = `${api}/parley/1/accounts/${accountId}/sms`;
  const { body: route } = await request('GET', url, secrets.adminKey);
  const login = { host: SMSC_HOST, systemId: textIn(smsc.body, 'systemId') };
  const isOurs = textIn(route, 'host') === login.host && textIn(route, 'systemId') === login.systemId;
  if (textIn(route, 'provider') !== undefined && !isOurs) return;
  const made = await request('POST', url, secrets.adminKey, {
    provider: 'smpp',
    ...login,
    port: valueIn(smsc.body, 'port'),
    password: textIn(smsc.body, 'password'),
    smsUnknown: textIn(route, 'smsUnknown'),
    afterSeconds: valueIn(route, 'afterSeconds') ?? null,
  });
  if (made.status !== 200) throw refused('POST /parley/1/accounts/{id}/sms', made);
}

function valueIn(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
}

function textIn(body: unknown, name: string): string | undefined {
  const value = valueIn(body, name);
  return typeof value === 'string' ? value : undefined;
}

async function findAccount(api: string, adminKey: string): Promise<string> {
  const answer = await request('GET', `${api}/parley/1/accounts`, adminKey);
  const { body } = answer;
  if (typeof body === 'object' && body !== null && 'results' in body && Array.isArray(body.results)) {
    const results: readonly unknown[] = body.results;
    for (const entry of results) {
      if (
        typeof entry === 'object' &&
        entry !== null &&
        'name' in entry &&
        entry.name === DEMO.account &&
        'accountId' in entry
      )
        return String(entry.accountId);
    }
  }
  throw refused('GET /parley/1/accounts (no account "demo")', answer);
}

interface Answer {
  status: number;
  body: unknown;
}

async function request(
  method: string,
  url: string,
  key: string | { authorization: string },
  content?: unknown,
): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    headers: {
      ...(content === undefined ? {} : { 'content-type': 'application/json' }),
      ...(typeof key === 'string' ? { authorization: `App ${key}` } : key),
    },
    ...(content === undefined ? {} : { body: JSON.stringify(content) }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  const text = await answer.text();
  return { status: answer.status, body: parseJson(text) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function refused(what: string, { status, body }: Answer): DemoRefused {
  return new DemoRefused(`${what}: ${status} ${JSON.stringify(body)}`);
}
