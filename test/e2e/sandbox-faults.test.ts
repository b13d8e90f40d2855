// Every effect of a fault, on Graph calls and on webhooks, and when it takes place.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { until } from '../support/until.js';
import { dig, type Fixture, list, startFixture, USER } from './sandbox-fixture.js';

let sandbox: Fixture;
before(async () => {
  sandbox = await startFixture();
});
after(() => sandbox.stop());
afterEach(async () => {
  await sandbox.control('POST', '/reset');
});

async function fault(body: Record<string, unknown>): Promise<string> {
  const answer = await sandbox.control('POST', '/faults', body);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return String(dig(answer.body, 'id'));
}

async function hits(id: string): Promise<unknown> {
  const { body } = await sandbox.control('GET', '/faults');
  return dig(
    list(body, 'faults').find((each) => dig(each, 'id') === id),
    'hits',
  );
}

async function messageCount(): Promise<number> {
  return list((await sandbox.control('GET', '/messages')).body, 'messages').length;
}

test('a code answers a Graph error body of that code, under its own or the given HTTP status', async () => {
  const id = await fault({ on: 'graph', effect: { code: 131016 }, when: { next: 1 } });
  const own = await sandbox.send();
  assert.equal(own.status, 500);
  assert.equal(dig(own.body, 'error', 'code'), 131016);
  assert.equal(dig(own.body, 'error', 'is_transient'), true);
  await fault({ on: 'graph', effect: { code: 130429, httpStatus: 429 }, when: { next: 1 } });
  const given = await sandbox.send();
  assert.equal(given.status, 429);
  assert.equal(dig(given.body, 'error', 'code'), 130429);
  assert.equal(await messageCount(), 0);
  assert.equal((await sandbox.send()).status, 200);
  assert.equal(await hits(id), 1);
});

test('an httpStatus alone answers a generic error', async () => {
  await fault({ on: 'graph', effect: { httpStatus: 503 }, when: { next: 1 } });
  const answer = await sandbox.send();
  assert.equal(answer.status, 503);
  assert.equal(dig(answer.body, 'error', 'code'), 1);
});

test('a lost response is processed all the same', async () => {
  await fault({ on: 'graph', effect: { loseResponse: true }, when: { next: 1 } });
  await assert.rejects(sandbox.send());
  assert.equal(await messageCount(), 1);
  await until('its statuses', () => sandbox.callback.statuses().length >= 3);
});

test('a dropped Graph call is not processed', async () => {
  await fault({ on: 'graph', effect: { drop: true }, when: { next: 1 } });
  await assert.rejects(sandbox.send());
  assert.equal(await messageCount(), 0);
});

test('latency delays the answer', async () => {
  await fault({ on: 'graph', effect: { latencyMs: 120 }, when: { next: 1 } });
  const startedAt = performance.now();
  assert.equal((await sandbox.send()).status, 200);
  assert.ok(performance.now() - startedAt >= 110);
});

test('matches method, path, number, user and field together', async () => {
  const match = {
    method: 'POST',
    path: '/messages',
    phoneNumberId: sandbox.phoneNumberId,
    user: USER,
    field: 'messages',
  };
  const id = await fault({ on: 'graph', match, effect: { code: 131000 }, when: { always: true } });
  assert.equal((await sandbox.graph('GET', `/${sandbox.phoneNumberId}`)).status, 200);
  assert.equal((await sandbox.send('441134960002')).status, 200);
  assert.equal((await sandbox.send(`+${USER}`)).status, 500);
  assert.equal(await hits(id), 1);
});

test('takes effect on the next n, on every nth, or by a seeded chance that repeats', async () => {
  const outcomes = async (when: Record<string, unknown>, count: number) => {
    const id = await fault({ on: 'graph', match: { path: '/messages' }, effect: { code: 2 }, when });
    const seen: boolean[] = [];
    for (let i = 0; i < count; i++) seen.push((await sandbox.send(`44113496070${i}`)).status === 503);
    await sandbox.control('DELETE', `/faults/${id}`);
    return seen;
  };
  assert.deepEqual(await outcomes({ next: 2 }, 4), [true, true, false, false]);
  assert.deepEqual(await outcomes({ every: 2 }, 4), [false, true, false, true]);
  const chance = { probability: 0.5, seed: 7 };
  const first = await outcomes(chance, 10);
  assert.deepEqual(await outcomes(chance, 10), first);
  assert.ok(first.includes(true) && first.includes(false));
  assert.deepEqual(await outcomes({ always: true }, 2), [true, true]);
});

