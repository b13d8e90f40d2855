// Identities of users: seen, changed, confirmed, and what becomes of messages meanwhile (Infobip 10).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Reply } from '../support/dev-world.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { resultsAt, type Scene, startScene, type Tenant } from '../support/scene.js';
import { until } from '../support/until.js';

interface Identity {
  acknowledged: boolean;
  hash: string;
  createdAt: string;
}

interface Payload {
  recipient_identity_key_hash?: string;
}

let scene: Scene;
let hook: Receiver;
let ann: Tenant;
let bob: Tenant;
before(async () => {
  scene = await startScene();
  hook = await startReceiver();
  ann = await scene.newTenant();
  await scene.admin(`/senders/${ann.sender}`, { method: 'PATCH', json: { identityCheck: true } });
  bob = await scene.newTenant();
});
after(async () => {
  await hook.stop();
  await scene.stop();
});

function call(user: string, method: 'GET' | 'PUT' | 'DELETE', json?: unknown, tenant = ann): Promise<Reply> {
  const path = `/whatsapp/1/${tenant.sender}/contacts/${user}/identity`;
  return scene.world.api(path, { method, key: tenant.key, ...(json === undefined ? {} : { json }) });
}

/** The identity of `user` as the gateway knows it, once it is `hash`. */
function identityUntil(user: string, hash: string): Promise<Identity> {
  return until(`the identity ${hash}`, async () => {
    const { status, body } = await scene.world.api<Identity>(`/whatsapp/1/${ann.sender}/contacts/${user}/identity`, {
      key: ann.key,
    });
    return status === 200 && body.hash === hash ? body : undefined;
  });
}

async function setIdentity(user: string, identityHash: string): Promise<void> {
  const reply = await scene.world.sandbox(`/_sandbox/users/${user}`, { method: 'PUT', json: { identityHash } });
  assert.equal(reply.status, 200, JSON.stringify(reply.body));
}

async function speak(user: string, fragment: object = { type: 'text', text: { body: 'Hi' } }, tenant = ann) {
  const json = { ...fragment, phoneNumberId: tenant.phoneNumberId };
  const { status, body } = await scene.world.sandbox(`/_sandbox/users/${user}/messages`, { json });
  assert.equal(status, 201, JSON.stringify(body));
}

/** Sends a text and returns the result of its delivery report. */
async function outcomeOf(user: string, messageId: string): Promise<[string | undefined, number | undefined]> {
  const path = `/${messageId}`;
  await scene.send({ to: user, from: ann.sender, messageId, notifyUrl: `${hook.url}${path}` }, { key: ann.key });
  await hook.next((request) => request.path === path);
  const [result] = resultsAt(hook, path);
  return [result?.status?.groupName, result?.error?.id];
}

async function hashesAtMeta(user: string): Promise<(string | undefined)[]> {
  const { body } = await scene.world.sandbox<{ messages: { direction: string; payload: Payload }[] }>(
    `/_sandbox/messages?user=${user}&limit=100`,
  );
  return body.messages
    .filter(({ direction }) => direction === 'out')
    .map(({ payload }) => payload.recipient_identity_key_hash);
}

test('the first identity counts as confirmed and travels with messages; one that changed stops them until it is confirmed', async () => {
  const user = scene.newUser();
  assert.deepEqual(await outcomeOf(user, 'id-1'), ['DELIVERED', 0]);
  await setIdentity(user, 'first=');
  await speak(user);
  const first = await identityUntil(user, 'first=');
  assert.equal(first.acknowledged, true);
  assert.match(first.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/);
  assert.deepEqual(await outcomeOf(user, 'id-2'), ['DELIVERED', 0]);
  await setIdentity(user, 'second=');
  assert.deepEqual(await outcomeOf(user, 'id-3'), ['UNDELIVERABLE', 7029]);
  await scene.world.sandbox('/_sandbox/clock', { json: { advanceSeconds: 2 } });
  await speak(user);
  assert.equal((await identityUntil(user, 'second=')).acknowledged, false);
  assert.deepEqual(await outcomeOf(user, 'id-4'), ['UNDELIVERABLE', 7029]);
  // The last one never left: Meta has those before it.
  assert.deepEqual(await hashesAtMeta(user), [undefined, 'first=', 'first=']);
  assert.equal((await call(user, 'PUT', { hash: 'first=' })).status, 409);
  assert.equal((await call(user, 'PUT', { hash: 'second=' })).status, 204);
  assert.equal((await identityUntil(user, 'second=')).acknowledged, true);
  assert.deepEqual(await outcomeOf(user, 'id-5'), ['DELIVERED', 0]);
  assert.deepEqual(await hashesAtMeta(user), [undefined, 'first=', 'first=', 'second=']);
});

