// The fuzz run of the sandbox: its own process, Graph and control thrown at, then proof that a number can still be set up, sent from and heard of.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { MAIN } from './dev-world.js';
import { type FuzzRun, fuzz, fuzzSeed, tallyLine } from './fuzz.js';
import { fc } from './property.js';
import { type Receiver, startReceiver } from './receiver.js';
import { judgeBy, requestsOf, type Thrown } from './requests.js';
import type { Knowledge } from './requests-bodies.js';
import type { Schema } from './requests-texts.js';

/** How much is thrown. */
export interface SandboxFuzzSize {
  requests: number;
  timeLimitMs: number;
}

const NUMBER = '441134960100';
const USER = '441134960101';
const NODE = '9001';
const WABA = '9000';
const TOKEN = 'token-of-the-fuzz';
/** Few of them are right in all that makes a message: measured, 6 to 16 of 1,000 requests are taken with this weight, 0 to 6 without. */
const SENDS_WEIGHT = 8;

/** Runs it. Throws when anything answers a 5xx or nothing at all, or when a message does not get through afterwards. */
export async function fuzzSandbox(t: TestContext, size: SandboxFuzzSize): Promise<void> {
  const seed = fuzzSeed(t);
  const receiver = await startReceiver();
  t.after(() => receiver.stop());
  receiver.answer(({ path }) => ({ body: new URL(path, receiver.url).searchParams.get('hub.challenge') ?? '' }));
  const { url, child } = await startSandbox(t);
  const knowledge = knowledgeOf(receiver);
  assert.equal(await setUp(url, receiver), 201);
  const operations = [...graphOperations, ...controlOperations];
  const run = { url, seed, timeLimitMs: size.timeLimitMs };
  const tally = await fuzz({ ...run, ...thrown(operations, knowledge), count: size.requests });
  t.diagnostic(tallyLine(tally));
  assert.ok(tally.requests >= size.requests, `only ${tally.requests} requests`);
  assert.ok(tally.succeeded.has('POST /v25.0/{node}/messages'), 'no message was taken');
  assert.ok(tally.succeeded.size > operations.length / 2, tallyLine(tally));
  // Faults make Graph answer 5xx, as they should: by themselves, and removed again.
  await fuzz({ ...run, ...thrown(faultOperations, knowledge), count: Math.ceil(size.requests / 20) });
  assert.equal(child.exitCode, null, 'the sandbox ended');
  await assertDelivers(url, receiver);
}

function thrown(operations: readonly Thrown[], knowledge: Knowledge): Pick<FuzzRun, 'requests' | 'judge'> {
  return {
    requests: fc.oneof(
      ...operations.map((operation) => {
        const isSend = operation.path.endsWith('/{node}/messages');
        return { weight: isSend ? SENDS_WEIGHT : 1, arbitrary: requestsOf(operation, knowledge) };
      }),
    ),
    judge: judgeBy(operations),
  };
}

