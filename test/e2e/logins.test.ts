// Users: Basic, sessions and OAuth tokens on every kind of endpoint, what ends them, and what guessing gets.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Reply } from '../support/dev-world.js';
import { at } from '../support/requests-texts.js';
import { type Scene, startScene, type Tenant } from '../support/scene.js';

let scene: Scene;
let ann: Tenant;
let names = 0;
before(async () => {
  scene = await startScene({ PARLEY_TRUSTED_PROXIES: '127.0.0.0/8' });
  ann = await scene.newTenant();
});
after(() => scene.stop());

interface User {
  username: string;
  password: string;
}

async function newUser(settings: object = {}): Promise<User> {
  names += 1;
  const username = `user-${names}@example.org`;
  const path = `/accounts/${ann.accountId}/users`;
  const { password } = await scene.admin<{ password: string }>(path, { json: { username, ...settings } });
  return { username, password };
}

function basic({ username, password }: User): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function call(authorization: string, path: string, json?: object, from = '203.0.113.1'): Promise<Reply> {
  const headers = { authorization, 'x-forwarded-for': from };
  return scene.world.api(path, { key: null, headers, ...(json === undefined ? {} : { json }) });
}

async function statusOf(authorization: string, from?: string): Promise<number> {
  return (await call(authorization, '/messages-api/1/reports', undefined, from)).status;
}

function login(user: User, more: object = {}, from = '203.0.113.1'): Promise<Reply> {
  const json = { username: user.username, password: user.password, ...more };
  return scene.world.api('/auth/1/session', { key: null, json, headers: { 'x-forwarded-for': from } });
}

async function sessionOf(user: User, more?: object, from?: string): Promise<string> {
  const { status, body } = await login(user, more, from);
  assert.equal(status, 200, JSON.stringify(body));
  return `IBSSO ${String(at(body, 'token'))}`;
}

function askToken(fields: Record<string, string>, from = '203.0.113.1'): Promise<Reply> {
  return scene.world.api('/auth/1/oauth2/token', {
    method: 'POST',
    key: null,
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-for': from },
    body: new URLSearchParams(fields).toString(),
  });
}

async function bearerOf({ username, password }: User): Promise<string> {
  const { status, body } = await askToken({
    client_id: username,
    client_secret: password,
    grant_type: 'client_credentials',
  });
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual([at(body, 'expires_in'), at(body, 'token_type')], [3600, 'Bearer']);
  return `Bearer ${String(at(body, 'access_token'))}`;
}

test('each of the four schemes does on the hot route, on others, and on our own', async () => {
  const user = await newUser();
  const schemes = [`App ${ann.key}`, basic(user), await sessionOf(user), await bearerOf(user)];
  for (const authorization of schemes) {
    const json = { from: ann.sender, to: scene.newUser(), content: { text: 'Hi' } };
    const sent = await call(authorization, '/whatsapp/1/message/text', json);
    assert.equal(sent.status, 200, authorization.split(' ')[0]);
    assert.equal(at(sent.body, 'status', 'groupName'), 'PENDING');
    assert.equal(await statusOf(authorization), 200);
    const own = await call(authorization, '/parley/1/senders');
    assert.match(JSON.stringify(own.body), new RegExp(ann.sender));
    assert.equal((await call(authorization, '/parley/1/accounts')).status, 403);
  }
});

test('what is no credential is refused, whatever it looks like', async () => {
  const user = await newUser();
  const session = await sessionOf(user);
  const wrong = [
    'Basic',
    'Basic !!!',
    `Basic ${Buffer.from(user.username).toString('base64')}`,
    `Basic ${Buffer.from(`:${user.password}`).toString('base64')}`,
    basic({ ...user, password: '' }),
    session.replace('IBSSO', 'Bearer'),
    (await bearerOf(user)).replace('Bearer', 'IBSSO'),
    session.replace('IBSSO', 'App'),
    `${session}x`,
    'IBSSO',
    'Digest username="x"',
    `App ${ann.key}, App ${ann.key}`,
  ];
  for (const authorization of wrong) assert.equal(await statusOf(authorization), 401, authorization);
  assert.equal(await statusOf(session), 200);
});

