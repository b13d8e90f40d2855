// POST /whatsapp/1/events: the typing indicator reaches Meta with the user's last message, now or when it is scheduled.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Call, type Reply, startDev } from '../support/dev-world.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { createScene, type Scene } from '../support/scene.js';
import { until } from '../support/until.js';

interface Accepted {
  bulkId: string;
  messages: { messageId: string; destination: string; status: { id: number; name: string }; details: object }[];
}

interface ApiError {
  errorCode: string;
  description: string;
  action: string;
  violations: { property: string; violation: string }[];
  resources: object[];
}

let scene: Scene;
let customer: Receiver;
let words = 0;

before(async () => {
  scene = createScene(await startDev());
  customer = await startReceiver();
  const json = { forwardUrl: `${customer.url}/inbound` };
  await scene.admin(`/senders/${scene.world.info.sender}`, { method: 'PATCH', json });
});
after(async () => {
  await customer?.stop();
  await scene?.stop();
});

function post<T = Accepted>(json: unknown, call: Call = {}): Promise<Reply<T>> {
  return scene.world.api<T>('/whatsapp/1/events', { json, ...call });
}

function typing(to: string, fields: object = {}): object {
  const { sender } = scene.world.info;
  return { sender, destinations: [{ to }], content: { type: 'TYPING_INDICATOR' }, ...fields };
}

/** The user writes to a number, the demo's unless given; resolves with Meta's id once the gateway has stored it, which its report proves. */
async function written(user: string, phoneNumberId = scene.world.info.phoneNumberId): Promise<string> {
  words += 1;
  const text = `word ${words}.`;
  const json = { type: 'text', text: { body: text }, phoneNumberId };
  const { status, body } = await scene.world.sandbox<{ id: string }>(`/_sandbox/users/${user}/messages`, { json });
  assert.equal(status, 201, JSON.stringify(body));
  await customer.next((request) => request.body.includes(text));
  return body.id;
}

/** Whether Meta has the user's message as read. */
async function isRead(user: string, wamid: string): Promise<boolean> {
  const { body } = await scene.world.sandbox<{ messages: { id: string; statuses: { status: string }[] }[] }>(
    `/_sandbox/messages?user=${user}`,
  );
  const found = body.messages.find(({ id }) => id === wamid);
  return found?.statuses.some(({ status }) => status === 'read') ?? false;
}

test('marks the last message as read, shows the indicator and answers as Infobip does', async () => {
  const user = scene.newUser();
  await written(user);
  const last = await written(user);
  const { status, body } = await post({ events: [typing(user)] });
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(Object.keys(body), ['bulkId', 'messages']);
  const [message] = body.messages;
  assert.equal(message?.destination, user);
  assert.deepEqual(message?.details, {});
  assert.equal(message?.status.id, 26);
  assert.equal(message?.status.name, 'PENDING_ACCEPTED');
  await until('the last message is read', () => isRead(user, last));
});

test('waits for its time, and is shown then', async () => {
  const user = scene.newUser();
  const wamid = await written(user);
  const now = Date.parse((await scene.admin<{ now: string }>('/dev/clock')).now);
  const schedule = { bulkId: 'later', sendAt: new Date(now + 3_600_000).toISOString() };
  const { body } = await post({ events: [typing(user)], options: { schedule } });
  assert.equal(body.bulkId, 'later');
  const other = scene.newUser();
  const otherWamid = await written(other);
  await post({ events: [typing(other)] });
  await until('the one that was not scheduled', () => isRead(other, otherWamid));
  assert.equal(await isRead(user, wamid), false);
  await scene.advance(3_601);
  await until('the scheduled one', () => isRead(user, wamid));
});

test('tries again while it is valid, and no longer', async () => {
  // Each at a number of its own, so that it is known whose attempts failed.
  const other = await scene.newTenant({ sender: { forwardUrl: `${customer.url}/inbound` } });
  const [user, late] = [scene.newUser(), scene.newUser()];
  const wamid = await written(user);
  const lateWamid = await written(late, other.phoneNumberId);
  const failing = (phoneNumberId: string): Promise<string> =>
    scene.fault({
      on: 'graph',
      match: { phoneNumberId, path: '/messages' },
      effect: { httpStatus: 500, code: 2 },
      when: { always: true },
    });
  const faults = [await failing(scene.world.info.phoneNumberId), await failing(other.phoneNumberId)];
  const hasFailed = async (fault = ''): Promise<boolean> => (await scene.hits(fault)) > 0;
  const validityPeriod = { amount: 1, timeUnit: 'HOURS' };
  await post({ events: [typing(user, { options: { validityPeriod } })] });
  await until('an attempt failed', () => hasFailed(faults[0]));
  assert.equal(await isRead(user, wamid), false);
  const short = typing(late, { sender: other.sender, options: { validityPeriod: { amount: 2, timeUnit: 'SECONDS' } } });
  await post({ events: [short] }, { key: other.key });
  await until('the other failed too', () => hasFailed(faults[1]));
  for (const fault of faults) await scene.removeFault(fault);
  await scene.advance(120);
  await until('the one that is still valid', () => isRead(user, wamid));
  assert.equal(await isRead(late, lateWamid), false);
});

