// A sandbox, a recording receiver and one WABA, all on free loopback ports, for the sandbox's own tests.
import { createLog } from '../../src/lib/log.js';
import { type SandboxOptions, startSandbox } from '../../src/sandbox/server.js';
import { type ReceivedRequest, startReceiver } from '../support/receiver.js';

export const SENDER = '441134960000';
export const USER = '441134960001';
export const TOKEN = 'sandbox-token';
export const SECRET = 'app-secret';

/** Follows keys and indices into a JSON value; undefined where the way ends. */
export function dig(value: unknown, ...path: (string | number)[]): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = Reflect.get(at, step);
  }
  return at;
}

/** A JSON array, or an empty one. */
export function list(value: unknown, ...path: (string | number)[]): unknown[] {
  const found = dig(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** A callback that echoes challenges, records, and answers webhooks as told. `statuses` are those that arrived, oldest first. */
export interface Callback {
  url: string;
  posts(): ReceivedRequest[];
  handshakes(): ReceivedRequest[];
  answerWith: { status: number; echoes: boolean };
  statuses(wamid?: string): string[];
  stop(): Promise<void>;
}

export async function startCallback(): Promise<Callback> {
  const receiver = await startReceiver();
  const answerWith = { status: 200, echoes: true };
  receiver.answer(({ method, path }) => {
    if (method === 'POST') return { status: answerWith.status };
    const challenge = new URL(path, receiver.url).searchParams.get('hub.challenge') ?? '';
    return { body: answerWith.echoes ? challenge : 'no' };
  });
  const posts = () => receiver.requests.filter((request) => request.method === 'POST');
  return {
    url: `${receiver.url}/callback?tenant=1`,
    posts,
    handshakes: () => receiver.requests.filter((request) => request.method === 'GET'),
    answerWith,
    statuses: (wamid) =>
      posts()
        .flatMap((post) => list(post.json, 'entry'))
        .flatMap((entry) => list(entry, 'changes'))
        .flatMap((change) => list(change, 'value', 'statuses'))
        .filter((status) => wamid === undefined || dig(status, 'id') === wamid)
        .map((status) => String(dig(status, 'status'))),
    stop: () => receiver.stop(),
  };
}

/** An answer with its JSON body. */
export interface Answer {
  status: number;
  headers: Headers;
  body: unknown;
}

/** A call with a JSON body. Throws what `fetch` throws. */
export async function call(
  method: string,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

/** A running sandbox with one number, whose window to USER is open. */
export interface Fixture {
  url: string;
  callback: Callback;
  wabaId: string;
  phoneNumberId: string;
  control(method: string, path: string, body?: unknown): Promise<Answer>;
  graph(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Sends a text to `to` and returns the answer. */
  send(to?: string, extra?: Record<string, unknown>): Promise<Answer>;
  /** Sends and returns the wamid. */
  sent(to?: string, extra?: Record<string, unknown>): Promise<string>;
  stop(): Promise<void>;
}

const WABA_ID = '100200300';
const PHONE_NUMBER_ID = '100200301';

/** The body that makes the fixture's WABA. */
export function wabaBody(callbackUrl: string, extra: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    wabaId: WABA_ID,
    numbers: [{ number: SENDER, phoneNumberId: PHONE_NUMBER_ID, throughput: 1000 }],
    app: { appSecret: SECRET, verifyToken: 'verify-me', callbackUrl, token: TOKEN },
    openFor: [USER],
    ...extra,
  };
}

export async function startFixture(
  options: Partial<SandboxOptions> & { waba?: Record<string, unknown> } = {},
): Promise<Fixture> {
  const { waba, ...sandboxOptions } = options;
  const callback = await startCallback();
  const sandbox = await startSandbox({ host: '127.0.0.1', port: 0, log: createLog('silent'), ...sandboxOptions });
  const control = (method: string, path: string, body?: unknown) =>
    call(method, `${sandbox.url}/_sandbox${path}`, body);
  const graph = (method: string, path: string, body?: unknown) =>
    call(method, `${sandbox.url}/v25.0${path}`, body, { authorization: `Bearer ${TOKEN}` });
  const send = (to = USER, extra: Record<string, unknown> = {}) =>
    graph('POST', `/${PHONE_NUMBER_ID}/messages`, {
      messaging_product: 'whatsapp',
      to,
      type: 'text',
      text: { body: 'hello' },
      ...extra,
    });
  const made = await control('POST', '/wabas', wabaBody(callback.url, waba));
  if (made.status !== 201) throw new Error(`POST /wabas answered ${made.status}: ${JSON.stringify(made.body)}`);
  return {
    url: sandbox.url,
    callback,
    wabaId: WABA_ID,
    phoneNumberId: PHONE_NUMBER_ID,
    control,
    graph,
    send,
    async sent(to, extra) {
      const answer = await send(to, extra);
      const id = dig(answer.body, 'messages', 0, 'id');
      if (typeof id !== 'string') throw new Error(`send answered ${answer.status}: ${JSON.stringify(answer.body)}`);
      return id;
    },
    async stop() {
      await sandbox.stop();
      await callback.stop();
    },
  };
}
