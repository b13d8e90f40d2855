// /settings/2/api-keys: an account makes, lists and changes keys of its own.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Call, Reply } from '../support/dev-world.js';
import { at } from '../support/requests-texts.js';
import { type Scene, startScene, type Tenant } from '../support/scene.js';

let scene: Scene;
let ann: Tenant;
let bob: Tenant;
before(async () => {
  scene = await startScene({ PARLEY_TRUSTED_PROXIES: '127.0.0.0/8' });
  ann = await scene.newTenant();
  bob = await scene.newTenant();
});
after(() => scene.stop());

const PATH = '/settings/2/api-keys';

function keys(path = '', call: Call = {}): Promise<Reply> {
  return scene.world.api(`${PATH}${path}`, { key: ann.key, ...call });
}

async function make(json: object, call: Call = {}): Promise<{ id: string; secret: string; body: unknown }> {
  const { status, body } = await keys('', { json, ...call });
  assert.equal(status, 200, JSON.stringify(body));
  return { id: String(at(body, 'id')), secret: String(at(body, 'apiKeySecret')), body };
}

async function statusOf(key: string, path = '/messages-api/1/reports', from = '203.0.113.1'): Promise<number> {
  return (await scene.world.api(path, { key, headers: { 'x-forwarded-for': from } })).status;
}

function violationsOf(reply: Reply): string[] {
  const violations = at(reply.body, 'violations');
  return (Array.isArray(violations) ? violations : []).map((each) => String(at(each, 'property')));
}

test('a key is made with its scopes and addresses, for a year, and its secret is shown once', async () => {
  const { id, secret, body } = await make({
    name: 'crm',
    scopeGuids: ['message:send', '2fa:manage'],
    allowedIPs: ['203.0.113.1', '198.51.100.0/24'],
  });
  assert.deepEqual([at(body, 'name'), at(body, 'enabled'), at(body, 'accountId')], ['crm', true, ann.accountId]);
  assert.deepEqual([at(body, 'permissions'), at(body, 'scopeGuids')], [['PUBLIC_API'], ['message:send', '2fa:manage']]);
  const days = (Date.parse(String(at(body, 'validTo'))) - Date.parse(String(at(body, 'validFrom')))) / 86_400_000;
  assert.equal(days, 365);
  assert.deepEqual([await statusOf(secret), await statusOf(secret, '/messages-api/1/inbound')], [200, 403]);
  assert.equal(await statusOf(secret, undefined, '203.0.113.2'), 401);
  const read = await keys(`/${id}`);
  assert.deepEqual([read.status, at(read.body, 'id'), at(read.body, 'apiKeySecret')], [200, id, undefined]);
  const listed = await keys();
  assert.doesNotMatch(JSON.stringify(listed.body) + scene.world.output(), new RegExp(secret));
});

test('without scopes a key has those of who makes it', async () => {
  const maker = await make({ name: 'maker', scopeGuids: ['account-management:manage', 'message:send'] });
  const { body } = await make({ name: 'made' }, { key: maker.secret });
  assert.deepEqual(at(body, 'scopeGuids'), ['account-management:manage', 'message:send']);
  const whole = await make({ name: 'whole', scopeGuids: [] });
  assert.equal(await statusOf(whole.secret, '/parley/1/senders'), 200);
});

test('a change counts at once: switched off, other scopes, over', async () => {
  const { id, secret } = await make({ name: 'changing' });
  const put = async (json: object): Promise<Reply> => keys(`/${id}`, { method: 'PUT', json });
  assert.equal(await statusOf(secret), 200);
  const off = await put({ enabled: false });
  assert.deepEqual([off.status, at(off.body, 'enabled'), at(off.body, 'name')], [200, false, 'changing']);
  assert.equal(await statusOf(secret), 401);
  await put({ enabled: true, scopeGuids: ['subscriptions:manage'], name: 'other' });
  assert.equal(await statusOf(secret), 403);
  await put({ scopeGuids: ['message:send'], validTo: new Date(Date.now() + 60_000).toISOString() });
  assert.equal(await statusOf(secret), 200);
  await scene.advance(61);
  assert.equal(await statusOf(secret), 401);
});

