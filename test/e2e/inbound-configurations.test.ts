// /resource-management/1/inbound-message-configurations, and subscriptions, as a customer meets them over HTTP.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Management, startTwoTenants, type TwoTenants } from '../support/management.js';
import type { Receiver } from '../support/receiver.js';
import { type Result, resultsAt, resultsUntil, type Scene, type Tenant } from '../support/scene.js';

const PATH = '/resource-management/1/inbound-message-configurations';

interface Configuration {
  configurationKey: string;
  number: string;
  keyword?: string;
  username?: string;
  platform?: object;
  forwarding?: { type: string; url: string; format: string };
}

let tenants: TwoTenants;
let scene: Scene;
let hook: Receiver;
let ann: Tenant;
let bob: Tenant;
let annApi: Management;
let bobApi: Management;
before(async () => {
  tenants = await startTwoTenants();
  ({ scene, hook, ann, bob, annApi, bobApi } = tenants);
});
after(() => tenants.stop());

async function write(tenant: Tenant, body: string): Promise<string> {
  const user = scene.newUser();
  const json = { type: 'text', text: { body }, phoneNumberId: tenant.phoneNumberId };
  assert.equal((await scene.world.sandbox(`/_sandbox/users/${user}/messages`, { json })).status, 201);
  return user;
}

async function arrived(path: string, user: string): Promise<Result> {
  const isIt = (result: Result): boolean => result.from === user;
  await resultsUntil(`a message of ${user} at ${path}`, hook, () => resultsAt(hook, path).some(isIt));
  const found = resultsAt(hook, path).find(isIt);
  assert.ok(found);
  return found;
}

test('a configuration is made, found, changed in part, and removed', async () => {
  const forwarding = { type: 'HTTP_FORWARD', url: `${hook.url}/forward` };
  const platform = { applicationId: 'crm', entityId: 'shop' };
  const base = { channel: 'WHATSAPP', number: ann.sender };
  const made = await annApi.expect<Configuration>(200, 'POST', PATH, { ...base, forwarding, platform });
  assert.deepEqual(made, {
    configurationKey: made.configurationKey,
    ...base,
    numberKey: ann.sender,
    platform,
    forwarding: { ...forwarding, format: 'MO_OTT_CONTACT' },
  });
  const user = await write(ann, 'Hello');
  const result = await arrived('/forward', user);
  assert.deepEqual([Reflect.get(result, 'applicationId'), Reflect.get(result, 'entityId')], ['crm', 'shop']);
  const changed = await annApi.expect<Configuration>(200, 'POST', PATH, {
    ...base,
    username: 'desk',
    unset: ['PLATFORM'],
  });
  assert.equal(changed.configurationKey, made.configurationKey);
  assert.deepEqual([changed.platform, changed.username, changed.forwarding?.url], [undefined, 'desk', forwarding.url]);
  for (const query of [`channel=WHATSAPP&number=${ann.sender}`, `configurationKey=${made.configurationKey}`])
    assert.deepEqual(await annApi.expect<Configuration[]>(200, 'GET', `${PATH}?${query}`), [changed]);
  const { forwardUrl } = await scene.admin<{ forwardUrl: string | null }>(`/senders/${ann.sender}`);
  assert.equal(forwardUrl, forwarding.url);
  await bobApi.expect(404, 'DELETE', `${PATH}/${made.configurationKey}`);
  await annApi.expect(204, 'DELETE', `${PATH}/${made.configurationKey}`);
  await annApi.expect(404, 'DELETE', `${PATH}/${made.configurationKey}`);
  assert.deepEqual(await annApi.expect(200, 'GET', `${PATH}?channel=WHATSAPP`), []);
  assert.equal((await scene.admin<{ forwardUrl: null }>(`/senders/${ann.sender}`)).forwardUrl, null);
});

test('the URL that the admin API gives a sender is the configuration of its number', async () => {
  await scene.admin(`/senders/${ann.sender}`, { method: 'PATCH', json: { forwardUrl: `${hook.url}/admin` } });
  const [found] = await annApi.expect<Configuration[]>(200, 'GET', `${PATH}?channel=WHATSAPP`);
  assert.deepEqual([found?.number, found?.forwarding?.url], [ann.sender, `${hook.url}/admin`]);
  await arrived('/admin', await write(ann, 'Hello'));
});

test('a keyword takes its messages elsewhere and is named in the report', async () => {
  const forwarding = { type: 'HTTP_FORWARD', url: `${hook.url}/stop` };
  const request = { channel: 'WHATSAPP', numberKey: ann.sender, keyword: 'stop', forwarding };
  await annApi.expect(200, 'POST', PATH, request);
  assert.equal(Reflect.get(await arrived('/stop', await write(ann, 'Stop this')), 'keyword'), 'STOP');
  assert.equal(Reflect.get(await arrived('/admin', await write(ann, 'Please stop')), 'keyword'), undefined);
});

