// Webhooks: signature, handshake, order, retries on the virtual clock, batches, redelivery.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { until } from '../support/until.js';
import { dig, type Fixture, list, SECRET, startFixture, USER, wabaBody } from './sandbox-fixture.js';

async function withSandbox(work: (sandbox: Fixture) => Promise<void>): Promise<void> {
  const sandbox = await startFixture();
  try {
    await work(sandbox);
  } finally {
    await sandbox.stop();
  }
}

async function webhooks(sandbox: Fixture): Promise<unknown[]> {
  return list((await sandbox.control('GET', '/webhooks?limit=1000')).body, 'webhooks');
}

async function untilAttempts(sandbox: Fixture, count: number): Promise<void> {
  await until(`${count} attempts`, async () => list((await webhooks(sandbox))[0], 'attempts').length >= count);
}

test('signs the very bytes it sends, with everything outside ASCII escaped in lower-case hex', () =>
  withSandbox(async (sandbox) => {
    await sandbox.control('POST', `/users/${USER}/messages`, {
      type: 'text',
      text: { body: 'Zoë 😀 ÿ' },
      profileName: 'Ana Čović',
    });
    const post = await until('the webhook', () => sandbox.callback.posts()[0]);
    assert.match(post.body, /^[\x20-\x7e]+$/);
    assert.ok(post.body.includes('Zo\\u00eb \\ud83d\\ude00 \\u00ff'));
    assert.ok(post.body.includes('Ana \\u010covi\\u0107'));
    const expected = createHmac('sha256', SECRET).update(Buffer.from(post.body, 'latin1')).digest('hex');
    assert.equal(post.headers['x-hub-signature-256'], `sha256=${expected}`);
    assert.equal(post.headers['user-agent'], 'facebookexternalua');
    assert.match(post.headers['content-type'] ?? '', /^application\/json/);
    assert.equal(
      dig(JSON.parse(post.body), 'entry', 0, 'changes', 0, 'value', 'messages', 0, 'text', 'body'),
      'Zoë 😀 ÿ',
    );
  }));

test('shakes hands before the first webhook, and again and again until the callback echoes', async () => {
  const sandbox = await startFixture();
  try {
    sandbox.callback.answerWith.echoes = false;
    await sandbox.control('PUT', '/wabas/100200300', wabaBody(sandbox.callback.url.replace('tenant=1', 'tenant=2')));
    const wamid = await sandbox.sent();
    await until('a first handshake', () =>
      sandbox.callback.handshakes().some((each) => each.path.includes('tenant=2')),
    );
    sandbox.callback.answerWith.echoes = true;
    await until('statuses', async () => {
      await sandbox.control('POST', '/clock', { advanceSeconds: 1 });
      return sandbox.callback.statuses(wamid).length === 3;
    });
    const shaken = sandbox.callback.handshakes().filter((each) => each.path.includes('tenant=2'));
    assert.ok(shaken.length >= 2);
    const query = new URL(shaken[0]?.path ?? '', 'http://localhost').searchParams;
    assert.equal(query.get('hub.mode'), 'subscribe');
    assert.equal(query.get('hub.verify_token'), 'verify-me');
    assert.match(query.get('hub.challenge') ?? '', /^\d+$/);
  } finally {
    await sandbox.stop();
  }
});

test('tells sent, delivered and read in separate webhooks, in order, for many messages at once', () =>
  withSandbox(async (sandbox) => {
    const ids = await Promise.all(Array.from({ length: 40 }, () => sandbox.sent()));
    await until('all statuses', () => sandbox.callback.statuses().length === 120);
    for (const id of ids) assert.deepEqual(sandbox.callback.statuses(id), ['sent', 'delivered', 'read']);
    assert.equal(sandbox.callback.posts().length, 120);
  }));

test('retries after 1, 1, 2, 2 s, then every 5 s, with the same bytes, and goes on with the next status after success', () =>
  withSandbox(async (sandbox) => {
    sandbox.callback.answerWith.status = 500;
    const wamid = await sandbox.sent();
    await untilAttempts(sandbox, 1);
    const dueAt: number[] = [];
    for (const seconds of [1, 1, 2, 2, 5, 5]) {
      const { body } = await sandbox.control('POST', '/clock', { advanceSeconds: seconds });
      dueAt.push(Date.parse(String(dig(body, 'now'))));
      await untilAttempts(sandbox, dueAt.length + 1);
    }
    const attempts = list((await webhooks(sandbox))[0], 'attempts');
    const attemptedAt = attempts.map((attempt) => Date.parse(String(dig(attempt, 'at'))));
    [1, 1, 2, 2, 5, 5].forEach((seconds, i) => {
      const [before = 0, at = 0] = attemptedAt.slice(i, i + 2);
      assert.ok(at - before >= seconds * 1000, `wait ${i}: ${at - before}`);
      // A wait that were a second longer would not be over when the clock was moved.
      assert.ok(at - (dueAt[i] ?? 0) < 900, `wait ${i}: ${at - (dueAt[i] ?? 0)} too long`);
    });
    assert.equal(new Set(sandbox.callback.posts().map((post) => post.body)).size, 1);
    sandbox.callback.answerWith.status = 200;
    await sandbox.control('POST', '/clock', { advanceSeconds: 5 });
    await until('the rest', () => sandbox.callback.statuses(wamid).slice(-2).join() === 'delivered,read');
  }));

