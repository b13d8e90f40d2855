// The main job, end to end: a text is sent, dispatched, delivered, seen and answered; by plain fetch and by Infobip's own SDK.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AuthType, Infobip } from '@infobip-api/sdk';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { type Result, resultsUntil, type Scene, type SendAnswer, startScene } from '../support/scene.js';

const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/;
let scene: Scene;
let receiver: Receiver;

before(async () => {
  scene = await startScene();
  receiver = await startReceiver();
  await scene.admin(`/senders/${scene.world.info.sender}`, {
    method: 'PATCH',
    json: { forwardUrl: `${receiver.url}/inbound` },
  });
});
after(async () => {
  await receiver.stop();
  await scene.stop();
});

/** Steps 3 and 4: what happens after a send was answered. */
async function follow(messageId: string, to: string, text: string): Promise<void> {
  const [message] = await scene.atMetaUntil(to, 1);
  assert.equal(message?.payload.text?.body, text);
  const [delivery, seen] = await resultsUntil('both reports', receiver, (all) => all.filter(isAbout).length === 2).then(
    (all) => all.filter(isAbout),
  );
  function isAbout(result: { messageId: string }): boolean {
    return result.messageId === messageId;
  }
  assert.equal(delivery?.status?.name, 'DELIVERED_TO_HANDSET');
  assert.equal(delivery?.error?.name, 'NO_ERROR');
  assert.deepEqual([delivery?.from, delivery?.to, delivery?.bulkId], [scene.world.info.sender, to, '']);
  for (const date of [delivery?.sentAt, delivery?.doneAt, seen?.sentAt, seen?.seenAt]) assert.match(date ?? '', DATE);
  assert.deepEqual([seen?.from, seen?.to], [to, scene.world.info.sender]);
  assert.notEqual(seen?.eventId, delivery?.eventId);
  // Meta's statuses may be there before its answer; times are those of two programs.
  const life = await scene.lifeUntil('read', messageId, ({ state, events }) => state === 'read' && events.length >= 4);
  assert.deepEqual(life.events.map(({ kind }) => kind).sort(), ['delivered', 'read', 'sent', 'submitted']);
}

interface Inbound {
  receivedAt: string;
  integrationType: string;
  contact: { name?: string };
  price: object;
}

/** Step 4: the user answers, and the sender's forward URL gets it. */
async function answer(user: string, text: string): Promise<void> {
  const { status, body } = await scene.world.sandbox<{ id: string }>(`/_sandbox/users/${user}/messages`, {
    json: { type: 'text', text: { body: text }, profileName: 'Ann' },
  });
  assert.equal(status, 201, JSON.stringify(body));
  const request = await receiver.next(({ path, body: got }) => path === '/inbound' && got.includes(body.id));
  const envelope: { messageCount: number; pendingMessageCount: number; results: (Result & Inbound)[] } = JSON.parse(
    request.body,
  );
  assert.equal(envelope.messageCount, envelope.results.length);
  assert.equal(envelope.pendingMessageCount, 0);
  const result = envelope.results.find(({ messageId }) => messageId === body.id);
  assert.match(result?.receivedAt ?? '', DATE);
  assert.deepEqual([result?.from, result?.to], [user, scene.world.info.sender]);
  assert.deepEqual(result?.message, { type: 'TEXT', text });
  assert.equal(result?.contact.name, 'Ann');
  assert.equal(result?.integrationType, 'WHATSAPP');
  assert.deepEqual(result?.price, { pricePerMessage: 0, currency: 'EUR' });
}

test('by plain fetch: send, delivered, seen, answered', async () => {
  const { api, apiKey, sender, user } = scene.world.info;
  const sent = await fetch(`${api}/whatsapp/1/message/text`, {
    method: 'POST',
    headers: { authorization: `App ${apiKey}`, 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ from: sender, to: user, content: { text: 'Hello' }, notifyUrl: `${receiver.url}/reports` }),
  });
  assert.equal(sent.status, 200);
  const { messageId, status }: SendAnswer = JSON.parse(await sent.text());
  assert.equal(status.groupName, 'PENDING');
  await follow(messageId, user, 'Hello');
  await answer(user, 'Thanks!');
});

test('by Infobip’s own SDK, unmodified: send, delivered, seen, answered', async () => {
  const { api, apiKey, sender } = scene.world.info;
  const to = scene.newUser();
  const infobip = new Infobip({ baseUrl: api, apiKey, authType: AuthType.ApiKey });
  const sent = await infobip.channels.whatsapp.send({
    type: 'text',
    from: sender,
    to,
    messageId: 'sdk-1',
    content: { text: 'Hello from the SDK' },
    notifyUrl: `${receiver.url}/reports`,
  });
  assert.equal(sent.status, 200);
  assert.deepEqual([sent.data.to, sent.data.messageId, sent.data.status.name], [to, 'sdk-1', 'PENDING_ENROUTE']);
  await follow('sdk-1', to, 'Hello from the SDK');
  await answer(to, 'Thanks, SDK');
});

test('Infobip’s SDK gets a refusal as Infobip’s exception', async () => {
  const { api, sender } = scene.world.info;
  const infobip = new Infobip({ baseUrl: api, apiKey: 'wrong', authType: AuthType.ApiKey });
  const error = await infobip.channels.whatsapp.send({
    type: 'text',
    from: sender,
    to: '441134960001',
    content: { text: 'x' },
  });
  assert.equal(error.response.status, 401);
  assert.equal(error.response.data.requestError.serviceException.messageId, 'UNAUTHORIZED');
});

test('a text without a notifyUrl is delivered and reported to nobody', async () => {
  const { messageId } = await scene.send({ to: scene.newUser() });
  const life = await scene.lifeUntil('read', messageId, ({ state }) => state === 'read');
  assert.deepEqual(life.reports, []);
});

test('texts to one user arrive in the order in which they were accepted', async () => {
  const to = scene.newUser();
  const texts = Array.from({ length: 30 }, (_, i) => `text ${i}`);
  for (const text of texts) await scene.send({ to, content: { text } });
  const messages = await scene.atMetaUntil(to, texts.length);
  assert.deepEqual(
    messages.map(({ payload }) => payload.text?.body),
    texts,
  );
});

test('many texts to many users are each sent once and reported once', async () => {
  const users = Array.from({ length: 150 }, () => scene.newUser());
  const bulk = await startReceiver();
  try {
    const answers = await Promise.all(users.map((to) => scene.send({ to, notifyUrl: bulk.url })));
    const results = await resultsUntil('all reports', bulk, (all) => all.length >= 2 * users.length, 20_000);
    assert.equal(new Set(results.map(({ eventId }) => eventId)).size, 2 * users.length);
    const ids = new Set(answers.map(({ messageId }) => messageId));
    for (const result of results) assert.ok(ids.has(result.messageId));
    for (const user of users.slice(0, 10)) assert.equal((await scene.atMeta(user)).length, 1);
    for (const { body } of bulk.requests) {
      const { results: carried }: { results: Result[] } = JSON.parse(body);
      assert.ok(carried.length <= 100);
    }
  } finally {
    await bulk.stop();
  }
});
