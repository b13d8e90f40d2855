// What survives: a restart with a state file, a snapshot, a reset; and the sandbox as a command.
import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { sandbox as command } from '../../src/cli/sandbox.js';
import { createLog } from '../../src/lib/log.js';
import { startSandbox } from '../../src/sandbox/server.js';
import { startReceiver } from '../support/receiver.js';
import { until } from '../support/until.js';
import { formOf, JPEG } from './sandbox-files.js';
import { call, dig, list, startCallback, startFixture, TOKEN, USER, wabaBody } from './sandbox-fixture.js';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sandbox-state-'));
});
after(() => rm(folder, { recursive: true, force: true }));

test('a restart with a state file keeps messages, settings and clock, and goes on with what waited', async () => {
  const stateFile = join(folder, 'restart', 'state.json');
  const receiver = await startCallback();
  const start = () => startSandbox({ host: '127.0.0.1', port: 0, log: createLog('silent'), stateFile });
  receiver.answerWith.status = 500;
  const first = await start();
  const made = await call('POST', `${first.url}/_sandbox/wabas`, wabaBody(receiver.url));
  assert.equal(made.status, 201);
  await call('POST', `${first.url}/_sandbox/clock`, { advanceSeconds: 3600 });
  await call('PUT', `${first.url}/_sandbox/progress`, {
    mode: 'timed',
    sentMs: 0,
    deliveredMs: 60_000,
    readMs: 120_000,
  });
  const text = { messaging_product: 'whatsapp', to: USER, text: { body: 'keep me' } };
  const answer = await call('POST', `${first.url}/v25.0/100200301/messages`, text, {
    authorization: `Bearer ${TOKEN}`,
  });
  const wamid = String(dig(answer.body, 'messages', 0, 'id'));
  await until('a failed attempt', () => receiver.statuses(wamid).length > 0);
  await first.stop();
  receiver.answerWith.status = 200;
  const failed = receiver.posts().length;

  const second = await start();
  try {
    const again = await call('POST', `${second.url}/_sandbox/wabas`, wabaBody(receiver.url));
    assert.equal(again.status, 200);
    assert.deepEqual(again.body, made.body);
    await call('POST', `${second.url}/_sandbox/clock`, { advanceSeconds: 180 });
    await until('all statuses', () => receiver.statuses(wamid).length === failed + 3);
    assert.deepEqual(receiver.statuses(wamid).slice(failed), ['sent', 'delivered', 'read']);
    const { body } = await call('GET', `${second.url}/_sandbox/messages`);
    assert.equal(dig(body, 'messages', 0, 'id'), wamid);
    assert.equal(dig(body, 'messages', 0, 'payload', 'text', 'body'), 'keep me');
    const { body: clock } = await call('GET', `${second.url}/_sandbox/clock`);
    assert.ok(Date.parse(String(dig(clock, 'now'))) - Date.now() > 3_500_000);
  } finally {
    await second.stop();
    await receiver.stop();
  }
});

test('a torn last line is passed over; a file of another kind is refused', async () => {
  const stateFile = join(folder, 'torn.json');
  const first = await startFixture({ stateFile });
  const wamid = await first.sent();
  await until('read', () => first.callback.statuses(wamid).length === 3);
  await first.stop();
  await appendFile(stateFile, '["messages","9","{');
  const second = await startSandbox({ host: '127.0.0.1', port: 0, log: createLog('silent'), stateFile });
  const { body } = await call('GET', `${second.url}/_sandbox/messages`);
  assert.deepEqual(
    list(body, 'messages').map((message) => dig(message, 'id')),
    [wamid],
  );
  await second.stop();
  await writeFile(join(folder, 'other.json'), '{"api":"x"}\n');
  const options = { host: '127.0.0.1', port: 0, log: createLog('silent'), stateFile: join(folder, 'other.json') };
  await assert.rejects(startSandbox(options), /not a sandbox state file/);
});

test('a snapshot brings back users, messages, faults, settings and the clock, here or in another sandbox', async () => {
  const first = await startFixture();
  const second = await startFixture();
  try {
    await first.control('PUT', `/users/${USER}`, { profileName: 'Ana', readReceipts: false });
    await first.control('PUT', '/window', { mode: 'open' });
    await first.control('POST', '/clock', { advanceSeconds: 86_400 });
    await first.control('POST', '/faults', {
      on: 'graph',
      effect: { code: 2 },
      when: { next: 3 },
      match: { user: '1' },
    });
    const wamid = await first.sent();
    await until('delivered', () => first.callback.statuses(wamid).length === 2);
    const { body: snapshot } = await first.control('GET', '/snapshot');
    await first.control('POST', '/reset');
    assert.equal(list((await first.control('GET', '/messages')).body, 'messages').length, 0);
    for (const sandbox of [first, second]) {
      const restored = await sandbox.control('POST', '/snapshot', snapshot);
      assert.equal(restored.status, 200);
      assert.ok(Date.parse(String(dig(restored.body, 'now'))) - Date.now() > 86_000_000);
      assert.deepEqual(
        list((await sandbox.control('GET', '/messages')).body, 'messages').map((message) => dig(message, 'id')),
        [wamid],
      );
      assert.equal(list((await sandbox.control('GET', '/faults')).body, 'faults').length, 1);
      const next = await sandbox.sent('441134960002');
      await until('read', () => first.callback.statuses(next).length === 3);
    }
  } finally {
    await first.stop();
    await second.stop();
  }
});

