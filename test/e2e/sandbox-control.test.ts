// The control API: users, progress, window and clock, statuses by hand, WABAs, paging, and its errors.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { until } from '../support/until.js';
import { dig, type Fixture, list, SENDER, startFixture, USER, wabaBody } from './sandbox-fixture.js';

const OTHER = '441134960002';

let sandbox: Fixture;
before(async () => {
  sandbox = await startFixture();
});
after(() => sandbox.stop());
beforeEach(async () => {
  await sandbox.control('POST', '/reset');
});

async function message(wamid: string): Promise<unknown> {
  const { body } = await sandbox.control('GET', '/messages?limit=1000');
  return list(body, 'messages').find((each) => dig(each, 'id') === wamid);
}

async function states(wamid: string): Promise<string> {
  return list(await message(wamid), 'statuses')
    .map((status) => dig(status, 'status'))
    .join();
}

async function untilStates(wamid: string, expected: string): Promise<void> {
  await until(`${expected} of ${wamid}`, async () => (await states(wamid)) === expected);
}

async function failedError(wamid: string): Promise<unknown> {
  const post = await until('the failed webhook', () =>
    sandbox.callback.posts().find((each) => each.body.includes(wamid)),
  );
  return dig(JSON.parse(post.body), 'entry', 0, 'changes', 0, 'value', 'statuses', 0, 'errors', 0);
}

test('outside the window a text is accepted, then fails with 131047', async () => {
  const wamid = await sandbox.sent(OTHER);
  const error = await failedError(wamid);
  assert.equal(dig(error, 'code'), 131047);
  assert.equal(dig(error, 'title'), dig(error, 'message'));
  assert.equal(typeof dig(error, 'error_data', 'details'), 'string');
  await untilStates(wamid, 'failed');
});

test('the window opens when the user writes and closes 24 hours later', async () => {
  await sandbox.control('POST', `/users/${OTHER}/messages`, { type: 'text', text: { body: 'hi' } });
  await untilStates(await sandbox.sent(OTHER), 'sent,delivered,read');
  await sandbox.control('POST', '/clock', { advanceSeconds: 24 * 3600 - 60 });
  await untilStates(await sandbox.sent(OTHER), 'sent,delivered,read');
  await sandbox.control('POST', '/clock', { advanceSeconds: 60 });
  await untilStates(await sandbox.sent(OTHER), 'failed');
});

test('an open window lets every pair through', async () => {
  assert.deepEqual((await sandbox.control('PUT', '/window', { mode: 'open' })).body, { mode: 'open' });
  await untilStates(await sandbox.sent(OTHER), 'sent,delivered,read');
});

test('the users of openFor count as having just written, after a reset too', async () => {
  await untilStates(await sandbox.sent(USER), 'sent,delivered,read');
  await sandbox.control('POST', '/clock', { advanceSeconds: 2 * 86_400 });
  await untilStates(await sandbox.sent(USER), 'failed');
  await sandbox.control('POST', '/reset');
  await untilStates(await sandbox.sent(USER), 'sent,delivered,read');
});

test('a number that is no user: 404 when it speaks, 131026 when it is sent to', async () => {
  await sandbox.control('PUT', `/users/${USER}`, { exists: false });
  const spoken = await sandbox.control('POST', `/users/${USER}/messages`, { type: 'text', text: { body: 'x' } });
  assert.equal(spoken.status, 404);
  assert.equal(dig(await failedError(await sandbox.sent()), 'code'), 131026);
});

test('without read receipts a message is never read', async () => {
  await sandbox.control('PUT', `/users/${USER}`, { readReceipts: false });
  await untilStates(await sandbox.sent(), 'sent,delivered');
});

test('an offline user gets the message when online again', async () => {
  await sandbox.control('PUT', `/users/${USER}`, { online: false });
  const wamid = await sandbox.sent();
  await untilStates(wamid, 'sent');
  await sandbox.control('PUT', `/users/${USER}`, { online: true });
  await untilStates(wamid, 'sent,delivered,read');
});

