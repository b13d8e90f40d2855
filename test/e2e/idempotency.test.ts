// Idempotency-Key: a request may be repeated, and means one message.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Reply } from '../support/dev-world.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { resultsUntil, type Scene, startScene } from '../support/scene.js';

const PATH = '/whatsapp/1/message/text';
let scene: Scene;
let receiver: Receiver;
let keys = 0;

before(async () => {
  scene = await startScene();
  receiver = await startReceiver();
});
after(async () => {
  await receiver.stop();
  await scene.stop();
});

function newKey(): string {
  keys += 1;
  return `key ${keys}`;
}

function request(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return { from: scene.world.info.sender, to: scene.newUser(), content: { text: 'Hello' }, ...fields };
}

function send(json: object, key: string): Promise<Reply<Record<string, unknown>>> {
  return scene.world.api(PATH, { json, headers: { 'idempotency-key': key } });
}

function exceptionOf(reply: Reply): unknown {
  return Reflect.get(
    Object(Reflect.get(Object(Reflect.get(Object(reply.body), 'requestError')), 'serviceException')),
    'messageId',
  );
}

test('the same key and body get the same answer and make one message', async () => {
  const to = scene.newUser();
  const [json, key] = [request({ to }), newKey()];
  const first = await send(json, key);
  assert.equal(first.status, 200);
  for (let i = 0; i < 3; i += 1) assert.deepEqual(await send(json, key).then(({ body }) => body), first.body);
  await scene.send({ to, content: { text: 'last' } });
  assert.equal((await scene.atMetaUntil(to, 2)).length, 2);
});

test('the replay is the same to the letter when the number was written with a plus', async () => {
  const [json, key] = [request({ to: `+${scene.newUser()}` }), newKey()];
  const first = await send(json, key);
  assert.deepEqual((await send(json, key)).body, first.body);
});

test('the same key with another body is 422', async () => {
  const [json, key] = [request(), newKey()];
  assert.equal((await send(json, key)).status, 200);
  const other = await send({ ...json, content: { text: 'other' } }, key);
  assert.equal(other.status, 422);
  assert.equal(exceptionOf(other), 'UNPROCESSABLE_ENTITY');
  assert.equal((await send(json, key)).status, 200);
});

test('requests with one key at once make one message; those that come too early are 409', async () => {
  const to = scene.newUser();
  const [json, key] = [request({ to }), newKey()];
  const replies = await Promise.all(Array.from({ length: 30 }, () => send(json, key)));
  const accepted = replies.filter(({ status }) => status === 200);
  const early = replies.filter(({ status }) => status === 409);
  assert.equal(accepted.length + early.length, 30);
  assert.ok(accepted.length >= 1 && early.length >= 1, `${accepted.length} accepted, ${early.length} early`);
  for (const reply of early) assert.equal(exceptionOf(reply), 'CONFLICT');
  assert.equal(new Set(accepted.map(({ body }) => body.messageId)).size, 1);
  await scene.send({ to, content: { text: 'last' } });
  assert.equal((await scene.atMetaUntil(to, 2)).length, 2);
});

test('a business refusal is replayed too, with one report', async () => {
  const [json, key] = [request({ from: '441134969999', notifyUrl: receiver.url }), newKey()];
  const first = await send(json, key);
  assert.deepEqual((await send(json, key)).body, first.body);
  const last = await scene.send({ to: 'nobody', notifyUrl: receiver.url });
  const results = await resultsUntil('the later report', receiver, (all) =>
    all.some((r) => r.messageId === last.messageId),
  );
  assert.equal(results.filter(({ messageId }) => messageId === first.body.messageId).length, 1);
});

test('a messageId that was used is replayed as that refusal', async () => {
  const messageId = 'used';
  await scene.send({ to: scene.newUser(), messageId });
  const [json, key] = [request({ messageId }), newKey()];
  const first = await send(json, key);
  assert.equal(Reflect.get(Object(first.body.status), 'id'), 23);
  assert.deepEqual((await send(json, key)).body, first.body);
});

test('a request that was invalid leaves its key free', async () => {
  const key = newKey();
  assert.equal((await send(request({ content: {} }), key)).status, 400);
  assert.equal((await send(request(), key)).status, 200);
});

test('a key that is none is 400', async () => {
  for (const key of ['', 'x'.repeat(256)]) {
    const reply = await send(request(), key);
    assert.equal(reply.status, 400, `${key.length} characters`);
  }
  assert.equal((await send(request(), 'x'.repeat(255))).status, 200);
});

test('a key is forgotten after 48 hours and not before', async () => {
  const to = scene.newUser();
  const [json, key] = [request({ to }), newKey()];
  const first = await send(json, key);
  await scene.advance(48 * 3600 - 60);
  assert.deepEqual((await send(json, key)).body, first.body);
  await scene.advance(120);
  const second = await send(json, key);
  assert.equal(second.status, 200);
  assert.notEqual(second.body.messageId, first.body.messageId);
  assert.equal((await scene.atMetaUntil(to, 2)).length, 2);
});