test('a user may do what the scopes say, by each scheme, and what changes counts at once', async () => {
  const user = await newUser({ scopeGuids: ['message:send'] });
  const path = `/accounts/${ann.accountId}/users/${user.username}`;
  const schemes = [basic(user), await sessionOf(user), await bearerOf(user)];
  for (const authorization of schemes) {
    assert.equal(await statusOf(authorization), 200);
    assert.equal((await call(authorization, '/messages-api/1/inbound')).status, 403);
    assert.equal((await call(authorization, '/parley/1/senders')).status, 403);
  }
  await scene.admin(path, { method: 'PATCH', json: { scopeGuids: null } });
  for (const authorization of schemes) assert.equal((await call(authorization, '/messages-api/1/inbound')).status, 200);
  await scene.admin(path, { method: 'PATCH', json: { enabled: false } });
  for (const authorization of schemes) assert.equal(await statusOf(authorization), 401);
  await scene.admin(path, { method: 'PATCH', json: { enabled: true } });
  // The password is the same again; sessions and tokens of before are over.
  assert.equal(await statusOf(basic(user)), 200);
});

test('another password ends the old one and every token of it', async () => {
  const user = await newUser();
  const [session, bearer] = [await sessionOf(user), await bearerOf(user)];
  assert.equal(await statusOf(basic(user)), 200);
  const path = `/accounts/${ann.accountId}/users/${user.username}`;
  await scene.admin(path, { method: 'PATCH', json: { password: 'another horse battery' } });
  assert.equal(await statusOf(basic(user)), 401);
  assert.equal(await statusOf(basic({ ...user, password: 'another horse battery' })), 200);
  await scene.world.killGateway();
  for (const authorization of [session, bearer]) assert.equal(await statusOf(authorization), 401);
  await scene.admin(path, { method: 'DELETE' });
  assert.equal(await statusOf(basic({ ...user, password: 'another horse battery' })), 401);
});

test('a session is good from its own address only, unless it was opened unsafe', async () => {
  const user = await newUser();
  const [bound, unsafe] = [await sessionOf(user, {}, '203.0.113.5'), await sessionOf(user, { unsafe: true })];
  assert.equal(await statusOf(bound, '203.0.113.5'), 200);
  assert.equal(await statusOf(bound, '203.0.113.6'), 401);
  // What the caller writes into the header itself stands further left.
  assert.equal(await statusOf(bound, '203.0.113.5, 203.0.113.6'), 401);
  assert.equal(await statusOf(unsafe, '203.0.113.6'), 200);
});

test('a session lives an hour from its last use, and not after it was closed', async () => {
  const user = await newUser();
  const [used, idle, closed] = [await sessionOf(user), await sessionOf(user), await sessionOf(user)];
  await scene.advance(50 * 60);
  assert.equal(await statusOf(used), 200);
  await scene.advance(20 * 60);
  assert.deepEqual([await statusOf(used), await statusOf(idle)], [200, 401]);
  const fresh = await sessionOf(user);
  const close = (authorization: string): Promise<Reply> =>
    scene.world.api('/auth/1/session', {
      method: 'DELETE',
      key: null,
      headers: { authorization, 'x-forwarded-for': '203.0.113.1' },
    });
  const { status, body } = await close(fresh);
  assert.deepEqual([status, body], [200, '']);
  assert.equal(await statusOf(fresh), 401);
  assert.deepEqual([(await close(closed)).status, (await close(basic(user))).status], [401, 401]);
});

test('an OAuth token ends after an hour, used or not', async () => {
  const bearer = await bearerOf(await newUser());
  await scene.advance(59 * 60);
  assert.equal(await statusOf(bearer), 200);
  await scene.advance(61);
  assert.equal(await statusOf(bearer), 401);
});

