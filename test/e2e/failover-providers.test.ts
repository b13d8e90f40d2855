// Failover of templates as they are really sent, over SMPP with TLS, and over Infobip's SMS API.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createServer, type Pdu } from 'smpp';
import { newAuthority } from '../support/certificates.js';
import { reportUntil } from '../support/failover-scene.js';
import { type Answer, type ReceivedRequest, type Receiver, startReceiver } from '../support/receiver.js';
import { type Scene, startScene, type Tenant } from '../support/scene.js';
import { approved } from '../support/template-scene.js';
import { until } from '../support/until.js';

const DELIVERED = 5;
const UNDELIVERABLE_REJECTED_OPERATOR = 4;
const UNDELIVERABLE_NOT_DELIVERED = 9;
const EXPIRED_DLR_UNKNOWN = 29;
const API_KEY = 'key-of-the-provider';

let scene: Scene;
let receiver: Receiver;
let provider: Receiver;
let ann: Tenant;
let folder: string;
const authority = newAuthority('authority of SMSCs');
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parley-smsc-'));
  writeFileSync(join(folder, 'ca.pem'), authority.ca);
  scene = await startScene({ NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') });
  receiver = await startReceiver();
  provider = await startReceiver();
  ann = await scene.newTenant();
  await approved(scene, ann, { name: 'parcel', structure: { body: { text: 'Your parcel is here.' }, type: 'TEXT' } });
});
after(async () => {
  await scene.stop();
  await receiver.stop();
  await provider.stop();
  rmSync(folder, { recursive: true });
});

/** Sends a template to a number that is not on WhatsApp. */
async function sendToNobody(text = 'Parcel 7'): Promise<{ messageId: string; user: string; wamid: string }> {
  const user = scene.newUser();
  await scene.world.sandbox(`/_sandbox/users/${user}`, { method: 'PUT', json: { exists: false } });
  const content = { templateName: 'parcel', language: 'en_GB', templateData: { body: { placeholders: [] } } };
  const message = {
    from: ann.sender,
    to: user,
    content,
    notifyUrl: `${receiver.url}/reports`,
    smsFailover: { from: 'Depot', text },
  };
  const { status, body } = await scene.world.api<{ messages: { messageId: string }[] }>(
    '/whatsapp/1/message/template',
    { key: ann.key, json: { messages: [message] } },
  );
  assert.equal(status, 200, JSON.stringify(body));
  return { messageId: body.messages[0]?.messageId ?? '', user, wamid: '' };
}

function route(json: object): Promise<unknown> {
  return scene.admin(`/accounts/${ann.accountId}/sms`, { json });
}

test('a template to a number that is not on WhatsApp arrives as an SMS on the same phone', async () => {
  const { body } = await scene.world.sandbox<{ port: number }>('/_sandbox/smsc');
  await route({ provider: 'smpp', host: '127.0.0.1', port: body.port, systemId: 'sandbox', password: 'sandbox' });
  const sent = await sendToNobody();
  const sms = await reportUntil(receiver, sent, 'SMS', DELIVERED, 30_000);
  assert.equal(sms.from, 'Depot');
  const { body: seen } = await scene.world.sandbox<{ messages: { type: string; payload: { sms?: object } }[] }>(
    `/_sandbox/messages?user=${sent.user}`,
  );
  assert.deepEqual(
    seen.messages.map(({ type }) => type),
    ['template', 'sms'],
  );
  assert.deepEqual(seen.messages[1]?.payload.sms, { from: 'Depot', text: 'Parcel 7', parts: 1, coding: 'gsm7' });
});

