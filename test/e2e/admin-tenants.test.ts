// P9 at the admin API: for a key of one account, what belongs to another does not exist.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ensureDevAccount } from '../../src/manage/accounts.js';
import { type AdminWorld, type Fields, type List, startAdminWorld } from '../support/admin-world.js';

let world: AdminWorld;
let anna: { accountId: string; key: string };
let ben: { accountId: string; key: string };
const annasSender = {
  sender: '441134960010',
  phoneNumberId: '10',
  wabaId: '1',
  accessToken: 'anna-token',
  forwardUrl: 'https://anna.example/in',
};
let annasSecret: Fields;
let annasEndpoint: Fields;

before(async () => {
  world = await startAdminWorld();
  anna = await world.makeAccount('Anna');
  ben = await world.makeAccount('Ben');
  assert.equal((await world.call('/senders', { key: anna.key, json: annasSender })).status, 201);
  annasSecret = (await world.call('/signing-secrets', { key: anna.key, json: {} })).body;
  const endpoints = await world.call<List>('/endpoints', { key: anna.key });
  const [endpoint] = endpoints.body.results;
  assert.ok(endpoint !== undefined);
  annasEndpoint = endpoint;
});
after(() => world.stop());

test('lists show an account its own and an admin everything', async () => {
  for (const path of ['/senders', '/signing-secrets', '/endpoints']) {
    const own = await world.call<List>(path, { key: anna.key });
    assert.equal(own.body.paging.totalResults, 1, path);
    assert.equal(own.body.results[0]?.accountId, anna.accountId);
    const others = await world.call<List>(path, { key: ben.key });
    assert.deepEqual(others.body, { results: [], paging: { page: 0, size: 20, totalPages: 0, totalResults: 0 } });
    const all = await world.call<List>(path);
    assert.equal(all.body.paging.totalResults, 1);
    const narrowed = await world.call<List>(`${path}?accountId=${ben.accountId}`);
    assert.equal(narrowed.body.paging.totalResults, 0);
  }
});

test('what is another account’s is not there, whatever is asked of it', async () => {
  const { sender } = annasSender;
  const foreign: [string, string, unknown?][] = [
    ['GET', `/accounts/${anna.accountId}`],
    ['GET', `/senders/${sender}`],
    ['PATCH', `/senders/${sender}`, { throughput: 1 }],
    ['DELETE', `/senders/${sender}`],
    ['POST', `/senders/${sender}/resume`],
    ['GET', `/senders?accountId=${anna.accountId}`],
    ['GET', `/signing-secrets?accountId=${anna.accountId}`],
    ['GET', `/endpoints?accountId=${anna.accountId}`],
    ['POST', '/senders', { ...annasSender, sender: '441134960011', phoneNumberId: '11', accountId: anna.accountId }],
    ['POST', '/senders/connect', { accountId: anna.accountId, phoneNumberId: '11', wabaId: '1', accessToken: 't' }],
    ['POST', '/signing-secrets', { accountId: anna.accountId }],
    ['DELETE', `/signing-secrets/${annasSecret.id}`],
    ['POST', `/endpoints/${annasEndpoint.id}/enable`],
    ['POST', '/replays', { endpointId: annasEndpoint.id }],
    ['POST', '/replays', { accountId: anna.accountId, from: '2026-01-01T00:00:00Z' }],
    ['GET', `/messages/x?accountId=${anna.accountId}`],
    ['GET', `/conversations/${sender}/441134960001`],
  ];
  for (const [method, path, json] of foreign) {
    const reply = await world.call(path, { method, key: ben.key, ...(json === undefined ? {} : { json }) });
    assert.equal(reply.status, 404, `${method} ${path}: ${JSON.stringify(reply.body)}`);
    assert.doesNotMatch(JSON.stringify(reply.body), /Anna|anna\.example|anna-token/);
  }
  const kept = await world.call(`/senders/${sender}`, { key: anna.key });
  assert.equal(kept.status, 200);
  assert.equal(kept.body.throughput, 80);
  const secrets = await world.call<List>('/signing-secrets', { key: anna.key });
  assert.equal(secrets.body.paging.totalResults, 1);
});

test('a sender belongs to one account: another gets 409 and learns no more', async () => {
  const reply = await world.call('/senders', { key: ben.key, json: { ...annasSender, accessToken: 'ben-token' } });
  assert.equal(reply.status, 409);
  assert.doesNotMatch(JSON.stringify(reply.body), /Anna|anna/);
});

test('an account key that names its own account is welcome', async () => {
  const made = await world.call('/signing-secrets', { key: ben.key, json: { accountId: ben.accountId } });
  assert.equal(made.status, 201);
  assert.equal(made.body.accountId, ben.accountId);
  assert.equal((await world.call(`/signing-secrets/${made.body.id}`, { method: 'DELETE', key: ben.key })).status, 204);
  const own = await world.call(`/accounts/${ben.accountId}`, { key: ben.key });
  assert.equal(own.body.name, 'Ben');
});

test('a deleted key opens nothing from then on', async () => {
  const path = `/accounts/${ben.accountId}/keys`;
  const made = await world.call<{ id: string; apiKeySecret: string }>(path, { json: { name: 'second' } });
  const key = made.body.apiKeySecret;
  assert.equal((await world.call('/senders', { key })).status, 200);
  assert.equal((await world.call(`${path}/${made.body.id}`, { method: 'DELETE' })).status, 204);
  assert.equal((await world.call('/senders', { key })).status, 401);
  assert.equal((await world.call('/senders', { key: ben.key })).status, 200);
});

test('keys that the configuration names are there after a start, changed ones replace the old, absent ones stop working', async () => {
  const { database, clock, adminKey, demoKey } = world;
  const refresh = () => world.call('/signing-secrets/none', { method: 'DELETE' });
  await ensureDevAccount({ database, clock, adminKey, devApiKey: demoKey });
  await ensureDevAccount({ database, clock, adminKey, devApiKey: 'another-demo-key' });
  await refresh();
  assert.equal((await world.call('/senders', { key: demoKey })).status, 401);
  const own = await world.call('/accounts/demo', { key: 'another-demo-key' });
  assert.equal(own.body.accountId, 'demo');
  await ensureDevAccount({ database, clock, adminKey });
  await refresh();
  assert.equal((await world.call('/senders', { key: 'another-demo-key' })).status, 401);
  const accounts = await world.call<List>('/accounts?size=1000');
  assert.equal(accounts.body.results.filter(({ accountId }) => accountId === 'demo').length, 1);
});