test('a message to a user who blocked the business stays sent', async () => {
  await sandbox.control('PUT', `/users/${USER}`, { blocked: true });
  const blocked = await sandbox.sent();
  await untilStates(blocked, 'sent');
  await sandbox.control('PUT', `/users/${USER}`, { blocked: false });
  await untilStates(await sandbox.sent(), 'sent,delivered,read');
  assert.equal(await states(blocked), 'sent');
});

test('timed progress follows the virtual clock, and null is never', async () => {
  await sandbox.control('PUT', '/progress', { mode: 'timed', sentMs: 60_000, deliveredMs: 120_000, readMs: null });
  const wamid = await sandbox.sent();
  await sandbox.control('POST', '/clock', { advanceSeconds: 60 });
  await untilStates(wamid, 'sent');
  await sandbox.control('POST', '/clock', { advanceSeconds: 3600 });
  await untilStates(wamid, 'sent,delivered');
  const acceptedAt = Date.parse(String(dig(await message(wamid), 'acceptedAt')));
  const at = list(await message(wamid), 'statuses').map((status) => Date.parse(String(dig(status, 'at'))) - acceptedAt);
  assert.deepEqual(at, [60_000, 120_000]);
});

test('progress changes only what is sent afterwards', async () => {
  await sandbox.control('PUT', '/progress', { mode: 'manual' });
  const byHand = await sandbox.sent();
  await sandbox.control('PUT', '/progress', { mode: 'immediate' });
  await untilStates(await sandbox.sent(), 'sent,delivered,read');
  assert.equal(await states(byHand), '');
});

test('by hand: earlier states come first, backward is 409, failed ends it', async () => {
  await sandbox.control('PUT', '/progress', { mode: 'manual' });
  const wamid = encodeURIComponent(await sandbox.sent());
  const move = (status: string, extra = {}) =>
    sandbox.control('POST', `/messages/${wamid}/status`, { status, ...extra });
  const delivered = await move('delivered');
  assert.deepEqual(
    list(delivered.body, 'statuses').map((each) => dig(each, 'status')),
    ['sent', 'delivered'],
  );
  assert.equal((await move('sent')).status, 409);
  assert.equal((await move('failed')).status, 409);
  assert.equal((await move('read')).status, 200);
  await until('webhooks', () => sandbox.callback.statuses(decodeURIComponent(wamid)).join() === 'sent,delivered,read');
  const failing = await sandbox.sent();
  const path = `/messages/${encodeURIComponent(failing)}/status`;
  await sandbox.control('POST', path, { status: 'failed', code: 131049, title: 'Not today' });
  const error = await failedError(failing);
  assert.deepEqual([dig(error, 'code'), dig(error, 'title')], [131049, 'Not today']);
  assert.equal((await sandbox.control('POST', path, { status: 'read' })).status, 409);
  assert.equal((await sandbox.control('POST', '/messages/wamid.none/status', { status: 'read' })).status, 404);
});

test('an inbound message reaches the callback in the shape of Meta, with the quoted message', async () => {
  const quoted = await sandbox.sent();
  const answer = await sandbox.control('POST', `/users/${USER}/messages`, {
    type: 'text',
    text: { body: 'an answer' },
    context: { id: quoted },
    profileName: 'Ana',
  });
  assert.equal(answer.status, 201);
  const post = await until('the webhook', () =>
    sandbox.callback.posts().find((each) => each.body.includes('an answer')),
  );
  const value = dig(JSON.parse(post.body), 'entry', 0, 'changes', 0, 'value');
  assert.deepEqual(dig(value, 'metadata'), { display_phone_number: SENDER, phone_number_id: sandbox.phoneNumberId });
  assert.equal(dig(value, 'contacts', 0, 'wa_id'), USER);
  assert.equal(dig(value, 'contacts', 0, 'profile', 'name'), 'Ana');
  assert.equal(dig(value, 'messages', 0, 'id'), dig(answer.body, 'id'));
  assert.equal(dig(value, 'messages', 0, 'from'), USER);
  assert.match(String(dig(value, 'messages', 0, 'timestamp')), /^\d{10}$/);
  assert.deepEqual(dig(value, 'messages', 0, 'context'), { from: SENDER, id: quoted });
});