test('logins that are wrong are told in the form of their endpoint', async () => {
  const user = await newUser();
  const right = { client_id: user.username, client_secret: user.password, grant_type: 'client_credentials' };
  const cases: [Record<string, string>, number, string][] = [
    [{ ...right, client_secret: 'wrong' }, 401, 'invalid_client'],
    [{ ...right, client_id: 'nobody' }, 401, 'invalid_client'],
    [{ ...right, grant_type: 'authorization_code', code: 'x' }, 400, 'unsupported_grant_type'],
    [{ ...right, grant_type: 'password' }, 400, 'unsupported_grant_type'],
    [{ grant_type: 'client_credentials' }, 400, 'invalid_request'],
  ];
  for (const [fields, status, error] of cases) {
    const { status: told, body } = await askToken(fields);
    assert.deepEqual([told, at(body, 'error')], [status, error], JSON.stringify(fields));
    assert.equal(typeof at(body, 'requestError', 'serviceException', 'messageId'), 'string');
  }
  const twice = await scene.world.api('/auth/1/oauth2/token', {
    method: 'POST',
    key: null,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `${new URLSearchParams(right)}&client_id=other`,
  });
  assert.equal(twice.status, 400);
  const json = await scene.world.api('/auth/1/oauth2/token', { key: null, json: right });
  assert.equal(json.status, 415);
  const empty = await scene.world.api('/auth/1/session', { key: null, json: {} });
  assert.deepEqual(Object.keys(Object(at(empty.body, 'requestError', 'serviceException', 'validationErrors'))), [
    'username',
    'password',
  ]);
  const wrong = await login({ ...user, password: 'wrong' });
  assert.deepEqual(
    [wrong.status, at(wrong.body, 'requestError', 'serviceException', 'messageId')],
    [401, 'UNAUTHORIZED'],
  );
});

test('who guesses is locked out, by every scheme and though the guess is right at last; its owner elsewhere is not', async () => {
  const user = await newUser();
  const guesser = '198.51.100.66';
  assert.equal(await statusOf(basic(user)), 200);
  const guesses: number[] = [];
  for (let i = 0; i < 12; i += 1) guesses.push(await statusOf(basic({ ...user, password: `guess-${i}` }), guesser));
  assert.deepEqual([guesses.slice(0, 10), guesses.slice(10)], [Array(10).fill(401), [429, 429]]);
  const locked = await call(basic(user), '/messages-api/1/reports', undefined, guesser);
  assert.equal(locked.status, 429);
  assert.match(locked.headers.get('retry-after') ?? '', /^[1-6]?\d$/);
  assert.equal((await login(user, {}, guesser)).status, 429);
  const token = { client_id: user.username, client_secret: user.password, grant_type: 'client_credentials' };
  const asked = await askToken(token, guesser);
  assert.deepEqual([asked.status, at(asked.body, 'error')], [429, 'slow_down']);
  // Who writes an address into the header is not another caller for it.
  assert.equal(await statusOf(basic(user), `203.0.113.1, ${guesser}`), 429);
  assert.equal(await statusOf(basic(user)), 200);
  assert.equal(await statusOf(basic(await newUser()), guesser), 200);
});

test('a name is taken once for all accounts, and no password is told twice', async () => {
  const user = await newUser();
  const path = `/parley/1/accounts/${ann.accountId}/users`;
  const admin = { key: scene.world.info.adminKey };
  const again = await scene.world.api(path, { ...admin, json: { username: user.username } });
  assert.equal(again.status, 409);
  const listed = await scene.world.api(path, admin);
  assert.match(JSON.stringify(listed.body), new RegExp(user.username));
  assert.doesNotMatch(JSON.stringify(listed.body), /argon2|"password"/);
  const weak = await scene.world.api(path, { ...admin, json: { username: 'weak', password: 'short' } });
  assert.equal(weak.status, 400);
  const chosen = await scene.admin(`/accounts/${ann.accountId}/users`, {
    json: { username: 'chosen', password: 'chosen horse battery' },
  });
  assert.ok(!('password' in chosen));
  assert.doesNotMatch(scene.world.output(), new RegExp(`${user.password}|chosen horse`));
});
