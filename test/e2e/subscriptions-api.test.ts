// /subscriptions/1: subscriptions, profiles, securities and certificates as they are managed (Infobip 5).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Management, managementOf } from '../support/management.js';
import { type Scene, startScene } from '../support/scene.js';

const ROOT = '/subscriptions/1';
const HOOK = 'http://127.0.0.1:9/hook';

interface Page<T> {
  results: T[];
  paging: { page: number; size: number; totalPages: number; totalResults: number };
}

let scene: Scene;
let ann: Management;
let bob: Management;
before(async () => {
  scene = await startScene();
  [ann, bob] = [managementOf(scene, (await scene.newTenant()).key), managementOf(scene, (await scene.newTenant()).key)];
});
after(() => scene.stop());

test('one request makes a subscription with its profile and security, each then there by its own id', async () => {
  const credentials = { secretKey: 'k', algorithm: 'HMAC_SHA_256' };
  const made = await ann.call('POST', `${ROOT}/subscription/WHATSAPP`, {
    subscriptionId: 'wa-main',
    name: 'All',
    events: ['DELIVERY', 'SEEN', 'NOT_OF_THIS_CHANNEL'],
    criteria: [{ applicationId: 'crm' }],
    resources: ['38520001122'],
    profile: {
      profileId: 'p-main',
      webhook: { notifyUrl: HOOK },
      maxBucketSize: 50,
      headers: { 'X-Env': 'prod' },
      security: { authId: 'h-1', type: 'HMAC', credentials },
    },
  });
  const ids = { subscriptionId: 'wa-main', profile: { profileId: 'p-main', security: { authId: 'h-1' } } };
  assert.deepEqual([made.status, made.body], [201, ids]);
  const location = made.headers.get('location') ?? '';
  const found = await ann.expect(200, 'GET', location);
  const delivery = { state: 'UP' };
  const rest = { criteria: [{ applicationId: 'crm' }], resources: ['38520001122'], users: [], delivery };
  assert.deepEqual(found, { ...ids, name: 'All', events: ['DELIVERY', 'SEEN'], ...rest });
  assert.deepEqual(await ann.expect(200, 'GET', `${ROOT}/profiles/p-main`), {
    profileId: 'p-main',
    webhook: { notifyUrl: HOOK },
    security: { authId: 'h-1' },
    maxBucketSize: 50,
    headers: { 'X-Env': 'prod' },
    delivery,
  });
  assert.deepEqual(await ann.expect(200, 'GET', `${ROOT}/security/h-1`), {
    authId: 'h-1',
    type: 'HMAC',
    credentials,
  });
  const replaced = { name: 'Less', events: ['SEEN'], profile: { profileId: 'p-main' } };
  assert.deepEqual(await ann.expect(200, 'PUT', location, replaced), ids);
  const none = { criteria: [], resources: [], users: [], delivery };
  assert.deepEqual(await ann.expect(200, 'GET', location), { ...ids, name: 'Less', events: ['SEEN'], ...none });
});

test('what is used by another cannot be deleted, and what is not can', async () => {
  for (const path of ['profiles/p-main', 'security/h-1']) await ann.expect(409, 'DELETE', `${ROOT}/${path}`);
  await ann.expect(200, 'DELETE', `${ROOT}/subscription/WHATSAPP/wa-main`);
  for (const path of ['subscription/WHATSAPP/wa-main', 'profiles/p-main', 'security/h-1']) {
    if (!path.startsWith('subscription')) await ann.expect(200, 'DELETE', `${ROOT}/${path}`);
    await ann.expect(404, 'GET', `${ROOT}/${path}`);
    await ann.expect(404, 'DELETE', `${ROOT}/${path}`);
  }
});

test('ids belong to an account: two accounts may use the same, and neither sees or changes the other’s', async () => {
  const body = (name: string) => ({
    subscriptionId: 'same',
    name,
    events: ['DELIVERY'],
    profile: {
      profileId: 'same',
      webhook: { notifyUrl: HOOK },
      security: { authId: 'same', type: 'BASIC', credentials: { username: name, password: 'secret' } },
    },
  });
  await ann.expect(201, 'POST', `${ROOT}/subscription/WHATSAPP`, body('ann'));
  await bob.expect(404, 'GET', `${ROOT}/subscription/WHATSAPP/same`);
  await bob.expect(404, 'PUT', `${ROOT}/security/same`, { type: 'CUSTOM' });
  assert.deepEqual(await bob.blamed('POST', `${ROOT}/profiles`, { profileId: 'mine', security: { authId: 'same' } }), [
    'security.authId',
  ]);
  await bob.expect(201, 'POST', `${ROOT}/subscription/WHATSAPP`, body('bob'));
  await bob.expect(200, 'DELETE', `${ROOT}/subscription/WHATSAPP/same`);
  await ann.expect(409, 'POST', `${ROOT}/subscription/WHATSAPP`, { ...body('ann'), profile: { profileId: 'same' } });
  const { results } = await ann.expect<Page<{ credentials: { username: string } }>>(200, 'GET', `${ROOT}/security`);
  assert.deepEqual(
    results.map(({ credentials }) => credentials.username),
    ['ann'],
  );
});

