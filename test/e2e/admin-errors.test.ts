// Every error of the admin API has a request here that causes it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DatabaseError } from '../../src/store/database.js';
import { type AdminReply, type AdminWorld, type ProblemBody, startAdminWorld } from '../support/admin-world.js';

let world: AdminWorld;
before(async () => {
  world = await startAdminWorld();
});
after(() => world.stop());

function assertProblem({ status, headers, body }: AdminReply<ProblemBody>, wanted: number): void {
  assert.equal(status, wanted, JSON.stringify(body));
  assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/);
  assert.equal(body.type, 'about:blank');
  assert.equal(body.status, wanted);
  assert.ok(body.title.length > 0 && body.detail.length > 0);
  assert.ok(Array.isArray(body.errors));
}

const sender = { accountId: 'demo', sender: '441134960900', phoneNumberId: '900', wabaId: '1', accessToken: 't' };

test('400 names every wrong, missing and unknown field at once', async () => {
  const reply = await world.call<ProblemBody>('/senders', {
    json: {
      accountId: 'demo',
      phoneNumberId: 'x',
      wabaId: 1,
      accessToken: '',
      throughput: 0,
      forwardUrl: 'ftp://x',
      colour: 'red',
    },
  });
  assertProblem(reply, 400);
  const fields = reply.body.errors.map(({ field }) => field).sort();
  assert.deepEqual(fields, ['accessToken', 'colour', 'forwardUrl', 'phoneNumberId', 'sender', 'throughput', 'wabaId']);
  for (const { message } of reply.body.errors) assert.ok(message.length > 5);
});

test('400 for a body that is not JSON, not an object or not there', async () => {
  const headers = { 'content-type': 'application/json' };
  assertProblem(await world.call<ProblemBody>('/accounts', { body: '{"name":', headers }), 400);
  const broken = Buffer.from([0x22, 0xff, 0x22]);
  assertProblem(await world.call<ProblemBody>('/accounts', { method: 'POST', body: broken, headers }), 400);
  for (const body of ['[]', '"x"', 'null', '7', '']) {
    assertProblem(await world.call<ProblemBody>('/accounts', { method: 'POST', body, headers }), 400);
  }
});

test('400 for text that cannot be kept as it is: NUL and half a surrogate pair', async () => {
  for (const name of ['a\u0000b', 'a\ud800b', '', 'x'.repeat(256)]) {
    const reply = await world.call<ProblemBody>('/accounts', { json: { name } });
    assertProblem(reply, 400);
    assert.deepEqual(
      reply.body.errors.map(({ field }) => field),
      ['name'],
    );
  }
});

test('400 for wrong parts of a query', async () => {
  const reply = await world.call<ProblemBody>('/senders?page=-1&size=1001&sort=x');
  assertProblem(reply, 400);
  assert.deepEqual(reply.body.errors.map(({ field }) => field).sort(), ['page', 'size', 'sort']);
});

test('400 when an admin key does not say which account it makes something in', async () => {
  const { accountId: _, ...nobodys } = sender;
  const reply = await world.call<ProblemBody>('/senders', { json: nobodys });
  assertProblem(reply, 400);
  assert.deepEqual(
    reply.body.errors.map(({ field }) => field),
    ['accountId'],
  );
});

test('400 for a forwardUrl that the guard never lets through', async () => {
  for (const forwardUrl of ['http://169.254.169.254/latest', 'http://10.0.0.1/', 'https://user:pass@hooks.example/']) {
    const reply = await world.call<ProblemBody>('/senders', { json: { ...sender, forwardUrl } });
    assertProblem(reply, 400);
    assert.deepEqual(
      reply.body.errors.map(({ field }) => field),
      ['forwardUrl'],
    );
  }
});

test('401 without a key, with an unknown one, with another scheme', async () => {
  const keys = [
    undefined,
    'App wrong',
    `Bearer ${world.adminKey}`,
    world.adminKey,
    'App ',
    `App ${world.adminKey} ${world.adminKey}`,
  ];
  for (const authorization of keys) {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const reply = await world.call<ProblemBody>('/senders', { key: null, headers });
    assertProblem(reply, 401);
    assert.equal(reply.headers.get('www-authenticate'), 'App');
  }
});

test('401 is told before a body is looked at', async () => {
  assertProblem(
    await world.call<ProblemBody>('/senders', {
      key: null,
      body: '{',
      headers: { 'content-type': 'application/json' },
    }),
    401,
  );
});

test('403 when an account key manages accounts', async () => {
  const key = world.demoKey;
  assertProblem(await world.call<ProblemBody>('/accounts', { key }), 403);
  assertProblem(await world.call<ProblemBody>('/accounts', { key, json: { name: 'x' } }), 403);
  assertProblem(await world.call<ProblemBody>('/accounts/demo', { key, method: 'PATCH', json: { name: 'x' } }), 403);
  assertProblem(await world.call<ProblemBody>('/accounts/demo/keys', { key }), 403);
  assertProblem(await world.call<ProblemBody>('/accounts/demo/keys', { key, json: { name: 'x' } }), 403);
  assertProblem(await world.call<ProblemBody>('/accounts/demo/keys/x', { key, method: 'DELETE' }), 403);
});

