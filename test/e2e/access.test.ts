// Who may call what: scopes of every operation, keys that are bound to time, address and application, rate limits, callers behind proxies.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Reply } from '../support/dev-world.js';
import { at, fieldsOf } from '../support/requests-texts.js';
import { type Scene, startScene, type Tenant } from '../support/scene.js';
import { until } from '../support/until.js';

let scene: Scene;
let ann: Tenant;
before(async () => {
  scene = await startScene({ PARLEY_RATE_LIMITS: 'infobip', PARLEY_TRUSTED_PROXIES: '127.0.0.0/8,10.0.0.0/8' });
  ann = await scene.newTenant();
});
after(() => scene.stop());

interface MadeKey {
  id: string;
  apiKeySecret: string;
}

async function makeKey(settings: object = {}, accountId = ann.accountId): Promise<MadeKey> {
  return scene.admin<MadeKey>(`/accounts/${accountId}/keys`, { json: { name: 'key', ...settings } });
}

async function secretOf(settings: object): Promise<string> {
  return (await makeKey(settings)).apiKeySecret;
}

function sendText(key: string | null, fields: object = {}, headers: Record<string, string> = {}): Promise<Reply> {
  const json = { from: ann.sender, to: scene.newUser(), content: { text: 'Hi' }, ...fields };
  return scene.world.api('/whatsapp/1/message/text', { json, key, headers });
}

interface Guarded {
  method: string;
  path: string;
  scopes: string[];
  isAdminOnly: boolean;
  security: Record<string, string[]>[];
}

async function guardedOperations(): Promise<Guarded[]> {
  return (await allOperations()).filter(({ security }) => security.length > 0);
}

async function allOperations(): Promise<Guarded[]> {
  const { body } = await scene.world.api('/openapi.json', { key: null });
  return Object.entries(fieldsOf(at(body, 'paths'))).flatMap(([path, methods]) =>
    Object.entries(fieldsOf(methods)).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      scopes: textsOf(at(operation, 'x-scopes')),
      isAdminOnly: String(at(operation, 'summary')).includes('keys of kind admin only'),
      security: securityOf(at(operation, 'security')),
    })),
  );
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function securityOf(value: unknown): Record<string, string[]>[] {
  const entries = Array.isArray(value) ? value : [];
  return entries.map((entry) =>
    Object.fromEntries(Object.entries(fieldsOf(entry)).map(([name, scopes]) => [name, textsOf(scopes)])),
  );
}

test('every operation: without one of its scopes 403, with any of them not', async () => {
  const operations = (await guardedOperations()).filter(({ scopes }) => scopes.length > 0);
  assert.ok(operations.length > 40, `only ${operations.length} operations`);
  const all = [...new Set(operations.flatMap(({ scopes }) => scopes))];
  const bob = await scene.newTenant();
  // Ten calls a second of one operation are enough for none of these accounts to meet its limit.
  const keys = new Map<string, string>();
  for (const scope of all) keys.set(scope, (await makeKey({ scopeGuids: [scope] }, bob.accountId)).apiKeySecret);
  for (const { method, path, scopes, isAdminOnly } of operations) {
    const url = path.replace('{sender}', bob.sender).replace(/\{\w+\}/g, 'x');
    const call = async (key: string): Promise<number> => {
      const { status } = await scene.world.api(url, { method, key });
      return status;
    };
    const others = all.filter((scope) => !scopes.includes(scope));
    const without = (await makeKey({ scopeGuids: others }, bob.accountId)).apiKeySecret;
    assert.equal(await call(without), 403, `${method} ${path} without ${scopes}`);
    for (const scope of scopes) {
      const status = await call(keys.get(scope) ?? '');
      const isThrough = status !== 401 && status !== 403;
      assert.ok(isAdminOnly ? status === 403 : isThrough, `${method} ${path} with ${scope}: ${status}`);
    }
    assert.equal(await call('wrong'), 401, `${method} ${path} with a wrong key`);
  }
});

test('nothing is open but what must be', async () => {
  const open = (await allOperations()).filter(({ security }) => security.length === 0);
  assert.deepEqual(open.map(({ method, path }) => `${method} ${path}`).sort(), [
    'GET /healthz',
    'GET /meta/webhook',
    'GET /metrics',
    'GET /openapi.json',
    'GET /readyz',
    'POST /auth/1/oauth2/token',
    'POST /auth/1/session',
    'POST /meta/webhook',
  ]);
});