async function startSandbox(t: TestContext): Promise<{ url: string; child: ChildProcess }> {
  const child = spawn(process.execPath, [MAIN, 'sandbox'], {
    env: { PATH: process.env.PATH, PARLEY_SANDBOX_PORT: '0', PARLEY_LOG_LEVEL: 'silent' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(async () => {
    const exited = once(child, 'exit');
    if (child.kill('SIGTERM')) await exited;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^listening (\S+)$/.exec(line)?.[1];
    if (url !== undefined) return { url, child };
  }
  throw new Error('the sandbox did not start');
}

async function setUp(url: string, receiver: Receiver): Promise<number> {
  const answer = await fetch(`${url}/_sandbox/wabas/${WABA}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      wabaId: WABA,
      numbers: [{ number: NUMBER, phoneNumberId: NODE, throughput: 1000 }],
      app: { appSecret: 's', verifyToken: 'v', callbackUrl: `${receiver.url}/callback`, token: TOKEN },
      openFor: [USER],
    }),
  });
  await answer.text();
  return answer.status;
}

/** Whatever was done to it: after a reset a number sends, and its webhook comes. */
async function assertDelivers(url: string, receiver: Receiver): Promise<void> {
  for (const [method, path, body] of [
    ['DELETE', '/faults', undefined],
    ['POST', '/snapshot', { format: 1, records: [] }],
    ['POST', '/reset', {}],
  ] as const) {
    const content =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const answer = await fetch(`${url}/_sandbox${path}`, { method, ...content });
    assert.ok(answer.ok, `${method} ${path} answered ${answer.status}: ${await answer.text()}`);
  }
  assert.equal(await setUp(url, receiver), 201);
  const answer = await fetch(`${url}/v25.0/${NODE}/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messaging_product: 'whatsapp', to: USER, type: 'text', text: { body: 'still here' } }),
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  const wamid = /"id":"(wamid\.[^"]+)"/.exec(text)?.[1] ?? 'none';
  await receiver.next(({ body }) => body.includes(wamid) && body.includes('"read"'), 30_000);
}

function knowledgeOf(receiver: Receiver): Knowledge {
  return {
    values: {
      node: [NODE, NODE, WABA, '1'],
      wabaId: ['9002', '9003'],
      number: [USER, NUMBER],
      to: [USER, `+${USER}`, NUMBER],
      user: [USER],
      phoneNumberId: [NODE],
      messaging_product: ['whatsapp'],
      token: [TOKEN, 'another'],
      wamid: ['wamid.A'],
      id: ['1', '2'],
    },
    urls: [`${receiver.url}/callback`],
    authorizations: [`Bearer ${TOKEN}`, `OAuth ${TOKEN}`, 'Bearer wrong'],
  };
}

// ------------------------------------------------------------- what there is

function operation(method: string, path: string, body?: Schema, query: readonly string[] = []): Thrown {
  const answers = new Map([
    ['2XX', { mediaType: undefined, fields: [] }],
    ['4XX', { mediaType: 'application/json', fields: ['error'] }],
  ]);
  return { method, path, body, query: Object.fromEntries(query.map((name) => [name, text])), answers };
}

function object(
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = Object.keys(properties),
): Schema {
  return { type: 'object', properties, required };
}

const text: Schema = { type: 'string', minLength: 1, maxLength: 60 };
const digits: Schema = { type: 'string', pattern: '^[0-9]+$' };
const flag: Schema = { type: 'boolean' };
const small: Schema = { type: 'integer', minimum: 0, maximum: 60 };
const uri: Schema = { type: 'string', format: 'uri' };

const message = object(
  {
    messaging_product: text,
    recipient_type: { enum: ['individual', 'group'] },
    to: digits,
    type: { enum: ['text', 'text', 'text', 'image', 'location', 'contacts', 'interactive', 'template', 'nonsense'] },
    text: object({ body: text, preview_url: flag }, ['body']),
    context: object({ message_id: text }),
    biz_opaque_callback_data: text,
    location: object({ latitude: small, longitude: small, name: text }, ['latitude', 'longitude']),
    image: object({ link: uri, id: digits, caption: text }, []),
    interactive: object({
      type: text,
      body: object({ text }),
      action: object({ buttons: { type: 'array', items: text } }),
    }),
  },
  ['messaging_product', 'to', 'type', 'text'],
);
const marking = object({ messaging_product: text, status: { const: 'read' }, message_id: text });

const graphOperations: readonly Thrown[] = [
  operation('POST', '/v25.0/{node}/messages', object({ ...fieldsOnly(message) }, ['messaging_product', 'to', 'text'])),
  operation('POST', '/v25.0/{node}/messages', message),
  operation('POST', '/v25.0/{node}/messages', marking),
  operation('GET', '/v25.0/{node}', undefined, ['fields', 'access_token']),
  operation('GET', '/v25.0/{node}/phone_numbers', undefined, ['limit', 'after', 'fields']),
  operation('GET', '/v25.0/{node}/subscribed_apps'),
  operation('POST', '/v25.0/{node}/subscribed_apps', object({ override_callback_uri: uri, verify_token: text }, [])),
  operation('DELETE', '/v25.0/{node}/subscribed_apps'),
  operation('GET', '/v25.0/debug_token', undefined, ['input_token']),
  operation('POST', '/v25.0/{node}/media', object({ messaging_product: text, type: text })),
];

/** The fields that need no other: a text message as short as it may be. */
function fieldsOnly(schema: Schema): Record<string, Schema> {
  const { messaging_product = text, to = text } = Object(schema.properties);
  return { messaging_product, to, text: object({ body: text }) };
}

const waba = object(
  {
    numbers: {
      type: 'array',
      minItems: 1,
      items: object({ number: digits, phoneNumberId: digits, throughput: small }, ['number']),
    },
    app: object({ appSecret: text, verifyToken: text, callbackUrl: uri, token: text }),
    openFor: { type: 'array', items: digits },
  },
  ['numbers', 'app'],
);

const controlOperations: readonly Thrown[] = [
  operation(
    'PUT',
    '/_sandbox/users/{number}',
    object({ exists: flag, online: flag, blocked: flag, profileName: text }, []),
  ),
  operation(
    'POST',
    '/_sandbox/users/{number}/messages',
    object({ type: { const: 'text' }, text: object({ body: text }) }),
  ),
  operation('POST', '/_sandbox/users/{number}/messages', object({ type: text, location: object({ latitude: small }) })),
  operation('GET', '/_sandbox/messages', undefined, ['user', 'phoneNumberId', 'after', 'limit']),
  operation(
    'POST',
    '/_sandbox/messages/{wamid}/status',
    object({ status: { enum: ['sent', 'read', 'failed'] }, code: small }),
  ),
  operation(
    'PUT',
    '/_sandbox/progress',
    object({ mode: { enum: ['immediate', 'timed', 'manual'] }, readMs: small }, ['mode']),
  ),
  operation('PUT', '/_sandbox/window', object({ mode: { enum: ['open', 'enforced'] } })),
  operation('GET', '/_sandbox/clock'),
  operation('POST', '/_sandbox/clock', object({ advanceSeconds: small })),
  operation('POST', '/_sandbox/reset'),
  operation('GET', '/_sandbox/snapshot'),
  operation(
    'POST',
    '/_sandbox/snapshot',
    object({ format: { const: 1 }, records: { type: 'array', minItems: 1, items: text } }),
  ),
  operation('POST', '/_sandbox/wabas', waba),
  operation('PUT', '/_sandbox/wabas/{wabaId}', waba),
  operation('GET', '/_sandbox/state'),
  operation('GET', '/_sandbox/webhooks', undefined, ['after', 'limit']),
  operation('POST', '/_sandbox/webhooks/{id}/redeliver'),
];

const effect = object({ latencyMs: small, httpStatus: small, drop: flag, duplicate: flag, loseResponse: flag }, []);
const when: Schema = {
  anyOf: [object({ always: { const: true } }), object({ next: small }), object({ every: small })],
};

const faultOperations: readonly Thrown[] = [
  operation(
    'POST',
    '/_sandbox/faults',
    object({ on: { enum: ['graph', 'webhook'] }, match: object({ path: text }), effect, when }),
  ),
  operation('GET', '/_sandbox/faults'),
  operation('DELETE', '/_sandbox/faults/{id}'),
  operation('DELETE', '/_sandbox/faults'),
];