test('a subscription that is refused leaves neither profile nor security behind', async () => {
  const profile = {
    profileId: 'left',
    webhook: { notifyUrl: HOOK },
    security: { authId: 'left', type: 'BASIC', credentials: { username: 'u', password: 'p' } },
  };
  await ann.expect(409, 'POST', `${ROOT}/subscription/WHATSAPP`, { subscriptionId: 'same', events: [], profile });
  await ann.expect(404, 'GET', `${ROOT}/profiles/left`);
  await ann.expect(404, 'GET', `${ROOT}/security/left`);
});

test('every wrong field is named at once, by its path', async () => {
  assert.deepEqual(
    await ann.blamed('POST', `${ROOT}/subscription/WHATSAPP`, {
      subscriptionId: 'a/b',
      events: 'DELIVERY',
      criteria: [{ applicationId: 'x'.repeat(256) }],
      profile: {
        profileId: '..',
        webhook: { notifyUrl: 'ftp://x' },
        maxBucketSize: 0,
        windowSize: 19,
        connectTimeout: 299,
        readTimeout: 90_001,
        rateLimit: 5_001,
        enabledSSLProtocols: ['SSLv3'],
      },
    }),
    [
      'criteria[0].applicationId',
      'events',
      'profile.connectTimeout',
      'profile.enabledSSLProtocols[0]',
      'profile.maxBucketSize',
      'profile.profileId',
      'profile.rateLimit',
      'profile.readTimeout',
      'profile.webhook.notifyUrl',
      'profile.windowSize',
      'subscriptionId',
    ],
  );
  assert.deepEqual(
    await ann.blamed('POST', `${ROOT}/profiles`, {
      profileId: 'p',
      headers: { Host: 'elsewhere', 'no header': 'x', Fine: 'a\nb' },
      responseRegex: '(',
      enabledSSLProtocols: ['TLSv1.3', 'TLSv1.3'],
      security: { authId: 'x', type: 'OAUTH', credentials: { username: 'u' } },
    }),
    [
      'enabledSSLProtocols',
      'headers.Fine',
      'headers.Host',
      'headers.no header',
      'responseRegex',
      'security.credentials.grantType',
      'security.credentials.tokenUrl',
    ],
  );
  assert.deepEqual(await ann.blamed('GET', `${ROOT}/subscription/PIGEON?page=-1&size=101`), [
    'channel',
    'page',
    'size',
  ]);
  assert.deepEqual(
    await ann.blamed('PUT', `${ROOT}/subscription/WHATSAPP/same`, { events: [], profile: { profileId: 'none' } }),
    ['profile.profileId'],
  );
});

test('a URL that may never be reached is refused when a profile or security names it', async () => {
  for (const url of ['http://169.254.169.254/latest', 'http://10.0.0.1/x']) {
    const profile = { profileId: 'p', webhook: { notifyUrl: url } };
    assert.deepEqual(await ann.blamed('POST', `${ROOT}/profiles`, profile), ['webhook.notifyUrl']);
    const security = { authId: 'o', type: 'OAUTH', credentials: { tokenUrl: url, grantType: 'client_credentials' } };
    assert.deepEqual(await ann.blamed('POST', `${ROOT}/security`, security), ['credentials.tokenUrl']);
  }
});

test('lists are newest first, paged, and narrowed by everything that is asked for', async () => {
  const shop = managementOf(scene, (await scene.newTenant()).key);
  const of = (i: number) => ({
    subscriptionId: `s-${i}`,
    events: ['DELIVERY'],
    criteria: [{ applicationId: i % 2 === 0 ? 'even' : 'odd', entityId: `e-${i}` }],
    resources: [`44${i}`],
    users: i === 3 ? ['ann'] : [],
    profile: i === 0 ? { profileId: 'p', webhook: { notifyUrl: HOOK } } : { profileId: 'p' },
  });
  for (let i = 0; i < 5; i += 1) await shop.expect(201, 'POST', `${ROOT}/subscription/WHATSAPP`, of(i));
  await shop.expect(201, 'POST', `${ROOT}/subscription/SMS`, { ...of(1), subscriptionId: 'sms' });
  const list = async (query: string) => {
    const path = `${ROOT}/subscription/WHATSAPP?${query}`;
    const { results, paging } = await shop.expect<Page<{ subscriptionId: string }>>(200, 'GET', path);
    return [results.map(({ subscriptionId }) => subscriptionId).join(' '), paging.totalResults, paging.totalPages];
  };
  assert.deepEqual(await list('page=1&size=2'), ['s-2 s-1', 5, 3]);
  assert.deepEqual(await list('applicationId=even'), ['s-4 s-2 s-0', 3, 1]);
  assert.deepEqual(await list('applicationId=even&entityId=e-2&entityId=e-3'), ['s-2', 1, 1]);
  assert.deepEqual(await list('resource=443&user=ann'), ['s-3', 1, 1]);
  assert.deepEqual(await list('resource=444&user=ann'), ['', 0, 0]);
});

test('nobody without an account’s key gets in, and what does not exist is not found', async () => {
  for (const path of ['subscription/WHATSAPP', 'profiles', 'security', 'certificates']) {
    assert.equal((await scene.world.api(`${ROOT}/${path}`, { key: 'wrong' })).status, 401);
    assert.equal((await scene.world.api(`${ROOT}/${path}`, { key: scene.world.info.adminKey })).status, 403);
  }
  await ann.expect(404, 'GET', `${ROOT}/certificates/%00`);
  await ann.expect(404, 'GET', `${ROOT}/profiles/none`);
});
