// Accounts, keys and senders over HTTP: what is answered, what is kept, and what connecting a number asks of Meta.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { devClockRoutes } from '../../src/api/admin/dev-clock.js';
import { type AdminWorld, type List, type ProblemBody, startAdminWorld } from '../support/admin-world.js';

let world: AdminWorld;
before(async () => {
  world = await startAdminWorld();
});
after(() => world.stop());

const GRAPH_TOKEN = 'EAAtestToken';
const waba = {
  wabaId: '5001',
  numbers: [
    { number: '441134960020', phoneNumberId: '6001', throughput: 1000 },
    { number: '441134960021', phoneNumberId: '6002', throughput: 80 },
  ],
  app: { appSecret: 's', verifyToken: 'v', callbackUrl: 'http://127.0.0.1:9/meta/webhook', token: GRAPH_TOKEN },
};

async function makeWaba(): Promise<void> {
  const reply = await fetch(`${world.sandbox}/_sandbox/wabas`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(waba),
  });
  assert.ok(reply.ok, await reply.text());
}

test('an account is made, changed and listed', async () => {
  const made = await world.call('/accounts', { json: { name: 'Shop', unknownPolicy: 'fail' } });
  assert.equal(made.status, 201);
  const { accountId, createdAt, ...rest } = made.body;
  assert.deepEqual(rest, {
    name: 'Shop',
    unknownPolicy: 'fail',
    unknownWaitSeconds: 30,
    readMarks: false,
    media: 'link',
    rateLimits: {},
    linkDays: 90,
    clickDays: 30,
    clickAddresses: true,
    retentionDays: 3650,
  });
  assert.match(String(createdAt), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const changed = await world.call(`/accounts/${accountId}`, { method: 'PATCH', json: { unknownWaitSeconds: 5 } });
  assert.deepEqual(changed.body, { ...made.body, unknownWaitSeconds: 5 });
  const listed = await world.call<List>('/accounts?size=1&page=1');
  assert.equal(listed.body.results.length, 1);
  assert.equal(listed.body.paging.page, 1);
  assert.equal(listed.body.paging.totalPages, listed.body.paging.totalResults);
});

test('a key is shown once and kept only as a hash', async () => {
  const { body } = await world.call<{ id: string; apiKeySecret: string }>('/accounts/demo/keys', {
    json: { name: 'app' },
  });
  assert.ok(Buffer.from(body.apiKeySecret, 'base64url').length >= 16);
  const listed = await world.call<List>('/accounts/demo/keys');
  assert.ok(listed.body.results.some(({ id }) => id === body.id));
  assert.doesNotMatch(JSON.stringify(listed.body), new RegExp(body.apiKeySecret));
  const rows = await world.database.run<{ row: string }>(
    { name: '', text: 'SELECT k::text AS row FROM api_keys k' },
    [],
  );
  assert.ok(rows.length >= 3);
  for (const { row } of rows) assert.ok(!row.includes(body.apiKeySecret));
});

test('a sender is made with its endpoint and lane, changed, and its token is never shown', async () => {
  const json = {
    sender: '441134960030',
    phoneNumberId: '30',
    wabaId: '3',
    accessToken: 'top-secret',
    forwardUrl: 'https://hooks.example/in?a=1',
  };
  const made = await world.call('/senders', { key: world.demoKey, json });
  assert.equal(made.status, 201);
  const { createdAt: _, ...rest } = made.body;
  const state = { pausedUntil: null, pauseReason: null, queued: 0 };
  const { accessToken: __, ...shown } = json;
  assert.deepEqual(rest, { accountId: 'demo', ...shown, throughput: 80, identityCheck: false, ...state });
  const endpoints = await world.call<List>('/endpoints', { key: world.demoKey });
  assert.equal(endpoints.body.results[0]?.origin, 'https://hooks.example');
  const off = await world.call(`/senders/${json.sender}`, {
    method: 'PATCH',
    key: world.demoKey,
    json: { forwardUrl: null, throughput: 20 },
  });
  assert.equal(off.body.forwardUrl, null);
  assert.equal(off.body.throughput, 20);
  assert.equal((await tokenOf(json.sender)).open, 'top-secret');
  await world.call(`/senders/${json.sender}`, { method: 'PATCH', key: world.demoKey, json: { accessToken: 'newer' } });
  const token = await tokenOf(json.sender);
  assert.equal(token.open, 'newer');
  assert.ok(!token.sealed.includes('newer'));
});

async function tokenOf(sender: string): Promise<{ open: string; sealed: Buffer }> {
  const [row] = await world.database.run<{ token: Buffer }>(
    { name: '', text: 'SELECT access_token AS token FROM senders WHERE sender = $1 AND deleted_at IS NULL' },
    [sender],
  );
  assert.ok(row !== undefined);
  return { open: world.secrets.open(row.token), sealed: row.token };
}

test('a removed sender is gone and its number is free again', async () => {
  const json = { accountId: 'demo', sender: '441134960031', phoneNumberId: '31', wabaId: '3', accessToken: 't' };
  assert.equal((await world.call('/senders', { json })).status, 201);
  assert.equal((await world.call(`/senders/${json.sender}`, { method: 'DELETE' })).status, 204);
  assert.equal((await world.call(`/senders/${json.sender}`)).status, 404);
  assert.equal((await world.call('/senders', { json })).status, 201);
});

test('a paused lane shows why and until when, and resume ends it', async () => {
  const json = { accountId: 'demo', sender: '441134960032', phoneNumberId: '32', wabaId: '3', accessToken: 't' };
  await world.call('/senders', { json });
  const until = Date.UTC(2031, 0, 1);
  const pause = `UPDATE lane_heads SET paused_until = $2, pause_reason = 'token (190)' WHERE lane = (SELECT id FROM senders WHERE sender = $1)`;
  await world.database.run({ name: '', text: pause }, [json.sender, until]);
  const paused = await world.call(`/senders/${json.sender}`);
  assert.equal(paused.body.pausedUntil, '2031-01-01T00:00:00.000Z');
  assert.equal(paused.body.pauseReason, 'token (190)');
  const resumed = await world.call(`/senders/${json.sender}/resume`, { method: 'POST' });
  assert.equal(resumed.status, 200);
  assert.equal(resumed.body.pausedUntil, null);
  assert.equal(resumed.body.pauseReason, null);
});

test('an endpoint that was disabled shows it, and enable starts it again', async () => {
  const json = {
    accountId: 'demo',
    sender: '441134960033',
    phoneNumberId: '33',
    wabaId: '3',
    accessToken: 't',
    forwardUrl: 'https://gone.example/',
  };
  await world.call('/senders', { json });
  const disable = `UPDATE endpoint_heads SET disabled_at = 1, failures = 3, down_since = 1, probe_at = 2, down_reason = '410'
    WHERE endpoint = (SELECT id FROM endpoints WHERE origin = 'https://gone.example')`;
  await world.database.run({ name: '', text: disable }, []);
  const listed = await world.call<List>('/endpoints?size=1000');
  const found = listed.body.results.find(({ origin }) => origin === 'https://gone.example');
  assert.equal(found?.disabledAt, '1970-01-01T00:00:00.001Z');
  assert.equal(found?.failures, 3);
  const enabled = await world.call(`/endpoints/${found?.id}/enable`, { method: 'POST' });
  assert.deepEqual(enabled.body, {
    ...found,
    failures: 0,
    downSince: null,
    downReason: null,
    nextProbeAt: null,
    disabledAt: null,
  });
});

test('signing secrets are shown once, sealed at rest, and make room when deleted', async () => {
  const shop = await world.makeAccount('Signer');
  const first = await world.call<{ id: string; secret: string }>('/signing-secrets', { key: shop.key, json: {} });
  assert.match(first.body.secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  await world.call('/signing-secrets', { key: shop.key, json: {} });
  const listed = await world.call<List>('/signing-secrets', { key: shop.key });
  assert.equal(listed.body.paging.totalResults, 2);
  assert.doesNotMatch(JSON.stringify(listed.body), /whsec_/);
  assert.equal(
    (await world.call(`/signing-secrets/${first.body.id}`, { method: 'DELETE', key: shop.key })).status,
    204,
  );
  assert.equal((await world.call('/signing-secrets', { key: shop.key, json: {} })).status, 201);
});

test('connecting a number asks Meta what it is, subscribes its WABA and says where Meta must call', async () => {
  await makeWaba();
  const json = {
    phoneNumberId: '6001',
    wabaId: '5001',
    accessToken: GRAPH_TOKEN,
    forwardUrl: 'https://hooks.example/in',
  };
  const connected = await world.call('/senders/connect', { key: world.demoKey, json });
  assert.equal(connected.status, 200, JSON.stringify(connected.body));
  assert.equal(connected.body.sender, '441134960020');
  assert.equal(connected.body.throughput, 1000);
  assert.equal(connected.body.callbackUrl, 'https://parley.example/meta/webhook');
  assert.equal(connected.body.verifyToken, world.verifyToken);
  assert.deepEqual(connected.body.warnings, []);
  const subscribed = await fetch(`${world.sandbox}/v25.0/5001/subscribed_apps`, {
    headers: { authorization: `Bearer ${GRAPH_TOKEN}` },
  });
  assert.match(await subscribed.text(), /whatsapp_business_api_data/);
  const again = await world.call('/senders/connect', { key: world.demoKey, json: { ...json, forwardUrl: undefined } });
  assert.equal(again.status, 200);
  assert.equal(again.body.forwardUrl, 'https://hooks.example/in');
  const other = await world.call('/senders/connect', { key: world.demoKey, json: { ...json, phoneNumberId: '6002' } });
  assert.equal(other.body.throughput, 80);
});

test('a number that another account has connected is refused, and stays as it was', async () => {
  await makeWaba();
  const json = { phoneNumberId: '6002', wabaId: '5001', accessToken: GRAPH_TOKEN };
  await world.call('/senders/connect', { key: world.demoKey, json });
  const { key } = await world.makeAccount('Late');
  const refused = await world.call<ProblemBody>('/senders/connect', { key, json });
  assert.equal(refused.status, 409);
  const kept = await world.call('/senders/441134960021');
  assert.equal(kept.body.accountId, 'demo');
});

test('connecting says which field Meta did not like', async () => {
  await makeWaba();
  const good = { phoneNumberId: '6001', wabaId: '5001', accessToken: GRAPH_TOKEN };
  const wrong: [string, object][] = [
    ['accessToken', { ...good, accessToken: 'EAAother' }],
    ['wabaId', { ...good, wabaId: '5999' }],
    ['phoneNumberId', { ...good, phoneNumberId: '6999' }],
  ];
  for (const [field, json] of wrong) {
    const reply = await world.call<ProblemBody>('/senders/connect', { key: world.demoKey, json });
    assert.equal(reply.status, 400, JSON.stringify(reply.body));
    assert.deepEqual(
      reply.body.errors.map((error) => error.field),
      [field],
    );
  }
});

test('outside dev there is no clock to move', () => {
  const { clock } = world;
  const parts = { clock, isDev: true };
  assert.equal(devClockRoutes(parts).length, 2);
  assert.deepEqual(devClockRoutes({ ...parts, isDev: false }), []);
});

test('in dev the clock can be read and moved forward', async () => {
  const before = await world.call<{ now: string }>('/dev/clock');
  const moved = await world.call<{ now: string }>('/dev/clock', { json: { advanceSeconds: 3600 } });
  assert.ok(Date.parse(moved.body.now) - Date.parse(before.body.now) >= 3_600_000);
  assert.equal((await world.call('/dev/clock', { json: { advanceSeconds: -1 } })).status, 400);
});
