// Who may call what: scopes of every operation, keys that are bound to time, address and application, rate limits, callers behind proxies.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Reply } from '../support/dev-world.js';
import { type Management, managementOf } from '../support/management.js';
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
    'GET /docs',
    'GET /healthz',
    'GET /llms.txt',
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
  const answers = await Promise.all(Array.from({ length: 100 }, () => ask(busy)));
  const limited = answers.filter(({ status }) => status === 429);
  assert.ok(limited.length > 0 && answers.some(({ status }) => status === 404), `${limited.length} of 100`);
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

test('a key bound to an application sees, makes and changes subscriptions and what serves them of that application alone', async () => {
  const root = '/subscriptions/1';
  const path = `${root}/subscription/WHATSAPP`;
  const whole = managementOf(scene, await secretOf({}));
  const bound = managementOf(scene, await secretOf({ platform: [{ applicationId: 'vendor', action: 'FORCE' }] }));
  const allowed = managementOf(scene, await secretOf({ platform: [{ applicationId: 'vendor' }] }));
  const profile = (profileId: string): object => ({
    profileId,
    webhook: { notifyUrl: 'https://hooks.example/wa' },
    security: { authId: `auth-${profileId}`, type: 'BASIC', credentials: { username: 'u', password: profileId } },
  });
  const subscribe = (api: Management, subscriptionId: string, criteria?: object[]): Promise<Reply> =>
    api.call('POST', path, { subscriptionId, events: ['DELIVERY'], criteria, profile: profile(subscriptionId) });
  const made = [await subscribe(whole, 'all'), await subscribe(whole, 'other', [{ applicationId: 'other' }])];
  made.push(await subscribe(bound, 'forced', [{ applicationId: 'other' }]), await subscribe(allowed, 'silent'));
  assert.deepEqual(
    made.map(({ status }) => status),
    [201, 201, 201, 201],
  );
  assert.equal((await subscribe(allowed, 'wrong', [{ applicationId: 'other' }])).status, 403);
  const vendor = [{ applicationId: 'vendor' }];
  for (const id of ['forced', 'silent'])
    assert.deepEqual((await whole.expect(200, 'GET', `${path}/${id}`)).criteria, vendor);
  const idsAt = async (url: string, id: string): Promise<unknown[]> => {
    const { results, paging } = await allowed.expect<{ results: Record<string, unknown>[]; paging: object }>(
      200,
      'GET',
      url,
    );
    assert.equal(at(paging, 'totalResults'), results.length);
    return results.map((result) => result[id]);
  };
  assert.deepEqual(await idsAt(path, 'subscriptionId'), ['silent', 'forced']);
  assert.deepEqual(await idsAt(`${root}/profiles`, 'profileId'), ['silent', 'forced']);
  assert.deepEqual(await idsAt(`${root}/security`, 'authId'), ['auth-silent', 'auth-forced']);
  const put = { events: ['SEEN'], profile: { profileId: 'silent' } };
  for (const id of ['all', 'other']) {
    for (const [method, json] of [
      ['GET', undefined],
      ['PUT', put],
      ['DELETE', undefined],
    ] as const)
      await allowed.expect(404, method, `${path}/${id}`, json);
    for (const [method, json] of [
      ['GET', undefined],
      ['PUT', {}],
      ['DELETE', undefined],
    ] as const)
      await allowed.expect(404, method, `${root}/profiles/${id}`, json);
    for (const [method, json] of [
      ['GET', undefined],
      ['PUT', { type: 'CUSTOM' }],
      ['DELETE', undefined],
    ] as const)
      await allowed.expect(404, method, `${root}/security/auth-${id}`, json);
  }
  const stolen = { profileId: 'stolen', security: { authId: 'auth-other' } };
  assert.deepEqual(await allowed.blamed('POST', `${root}/profiles`, stolen), ['security.authId']);
  assert.deepEqual(await allowed.blamed('PUT', `${path}/silent`, { ...put, profile: { profileId: 'other' } }), [
    'profile.profileId',
  ]);
  await allowed.expect(200, 'PUT', `${path}/silent`, put);
  assert.deepEqual((await whole.expect(200, 'GET', `${path}/silent`)).criteria, vendor);
  for (const id of ['silent', 'forced']) await bound.expect(200, 'DELETE', `${path}/${id}`);
  assert.deepEqual((await whole.expect<{ results: unknown[] }>(200, 'GET', path)).results.length, 2);
  for (const id of ['all', 'other']) await whole.expect(200, 'DELETE', `${path}/${id}`);
});