test('what is wrong is told by field, in the new form', async () => {
  const wrong: [object, string][] = [
    [{}, 'name'],
    [{ name: 'x', allowedIPs: ['10.0.0.0/8', 'everywhere'] }, 'allowedIPs[1]'],
    [{ name: 'x', validTo: '2020-01-01T00:00:00' }, 'validTo'],
    [{ name: 'x', validFrom: '2026-02-31T00:00:00' }, 'validFrom'],
    [{ name: 'x', permissions: ['PUBLIC_API', 'WEB_SDK'] }, 'permissions'],
    [{ name: 'x', permissions: ['ALL'] }, 'permissions[0]'],
    [{ name: 'x', platform: [{ entityId: 'e' }] }, 'platform[0].applicationId'],
  ];
  for (const [json, field] of wrong) {
    const reply = await keys('', { json });
    assert.deepEqual([reply.status, at(reply.body, 'errorCode')], [400, 'E400'], JSON.stringify(json));
    assert.ok(violationsOf(reply).includes(field), `${field}: ${JSON.stringify(reply.body)}`);
  }
  const query = await keys('?page=101&size=0&orderBy=secret&enabled=maybe');
  assert.deepEqual(violationsOf(query).sort(), ['enabled', 'orderBy', 'page', 'size']);
});

test('a list is filtered, ordered and in pages', async () => {
  const { accountId, key } = await scene.newTenant();
  for (const name of ['b', 'c', 'a']) await make({ name }, { key });
  const list = async (query: string): Promise<unknown> => (await keys(query, { key })).body;
  const namesOf = (body: unknown): unknown[] => {
    const found = at(body, 'apiKeys');
    return (Array.isArray(found) ? found : []).map((each) => at(each, 'name'));
  };
  const ordered = await list('?orderBy=name&orderDirection=desc&size=2');
  assert.deepEqual(namesOf(ordered), ['key', 'c']);
  assert.deepEqual(at(ordered, 'paging'), {
    page: 0,
    pageSize: 2,
    orderDirection: 'desc',
    orderBy: 'name',
    totalCount: 4,
    totalPages: 2,
  });
  assert.deepEqual(namesOf(await list('?orderBy=name&orderDirection=desc&size=2&page=1')), ['b', 'a']);
  assert.deepEqual(namesOf(await list(`?name=c&enabled=true&accountId=${accountId}`)), ['c']);
  assert.deepEqual(namesOf(await list(`?apiKeySecret=${key}`)), ['key']);
  assert.deepEqual(namesOf(await list('?enabled=false')), []);
});

test('another account’s keys are not there, and none can be made for it', async () => {
  const { id, secret } = await make({ name: 'ann' });
  assert.equal((await keys(`/${id}`, { key: bob.key })).status, 404);
  assert.equal((await keys(`/${id}`, { key: bob.key, method: 'PUT', json: { enabled: false } })).status, 404);
  assert.equal((await keys('', { json: { name: 'x', accountId: bob.accountId } })).status, 403);
  assert.equal((await keys(`?accountId=${bob.accountId}`)).status, 403);
  assert.equal(await statusOf(secret), 200);
  const foreign = { from: bob.sender, to: scene.newUser(), content: { text: 'Hi' } };
  const sent = await scene.world.api('/whatsapp/1/message/text', { key: secret, json: foreign });
  assert.equal(at(sent.body, 'status', 'name'), 'REJECTED_SOURCE');
});

test('a key for an application makes it, and is held to it by templates and sends too', async () => {
  const { secret, body } = await make({ name: 'bound', platform: [{ applicationId: 'vendor', entityId: 'shop' }] });
  assert.match(String(at(body, 'platform', '0', 'key')), /^[0-9A-F]{32}$/);
  const made = await scene.world.api('/provisioning/1/applications/vendor', { key: ann.key });
  assert.equal(made.status, 200);
  const template = (platform: object): Promise<Reply> =>
    scene.world.api(`/whatsapp/2/senders/${ann.sender}/templates`, {
      key: secret,
      json: { name: 'hello', language: 'en', category: 'UTILITY', structure: { body: { text: 'Hello' } }, platform },
    });
  assert.equal((await template({ applicationId: 'other' })).status, 403);
  const right = await template({ applicationId: 'vendor', entityId: 'shop' });
  assert.equal(right.status, 201, JSON.stringify(right.body));
  assert.equal((await scene.world.api('/whatsapp/1/templates?applicationId=other', { key: secret })).status, 403);
  assert.equal(
    (await scene.world.api('/whatsapp/1/templates?applicationId=vendor&entityId=shop', { key: secret })).status,
    200,
  );
});