test('404 for what is not there', async () => {
  const missing: [string, string, unknown?][] = [
    ['GET', '/nothing'],
    ['GET', '/accounts/none'],
    ['PATCH', '/accounts/none', { name: 'x' }],
    ['GET', '/accounts/none/keys'],
    ['POST', '/accounts/none/keys', { name: 'x' }],
    ['DELETE', '/accounts/none/keys/x'],
    ['DELETE', '/accounts/demo/keys/none'],
    ['GET', '/senders?accountId=none'],
    ['POST', '/senders', { ...sender, accountId: 'none' }],
    ['GET', '/senders/441134960999'],
    ['PATCH', '/senders/441134960999', { throughput: 1 }],
    ['DELETE', '/senders/441134960999'],
    ['POST', '/senders/441134960999/resume'],
    ['DELETE', '/signing-secrets/none'],
    ['POST', '/endpoints/999/enable'],
    ['POST', '/endpoints/x/enable'],
    ['GET', '/messages/none'],
    ['GET', '/messages/a%00b'],
    ['GET', '/accounts/%00'],
    ['GET', '/senders/%zz'],
    ['GET', '/messages/019a9d2e-0000-7000-8000-000000000001'],
    ['POST', '/replays', { accountId: 'demo', endpointId: 999 }],
  ];
  for (const [method, path, json] of missing) {
    const reply = await world.call<ProblemBody>(path, { method, ...(json === undefined ? {} : { json }) });
    assertProblem(reply, 404);
  }
});

test('405 names the methods that a path takes', async () => {
  const reply = await world.call<ProblemBody>('/senders/441134960999', { method: 'PUT', json: {} });
  assertProblem(reply, 405);
  assert.equal(reply.headers.get('allow'), 'GET, PATCH, DELETE');
  assertProblem(await world.call<ProblemBody>('/replays'), 405);
});

test('409 for a number that is some sender already', async () => {
  const taken = { ...sender, sender: '441134960901', phoneNumberId: '901' };
  const made = await world.call('/senders', { json: taken });
  assert.equal(made.status, 201);
  const sameNumber = await world.call<ProblemBody>('/senders', { json: { ...taken, phoneNumberId: '902' } });
  assertProblem(sameNumber, 409);
  assert.deepEqual(
    sameNumber.body.errors.map(({ field }) => field),
    ['sender'],
  );
  const sameId = await world.call<ProblemBody>('/senders', { json: { ...taken, sender: '441134960902' } });
  assertProblem(sameId, 409);
  assert.deepEqual(
    sameId.body.errors.map(({ field }) => field),
    ['phoneNumberId'],
  );
});

test('409 for a change to a phoneNumberId that is another sender’s', async () => {
  for (const number of ['3', '4']) {
    const made = { ...sender, sender: `44113496090${number}`, phoneNumberId: `90${number}` };
    assert.equal((await world.call('/senders', { json: made })).status, 201);
  }
  const path = '/senders/441134960904';
  assertProblem(await world.call<ProblemBody>(path, { method: 'PATCH', json: { phoneNumberId: '903' } }), 409);
  const same = await world.call(path, { method: 'PATCH', json: { phoneNumberId: '904' } });
  assert.equal(same.status, 200);
});

test('409 for a third signing secret', async () => {
  const json = { accountId: 'demo' };
  for (let i = 0; i < 2; i += 1) assert.equal((await world.call('/signing-secrets', { json })).status, 201);
  assertProblem(await world.call<ProblemBody>('/signing-secrets', { json }), 409);
});

test('413 for a body beyond 1 MiB', async () => {
  assertProblem(await world.call<ProblemBody>('/accounts', { json: { name: 'x'.repeat(1024 * 1024) } }), 413);
});

test('415 for a body of another type', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml']) {
    assertProblem(
      await world.call<ProblemBody>('/accounts', { body: 'name=x', headers: { 'content-type': type } }),
      415,
    );
  }
});

test('500 tells nothing of what went wrong', async () => {
  world.breakDatabase(new Error('secret detail'));
  const reply = await world.call<ProblemBody>('/senders');
  world.breakDatabase(undefined);
  assertProblem(reply, 500);
  assert.doesNotMatch(JSON.stringify(reply.body), /secret detail/);
});

test('503 with Retry-After while the database is away, and 200 when it is back', async () => {
  world.breakDatabase(new DatabaseError('unavailable', undefined, new Error('away')));
  const reply = await world.call<ProblemBody>('/senders');
  world.breakDatabase(undefined);
  assertProblem(reply, 503);
  assert.equal(reply.headers.get('retry-after'), '1');
  assert.equal((await world.call('/senders')).status, 200);
});

test('502 when Meta cannot be reached', async () => {
  await world.stopSandbox();
  const json = { accountId: 'demo', phoneNumberId: '1', wabaId: '2', accessToken: 't' };
  assertProblem(await world.call<ProblemBody>('/senders/connect', { json }), 502);
});
