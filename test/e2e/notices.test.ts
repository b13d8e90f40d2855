// What Meta tells beside messages and statuses reaches who subscribes to it, once, and nobody else (Infobip 4.4).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { managementOf } from '../support/management.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { type Scene, startScene, type Tenant } from '../support/scene.js';
import { until } from '../support/until.js';

const EVENTS = [
  'ACCOUNT_REGISTRATION',
  'ACCOUNT_UPDATE_NOTIFICATION',
  'BILLING',
  'BUSINESS_APP_CONTACT_SYNC',
  'BUSINESS_APP_MESSAGE_ECHO',
  'BUSINESS_APP_MESSAGE_HISTORY',
  'IDENTITY_CHANGE',
  'MARKETING_SUBSCRIPTION_UPDATE',
  'PAYMENT_STATUS',
];
const USER = '441134960077';
/** Days of webhooks are Meta's: one time for all, that every repeat has too. */
const SECONDS = Math.floor(Date.now() / 1000);

interface Told {
  from?: string;
  eventType?: string;
  eventId: string;
  applicationId?: string;
  entityId?: string;
  content?: Record<string, unknown>;
  results?: Record<string, unknown>[];
  meta?: unknown;
}

let scene: Scene;
let hook: Receiver;
let ann: Tenant;
let bob: Tenant;
before(async () => {
  scene = await startScene();
  hook = await startReceiver();
  [ann, bob] = [await scene.newTenant(), await scene.newTenant()];
  for (const [tenant, name] of [
    [ann, 'ann'],
    [bob, 'bob'],
  ] as const) {
    const api = managementOf(scene, tenant.key);
    await api.expect(201, 'POST', '/subscriptions/1/subscription/WHATSAPP', {
      subscriptionId: 'all',
      events: EVENTS,
      profile: { profileId: 'p', webhook: { notifyUrl: `${hook.url}/${name}` } },
    });
    await api.expect(201, 'POST', '/subscriptions/1/subscription/WHATSAPP', {
      subscriptionId: 'crm',
      events: EVENTS,
      criteria: [{ applicationId: 'crm' }],
      profile: { profileId: 'crm', webhook: { notifyUrl: `${hook.url}/${name}-crm` } },
    });
    // What Meta tells of a WABA is for those who have shown that they may read it.
    await api.expect(200, 'GET', `/whatsapp/2/senders/${tenant.sender}/templates`);
  }
});
after(async () => {
  await hook.stop();
  await scene.stop();
});

async function post(tenant: Pick<Tenant, 'wabaId'>, field: string, value: object, time?: number): Promise<void> {
  const entry = { id: tenant.wabaId, ...(time === undefined ? {} : { time }), changes: [{ field, value }] };
  const { status } = await scene.postWebhook({ object: 'whatsapp_business_account', entry: [entry] });
  assert.equal(status, 200);
}

const metadataOf = ({ sender, phoneNumberId }: Tenant) => ({
  messaging_product: 'whatsapp',
  metadata: { display_phone_number: sender, phone_number_id: phoneNumberId },
});

function toldAt(path: string): Told[] {
  return hook.requests.filter((request) => request.path === path).map(({ body }) => JSON.parse(body));
}

function toldUntil(path: string, isIt: (told: Told) => boolean): Promise<Told> {
  return until(`the notice at ${path}`, () => {
    const found = toldAt(path).find(isIt);
    if (found === undefined) throw new Error(JSON.stringify(toldAt(path)));
    return found;
  });
}

const stop = (user: string) => ({
  wa_id: user,
  detail: 'no more',
  category: 'marketing_messages',
  value: 'stop',
  timestamp: SECONDS,
});

test('each preference of a user is told by itself, once however often Meta repeats it', async () => {
  const value = { ...metadataOf(ann), user_preferences: [stop(USER), { ...stop('441134960078'), value: 'resume' }] };
  for (let i = 0; i < 3; i += 1) await post(ann, 'user_preferences', value);
  const told = await toldUntil('/ann', ({ content }) => content?.notificationMessagesStatus === 'stop');
  assert.equal(told.from, ann.sender);
  assert.deepEqual(told.content, {
    sender: ann.sender,
    from: USER,
    notificationMessagesStatus: 'stop',
    description: 'no more',
  });
  await toldUntil('/ann', ({ content }) => content?.notificationMessagesStatus === 'resume');
  // What comes later has come: had a repeat been told, it would be here by now.
  await post(ann, 'user_preferences', { ...metadataOf(ann), user_preferences: [stop('441134960079')] });
  await toldUntil('/ann', ({ content }) => content?.from === '441134960079');
  assert.equal(toldAt('/ann').filter(({ content }) => content?.from === USER).length, 1);
});