test('every operation takes each of the four schemes, from a user too', async () => {
  const { accountId } = await scene.newTenant();
  const username = 'ops@example.org';
  const user = await scene.admin<{ password: string }>(`/accounts/${accountId}/users`, { json: { username } });
  const session = await scene.world.api('/auth/1/session', { key: null, json: { username, password: user.password } });
  const token = await scene.world.api('/auth/1/oauth2/token', {
    method: 'POST',
    key: null,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `client_id=${username}&client_secret=${user.password}&grant_type=client_credentials`,
  });
  const schemes = [
    `Basic ${Buffer.from(`${username}:${user.password}`).toString('base64')}`,
    `IBSSO ${at(session.body, 'token')}`,
    `Bearer ${at(token.body, 'access_token')}`,
  ];
  const operations = (await guardedOperations()).filter(({ path }) => path !== '/auth/1/session');
  for (const { method, path, isAdminOnly } of operations) {
    for (const authorization of schemes) {
      const url = path.replace(/\{\w+\}/g, 'x');
      const { status } = await scene.world.api(url, { method, key: null, headers: { authorization } });
      const isThrough = status !== 401 && status !== 403;
      assert.ok(isAdminOnly ? status === 403 : isThrough, `${method} ${path}: ${authorization.slice(0, 6)} ${status}`);
    }
  }
});

test('the document says of every guarded operation that all four schemes do, with its scopes', async () => {
  const operations = await guardedOperations();
  for (const { method, path, scopes, security } of operations) {
    for (const scheme of ['apiKey', 'basic', 'session', 'oauth2']) {
      const said = security.flatMap((entry) => entry[scheme] ?? []);
      assert.deepEqual(said, scopes, `${method} ${path}: ${scheme}`);
      assert.ok(
        security.some((entry) => scheme in entry),
        `${method} ${path} lacks ${scheme}`,
      );
    }
  }
});

test('a key counts only while it is valid, switched on and made for this API', async () => {
  const day = 24 * 3_600_000;
  const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
  const expired = await makeKey({ validTo: at(60_000) });
  assert.equal((await sendText(expired.apiKeySecret)).status, 200);
  const later = await secretOf({ validFrom: at(60_000), validTo: at(day) });
  assert.equal((await sendText(later)).status, 401);
  await scene.advance(61);
  assert.equal((await sendText(later)).status, 200);
  assert.equal((await sendText(expired.apiKeySecret)).status, 401);
  const switched = await makeKey();
  const path = `/accounts/${ann.accountId}/keys/${switched.id}`;
  assert.equal((await sendText(switched.apiKeySecret)).status, 200);
  await scene.admin(path, { method: 'PATCH', json: { enabled: false } });
  assert.equal((await sendText(switched.apiKeySecret)).status, 401);
  await scene.admin(path, { method: 'PATCH', json: { enabled: true } });
  assert.equal((await sendText(switched.apiKeySecret)).status, 200);
  assert.equal((await sendText(await secretOf({ permissions: ['2FA_CLIENT'] }))).status, 403);
  assert.equal((await sendText(`${switched.apiKeySecret}x`)).status, 401);
  assert.equal((await sendText(null)).status, 401);
});

test('wrong settings of a key are told by field', async () => {
  const wrong = {
    scopeGuids: ['a b'],
    allowedIPs: ['10.0.0.0/33'],
    validTo: '2026-02-31T00:00:00Z',
    permissions: ['PUBLIC_API', 'WEB_SDK'],
    platform: [
      { applicationId: 'a', action: 'FILL' },
      { applicationId: 'b', action: 'FORCE' },
    ],
  };
  for (const [field, value] of Object.entries(wrong)) {
    const json = { name: 'key', [field]: value };
    const call = { json, key: scene.world.info.adminKey };
    const reply = await scene.world.api(`/parley/1/accounts/${ann.accountId}/keys`, call);
    assert.equal(reply.status, 400, field);
    assert.match(JSON.stringify(at(reply.body, 'errors')), new RegExp(`"field":"${field}`));
  }
});

test('a key is good only from its addresses, as trusted proxies tell them and callers cannot', async () => {
  const key = await secretOf({ allowedIPs: ['203.0.113.9', '198.51.100.0/24'] });
  const from = async (forwarded: string | undefined): Promise<number> =>
    (await sendText(key, {}, forwarded === undefined ? {} : { 'x-forwarded-for': forwarded })).status;
  assert.equal(await from('203.0.113.9'), 200);
  assert.equal(await from('198.51.100.77, 10.1.2.3'), 200);
  assert.equal(await from(undefined), 401);
  assert.equal(await from('203.0.113.8'), 401);
  // The last address that a trusted proxy wrote counts; what stands before it the caller made up.
  assert.equal(await from('203.0.113.9, 192.0.2.66'), 401);
  assert.equal(await from('203.0.113.9, nonsense'), 401);
});