test('a key bound to an application sees and changes configurations of numbers and templates of that application alone', async () => {
  const path = '/resource-management/1/inbound-message-configurations';
  const tenant = await scene.newTenant();
  const keyFor = async (settings: object): Promise<Management> =>
    managementOf(scene, (await makeKey(settings, tenant.accountId)).apiKeySecret);
  const whole = await keyFor({});
  const filling = await keyFor({ platform: [{ applicationId: 'vendor', action: 'FILL' }] });
  const allowed = await keyFor({ platform: [{ applicationId: 'vendor' }] });
  const base = {
    channel: 'WHATSAPP',
    number: tenant.sender,
    forwarding: { type: 'HTTP_FORWARD', url: 'https://hooks.example/mo' },
  };
  const other = { platform: { applicationId: 'other' } };
  // Two calls a second are all that is published for this operation.
  const post = async (api: Management, fields: object): Promise<Reply> => {
    const send = (): Promise<Reply> => api.call('POST', path, { ...base, ...fields });
    return until('a call that the rate lets through', async () => {
      const reply = await send();
      return reply.status === 429 ? undefined : reply;
    });
  };
  assert.equal((await post(whole, { ...other, keyword: 'other' })).status, 200);
  assert.equal((await post(whole, {})).status, 200);
  assert.equal((await post(allowed, { keyword: 'silent' })).status, 403);
  assert.equal((await post(allowed, { keyword: 'x', ...other })).status, 403);
  assert.equal((await post(filling, { keyword: 'other' })).status, 403);
  const filled = await post(filling, { keyword: 'mine' });
  assert.deepEqual([filled.status, at(filled.body, 'platform')], [200, { applicationId: 'vendor' }]);
  const list = (api: Management): Promise<Record<string, unknown>[]> =>
    until('a list that the rate lets through', async () => {
      const { status, body } = await api.call<Record<string, unknown>[]>('GET', `${path}?channel=WHATSAPP`);
      return status === 200 ? body : undefined;
    });
  assert.deepEqual(
    (await list(allowed)).map(({ keyword }) => keyword),
    ['MINE'],
  );
  const [first] = await list(whole);
  const removal = await until('a call that the rate lets through', async () => {
    const { status } = await allowed.call('DELETE', `${path}/${first?.configurationKey}`);
    return status === 429 ? undefined : status;
  });
  assert.equal(removal, 404);

  const templates = `/whatsapp/2/senders/${tenant.sender}/templates`;
  const register = (name: string, platform?: object): Promise<{ id: string }> =>
    whole.expect(201, 'POST', templates, {
      name,
      language: 'en',
      category: 'UTILITY',
      structure: { body: { text: 'Hello' } },
      platform,
    });
  const own = await register('own', { applicationId: 'vendor' });
  const foreign = await register('foreign', { applicationId: 'other' });
  const shared = await register('shared');
  const names = (body: Record<string, unknown>, of: string): unknown[] =>
    (Array.isArray(body[of]) ? body[of] : []).map((row) => at(row, 'name')).sort();
  assert.deepEqual(names(await allowed.expect(200, 'GET', templates), 'templates'), ['own', 'shared']);
  assert.deepEqual(names(await allowed.expect(200, 'GET', '/whatsapp/1/templates'), 'results'), ['own', 'shared']);
  const edit = { structure: { body: { text: 'Hello again' } } };
  const outcomes: number[] = [];
  for (const { id } of [foreign, shared]) {
    outcomes.push((await allowed.call('GET', `${templates}/${id}`)).status);
    outcomes.push((await allowed.call('PATCH', `${templates}/${id}`, edit)).status);
  }
  for (const name of ['foreign', 'shared', 'own'])
    outcomes.push((await allowed.call('DELETE', `${templates}/${name}`)).status);
  assert.deepEqual(outcomes, [404, 404, 200, 403, 404, 403, 204]);
  assert.equal((await allowed.call('GET', `${templates}/${own.id}`)).status, 404);
});