test('a payment’s status carries the application of the order that it pays, and goes where that is subscribed to', async () => {
  const to = scene.newUser();
  const { messageId } = await scene.send(
    { to, from: ann.sender, applicationId: 'crm', entityId: 'shop' },
    { key: ann.key },
  );
  const amount = { value: 1500, offset: 100 };
  const payment = {
    reference_id: 'order-7',
    amount,
    currency: 'BRL',
    transaction: { id: 'x1', type: 'br', status: 'pending' },
  };
  const status = {
    id: await scene.wamidOf(messageId),
    recipient_id: to,
    type: 'payment',
    status: 'pending',
    timestamp: String(SECONDS),
    payment,
  };
  await post(ann, 'messages', { ...metadataOf(ann), statuses: [status] });
  const told = await toldUntil('/ann-crm', ({ content }) => content?.type === 'payment');
  assert.deepEqual([told.from, told.applicationId, told.entityId], [ann.sender, 'crm', 'shop']);
  assert.deepEqual([told.content?.paymentStatus, told.content?.referenceId], ['PENDING', 'order-7']);
});

test('a changed identity, echoes, contacts and history of the business app are told by their sender’s account', async () => {
  const system = { type: 'customer_identity_changed', body: 'Code changed', identity: 'Qx1=' };
  const message = { from: USER, id: 'wamid.identity', timestamp: String(SECONDS), type: 'system', system };
  await post(bob, 'messages', { ...metadataOf(bob), messages: [message] });
  const changed = await toldUntil('/bob', ({ content }) => content?.type === 'user_identity_changed');
  assert.deepEqual([changed.from, changed.content?.userNumber, changed.content?.hash], [bob.sender, USER, 'Qx1=']);
  const echo = {
    from: bob.sender,
    to: USER,
    id: 'wamid.echo',
    timestamp: String(SECONDS),
    type: 'text',
    text: { body: 'Hi' },
  };
  await post(bob, 'smb_message_echoes', { ...metadataOf(bob), message_echoes: [echo] });
  const echoed = await toldUntil('/bob', ({ eventType }) => eventType === 'BUSINESS_APP_MESSAGE_ECHO');
  assert.deepEqual([echoed.results?.[0]?.direction, echoed.results?.[0]?.meta], ['OUT', echo]);
  const contact = {
    type: 'contact',
    contact: { full_name: 'Eve' },
    action: 'add',
    metadata: { timestamp: String(SECONDS) },
  };
  await post(bob, 'smb_app_state_sync', { ...metadataOf(bob), state_sync: [contact] });
  await toldUntil('/bob', ({ eventType }) => eventType === 'BUSINESS_APP_CONTACT_SYNC');
  await post(bob, 'history', { ...metadataOf(bob), history: [{ metadata: { phase: 0 }, threads: [] }] });
  await toldUntil('/bob', ({ eventType }) => eventType === 'BUSINESS_APP_MESSAGE_HISTORY');
  assert.ok(!JSON.stringify(toldAt('/ann')).includes(bob.sender));
});

test('history that Meta repeats on another day, with no time in it, is told once', async () => {
  const chunk = (order: number) => ({ metadata: { phase: 1, chunk_order: order }, threads: [] });
  const value = { ...metadataOf(ann), history: [chunk(1)] };
  const ofChunk = (order: number) => (told: Told) =>
    JSON.stringify(told.results ?? []).includes(`"chunk_order":${order}`);
  await post(ann, 'history', value);
  await toldUntil('/ann', ofChunk(1));
  await scene.advance(30 * 3_600);
  await post(ann, 'history', value);
  // What comes later has come: had the repeat been told, it would be here by now.
  await post(ann, 'history', { ...value, history: [chunk(2)] });
  await toldUntil('/ann', ofChunk(2));
  assert.equal(toldAt('/ann').filter(ofChunk(1)).length, 1);
});

