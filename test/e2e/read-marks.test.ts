// Marking messages of users as read: POST /whatsapp/1/senders/{sender}/message/{messageId}/read (Infobip 10).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Reply } from '../support/dev-world.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { type Scene, startScene, type Tenant } from '../support/scene.js';
import { until } from '../support/until.js';

let scene: Scene;
let hook: Receiver;
let ann: Tenant;
let bob: Tenant;
before(async () => {
  scene = await startScene({ PARLEY_RATE_LIMITS: 'infobip' });
  hook = await startReceiver();
  const sender = { forwardUrl: `${hook.url}/inbound` };
  ann = await scene.newTenant({ account: { readMarks: true }, sender });
  bob = await scene.newTenant({ account: { readMarks: true } });
});
after(async () => {
  await hook.stop();
  await scene.stop();
});

/** The wamid of a message that `user` wrote to `tenant`, once the gateway has it. */
async function speak(user: string, tenant: Tenant): Promise<string> {
  const json = { type: 'text', text: { body: 'Hi' }, phoneNumberId: tenant.phoneNumberId };
  const { body } = await scene.world.sandbox<{ id: string }>(`/_sandbox/users/${user}/messages`, { json });
  await until('the window is open', async () => {
    const { isOpen } = await scene.admin<{ isOpen: boolean }>(`/conversations/${tenant.sender}/${user}`);
    return isOpen;
  });
  return body.id;
}

function mark(tenant: Tenant, wamid: string, key: string | null = tenant.key): Promise<Reply> {
  const path = `/whatsapp/1/senders/${tenant.sender}/message/${encodeURIComponent(wamid)}/read`;
  return scene.world.api(path, { method: 'POST', key });
}

async function isReadAtMeta(user: string, wamid: string): Promise<boolean> {
  const found = (await scene.atMeta(user)).find(({ id }) => id === wamid);
  return found?.statuses.some(({ status }) => status === 'read') ?? false;
}

test('marks the message and those before it as read at Meta, and may be asked again', async () => {
  const user = scene.newUser();
  const first = await speak(user, ann);
  const second = await speak(user, ann);
  await hook.next(({ body }) => body.includes(second));
  for (let times = 0; times < 2; times += 1) {
    const { status, body } = await mark(ann, second);
    assert.deepEqual([status, body], [204, '']);
  }
  assert.deepEqual([await isReadAtMeta(user, first), await isReadAtMeta(user, second)], [true, true]);
});

test('a slash in the id may be encoded or not, and what stands in a body does not matter', async () => {
  const user = scene.newUser();
  const wamid = await speak(user, ann);
  const path = `/whatsapp/1/senders/${ann.sender}/message/${wamid}/read`;
  assert.equal((await scene.world.api(path, { json: {}, key: ann.key })).status, 204);
  const headers = { 'content-type': 'application/json' };
  assert.equal((await scene.world.api(path, { method: 'POST', headers, key: ann.key })).status, 204);
  const odd = `/whatsapp/1/senders/${ann.sender}/message/wamid.a/b==/read`;
  const { status, body } = await scene.world.api(odd, { method: 'POST', key: ann.key });
  assert.deepEqual([status, body], [400, { error: 'No such message to this sender in the last 30 days' }]);
});

test('400 in its own form: not switched on, another’s sender, another’s message, a message that Meta refuses', async () => {
  const user = scene.newUser();
  const wamid = await speak(user, ann);
  const foreignMessage = await mark({ ...bob }, wamid);
  assert.equal(foreignMessage.status, 400);
  const foreignSender = await mark(ann, wamid, bob.key);
  assert.deepEqual([foreignSender.status, foreignSender.body], [400, { error: 'Sender is not registered' }]);
  const id = await scene.fault({
    on: 'graph',
    match: { path: '/messages' },
    effect: { code: 131_009 },
    when: { next: 1 },
  });
  const refused = await mark(ann, wamid);
  assert.equal(refused.status, 400, JSON.stringify(refused.body));
  await scene.removeFault(id);
  assert.equal(await isReadAtMeta(user, wamid), false);
  await scene.admin(`/accounts/${ann.accountId}`, { method: 'PATCH', json: { readMarks: false } });
  const off = await mark(ann, wamid);
  assert.deepEqual([off.status, off.body], [400, { error: 'Read marks are not enabled for this account' }]);
  await scene.admin(`/accounts/${ann.accountId}`, { method: 'PATCH', json: { readMarks: true } });
  assert.equal((await mark(ann, wamid)).status, 204);
});

test('other failures have the old form: 401 and 403 by key, 503 when Meta does not answer well', async () => {
  const user = scene.newUser();
  const wamid = await speak(user, ann);
  assert.equal((await mark(ann, wamid, null)).status, 401);
  assert.equal((await mark(ann, wamid, scene.world.info.adminKey)).status, 403);
  const id = await scene.fault({
    on: 'graph',
    match: { path: '/messages' },
    effect: { httpStatus: 500 },
    when: { always: true },
  });
  const failed = await mark(ann, wamid);
  await scene.removeFault(id);
  assert.equal(failed.status, 503);
  assert.match(JSON.stringify(failed.body), /requestError/);
  assert.ok(failed.headers.has('retry-after'));
  assert.equal((await mark(ann, wamid)).status, 204);
});

test('an account that asks more than 10 times a second is told 429, the others are not', async () => {
  const answers = await Promise.all(Array.from({ length: 100 }, () => mark(bob, 'wamid.none')));
  const limited = answers.filter(({ status }) => status === 429);
  assert.ok(limited.length > 0, `${limited.length} of 100`);
  assert.ok(answers.some(({ status }) => status === 400));
  assert.match(JSON.stringify(limited[0]?.body), /TOO_MANY_REQUESTS/);
  assert.equal((await mark(ann, 'wamid.none')).status, 400);
});