test('a change that Meta tells of stops messages before the user writes; DELETE trusts the next one', async () => {
  const user = scene.newUser();
  const created_timestamp = String(Math.floor(Date.now() / 1000));
  const body = 'The security code changed';
  await speak(user, {
    type: 'system',
    system: { type: 'customer_identity_changed', body, identity: 'new=', customer: user },
    identity: { acknowledged: true, created_timestamp, hash: 'new=' },
  });
  const { acknowledged, createdAt } = await identityUntil(user, 'new=');
  assert.deepEqual([acknowledged, Date.parse(createdAt)], [false, Number(created_timestamp) * 1000]);
  assert.deepEqual(await outcomeOf(user, 'id-6'), ['UNDELIVERABLE', 7029]);
  assert.equal((await call(user, 'DELETE')).status, 204);
  assert.equal((await call(user, 'GET')).status, 404);
  assert.deepEqual(await outcomeOf(user, 'id-7'), ['DELIVERED', 0]);
  await setIdentity(user, 'new=');
  await speak(user);
  assert.equal((await identityUntil(user, 'new=')).acknowledged, true);
  assert.deepEqual(await outcomeOf(user, 'id-8'), ['DELIVERED', 0]);
});

test('a sender that does not check learns nothing and stops nothing', async () => {
  const user = scene.newUser();
  await setIdentity(user, 'one=');
  await speak(user, undefined, bob);
  await until('the message is there', async () => {
    const { isOpen } = await scene.admin<{ isOpen: boolean }>(`/conversations/${bob.sender}/${user}`);
    return isOpen;
  });
  assert.equal((await call(user, 'GET', undefined, bob)).status, 404);
});

test('what is not there has no body; wrong requests have the old form', async () => {
  const user = scene.newUser();
  for (const reply of [
    await call(user, 'GET'),
    await call(user, 'PUT', { hash: 'x' }),
    await call(user, 'GET', undefined, { ...bob, sender: ann.sender }),
    await call(user, 'PUT', { hash: 'x' }, { ...bob, sender: ann.sender }),
    await call(user, 'DELETE', undefined, { ...bob, sender: ann.sender }),
    await call('nobody', 'GET'),
  ])
    assert.deepEqual([reply.status, reply.body], [404, '']);
  const wrong = await call(user, 'PUT', {});
  assert.equal(wrong.status, 400);
  assert.match(JSON.stringify(wrong.body), /"validationErrors":\{"hash":/);
  const path = `/whatsapp/1/${ann.sender}/contacts/${user}/identity`;
  assert.equal((await scene.world.api(path, { key: null })).status, 401);
  assert.equal((await scene.world.api(path, { key: scene.world.info.adminKey })).status, 403);
});

test('switching the check on and off switches it at Meta first; when Meta refuses nothing changes', async () => {
  const { phoneNumberId, graphToken, sender } = await scene.newTenant();
  const atMeta = async (): Promise<unknown> => {
    const headers = { authorization: `Bearer ${graphToken}` };
    const answer = await fetch(`${scene.world.info.sandbox}/v25.0/${phoneNumberId}/settings`, { headers });
    const { user_identity_change: group }: Record<string, { enable_identity_key_check?: unknown }> = JSON.parse(
      await answer.text(),
    );
    return group?.enable_identity_key_check;
  };
  const patch = (json: object) =>
    scene.world.api<{ identityCheck?: boolean }>(`/parley/1/senders/${sender}`, {
      method: 'PATCH',
      key: scene.world.info.adminKey,
      json,
    });
  assert.equal((await patch({ throughput: 20 })).status, 200);
  assert.equal(await atMeta(), false);
  assert.equal((await patch({ identityCheck: true })).body.identityCheck, true);
  assert.equal(await atMeta(), true);
  await scene.fault({ on: 'graph', match: { path: '/settings' }, effect: { code: 100 }, when: { next: 1 } });
  assert.equal((await patch({ identityCheck: false, throughput: 30 })).status, 400);
  await scene.fault({ on: 'graph', match: { path: '/settings' }, effect: { httpStatus: 503 }, when: { next: 1 } });
  assert.equal((await patch({ identityCheck: false })).status, 502);
  const kept = await scene.admin<{ identityCheck: boolean; throughput: number }>(`/senders/${sender}`);
  assert.deepEqual([kept.identityCheck, kept.throughput], [true, 20]);
  assert.equal((await patch({ identityCheck: false })).body.identityCheck, false);
  assert.equal(await atMeta(), false);
});
