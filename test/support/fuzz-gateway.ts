// The fuzz run of the gateway: a real `parley dev`, everything it serves thrown at, then proof that it still does its work.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type DevWorld, startDev } from './dev-world.js';
import { fuzz, fuzzSeed, residentMegabytes, type Tally, tallyLine } from './fuzz.js';
import { bytesOf } from './fuzz-bytes.js';
import { converse, statusesOf } from './fuzz-sockets.js';
import { webhooksOf } from './fuzz-webhooks.js';
import { fc } from './property.js';
import { type Receiver, startReceiver } from './receiver.js';
import { judgeBy, operationsOf, requestsOf, type Thrown, type ThrownRequest } from './requests.js';
import type { Knowledge } from './requests-bodies.js';
import { until } from './until.js';

/** How much is thrown. */
export interface FuzzSize {
  requests: number;
  conversations: number;
  timeLimitMs: number;
}

/** More than this above what it was after warming up is a leak: bodies of 4 MB, 32 at a time, come and go meanwhile. */
const GROWTH_MB_MAX = 300;
const MESSAGES = 20;
const DELIVERY_MS_MAX = 30_000;
const CONVERSATIONS_AT_ONCE = 16;
const WARM_UP_REQUESTS = 500;
const OPERATIONS_MIN = 15;

/** Runs it. Throws when anything answers a 5xx or nothing at all, when memory grows, or when a message does not get through afterwards. */
export async function fuzzGateway(t: TestContext, size: FuzzSize): Promise<void> {
  const seed = fuzzSeed(t);
  const receiver = await startReceiver();
  t.after(() => receiver.stop());
  const dev = await startDev();
  t.after(() => dev.stop());
  const operations = operationsOf((await dev.api('/openapi.json')).body);
  const requests = await requestsAt(dev, receiver, operations);
  const run = { url: dev.info.api, requests, seed, timeLimitMs: size.timeLimitMs, judge: judgeBy(operations) };
  await fuzz({ ...run, seed: seed + 1, count: WARM_UP_REQUESTS });
  const { gatewayPid } = dev.info;
  const before = residentMegabytes(gatewayPid);
  const tally = await fuzz({ ...run, count: size.requests });
  t.diagnostic(tallyLine(tally));
  assertReached(tally, size);
  await fuzzBytes(dev, seed, size.conversations);
  assert.equal(dev.info.gatewayPid, gatewayPid, `the gateway died:\n${dev.output()}`);
  await assertDelivers(dev, receiver);
  const after = residentMegabytes(gatewayPid);
  t.diagnostic(`resident: ${before?.toFixed(0)} MB, then ${after?.toFixed(0)} MB`);
  if (before !== undefined && after !== undefined)
    assert.ok(after - before < GROWTH_MB_MAX, `from ${before} to ${after} MB`);
}

/** Everything the document names, and webhooks more often than the rest. */
async function requestsAt(
  dev: DevWorld,
  receiver: Receiver,
  all: readonly Thrown[],
): Promise<fc.Arbitrary<ThrownRequest>> {
  const { info } = dev;
  const knowledge = await learn(dev, receiver);
  const [own = '', admin = '', ...others] = knowledge.authorizations;
  const adminFirst = { ...knowledge, authorizations: [admin, own, ...others] };
  const isSend = ({ path }: Thrown): boolean => path.startsWith('/whatsapp/');
  const operations = all.map((operation) => ({
    arbitrary: requestsOf(operation, isSend(operation) ? knowledge : adminFirst),
    weight: 2,
  }));
  const addresses = await sentAddresses(dev);
  const webhooks = webhooksOf({
    appSecret: info.metaAppSecret,
    phoneNumberId: info.phoneNumberId,
    wabaId: info.wabaId,
    addresses,
  });
  return fc.oneof(...operations, { arbitrary: webhooks, weight: 25 });
}