async function upload(url: string, bytes: Buffer): Promise<string> {
  const form = formOf({ messaging_product: 'whatsapp', type: 'image/jpeg' }, { bytes, type: 'image/jpeg' });
  const headers = { authorization: `Bearer ${TOKEN}` };
  const answer = await fetch(`${url}/v25.0/100200301/media`, { method: 'POST', headers, body: form });
  return String(dig(await answer.json(), 'id'));
}

async function bytesOf(url: string, id: string): Promise<Buffer> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const { body } = await call('GET', `${url}/v25.0/${id}`, undefined, headers);
  return Buffer.from(await (await fetch(String(dig(body, 'url')), { headers })).arrayBuffer());
}

test('a restart keeps media, removes files without a record, and fetches the links that were under way', async () => {
  const stateFile = join(folder, 'media.json');
  const host = await startReceiver();
  host.answer({ delayMs: 60_000 });
  const first = await startFixture({ stateFile });
  const id = await upload(first.url, JPEG);
  const wamid = await first.sent(USER, { type: 'image', text: undefined, image: { link: `${host.url}/a.pdf` } });
  await host.next(() => true);
  await first.stop();
  await writeFile(join(`${stateFile}.media`, '999'), 'stray');
  host.answer({ headers: { 'content-type': 'image/jpeg' }, body: 'no picture' });
  const second = await startSandbox({ host: '127.0.0.1', port: 0, log: createLog('silent'), stateFile });
  try {
    assert.deepEqual(await bytesOf(second.url, id), JPEG);
    await until('an end', async () => {
      const { body } = await call('GET', `${second.url}/_sandbox/messages`);
      const message = list(body, 'messages').find((each) => dig(each, 'id') === wamid);
      return dig(message, 'statuses', 0, 'status') === 'failed';
    });
    assert.equal(host.requests.length, 2);
    assert.ok((await readdir(`${stateFile}.media`)).every((name) => name !== '999'));
  } finally {
    await second.stop();
    await host.stop();
  }
});

test('a snapshot carries media to another sandbox, and a reset keeps what was uploaded', async () => {
  const first = await startFixture();
  const second = await startFixture();
  try {
    const id = await upload(first.url, JPEG);
    const data = JPEG.toString('base64');
    const said = await first.control('POST', `/users/${USER}/messages`, { type: 'image', image: { data } });
    assert.equal(said.status, 201);
    const { body: snapshot } = await first.control('GET', '/snapshot');
    assert.equal((await second.control('POST', '/snapshot', snapshot)).status, 200);
    assert.deepEqual(await bytesOf(second.url, id), JPEG);
    const inbound = dig((await second.control('GET', '/messages')).body, 'messages', 0, 'payload', 'image', 'id');
    assert.deepEqual(await bytesOf(second.url, String(inbound)), JPEG);
    await second.control('POST', '/reset');
    assert.deepEqual(await bytesOf(second.url, id), JPEG);
    assert.equal((await second.graph('GET', `/${inbound}`)).status, 400);
    const without = await first.control('POST', '/snapshot', {
      format: 1,
      records: [['media', '123', {}]],
    });
    assert.equal(dig(without.body, 'error', 'field'), 'files.123');
  } finally {
    await first.stop();
    await second.stop();
  }
});

test('a reset clears what happened and keeps WABAs, numbers, tokens and URLs', async () => {
  const sandbox = await startFixture();
  try {
    const before = (await sandbox.control('GET', '/state')).body;
    await sandbox.control('PUT', '/progress', { mode: 'manual' });
    await sandbox.control('PUT', `/users/${USER}`, { exists: false });
    await sandbox.control('POST', '/clock', { advanceSeconds: 10 * 86_400 });
    await sandbox.control('POST', '/faults', { on: 'webhook', effect: { drop: true }, when: { always: true } });
    await sandbox.sent();
    await sandbox.control('POST', '/reset');
    const state = (await sandbox.control('GET', '/state')).body;
    for (const field of ['wabas', 'progress', 'window', 'messages'])
      assert.deepEqual(dig(state, field), dig(before, field));
    assert.ok(Math.abs(Date.parse(String(dig(state, 'now'))) - Date.now()) < 60_000);
    assert.equal(list((await sandbox.control('GET', '/faults')).body, 'faults').length, 0);
    assert.deepEqual((await sandbox.control('GET', '/webhooks')).body, { webhooks: [], next: null });
    const wamid = await sandbox.sent();
    await until('read', () => sandbox.callback.statuses(wamid).join() === 'sent,delivered,read');
  } finally {
    await sandbox.stop();
  }
});

test('parley sandbox starts with no numbers, says where it listens, and stops when asked', async () => {
  const stop = new AbortController();
  const printed: string[] = [];
  const complained: string[] = [];
  const terminal = {
    env: { PARLEY_SANDBOX_PORT: '0', PARLEY_SANDBOX_STATE: join(folder, 'cli.json') },
    print: (line: string) => printed.push(line),
    complain: (line: string) => complained.push(line),
    stopped: stop.signal,
  };
  const done = command.run([], terminal);
  const line = await until('the address', () => printed[0]);
  const url = /^listening (http:\/\/127\.0\.0\.1:\d+)$/.exec(line)?.[1] ?? '';
  assert.deepEqual(dig((await call('GET', `${url}/_sandbox/state`)).body, 'wabas'), []);
  stop.abort();
  assert.equal(await done, 0);
  await assert.rejects(call('GET', `${url}/_sandbox/state`));
  assert.equal(await command.run(['now'], terminal), 2);
  await writeFile(join(folder, 'foreign.json'), 'not ours\n');
  const env = { ...terminal.env, PARLEY_SANDBOX_STATE: join(folder, 'foreign.json') };
  assert.equal(await command.run([], { ...terminal, env }), 1);
  assert.equal(complained.length, 2);
});