test('a user speaks to the number last in touch, else to the only one, else must name it', async () => {
  const callbackUrl = sandbox.callback.url;
  await sandbox.control('POST', '/wabas', {
    wabaId: '555',
    numbers: [{ number: '441134960500', phoneNumberId: '556' }],
    app: { appSecret: 's', verifyToken: 'v', callbackUrl, token: 'second' },
  });
  const speak = (extra: Record<string, unknown>) =>
    sandbox.control('POST', '/users/441134960600/messages', { type: 'text', text: { body: 'x' }, ...extra });
  const unclear = await speak({});
  assert.equal(unclear.status, 400);
  assert.equal(dig(unclear.body, 'error', 'field'), 'phoneNumberId');
  assert.equal((await speak({ phoneNumberId: '999' })).status, 404);
  assert.equal((await speak({ phoneNumberId: '556' })).status, 201);
  assert.equal((await speak({})).status, 201);
  const { body } = await sandbox.control('GET', '/messages?phoneNumberId=556');
  assert.equal(list(body, 'messages').length, 2);
});

test('messages are paged in Graph order and filtered by user and number', async () => {
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.push(await sandbox.sent(i % 2 === 0 ? USER : OTHER));
  const seen: unknown[] = [];
  let next: unknown = '';
  while (next !== null) {
    const { body } = await sandbox.control('GET', `/messages?limit=2${next === '' ? '' : `&after=${next}`}`);
    seen.push(...list(body, 'messages').map((each) => dig(each, 'id')));
    next = dig(body, 'next');
  }
  assert.deepEqual(seen, ids);
  const mine = await sandbox.control('GET', `/messages?user=%2B${USER}`);
  assert.deepEqual(
    list(mine.body, 'messages').map((each) => dig(each, 'id')),
    [ids[0], ids[2], ids[4]],
  );
  const rest = await sandbox.control('GET', `/messages?after=${encodeURIComponent(ids[2] ?? '')}`);
  assert.deepEqual(
    list(rest.body, 'messages').map((each) => dig(each, 'id')),
    ids.slice(3),
  );
});

test('the same WABA again changes nothing; other data for a known number, id or token is 409', async () => {
  const same = await sandbox.control('POST', '/wabas', wabaBody(sandbox.callback.url));
  assert.equal(same.status, 200);
  assert.equal(dig(same.body, 'wabaId'), sandbox.wabaId);
  const app = (token: string, appSecret = 'other') => ({
    appSecret,
    verifyToken: 'v',
    callbackUrl: sandbox.callback.url,
    token,
  });
  const conflicts: [Record<string, unknown>, string][] = [
    [{ ...wabaBody(sandbox.callback.url), openFor: [] }, 'wabaId'],
    [{ numbers: [{ number: SENDER }], app: app('t1') }, 'numbers.0.number'],
    [
      { numbers: [{ number: '441134960900', phoneNumberId: sandbox.phoneNumberId }], app: app('t2') },
      'numbers.0.phoneNumberId',
    ],
    [{ numbers: [{ number: '441134960901' }], app: app('sandbox-token') }, 'app.token'],
  ];
  for (const [body, field] of conflicts) {
    const answer = await sandbox.control('POST', '/wabas', body);
    assert.equal(answer.status, 409, field);
    assert.equal(dig(answer.body, 'error', 'field'), field);
  }
});

test('PUT of the same WABA lets the users of openFor count as having just written', async () => {
  await sandbox.control('POST', '/clock', { advanceSeconds: 2 * 86_400 });
  await sandbox.control('POST', '/wabas', wabaBody(sandbox.callback.url));
  await untilStates(await sandbox.sent(), 'failed');
  assert.equal((await sandbox.control('PUT', `/wabas/${sandbox.wabaId}`, wabaBody(sandbox.callback.url))).status, 200);
  await untilStates(await sandbox.sent(), 'sent,delivered,read');
});