/** An SMSC behind TLS that takes everything. */
async function startTlsSmsc(): Promise<{ port: number; seen: Pdu[]; server: Server }> {
  const seen: Pdu[] = [];
  const { cert, key } = authority.issue('smsc');
  const server = createServer({ cert, key }, (session) => {
    session.on('error', () => session.destroy());
    session.on('pdu', (pdu: Pdu) => {
      seen.push(pdu);
      if (!pdu.command.endsWith('_resp')) session.send(pdu.response({ message_id: `m${seen.length}` }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, seen, server };
}

test('over TLS to an SMSC whose certificate is valid, bound as a transceiver of version 3.4', async () => {
  const smsc = await startTlsSmsc();
  try {
    await route({
      provider: 'smpp',
      host: '127.0.0.1',
      port: smsc.port,
      tls: true,
      systemId: 'us',
      password: 'secret',
      systemType: 'OTP',
    });
    await sendToNobody('Über €5');
    const submit = await until('a submit', () => smsc.seen.find(({ command }) => command === 'submit_sm'), 30_000);
    const [bind] = smsc.seen;
    assert.equal(bind?.command, 'bind_transceiver');
    assert.equal(bind?.system_id, 'us');
    assert.equal(Reflect.get(bind ?? {}, 'system_type'), 'OTP');
    assert.equal(Reflect.get(bind ?? {}, 'interface_version'), 0x34);
    assert.equal(submit.registered_delivery, 1);
    assert.equal(Reflect.get(submit, 'source_addr_ton'), 5);
    assert.equal(Reflect.get(submit, 'dest_addr_ton'), 1);
  } finally {
    smsc.server.close();
  }
});

/** The provider answers sends so; its requests are those to the SMS API. */
function answerSends(answer: (request: ReceivedRequest) => Answer): void {
  provider.answer(answer);
}

function taken(groupId: number, name: string): Answer {
  const status = { groupId, groupName: '', id: 26, name, description: '' };
  return { body: JSON.stringify({ messages: [{ messageId: 'x', status, destination: 'x' }] }) };
}

interface SmsRequest {
  messages: {
    sender: string;
    destinations: { to: string; messageId: string }[];
    content: { text: string };
    webhooks: { delivery: { url: string } };
  }[];
}

/** The request of the SMS to a user. */
async function requestTo(user: string): Promise<{ request: ReceivedRequest; message: SmsRequest['messages'][number] }> {
  const request = await provider.next(({ body }) => body.includes(user), 30_000);
  const { messages }: SmsRequest = JSON.parse(request.body);
  const [message] = messages;
  if (message === undefined) throw new Error(request.body);
  return { request, message };
}

async function report(url: string, messageId: string, groupId: number): Promise<number> {
  const status = { groupId, groupName: '', id: 5, name: `GROUP_${groupId}` };
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ results: [{ messageId, status }] }),
  });
  return answer.status;
}

test('over Infobip’s SMS API: sent once with our id, and its report is ours', async () => {
  await route({ provider: 'infobip', baseUrl: `${provider.url}/`, apiKey: API_KEY });
  answerSends(() => taken(1, 'PENDING_ACCEPTED'));
  for (const [group, statusId] of [
    [3, DELIVERED],
    [2, UNDELIVERABLE_NOT_DELIVERED],
  ] as const) {
    const sent = await sendToNobody();
    const { request, message } = await requestTo(sent.user);
    assert.equal(request.path, '/sms/3/messages');
    assert.equal(request.headers.authorization, `App ${API_KEY}`);
    assert.equal(message.sender, 'Depot');
    assert.deepEqual(message.content, { text: 'Parcel 7' });
    const [destination] = message.destinations;
    const { url } = message.webhooks.delivery;
    const id = destination?.messageId ?? '';
    await scene.lifeUntil('submitted', sent.messageId, ({ events }) =>
      events.some(({ kind }) => kind === 'smsSubmitted'),
    );
    assert.equal(await report(url, id, 1), 200);
    assert.equal(
      await report(
        url.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
        id,
        group,
      ),
      404,
    );
    assert.equal(await report(url, id, group), 200);
    await reportUntil(receiver, sent, 'SMS', statusId);
    assert.equal(provider.requests.filter(({ body }) => body.includes(sent.user)).length, 1);
  }
});

test('a refusal of the provider is final, a 429 is tried again, a 500 leaves the outcome unknown', async () => {
  answerSends(() => taken(5, 'REJECTED_NOT_ENOUGH_CREDITS'));
  await reportUntil(receiver, await sendToNobody(), 'SMS', UNDELIVERABLE_REJECTED_OPERATOR, 30_000);
  answerSends(() => ({ status: 401 }));
  await reportUntil(receiver, await sendToNobody(), 'SMS', UNDELIVERABLE_REJECTED_OPERATOR, 30_000);
  answerSends(() => ({ status: 500 }));
  await reportUntil(receiver, await sendToNobody(), 'SMS', EXPIRED_DLR_UNKNOWN, 30_000);
  answerSends(() => ({ reset: true }));
  await reportUntil(receiver, await sendToNobody(), 'SMS', EXPIRED_DLR_UNKNOWN, 30_000);
  const before = provider.requests.length;
  answerSends(() => (provider.requests.length === before + 1 ? { status: 429 } : taken(1, 'PENDING_ACCEPTED')));
  const sent = await sendToNobody();
  await scene.lifeUntil(
    'submitted',
    sent.messageId,
    ({ events }) => events.some(({ kind }) => kind === 'smsSubmitted'),
    30_000,
  );
  assert.equal(provider.requests.filter(({ body }) => body.includes(sent.user)).length, 2);
});