/** A second account with a key, a sender and a signing secret, for requests to name. The demo account's sender is never named by a path. */
async function learn(dev: DevWorld, receiver: Receiver): Promise<Knowledge> {
  const { info } = dev;
  const admin = <T>(path: string, json: unknown) => dev.api<T>(`/parley/1${path}`, { json, key: info.adminKey });
  const { accountId } = (await admin<{ accountId: string }>('/accounts', { name: 'fuzz' })).body;
  const { body: key } = await admin<{ id: string; apiKeySecret: string }>(`/accounts/${accountId}/keys`, { name: 'k' });
  const { body: secret } = await admin<{ id: string }>('/signing-secrets', { accountId });
  const sender = '441134960555';
  const made = await admin('/senders', { accountId, sender, phoneNumberId: '555', wabaId: '55', accessToken: 'wrong' });
  assert.equal(made.status, 201);
  return {
    values: {
      accountId: [accountId, 'demo'],
      sender: [sender],
      id: [secret.id, '1', '2'],
      keyId: [key.id],
      from: [info.sender, info.sender, sender],
      to: [info.user, '441134960777', 'GB.abc'],
      messageId: ['fuzz-0', 'fuzz-1'],
      phoneNumberId: [info.phoneNumberId],
      wabaId: [info.wabaId],
    },
    urls: [`${receiver.url}/reports`, `${receiver.url}/other?tenant=1`],
    authorizations: [`App ${info.apiKey}`, `App ${info.adminKey}`, `App ${key.apiKeySecret}`, 'App wrong'],
  };
}

/** Sends messages whose statuses are left to the fuzz run, and tells their addresses. */
async function sentAddresses(dev: DevWorld): Promise<string[]> {
  const { sender, user } = dev.info;
  await dev.sandbox('/_sandbox/progress', { method: 'PUT', json: { mode: 'manual' } });
  for (let i = 0; i < MESSAGES; i += 1) {
    const json = { from: sender, to: user, messageId: `fuzz-${i}`, content: { text: `message ${i}` } };
    assert.equal((await dev.api('/whatsapp/1/message/text', { json })).status, 200);
  }
  const addresses = await until('all are at Meta', async () => {
    const { body } = await dev.sandbox<{ messages: { bizOpaque: string }[] }>('/_sandbox/messages');
    return body.messages.length >= MESSAGES && body.messages.map(({ bizOpaque }) => bizOpaque);
  });
  await dev.sandbox('/_sandbox/progress', { method: 'PUT', json: { mode: 'immediate' } });
  return addresses;
}

/** A run in which all is refused at the door has tested the door. */
function assertReached({ requests, statuses, succeeded }: Tally, size: FuzzSize): void {
  assert.ok(requests >= size.requests, `only ${requests} requests`);
  for (const status of ['200', '400', '401', '403', '404', '405', '415'])
    assert.ok(statuses.has(status), `no ${status}`);
  // Which ones is chance: there are more operations than a short run can serve often.
  assert.ok(succeeded.size >= OPERATIONS_MIN, `only ${succeeded.size} operations with a 2xx`);
}

async function fuzzBytes(dev: DevWorld, seed: number, count: number): Promise<void> {
  const { api, apiKey } = dev.info;
  const conversations = fc.sample(bytesOf('/whatsapp/1/message/text', `App ${apiKey}`), { seed, numRuns: count });
  for (let from = 0; from < conversations.length; from += CONVERSATIONS_AT_ONCE) {
    const some = conversations.slice(from, from + CONVERSATIONS_AT_ONCE);
    await Promise.all(
      some.map(async (bytes) => {
        const { isClosed, text } = await converse(api, bytes);
        const label = JSON.stringify(bytes.slice(0, 500));
        assert.ok(isClosed, `still open after ${label}`);
        assert.ok(
          statusesOf(text).every((status) => status < 500),
          `${statusesOf(text)} after ${label}`,
        );
      }),
    );
  }
}

/** To somebody whom nothing was sent before: what was sent to the others is paced and may wait for minutes. */
async function assertDelivers(dev: DevWorld, receiver: Receiver): Promise<void> {
  assert.equal((await dev.api('/readyz')).status, 200);
  assert.equal((await dev.sandbox('/_sandbox/window', { method: 'PUT', json: { mode: 'open' } })).status, 200);
  const messageId = 'after-the-storm';
  const content = { text: 'still here' };
  const json = { from: dev.info.sender, to: '441134960999', messageId, content, notifyUrl: `${receiver.url}/after` };
  assert.equal((await dev.api('/whatsapp/1/message/text', { json })).status, 200);
  for (const field of ['doneAt', 'seenAt'])
    await receiver.next(
      ({ path, body }) => path === '/after' && body.includes(messageId) && body.includes(field),
      DELIVERY_MS_MAX,
    );
}