test('PUT replaces a WABA, so that a callback that moved gets what still waits', async () => {
  sandbox.callback.answerWith.status = 500;
  const wamid = await sandbox.sent();
  await until('a failed attempt', () => sandbox.callback.statuses(wamid).length === 1);
  sandbox.callback.answerWith.status = 200;
  const moved = sandbox.callback.url.replace('tenant=1', 'tenant=moved');
  const answer = await sandbox.control('PUT', `/wabas/${sandbox.wabaId}`, wabaBody(moved));
  assert.equal(answer.status, 200);
  await sandbox.control('POST', '/clock', { advanceSeconds: 5 });
  await until('the rest', () => sandbox.callback.statuses(wamid).length === 4);
  assert.match(sandbox.callback.posts().at(-1)?.path ?? '', /tenant=moved/);
  const back = await sandbox.control('PUT', `/wabas/${sandbox.wabaId}`, wabaBody(sandbox.callback.url));
  assert.equal(dig(back.body, 'app', 'callbackUrl'), sandbox.callback.url);
});

const WRONG: [method: string, path: string, body: unknown, field: string | null][] = [
  ['PUT', '/progress', { mode: 'fast' }, 'mode'],
  ['PUT', '/progress', { mode: 'timed', sentMs: -1 }, 'sentMs'],
  ['PUT', '/progress', { mode: 'immediate', speed: 1 }, 'speed'],
  ['PUT', '/window', {}, 'mode'],
  ['PUT', '/users/abc', {}, 'number'],
  ['PUT', `/users/${USER}`, { online: 'yes' }, 'online'],
  ['PUT', `/users/${USER}`, { asleep: true }, 'asleep'],
  ['POST', `/users/${USER}/messages`, { type: 'text' }, 'text'],
  ['POST', `/users/${USER}/messages`, { type: 'text', text: { body: 'x' }, from: '1' }, 'from'],
  ['POST', `/users/${USER}/messages`, { type: 'fax', fax: {} }, 'type'],
  ['POST', '/clock', { advanceSeconds: -1 }, 'advanceSeconds'],
  ['POST', '/clock', { advanceSeconds: '1' }, 'advanceSeconds'],
  ['POST', '/reset', { hard: true }, 'hard'],
  ['POST', '/snapshot', { format: 2 }, 'records'],
  ['POST', '/wabas', { numbers: [], app: {} }, 'app.appSecret'],
  ['POST', '/wabas', { ...wabaBody('not a url') }, 'app.callbackUrl'],
  ['POST', '/wabas', { ...wabaBody('http://127.0.0.1:1'), numbers: [{ number: '+1' }] }, 'numbers.0.number'],
  ['POST', '/wabas', '{', null],
  ['GET', '/messages?limit=1001', undefined, 'limit'],
  ['GET', '/messages?after=x', undefined, 'after'],
  ['GET', '/messages?sort=up', undefined, 'sort'],
  ['GET', '/webhooks?after=x', undefined, 'after'],
];
for (const [method, path, body, field] of WRONG) {
  test(`400 naming ${field}: ${method} ${path} ${JSON.stringify(body) ?? ''}`, async () => {
    const answer = await sandbox.control(method, path, body);
    assert.equal(answer.status, 400);
    assert.equal(dig(answer.body, 'error', 'field'), field);
    assert.equal(typeof dig(answer.body, 'error', 'message'), 'string');
  });
}

test('an endpoint or a template that does not exist is 404', async () => {
  for (const path of ['/nothing', '/templates/1/review']) {
    const answer = await sandbox.control('POST', path, { decision: 'approve' });
    assert.equal(answer.status, 404);
    assert.equal(typeof dig(answer.body, 'error', 'message'), 'string');
  }
});

test('the page at / is HTML that loads nothing from elsewhere', async () => {
  const answer = await fetch(`${sandbox.url}/`);
  assert.match(answer.headers.get('content-type') ?? '', /^text\/html/);
  assert.match(answer.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  assert.equal((await fetch(`${sandbox.url}/assets/none.js`)).status, 404);
});