test('an account that calls too often is told when to come again; others are not, and its own limits win', async () => {
  const busy = await scene.newTenant();
  const calm = await scene.newTenant();
  const path = (tenant: Tenant): string => `/whatsapp/1/senders/${tenant.sender}/media/none`;
  const ask = ({ key, sender }: Tenant): Promise<Reply> => scene.world.api(path({ ...busy, sender }), { key });
  const answers = await Promise.all(Array.from({ length: 60 }, () => ask(busy)));
  const limited = answers.filter(({ status }) => status === 429);
  assert.ok(limited.length >= 20 && answers.some(({ status }) => status === 404), `${limited.length} of 60`);
  assert.match(limited[0]?.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
  assert.match(JSON.stringify(limited[0]?.body), /"messageId":"TOO_MANY_REQUESTS"/);
  assert.equal((await ask(calm)).status, 404);
  await scene.admin(`/accounts/${calm.accountId}`, { method: 'PATCH', json: { rateLimits: { media: '1/h' } } });
  assert.equal((await ask(calm)).status, 404);
  const told = await ask(calm);
  assert.equal(told.status, 429);
  assert.ok(Number(told.headers.get('retry-after')) > 3_000, told.headers.get('retry-after') ?? 'none');
  await scene.advance(3_601);
  assert.equal((await ask(calm)).status, 404);
  const wrong = await scene.world.api(`/parley/1/accounts/${calm.accountId}`, {
    method: 'PATCH',
    key: scene.world.info.adminKey,
    json: { rateLimits: { media: '0/s', nonsense: '1/s' } },
  });
  assert.equal(wrong.status, 400);
});

test('limits by the hour outlive the process', async () => {
  const tenant = await scene.newTenant({ account: { rateLimits: { 'media-removal': '2/h' } } });
  const remove = (): Promise<Reply> =>
    scene.world.api(`/whatsapp/1/senders/${tenant.sender}/media`, { method: 'DELETE', json: {}, key: tenant.key });
  const statuses = (await Promise.all([remove(), remove(), remove()])).map(({ status }) => status);
  assert.deepEqual(statuses.sort(), [400, 400, 429]);
  await scene.world.killGateway();
  assert.equal((await remove()).status, 429);
});

test('401, 403, 429 and 500 are XML for those who ask, in both forms; 400 is not', async () => {
  const headers = { accept: 'application/xml' };
  const unknown = await scene.world.api<string>('/whatsapp/1/message/text', { json: {}, key: 'wrong', headers });
  assert.equal(unknown.status, 401);
  assert.match(unknown.headers.get('content-type') ?? '', /^application\/xml/);
  assert.match(unknown.body, /<requestError><serviceException><messageId>UNAUTHORIZED<\/messageId>/);
  const scoped = await secretOf({ scopeGuids: ['whatsapp:conversions'] });
  const events = await scene.world.api<string>('/whatsapp/1/events', { json: {}, key: scoped, headers });
  assert.match(events.body, /<apiError><errorCode>E403<\/errorCode>/);
  const forbidden = await scene.world.api<string>('/messages-api/1/reports', { key: scoped, headers });
  assert.match(forbidden.body, /<errorCode>E403<\/errorCode>/);
  const wrong = await scene.world.api('/whatsapp/1/message/text', { json: {}, key: ann.key, headers });
  assert.equal(wrong.status, 400);
  assert.match(wrong.headers.get('content-type') ?? '', /^application\/json/);
});

test('a key bound to an application fills it in, forces it, or may name no other, in what is sent and what is pulled', async () => {
  const crm = { applicationId: 'crm' };
  const shop = { ...crm, entityId: 'shop' };
  const allowed = await secretOf({ platform: [crm] });
  const filling = await secretOf({ platform: [{ ...shop, action: 'FILL' }, { applicationId: 'other' }] });
  const forcing = await secretOf({ platform: [{ ...crm, action: 'FORCE' }] });
  const sends: [messageId: string, key: string, named: object, counts: object | undefined][] = [
    ['bound-1', allowed, {}, undefined],
    ['bound-2', allowed, shop, shop],
    ['bound-3', filling, {}, shop],
    ['bound-4', filling, { applicationId: 'other' }, { applicationId: 'other' }],
    ['bound-5', forcing, { applicationId: 'x', entityId: 'y' }, crm],
  ];
  for (const [messageId, key, named] of sends)
    assert.equal((await sendText(key, { messageId, ...named })).status, 200, messageId);
  const refused = await sendText(allowed, { applicationId: 'other' });
  assert.deepEqual(
    [refused.status, at(refused.body, 'requestError', 'serviceException', 'messageId')],
    [403, 'FORBIDDEN'],
  );
  const pulled = new Map<unknown, unknown>();
  const pull = async (key: string): Promise<void> => {
    const { status, body } = await scene.world.api('/messages-api/1/reports', { key });
    assert.equal(status, 200);
    const results = at(body, 'results');
    for (const result of Array.isArray(results) ? results : [])
      pulled.set(at(result, 'messageId'), at(result, 'platform'));
  };
  await until('what is forced is pulled', async () => {
    await pull(forcing);
    return pulled.has('bound-5');
  });
  await until('all are pulled', async () => {
    await pull(ann.key);
    return sends.every(([messageId]) => pulled.has(messageId));
  });
  for (const [messageId, , , counts] of sends) assert.deepEqual(pulled.get(messageId), counts, messageId);
  const query = '/messages-api/1/reports?applicationId=other';
  assert.equal((await scene.world.api(query, { key: allowed })).status, 403);
});
