// Worlds that share one sandbox without meeting, and who may steer it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createLog } from '../../src/lib/log.js';
import { startSandbox } from '../../src/sandbox/server.js';
import { until } from '../support/until.js';
import { call, dig, type Fixture, list, startFixture, USER, wabaBody } from './sandbox-fixture.js';
import { readEvents } from './sandbox-stream.js';

let sandbox: Fixture;
before(async () => {
  sandbox = await startFixture();
});
after(() => sandbox.stop());

const inWorld = (name: string) => (method: string, path: string, body?: unknown) =>
  call(method, `${sandbox.url}/_sandbox${path}`, body, { 'x-sandbox-world': name });

const appWith = (token: string) => ({
  app: { appSecret: 's', verifyToken: 'v', callbackUrl: sandbox.callback.url, token },
});

async function send(token: string, headers: Record<string, string> = {}): Promise<string> {
  const body = { messaging_product: 'whatsapp', to: USER, type: 'text', text: { body: 'hello' } };
  const url = `${sandbox.url}/v25.0/${sandbox.phoneNumberId}/messages`;
  const answer = await call('POST', url, body, { authorization: `Bearer ${token}`, ...headers });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return String(dig(answer.body, 'messages', 0, 'id'));
}

async function idsOf(control: ReturnType<typeof inWorld>): Promise<unknown[]> {
  return list((await control('GET', '/messages')).body, 'messages').map((each) => dig(each, 'id'));
}

test('two worlds with the same numbers do not see each other, and Graph calls find theirs by token', async () => {
  const [first, second] = [inWorld('first'), inWorld('second')];
  for (const [control, token] of [
    [first, 'token-first'],
    [second, 'token-second'],
  ] as const) {
    assert.equal((await control('POST', '/wabas', wabaBody(sandbox.callback.url, appWith(token)))).status, 201);
  }
  const ids = [await send('token-first'), await send('token-second'), await sandbox.sent()];
  assert.deepEqual(await idsOf(first), [ids[0]]);
  assert.deepEqual(await idsOf(second), [ids[1]]);
  assert.ok((await idsOf(inWorld('default'))).includes(ids[2]));
  await first('POST', '/clock', { advanceSeconds: 86_400 });
  const now = async (control: ReturnType<typeof inWorld>) =>
    Date.parse(String(dig((await control('GET', '/clock')).body, 'now')));
  assert.ok((await now(first)) - (await now(second)) > 86_000_000);
  await first('POST', '/reset', {});
  assert.deepEqual(await idsOf(first), []);
  assert.deepEqual(await idsOf(second), [ids[1]]);
});

test('a token that several worlds have is told apart by the header', async () => {
  const control = inWorld('shared');
  await control('POST', '/wabas', wabaBody(sandbox.callback.url, appWith('token-shared')));
  await inWorld('shared-2')('POST', '/wabas', wabaBody(sandbox.callback.url, appWith('token-shared')));
  const id = await send('token-shared', { 'x-sandbox-world': 'shared-2' });
  assert.deepEqual(await idsOf(inWorld('shared-2')), [id]);
  assert.deepEqual(await idsOf(control), []);
});

test('a world is listed, closed with its streams, and new under the same name', async () => {
  const control = inWorld('passing');
  await control('POST', '/wabas', wabaBody(sandbox.callback.url, appWith('token-passing')));
  await send('token-passing');
  const events = await readEvents(`${sandbox.url}/_sandbox/events?world=passing`);
  const { body } = await sandbox.control('GET', '/worlds');
  assert.deepEqual(
    list(body, 'worlds').find((world) => dig(world, 'name') === 'passing'),
    { name: 'passing', messages: 1, numbers: 1 },
  );
  assert.equal((await sandbox.control('DELETE', '/worlds/passing')).status, 204);
  await until('its stream ends', () => events.isOver());
  assert.deepEqual(await idsOf(control), []);
  assert.equal((await sandbox.control('DELETE', '/worlds/nowhere')).status, 404);
});

test('a world needs a plain name', async () => {
  assert.equal((await inWorld('a b')('GET', '/state')).status, 400);
});

test('a sandbox with a token refuses control calls without it, and takes it from header or query', async () => {
  const guarded = await startSandbox({
    host: '127.0.0.1',
    port: 0,
    log: createLog('silent'),
    controlToken: 'open-sesame',
  });
  const url = `${guarded.url}/_sandbox/state`;
  try {
    const refused = await call('GET', url);
    assert.equal(refused.status, 401);
    assert.match(String(dig(refused.body, 'error', 'message')), /token/);
    assert.equal((await call('GET', url, undefined, { authorization: 'Bearer wrong' })).status, 401);
    assert.equal((await call('GET', url, undefined, { 'x-sandbox-world': 'other' })).status, 401);
    assert.equal((await call('GET', url, undefined, { authorization: 'Bearer open-sesame' })).status, 200);
    assert.equal((await call('GET', `${url}?token=open-sesame`)).status, 200);
    assert.equal((await fetch(guarded.url)).status, 200);
  } finally {
    await guarded.stop();
  }
});

test('a sandbox that other machines can reach makes a token of its own', async () => {
  const reachable = await startSandbox({ host: '0.0.0.0', port: 0, log: createLog('silent') });
  const url = `${reachable.url.replace('0.0.0.0', '127.0.0.1')}/_sandbox/state`;
  try {
    assert.equal((await call('GET', url)).status, 401);
    assert.equal(
      (await call('GET', url, undefined, { authorization: `Bearer ${reachable.controlToken}` })).status,
      200,
    );
  } finally {
    await reachable.stop();
  }
});

test('a page of another site may not steer the sandbox', async () => {
  const answer = await call('GET', `${sandbox.url}/_sandbox/state`, undefined, { 'sec-fetch-site': 'cross-site' });
  assert.equal(answer.status, 403);
});