test('faults can be listed and removed, one or all', async () => {
  const id = await fault({ on: 'graph', effect: { code: 2 }, when: { always: true } });
  await fault({ on: 'webhook', effect: { drop: true }, when: { always: true } });
  assert.equal((await sandbox.control('DELETE', `/faults/${id}`)).status, 204);
  assert.equal((await sandbox.control('DELETE', `/faults/${id}`)).status, 404);
  assert.equal(list((await sandbox.control('GET', '/faults')).body, 'faults').length, 1);
  assert.equal((await sandbox.control('DELETE', '/faults')).status, 204);
  assert.equal(list((await sandbox.control('GET', '/faults')).body, 'faults').length, 0);
});

const WRONG: [body: Record<string, unknown>, field: string][] = [
  [{ on: 'sms', effect: { drop: true }, when: { always: true } }, 'on'],
  [{ on: 'graph', effect: { drop: true } }, 'when'],
  [{ on: 'graph', effect: {}, when: { always: true } }, 'effect'],
  [{ on: 'graph', effect: { reorder: true }, when: { always: true } }, 'effect.reorder'],
  [{ on: 'webhook', effect: { code: 1 }, when: { always: true } }, 'effect.code'],
  [{ on: 'graph', effect: { drop: 'yes' }, when: { always: true } }, 'effect.drop'],
  [{ on: 'graph', match: { verb: 'GET' }, effect: { drop: true }, when: { always: true } }, 'match.verb'],
];
for (const [body, field] of WRONG) {
  test(`refuses a fault with a wrong ${field}: ${JSON.stringify(body)}`, async () => {
    const answer = await sandbox.control('POST', '/faults', body);
    assert.equal(answer.status, 400);
    assert.equal(dig(answer.body, 'error', 'field'), field);
  });
}

async function speak(text: string): Promise<void> {
  const answer = await sandbox.control('POST', `/users/${USER}/messages`, { type: 'text', text: { body: text } });
  assert.equal(answer.status, 201);
}

async function attempts(): Promise<unknown[]> {
  return list((await sandbox.control('GET', '/webhooks')).body, 'webhooks', 0, 'attempts');
}

function arrived(text: string): number {
  return sandbox.callback.posts().filter((post) => post.body.includes(`"body":"${text}"`)).length;
}

test('a dropped webhook counts as failed and comes with the retry', async () => {
  await fault({ on: 'webhook', effect: { drop: true }, when: { next: 1 } });
  await speak('dropped');
  await until('the failed attempt', async () => (await attempts()).length === 1);
  assert.equal(arrived('dropped'), 0);
  await sandbox.control('POST', '/clock', { advanceSeconds: 1 });
  await until('the retry', () => arrived('dropped') === 1);
});

test('a webhook whose answer is lost arrives twice', async () => {
  await fault({ on: 'webhook', effect: { loseResponse: true }, when: { next: 1 } });
  await speak('lost');
  await until('the failed attempt', async () => (await attempts()).length === 1);
  assert.equal(arrived('lost'), 1);
  await sandbox.control('POST', '/clock', { advanceSeconds: 1 });
  await until('the retry', () => arrived('lost') === 2);
});

test('an httpStatus on a webhook stands for the answer of the callback', async () => {
  await fault({ on: 'webhook', effect: { httpStatus: 502 }, when: { next: 1 } });
  await speak('bad gateway');
  await until('the failed attempt', async () => dig((await attempts())[0], 'httpStatus') === 502);
  await sandbox.control('POST', '/clock', { advanceSeconds: 1 });
  await until('the retry', () => arrived('bad gateway') === 1);
});

test('a duplicated webhook is posted twice', async () => {
  await fault({ on: 'webhook', effect: { duplicate: true }, when: { next: 1 } });
  await speak('twice');
  await until('both', async () => (await attempts()).length === 2);
  assert.equal(arrived('twice'), 2);
});

test('a reordered webhook comes after the next one', async () => {
  await fault({ on: 'webhook', effect: { reorder: true }, when: { next: 1 } });
  const wamid = await sandbox.sent();
  await until('all three', () => sandbox.callback.statuses(wamid).length === 3);
  assert.equal(sandbox.callback.statuses(wamid)[0], 'delivered');
  assert.deepEqual(sandbox.callback.statuses(wamid).sort(), ['delivered', 'read', 'sent']);
});

test('latency on a webhook delays it', async () => {
  await fault({
    on: 'webhook',
    match: { field: 'messages', path: 'tenant=1' },
    effect: { latencyMs: 100 },
    when: { next: 1 },
  });
  const startedAt = performance.now();
  await speak('slow');
  await until('the webhook', () => arrived('slow') === 1);
  assert.ok(performance.now() - startedAt >= 90);
});
