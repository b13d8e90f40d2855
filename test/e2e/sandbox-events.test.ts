// What the phone lives on: the event stream with resume, chats and users, lists from the newest on.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { until } from '../support/until.js';
import { dig, type Fixture, list, startFixture, USER } from './sandbox-fixture.js';
import { type EventReader, readEvents } from './sandbox-stream.js';

const OTHER = '441134960002';

let sandbox: Fixture;
before(async () => {
  sandbox = await startFixture();
});
after(() => sandbox.stop());
beforeEach(async () => {
  await sandbox.control('POST', '/reset');
});

const open = (headers: Record<string, string> = {}) => readEvents(`${sandbox.url}/_sandbox/events`, headers);

async function changeOf(events: EventReader, table: string, isIt: (value: unknown) => boolean): Promise<unknown> {
  return until(`a change of ${table}`, () => events.changes().find((each) => each.table === table && isIt(each.value)));
}

const isMessage = (id: string, lastStatus: string) => (value: unknown) =>
  dig(value, 'id') === id &&
  list(value, 'statuses')
    .map((each) => dig(each, 'status'))
    .at(-1) === lastStatus;

test('a stream tells of messages, webhooks, users, pairs, faults and settings as they change', async () => {
  const events = await open();
  assert.deepEqual(events.hellos(), [{ resumed: false }]);
  const wamid = await sandbox.sent();
  await changeOf(events, 'messages', isMessage(wamid, 'read'));
  await changeOf(events, 'webhooks', (value) => String(dig(value, 'body')).includes(wamid));
  await sandbox.control('POST', `/users/${OTHER}/messages`, { type: 'text', text: { body: 'hi' } });
  await changeOf(events, 'pairs', (value) => dig(value, 'user') === OTHER);
  await sandbox.control('PUT', `/users/${OTHER}`, { online: false });
  await changeOf(events, 'users', (value) => dig(value, 'online') === false);
  await sandbox.control('POST', '/faults', { on: 'graph', effect: { code: 1 }, when: { next: 1 } });
  await changeOf(events, 'faults', (value) => dig(value, 'effect', 'code') === 1);
  await sandbox.control('PUT', '/window', { mode: 'open' });
  await changeOf(events, 'settings', (value) => dig(value, 'window') === 'open');
  await events.close();
});

test('a record that is gone is told with null', async () => {
  const wamid = await sandbox.sent();
  const events = await open();
  await sandbox.control('POST', '/reset');
  await until('the message is gone', () =>
    events.changes().some((each) => each.table === 'messages' && each.value === null),
  );
  assert.notEqual(wamid, '');
  await events.close();
});

test('a stream goes on where the last one ended, and tells only what changed since', async () => {
  const first = await open();
  const early = await sandbox.sent();
  await changeOf(first, 'messages', isMessage(early, 'read'));
  await until(
    'the webhooks of it',
    () => first.changes().filter(({ value }) => dig(value, 'state') === 'done').length >= 3,
  );
  const lastId = first.lastId();
  await first.close();
  const late = await sandbox.sent();
  const second = await open({ 'last-event-id': lastId });
  assert.deepEqual(second.hellos(), [{ resumed: true }]);
  await changeOf(second, 'messages', isMessage(late, 'read'));
  assert.equal(
    second.changes().some(({ value }) => dig(value, 'id') === early),
    false,
  );
  await second.close();
});

test('an id of another process starts anew', async () => {
  const events = await open({ 'last-event-id': 'Aother:12' });
  assert.deepEqual(events.hellos(), [{ resumed: false }]);
  await events.close();
});

test('chats show the last message, what is unread, and when the window closes', async () => {
  await sandbox.control('PUT', '/progress', { mode: 'immediate', readMs: null });
  const wamid = await sandbox.sent();
  const chats = await until('an unread message', async () => {
    const { body } = await sandbox.control('GET', `/chats?user=${USER}`);
    return dig(body, 'chats', 0, 'unread') === 1 && list(body, 'chats');
  });
  assert.equal(chats.length, 1);
  assert.equal(dig(chats[0], 'last', 'id'), wamid);
  assert.ok(Date.parse(String(dig(chats[0], 'pair', 'windowClosesAt'))) > Date.now());
  await sandbox.control('POST', `/users/${USER}/read`, {});
  const { body } = await sandbox.control('GET', `/chats?user=${USER}`);
  assert.equal(dig(body, 'chats', 0, 'unread'), 0);
  assert.equal((await sandbox.control('GET', '/chats?user=x')).status, 400);
});

test('users that were in touch are listed', async () => {
  await sandbox.control('POST', `/users/${OTHER}/messages`, { type: 'text', text: { body: 'hi' } });
  const { body } = await sandbox.control('GET', '/users');
  assert.ok(list(body, 'users').some((user) => dig(user, 'number') === OTHER));
});

test('messages and webhooks come newest first on demand, page by page', async () => {
  const ids = [await sandbox.sent(), await sandbox.sent(), await sandbox.sent()];
  const first = await sandbox.control('GET', `/messages?order=desc&limit=2&user=${USER}`);
  assert.deepEqual(
    list(first.body, 'messages').map((each) => dig(each, 'id')),
    [ids[2], ids[1]],
  );
  const second = await sandbox.control('GET', `/messages?order=desc&after=${dig(first.body, 'next')}`);
  assert.deepEqual(
    list(second.body, 'messages').map((each) => dig(each, 'id')),
    [ids[0]],
  );
  assert.equal(dig(second.body, 'next'), null);
  assert.equal((await sandbox.control('GET', '/messages?order=up')).status, 400);
});

test('the webhooks of one message can be asked for', async () => {
  await sandbox.sent();
  const wamid = await sandbox.sent();
  const webhooks = await until('its three webhooks', async () => {
    const { body } = await sandbox.control('GET', `/webhooks?order=desc&message=${encodeURIComponent(wamid)}`);
    return list(body, 'webhooks').length === 3 && list(body, 'webhooks');
  });
  assert.ok(webhooks.every((each) => String(dig(each, 'body')).includes(wamid)));
  await until('all delivered', async () => {
    const { body } = await sandbox.control('GET', '/webhooks?order=desc');
    return list(body, 'webhooks').every((each) => dig(each, 'state') === 'done');
  });
});

test('a failed message says with which code and why', async () => {
  const wamid = await sandbox.sent(OTHER);
  const failure = await until('the failure', async () => {
    const { body } = await sandbox.control('GET', '/messages?order=desc&limit=1');
    return dig(body, 'messages', 0, 'id') === wamid && dig(body, 'messages', 0, 'failure');
  });
  assert.equal(dig(failure, 'code'), 131047);
  assert.equal(typeof dig(failure, 'details'), 'string');
});
