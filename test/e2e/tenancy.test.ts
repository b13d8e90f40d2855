// Two accounts that cannot see, send as, or be reported each other's data (P9).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { resultsAt, resultsUntil, type Scene, startScene, type Tenant } from '../support/scene.js';

let scene: Scene;
let ann: Tenant;
let bob: Tenant;
let annHook: Receiver;
let bobHook: Receiver;

before(async () => {
  scene = await startScene();
  [annHook, bobHook] = [await startReceiver(), await startReceiver()];
  ann = await scene.newTenant({ sender: { forwardUrl: `${annHook.url}/inbound` } });
  bob = await scene.newTenant({ sender: { forwardUrl: `${bobHook.url}/inbound` } });
});
after(async () => {
  await annHook.stop();
  await bobHook.stop();
  await scene.stop();
});

test('sending as another account’s sender is refused as if it did not exist', async () => {
  const to = scene.newUser();
  const call = { key: bob.key };
  const foreign = await scene.send({ to, from: ann.sender, notifyUrl: `${bobHook.url}/reports` }, call);
  const unknown = await scene.send({ to, from: '441134968888', notifyUrl: `${bobHook.url}/reports` }, call);
  assert.deepEqual(foreign.status, unknown.status);
  assert.equal(foreign.status.name, 'REJECTED_SOURCE');
  const reports = await resultsUntil('both reports', bobHook, (all) => all.length >= 2);
  assert.deepEqual(
    reports.map(({ status, error }) => [status?.name, error?.name]),
    Array.from({ length: 2 }, () => ['REJECTED_SOURCE', 'EC_INVALID_SOURCE_ADDRESS']),
  );
  assert.deepEqual(annHook.requests, []);
  await scene.send({ to, from: ann.sender }, { key: ann.key });
  assert.equal((await scene.atMetaUntil(to, 1)).length, 1);
});

test('both accounts may use one messageId and one Idempotency-Key, each for a message of its own', async () => {
  for (const tenant of [ann, bob]) {
    const to = scene.newUser();
    const call = { key: tenant.key, headers: { 'idempotency-key': 'order-1' } };
    const answer = await scene.send(
      { to, from: tenant.sender, messageId: 'order-1', content: { text: tenant.sender } },
      call,
    );
    assert.equal(answer.status.id, 7);
    assert.equal((await scene.atMetaUntil(to, 1))[0]?.payload.text?.body, tenant.sender);
  }
});

test('one user who writes to both is heard by each in its own words only', async () => {
  const user = scene.newUser();
  for (const tenant of [ann, bob]) {
    const json = { type: 'text', text: { body: `to ${tenant.sender}` }, phoneNumberId: tenant.phoneNumberId };
    assert.equal((await scene.world.sandbox(`/_sandbox/users/${user}/messages`, { json })).status, 201);
  }
  await annHook.next(({ path, body }) => path === '/inbound' && body.includes(user));
  await bobHook.next(({ path, body }) => path === '/inbound' && body.includes(user));
  for (const [hook, tenant] of [
    [annHook, ann],
    [bobHook, bob],
  ] as const) {
    const inbound = resultsAt(hook, '/inbound').filter(({ from }) => from === user);
    assert.deepEqual(
      inbound.map(({ to, message }) => [to, message?.text]),
      [[tenant.sender, `to ${tenant.sender}`]],
    );
  }
});

test('a status that comes for another number than the message’s own is counted and dropped', async () => {
  await scene.world.sandbox('/_sandbox/progress', { method: 'PUT', json: { mode: 'manual' } });
  const to = scene.newUser();
  const call = { key: ann.key };
  const { messageId } = await scene.send({ to, from: ann.sender, notifyUrl: `${annHook.url}/foreign` }, call);
  const [message] = await scene.atMetaUntil(to, 1);
  assert.ok(message?.bizOpaque);
  await scene.lifeUntil('submitted', messageId, ({ state }) => state === 'submitted');
  const forged = { id: message.id, status: 'failed', bizOpaque: message.bizOpaque, code: 131_026 };
  assert.equal((await scene.postStatuses(bob.phoneNumberId, [forged])).status, 200);
  assert.equal((await scene.postStatuses('999', [forged])).status, 200);
  const own = { ...forged, status: 'delivered' };
  assert.equal((await scene.postStatuses(ann.phoneNumberId, [own])).status, 200);
  await annHook.next(({ path }) => path === '/foreign');
  assert.deepEqual(
    resultsAt(annHook, '/foreign').map(({ status }) => status?.name),
    ['DELIVERED_TO_HANDSET'],
  );
  const life = await scene.life(messageId);
  assert.deepEqual(
    life.events.map(({ kind }) => kind),
    ['submitted', 'delivered'],
  );
});

test('reports of one account to the URL of another are a stream of their own: one that is disabled leaves the other', async () => {
  await scene.world.sandbox('/_sandbox/progress', { method: 'PUT', json: { mode: 'immediate' } });
  const shared = await startReceiver();
  try {
    shared.answer((request) => ({ status: request.path === '/ann' ? 410 : 200 }));
    await scene.send({ to: scene.newUser(), from: ann.sender, notifyUrl: `${shared.url}/ann` }, { key: ann.key });
    await shared.next(({ path }) => path === '/ann');
    await scene.send({ to: scene.newUser(), from: bob.sender, notifyUrl: `${shared.url}/bob` }, { key: bob.key });
    await resultsUntil('both of Bob’s reports', shared, () => resultsAt(shared, '/bob').length === 2);
    const { results } = await scene.admin<{
      results: { accountId: string; origin: string; disabledAt: string | null }[];
    }>('/endpoints?size=1000');
    const disabled = new Map(
      results.filter(({ origin }) => origin === shared.url).map((view) => [view.accountId, view.disabledAt !== null]),
    );
    assert.deepEqual([disabled.get(ann.accountId), disabled.get(bob.accountId)], [true, false]);
  } finally {
    await shared.stop();
  }
});
