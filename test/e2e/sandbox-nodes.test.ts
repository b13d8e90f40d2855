// Reading numbers, WABAs and tokens, and subscribing to webhooks.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../support/until.js';
import { call, dig, type Fixture, list, SENDER, startCallback, startFixture, TOKEN } from './sandbox-fixture.js';

let sandbox: Fixture;
before(async () => {
  sandbox = await startFixture();
});
after(() => sandbox.stop());

test('reads a number with its default fields and with those asked for', async () => {
  const byDefault = await sandbox.graph('GET', `/${sandbox.phoneNumberId}`);
  assert.equal(dig(byDefault.body, 'display_phone_number'), `+${SENDER}`);
  assert.equal(dig(byDefault.body, 'code_verification_status'), 'VERIFIED');
  const chosen = await sandbox.graph(
    'GET',
    `/${sandbox.phoneNumberId}?fields=throughput,status,health_status{entities}`,
  );
  assert.deepEqual(dig(chosen.body, 'throughput'), { level: 'HIGH' });
  assert.deepEqual(Object.keys(Object(chosen.body)).sort(), ['health_status', 'id', 'status', 'throughput']);
});

test('tells the messaging tier of a number only up to v23', async () => {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const read = (version: string) =>
    call('GET', `${sandbox.url}/${version}/${sandbox.phoneNumberId}?fields=messaging_limit_tier`, undefined, headers);
  assert.equal((await read('v23.0')).status, 200);
  const newer = await read('v24.0');
  assert.equal(dig(newer.body, 'error', 'code'), 100);
});

test('reads a WABA and pages through its numbers', async () => {
  const waba = await sandbox.graph('GET', `/${sandbox.wabaId}?fields=name,account_review_status`);
  assert.equal(dig(waba.body, 'id'), sandbox.wabaId);
  assert.equal(dig(waba.body, 'account_review_status'), 'APPROVED');
  const made = await sandbox.control('POST', '/wabas', {
    numbers: [{ number: '441134960100' }, { number: '441134960101' }, { number: '441134960102' }],
    app: { appSecret: 's', verifyToken: 'v', callbackUrl: sandbox.callback.url, token: 'three' },
  });
  const headers = { authorization: 'Bearer three' };
  const first = await call(
    'GET',
    `${sandbox.url}/v25.0/${dig(made.body, 'wabaId')}/phone_numbers?limit=2&fields=id`,
    undefined,
    headers,
  );
  assert.equal(list(first.body, 'data').length, 2);
  const second = await call('GET', String(dig(first.body, 'paging', 'next')), undefined, headers);
  const ids = [...list(first.body, 'data'), ...list(second.body, 'data')].map((node) => dig(node, 'id'));
  assert.deepEqual(
    ids,
    list(made.body, 'numbers').map((number) => dig(number, 'phoneNumberId')),
  );
  assert.equal(dig(second.body, 'paging', 'next'), undefined);
});

test('answers 100/33 for nodes that are unknown or foreign', async () => {
  for (const path of ['/424242', '/424242/phone_numbers', '/424242/subscribed_apps']) {
    const answer = await sandbox.graph('GET', path);
    assert.equal(answer.status, 400, path);
    assert.equal(dig(answer.body, 'error', 'error_subcode'), 33, path);
  }
});

test('describes a token and its permissions, and a token never issued as not valid', async () => {
  const known = await sandbox.graph('GET', `/debug_token?input_token=${TOKEN}`);
  assert.equal(dig(known.body, 'data', 'is_valid'), true);
  assert.deepEqual(list(known.body, 'data', 'scopes').sort(), [
    'whatsapp_business_management',
    'whatsapp_business_messaging',
  ]);
  assert.deepEqual(dig(known.body, 'data', 'granular_scopes', 0, 'target_ids'), [sandbox.wabaId]);
  const unknown = await sandbox.graph('GET', '/debug_token?input_token=nobody');
  assert.equal(dig(unknown.body, 'data', 'is_valid'), false);
});

test('sends no webhooks while the app is not subscribed', async () => {
  const path = `/${sandbox.wabaId}/subscribed_apps`;
  assert.equal(list((await sandbox.graph('GET', path)).body, 'data').length, 1);
  assert.deepEqual((await sandbox.graph('DELETE', path)).body, { success: true });
  assert.deepEqual((await sandbox.graph('GET', path)).body, { data: [] });
  const unheard = await sandbox.sent();
  await until('read', async () => {
    const { body } = await sandbox.control('GET', '/messages?limit=1000');
    const message = list(body, 'messages').find((each) => dig(each, 'id') === unheard);
    return list(message, 'statuses').length === 3;
  });
  assert.deepEqual((await sandbox.graph('POST', path)).body, { success: true });
  const heard = await sandbox.sent();
  await until('the later message', () => sandbox.callback.statuses(heard).length === 3);
  assert.deepEqual(sandbox.callback.statuses(unheard), []);
});

test('sends webhooks to an override once its handshake passed, and refuses one that fails it', async () => {
  const path = `/${sandbox.wabaId}/subscribed_apps`;
  const other = await startCallback();
  try {
    other.answerWith.echoes = false;
    const override = { override_callback_uri: other.url, verify_token: 'other-verify' };
    assert.equal((await sandbox.graph('POST', path, override)).status, 400);
    other.answerWith.echoes = true;
    assert.deepEqual((await sandbox.graph('POST', path, override)).body, { success: true });
    assert.match(other.handshakes().at(-1)?.path ?? '', /hub\.verify_token=other-verify/);
    const wamid = await sandbox.sent();
    await until('statuses at the override', () => other.statuses(wamid).length === 3);
    assert.deepEqual(sandbox.callback.statuses(wamid), []);
    assert.equal(dig((await sandbox.graph('GET', path)).body, 'data', 0, 'override_callback_uri'), other.url);
    await sandbox.graph('POST', path, {});
  } finally {
    await other.stop();
  }
});

test('a number tells its settings and changes one group of them', async () => {
  const path = `/${sandbox.phoneNumberId}/settings`;
  const isChecked = async (): Promise<unknown> =>
    dig((await sandbox.graph('GET', path)).body, 'user_identity_change', 'enable_identity_key_check');
  assert.equal(await isChecked(), false);
  const on = { user_identity_change: { enable_identity_key_check: true } };
  assert.deepEqual((await sandbox.graph('POST', path, on)).body, { success: true });
  assert.equal(await isChecked(), true);
  const refused: [body: unknown, code: number][] = [
    [{}, 131008],
    [{ user_identity_change: {} }, 131008],
    [{ user_identity_change: { enable_identity_key_check: 'yes' } }, 100],
    [{ ...on, calling: {} }, 131009],
    [{ calling: { status: 'ENABLED' } }, 100],
    [{ greeting: {} }, 100],
  ];
  for (const [body, code] of refused)
    assert.equal(dig((await sandbox.graph('POST', path, body)).body, 'error', 'code'), code, JSON.stringify(body));
  assert.equal(await isChecked(), true);
  assert.equal((await sandbox.graph('GET', '/123/settings')).status, 400);
});