test('survives a kill of the gateway', async () => {
  const user = scene.newUser();
  const wamid = await written(user);
  const fault = await scene.fault({
    on: 'graph',
    match: { path: '/messages' },
    effect: { httpStatus: 500, code: 2 },
    when: { always: true },
  });
  await post({ events: [typing(user, { options: { validityPeriod: { amount: 48, timeUnit: 'HOURS' } } })] });
  await until('an attempt failed', async () => (await scene.hits(fault)) > 0);
  await scene.world.killGateway();
  await scene.removeFault(fault);
  // The new process begins on the real time, which the tests before have left behind.
  await scene.advance(2 * 3_600);
  await until('it is shown', () => isRead(user, wamid), 30_000);
});

test('refuses single events with a status, without costing the others', async () => {
  const user = scene.newUser();
  const wamid = await written(user);
  const { status, body } = await post({
    events: [
      typing(user, { sender: '441134969999' }),
      typing('nobody'),
      typing(user, { destinations: [{ to: user, messageId: 'mine' }] }),
    ],
  });
  assert.equal(status, 200);
  assert.deepEqual(
    body.messages.map((message) => message.status.name),
    ['REJECTED_SOURCE', 'REJECTED_DESTINATION', 'PENDING_ACCEPTED'],
  );
  assert.equal(body.messages[2]?.messageId, 'mine');
  await until('the good one', () => isRead(user, wamid));
});

test('another account cannot type as a sender', async () => {
  const user = scene.newUser();
  await written(user);
  const tenant = await scene.newTenant();
  const { body } = await post({ events: [typing(user)] }, { key: tenant.key });
  assert.equal(body.messages[0]?.status.name, 'REJECTED_SOURCE');
});

test('names every wrong field in the new error form', async () => {
  const { status, body } = await post<ApiError>({
    events: [
      typing('1', { sender: '', content: { type: 'DANCING' }, options: { validityPeriod: { amount: 0 } } }),
      typing('1', { destinations: [] }),
    ],
    options: { schedule: { bulkId: 'x'.repeat(101), sendingSpeedLimit: { amount: 1, timeUnit: 'YEAR' } } },
  });
  assert.equal(status, 400);
  assert.deepEqual(Object.keys(body), ['errorCode', 'description', 'action', 'violations', 'resources']);
  assert.equal(body.errorCode, 'E400');
  assert.deepEqual([...new Set(body.violations.map(({ property }) => property))].sort(), [
    'events[0].content.type',
    'events[0].options.validityPeriod.amount',
    'events[0].sender',
    'events[1].destinations',
    'options.schedule.bulkId',
    'options.schedule.sendingSpeedLimit.timeUnit',
  ]);
  for (const sendAt of ['tomorrow', '2023-02-30T00:00:00Z', '2999-01-01T00:00:00.000+0000']) {
    const wrong = await post<ApiError>({ events: [typing('441134960001')], options: { schedule: { sendAt } } });
    assert.equal(wrong.status, 400, sendAt);
    assert.equal(wrong.body.violations[0]?.property, 'options.schedule.sendAt');
  }
});

test('answers wrong keys, no keys and other bodies in the new error form', async () => {
  const events = [typing('441134960001')];
  const codeOf = async (reply: Promise<Reply<ApiError>>) => {
    const { status, body } = await reply;
    return [status, body.errorCode];
  };
  assert.deepEqual(await codeOf(post({ events }, { key: null })), [401, 'E401']);
  assert.deepEqual(await codeOf(post({ events }, { key: 'wrong' })), [401, 'E401']);
  assert.deepEqual(await codeOf(post({ events }, { key: scene.world.info.adminKey })), [403, 'E403']);
  const raw = (body: string, type: string) =>
    scene.world.api<ApiError>('/whatsapp/1/events', { method: 'POST', body, headers: { 'content-type': type } });
  assert.deepEqual(await codeOf(raw('{', 'application/json')), [400, 'E400']);
  assert.deepEqual(await codeOf(raw('a=b', 'text/plain')), [415, 'E415']);
  assert.deepEqual(await codeOf(raw(`"${'x'.repeat(1024 * 1024)}"`, 'application/json')), [413, 'E413']);
});
