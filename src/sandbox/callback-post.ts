// One exchange with a callback URL: the handshake, or a signed webhook.
import { createHmac } from 'node:crypto';
import { Agent, request } from 'undici';

/** Meta names no timeout; receivers are told to answer within 5 to 10 s. */
const EXCHANGE_TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 64 * 1024;
const USER_AGENT = 'facebookexternalua';

/** Where webhooks of an app go and what signs them. */
export interface CallbackAddress {
  url: string;
  appSecret: string;
  verifyToken: string;
}

/** How an exchange ended: an HTTP status, or the reason why there is none. */
export interface Exchange {
  httpStatus: number | null;
  durationMs: number;
  error?: string;
}

/** A pool of keep-alive connections, at most `connections` to each origin. */
export function createAgent(connections: number): Agent {
  return new Agent({
    connections,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    connect: { timeout: EXCHANGE_TIMEOUT_MS },
    headersTimeout: EXCHANGE_TIMEOUT_MS,
    bodyTimeout: EXCHANGE_TIMEOUT_MS,
    maxResponseSize: ANSWER_BYTES_MAX,
  });
}

/** The value of X-Hub-Signature-256 for these bytes. */
function signatureOf(body: string, appSecret: string): string {
  return `sha256=${createHmac('sha256', appSecret).update(body).digest('hex')}`;
}

/** Posts a signed body. Redirects are not followed. Never throws. */
export async function postWebhook(agent: Agent, address: CallbackAddress, body: string): Promise<Exchange> {
  return timed(async () => {
    const answer = await request(address.url, {
      method: 'POST',
      dispatcher: agent,
      headers: {
        'content-type': 'application/json',
        'user-agent': USER_AGENT,
        'x-hub-signature-256': signatureOf(body, address.appSecret),
      },
      body,
    });
    await answer.body.dump();
    return { httpStatus: answer.statusCode };
  });
}

/** Asks the callback to echo a challenge; passed when it answers 200 with exactly that (Meta 2.1). Never throws. */
export async function shakeHands(agent: Agent, address: CallbackAddress, challenge: string): Promise<boolean> {
  let isEchoed = false;
  await timed(async () => {
    const url = new URL(address.url);
    url.searchParams.set('hub.mode', 'subscribe');
    url.searchParams.set('hub.challenge', challenge);
    url.searchParams.set('hub.verify_token', address.verifyToken);
    const answer = await request(url, { dispatcher: agent, headers: { 'user-agent': USER_AGENT } });
    const text = await answer.body.text();
    isEchoed = answer.statusCode === 200 && text.trim() === challenge;
    return { httpStatus: answer.statusCode };
  });
  return isEchoed;
}

async function timed(work: () => Promise<{ httpStatus: number }>): Promise<Exchange> {
  const startedAt = performance.now();
  const elapsedMs = (): number => Math.round(performance.now() - startedAt);
  try {
    const { httpStatus } = await work();
    return { httpStatus, durationMs: elapsedMs() };
  } catch (error) {
    return { httpStatus: null, durationMs: elapsedMs(), error: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : '';
  return `${code}${error.message}`.slice(0, 300);
}