test('numbers of others are not there, and what cannot be done is refused by its field', async () => {
  const forwarding = { type: 'HTTP_FORWARD', url: `${hook.url}/stolen` };
  const foreign = { channel: 'WHATSAPP', number: ann.sender, forwarding };
  await bobApi.expect(404, 'POST', PATH, foreign);
  assert.deepEqual(await bobApi.expect(200, 'GET', `${PATH}?channel=WHATSAPP&number=${ann.sender}`), []);
  assert.deepEqual(await annApi.blamed('GET', PATH), ['channel']);
  assert.deepEqual(
    await annApi.blamed('POST', PATH, {
      channel: 'WHATSAPP',
      keyword: 'two words',
      conversations: { enabled: true },
      autoResponse: { message: 'Hi' },
      blockListConfiguration: {},
    }),
    ['autoResponse', 'blockListConfiguration', 'conversations', 'keyword', 'number'],
  );
  const wrong = { channel: 'SMS', number: ann.sender, forwarding: { type: 'PULL', url: 'nowhere' }, unset: ['ALL'] };
  assert.deepEqual(await annApi.blamed('POST', PATH, wrong), [
    'channel',
    'forwarding.type',
    'forwarding.url',
    'unset[0]',
  ]);
  const metadata = { type: 'HTTP_FORWARD', url: 'http://169.254.169.254/' };
  assert.deepEqual(await annApi.blamed('POST', PATH, { ...foreign, forwarding: metadata }), ['forwarding.url']);
});

test('a subscription brings reports to where its profile says, with what the profile adds, and nothing to another account', async () => {
  for (const [api, name] of [
    [annApi, 'ann'],
    [bobApi, 'bob'],
  ] as const)
    await api.expect(201, 'POST', '/subscriptions/1/subscription/WHATSAPP', {
      subscriptionId: 'crm',
      events: ['DELIVERY', 'SEEN', 'INBOUND_MESSAGE'],
      criteria: [{ applicationId: 'crm' }],
      profile: {
        profileId: 'p',
        webhook: { notifyUrl: `${hook.url}/${name}-crm` },
        headers: { 'X-Tenant': name },
        security: { authId: 'b', type: 'BASIC', credentials: { username: name, password: 'p' } },
      },
    });
  for (const [tenant, name] of [
    [ann, 'ann'],
    [bob, 'bob'],
  ] as const) {
    const to = scene.newUser();
    const { messageId } = await scene.send({ to, from: tenant.sender, applicationId: 'crm' }, { key: tenant.key });
    const path = `/${name}-crm`;
    await resultsUntil('both reports', hook, () => resultsAt(hook, path).length >= 2);
    assert.deepEqual(new Set(resultsAt(hook, path).map((result) => result.messageId)), new Set([messageId]));
    const { headers } = await hook.next((request) => request.path === path);
    assert.equal(headers['x-tenant'], name);
    assert.equal(headers.authorization, `Basic ${Buffer.from(`${name}:p`).toString('base64')}`);
  }
});

test('what a user of the account sends goes where that user is subscribed to, what a key sends does not', async () => {
  const password = 'correct horse battery staple';
  const username = `ann-${ann.sender}`;
  await scene.admin(`/accounts/${ann.accountId}/users`, { json: { username, password } });
  await annApi.expect(201, 'POST', '/subscriptions/1/subscription/WHATSAPP', {
    subscriptionId: 'user',
    events: ['DELIVERY'],
    users: [username],
    profile: { profileId: 'user', webhook: { notifyUrl: `${hook.url}/user` } },
  });
  const content = { text: 'Hello' };
  const by = async (authorization: string): Promise<string> => {
    const json = { from: ann.sender, to: scene.newUser(), content };
    const call = { json, key: null, headers: { authorization } };
    const { status, body } = await scene.world.api<{ messageId: string }>('/whatsapp/1/message/text', call);
    assert.equal(status, 200, JSON.stringify(body));
    return body.messageId;
  };
  const byKey = await by(`App ${ann.key}`);
  const byUser = await by(`Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`);
  await resultsUntil('the report', hook, () => resultsAt(hook, '/user').some((result) => result.messageId === byUser));
  await scene.lifeUntil('delivered', byKey, ({ state }) => state === 'read');
  assert.ok(!resultsAt(hook, '/user').some((result) => result.messageId === byKey));
});