test('an endpoint that is disabled is told to its own account, shown to it, and tried again when its profile is replaced', async () => {
  const gone = await startReceiver();
  try {
    gone.answer({ status: 410 });
    const url = '/subscriptions/1/subscription/WHATSAPP';
    for (const [tenant, name] of [
      [ann, 'ann'],
      [bob, 'bob'],
    ] as const) {
      const profile = { profileId: 'ops', webhook: { notifyUrl: `${hook.url}/${name}-ops` } };
      const ops = { subscriptionId: 'ops', events: ['ENDPOINT_DISABLED'], profile };
      await managementOf(scene, tenant.key).expect(201, 'POST', url, ops);
    }
    const api = managementOf(scene, ann.key);
    const webhook = { notifyUrl: `${gone.url}/gone` };
    const profile = { profileId: 'gone', webhook };
    const criteria = [{ applicationId: 'gone' }];
    await api.expect(201, 'POST', url, { subscriptionId: 'gone', events: ['DELIVERY'], criteria, profile });
    const stateOf = async (path: string) => (await api.expect<{ delivery: object }>(200, 'GET', path)).delivery;
    assert.deepEqual(await stateOf(`${url}/gone`), { state: 'UP' });
    const to = scene.newUser();
    const { messageId } = await scene.send({ to, from: ann.sender, applicationId: 'gone' }, { key: ann.key });
    const told = await toldUntil('/ann-ops', () => true);
    const { endpointId, downSince, disabledAt, ...content } = told.content ?? {};
    assert.deepEqual(content, { origin: gone.url, profileId: 'gone', reason: 'http 410' });
    assert.deepEqual([told.eventType, told.from, downSince], ['ENDPOINT_DISABLED', undefined, disabledAt]);
    assert.match(String(endpointId), /^\d+$/);
    for (const path of [`${url}/gone`, '/subscriptions/1/profiles/gone']) {
      const state = await stateOf(path);
      assert.deepEqual(state, { state: 'DISABLED', since: disabledAt, reason: 'http 410' });
    }
    // Bob's own endpoint at the same place is another: he is told of it, and Ann is not.
    const call = { key: bob.key };
    await scene.send({ to: scene.newUser(), from: bob.sender, notifyUrl: `${gone.url}/bob` }, call);
    const ofBob = await toldUntil('/bob-ops', () => true);
    assert.equal(ofBob.content?.profileId, null);
    assert.deepEqual([toldAt('/ann-ops').length, toldAt('/bob-ops').length], [1, 1]);
    gone.answer({ status: 200 });
    await api.expect(200, 'PUT', '/subscriptions/1/profiles/gone', { webhook });
    assert.deepEqual(await stateOf(`${url}/gone`), { state: 'UP' });
    await until('what waited', () => gone.requests.filter(({ body }) => body.includes(messageId)).length >= 2);
  } finally {
    await gone.stop();
  }
});

test('what becomes of a WABA is told to the account that may read it, not to one that merely names it', async () => {
  // Nobody asks Meta when a sender is made: Bob may write any WABA there.
  const claimed = {
    sender: '441134967001',
    phoneNumberId: '7001',
    wabaId: ann.wabaId,
    accessToken: 'not-of-this-waba',
  };
  await scene.admin('/senders', { json: { accountId: bob.accountId, ...claimed } });
  await managementOf(scene, bob.key).call('GET', `/whatsapp/2/senders/${claimed.sender}/templates`);
  await post(ann, 'account_update', { event: 'PARTNER_ADDED', mark: 'registered' }, SECONDS);
  await post(ann, 'account_update', { event: 'VOLUME_BASED_PRICING_TIER_UPDATE', mark: 'billed' }, SECONDS);
  await post(ann, 'phone_number_name_update', { display_phone_number: ann.sender, decision: 'APPROVED' }, SECONDS);
  await toldUntil('/ann', ({ eventType }) => eventType === 'ACCOUNT_REGISTRATION');
  await toldUntil('/ann', ({ eventType }) => eventType === 'BILLING');
  const named = await toldUntil('/ann', ({ eventType }) => eventType === 'ACCOUNT_UPDATE_NOTIFICATION');
  assert.deepEqual([named.from, named.content?.event], [ann.sender, 'APPROVED']);
  await post(bob, 'account_update', { event: 'PARTNER_ADDED', mark: 'of bob' }, SECONDS);
  await toldUntil('/bob', ({ eventType }) => eventType === 'ACCOUNT_REGISTRATION');
  assert.deepEqual(
    toldAt('/bob')
      .filter(({ meta }) => JSON.stringify(meta)?.includes('"mark"'))
      .map(({ meta }) => meta),
    [{ event: 'PARTNER_ADDED', mark: 'of bob' }],
  );
});

test('a notice that was refused comes again with the same eventId', async () => {
  hook.answer(({ path, body }) => ({ status: path === '/ann' && body.includes('441134960080') ? 503 : 200 }));
  await post(ann, 'user_preferences', { ...metadataOf(ann), user_preferences: [stop('441134960080')] });
  const first = await toldUntil('/ann', ({ content }) => content?.from === '441134960080');
  hook.answer({ status: 200 });
  // Again and again: the first refusal may be judged after the clock was moved.
  const tries = await until('the second try', async () => {
    await scene.advance(300);
    const all = toldAt('/ann').filter(({ content }) => content?.from === '441134960080');
    return all.length >= 2 && all;
  });
  assert.deepEqual(new Set(tries.map(({ eventId }) => eventId)), new Set([first.eventId]));
});