test('gives up after 7 days', () =>
  withSandbox(async (sandbox) => {
    sandbox.callback.answerWith.status = 500;
    await sandbox.control('POST', `/users/${USER}/messages`, { type: 'text', text: { body: 'x' } });
    await untilAttempts(sandbox, 1);
    await sandbox.control('POST', '/clock', { advanceSeconds: 7 * 86_400 });
    await untilAttempts(sandbox, 2);
    await until(
      'nothing waits',
      async () => dig((await sandbox.control('GET', '/state')).body, 'webhooks', 'waiting') === 0,
    );
    await sandbox.control('POST', '/clock', { advanceSeconds: 86_400 });
    sandbox.callback.answerWith.status = 200;
    const wamid = await sandbox.sent(USER, {});
    await until('a later one', () => sandbox.callback.statuses(wamid).length > 0);
    assert.equal(list((await webhooks(sandbox))[0], 'attempts').length, 2);
  }));

test('one message whose webhooks fail holds up no other message', () =>
  withSandbox(async (sandbox) => {
    await sandbox.control('POST', '/faults', {
      on: 'webhook',
      match: { user: USER },
      effect: { drop: true },
      when: { always: true },
    });
    await sandbox.control('PUT', '/window', { mode: 'open' });
    const stuck = await sandbox.sent();
    const free = await sandbox.sent('441134960002');
    await until('the free one', () => sandbox.callback.statuses(free).length === 3);
    assert.deepEqual(sandbox.callback.statuses(stuck), []);
  }));

test('batches what waits for a slow callback when told to, of several WABAs, in order within a message', () =>
  withSandbox(async (sandbox) => {
    await sandbox.control('PUT', '/window', { mode: 'open' });
    await sandbox.control('PUT', '/progress', { mode: 'immediate', batchMax: 1000 });
    await sandbox.control('POST', '/faults', { on: 'webhook', effect: { latencyMs: 2_000 }, when: { next: 32 } });
    const other = await sandbox.control('POST', '/wabas', {
      numbers: [{ number: '441134960009', phoneNumberId: '77' }],
      app: { appSecret: SECRET, verifyToken: 'verify-me', callbackUrl: sandbox.callback.url, token: 'sandbox-token' },
    });
    assert.equal(other.status, 201);
    const ids = await Promise.all(Array.from({ length: 200 }, (_, i) => sandbox.sent(`4411349620${10 + (i % 80)}`)));
    await sandbox.control('POST', `/users/${USER}/messages`, {
      type: 'text',
      text: { body: 'x' },
      phoneNumberId: '77',
    });
    await until('all statuses', () => sandbox.callback.statuses().length === 600);
    for (const id of ids) assert.deepEqual(sandbox.callback.statuses(id), ['sent', 'delivered', 'read']);
    assert.ok(sandbox.callback.posts().length < 300, `${sandbox.callback.posts().length} posts`);
    const inbound = await until('the inbound message', () =>
      sandbox.callback.posts().find((post) => post.body.includes('"messages":[')),
    );
    assert.ok(inbound.body.includes(String(dig(other.body, 'wabaId'))));
  }));

test('delivers a webhook once more when asked', () =>
  withSandbox(async (sandbox) => {
    await sandbox.control('POST', `/users/${USER}/messages`, { type: 'text', text: { body: 'again' } });
    await untilAttempts(sandbox, 1);
    const id = dig((await webhooks(sandbox))[0], 'id');
    const answer = await sandbox.control('POST', `/webhooks/${id}/redeliver`);
    assert.equal(answer.status, 200);
    assert.equal(list(answer.body, 'attempts').length, 2);
    assert.equal(sandbox.callback.posts()[0]?.body, sandbox.callback.posts()[1]?.body);
    assert.equal((await sandbox.control('POST', '/webhooks/999/redeliver')).status, 404);
  }));

test('keeps no more webhooks than its limit, the finished oldest going first', async () => {
  const sandbox = await startFixture({ limits: { webhooksMax: 10, messagesMax: 5 } });
  try {
    for (let i = 0; i < 8; i++) {
      const wamid = await sandbox.sent();
      await until('read', () => sandbox.callback.statuses(wamid).length === 3);
    }
    const kept = (await webhooks(sandbox)).map((webhook) => dig(webhook, 'id'));
    assert.deepEqual(
      kept,
      Array.from({ length: 10 }, (_, i) => String(15 + i)),
    );
    assert.equal(list((await sandbox.control('GET', '/messages')).body, 'messages').length, 5);
  } finally {
    await sandbox.stop();
  }
});
