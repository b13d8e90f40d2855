// The commands that call a gateway, run as `parley` runs them, against the admin API over HTTP.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCommand } from '../../src/cli/registry.js';
import { dayOf } from '../../src/lib/day.js';
import { uuidv7 } from '../../src/lib/id.js';
import { acceptMessages } from '../../src/store/accepting.js';
import { type AdminWorld, startAdminWorld } from '../support/admin-world.js';
import { temporaryFolder } from '../support/dev-world.js';
import { freePort } from '../support/free-port.js';
import { type Receiver, startReceiver } from '../support/receiver.js';

let world: AdminWorld;
let gateway: Receiver;
let dataDir: string;

before(async () => {
  world = await startAdminWorld();
  gateway = await startReceiver();
  dataDir = temporaryFolder('cli');
  mkdirSync(dataDir, { recursive: true });
  const dev = { api: world.url, apiKey: world.demoKey, adminKey: world.adminKey, sender: '441134960000' };
  writeFileSync(join(dataDir, 'dev.json'), JSON.stringify(dev));
});
after(async () => {
  await gateway.stop();
  await world.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

interface Result {
  code: number;
  out: string;
  err: string;
}

/** Runs `parley ...args` with the dev.json of the test in its data directory. */
async function parley(args: readonly string[], env: Record<string, string> = {}): Promise<Result> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCommand(args, {
    env: { PARLEY_DATA_DIR: dataDir, ...env },
    print: (line) => out.push(line),
    complain: (line) => err.push(line),
    stopped: new AbortController().signal,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

async function json<T>(args: readonly string[]): Promise<T> {
  const { code, out, err } = await parley([...args, '--json']);
  assert.equal(code, 0, err);
  // The parse boundary of what a command prints: the test names the shape and asserts what matters of it.
  return JSON.parse(out) as T;
}

test('an account, a key and a sender are made by commands, and the key works', async () => {
  const account = await json<{ accountId: string }>(['accounts', 'create', 'Shop', '--unknown-policy', 'fail']);
  const listed = await parley(['accounts', 'list']);
  assert.match(listed.out, new RegExp(`${account.accountId}\\s+Shop\\s+fail`));
  const made = await parley(['keys', 'create', account.accountId, 'till']);
  const secret = made.out.split('\n').at(-1) ?? '';
  const ids = ['--sender', '441134960200', '--phone-number-id', '200', '--waba-id', '1'];
  const added = await parley(['senders', 'add', ...ids, '--token', 't', '--key', secret]);
  assert.equal(added.code, 0, added.err);
  assert.match((await parley(['senders', 'list', '--key', secret])).out, /441134960200/);
  const keys = await json<{ id: string }[]>(['keys', 'list', account.accountId]);
  assert.equal((await parley(['keys', 'delete', account.accountId, keys[0]?.id ?? ''])).code, 0);
  const refused = await parley(['senders', 'list', '--key', secret]);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /401/);
});

test('settings of accounts and senders are given and changed by commands', async () => {
  const settings = ['--read-marks', 'on', '--media', 'upload'];
  interface Account {
    accountId: string;
    name: string;
    readMarks: boolean;
    media: string;
    unknownPolicy: string;
  }
  const { accountId, ...made } = await json<Account>(['accounts', 'create', 'Set', ...settings]);
  assert.deepEqual([made.readMarks, made.media, made.unknownPolicy], [true, 'upload', 'resend']);
  const change = ['--read-marks', 'off', '--media', 'link', '--unknown-policy', 'fail', '--name', 'Other'];
  const changed = await json<Account>(['accounts', 'set', accountId, ...change]);
  assert.deepEqual(
    [changed.name, changed.readMarks, changed.media, changed.unknownPolicy],
    ['Other', false, 'link', 'fail'],
  );
  for (const wrong of [['--read-marks', 'maybe'], []]) {
    const { code } = await parley(['accounts', 'set', accountId, ...wrong]);
    assert.equal(code, 2);
  }
  assert.equal((await parley(['accounts', 'set', accountId, '--media', 'both'])).code, 1);
  const ids = ['--sender', '441134960209', '--phone-number-id', '209', '--waba-id', '1', '--account', accountId];
  const key = ['--key', world.adminKey];
  const added = await json<{ identityCheck: boolean }>([
    ...['senders', 'add', ...ids, '--token', 't', '--identity-check', 'on'],
    ...key,
  ]);
  assert.equal(added.identityCheck, true);
  assert.match((await parley(['senders', 'list', ...key])).out, /identityCheck/i);
});

test('a sender is changed, resumed and removed; its token may come from a file', async () => {
  const ids = ['--sender', '441134960201', '--phone-number-id', '201', '--waba-id', '1'];
  const file = join(dataDir, 'token');
  writeFileSync(file, 'from-a-file\n');
  assert.equal(
    (await parley(['senders', 'add', ...ids, '--token-file', file, '--forward-url', 'https://x.example/'])).code,
    0,
  );
  const changed = await json<{ throughput: number; forwardUrl: null }>([
    'senders',
    'set',
    '441134960201',
    '--throughput',
    '20',
    '--forward-url',
    'none',
  ]);
  assert.deepEqual([changed.throughput, changed.forwardUrl], [20, null]);
  assert.match((await parley(['senders', 'resume', '441134960201'])).out, /goes on; 0 messages wait/);
  assert.equal((await parley(['senders', 'remove', '441134960201'])).code, 0);
  const gone = await parley(['senders', 'remove', '441134960201']);
  assert.deepEqual([gone.code, /404: no such sender/.test(gone.err)], [1, true]);
});

test('connecting prints callback URL and verify token', async () => {
  const spec = {
    wabaId: '8001',
    numbers: [{ number: '441134960210', phoneNumberId: '8002', throughput: 1000 }],
    app: { appSecret: 's', verifyToken: 'v', callbackUrl: 'http://127.0.0.1:9/', token: 'EAAcli' },
  };
  const headers = { 'content-type': 'application/json' };
  const waba = await fetch(`${world.sandbox}/_sandbox/wabas`, { method: 'POST', headers, body: JSON.stringify(spec) });
  assert.equal(waba.status, 201);
  const ids = ['--phone-number-id', '8002', '--waba-id', '8001'];
  const connected = await parley(['senders', 'connect', ...ids, '--token', 'EAAcli']);
  assert.equal(connected.code, 0, connected.err);
  assert.match(connected.out, /441134960210 connected/);
  assert.match(connected.out, /Callback URL {2}https:\/\/parley\.example\/meta\/webhook/);
  assert.match(connected.out, new RegExp(`Verify token {2}${world.verifyToken}`));
  const refused = await parley(['senders', 'connect', ...ids, '--token', 'EAAwrong']);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /accessToken: .*190/);
});

test('send posts a text to the public API and prints what became of it', async () => {
  const status = { name: 'PENDING_ENROUTE', description: 'on its way' };
  gateway.answer({ body: JSON.stringify({ to: '441134960001', messageCount: 1, messageId: 'm-1', status }) });
  const api = ['--api', gateway.url, '--key', 'k'];
  const sent = await parley(['send', '441134960001', 'Hello', '--notify-url', 'https://x.example/', ...api]);
  assert.equal(sent.code, 0, sent.err);
  assert.match(sent.out, /m-1 {2}PENDING_ENROUTE/);
  const request = await gateway.next(({ path }) => path === '/whatsapp/1/message/text');
  assert.equal(request.headers.authorization, 'App k');
  const content = { text: 'Hello' };
  assert.deepEqual(request.json, {
    from: '441134960000',
    to: '441134960001',
    content,
    notifyUrl: 'https://x.example/',
  });
  const validationErrors = { 'content.text': ['must not be blank'] };
  const exception = { messageId: 'BAD_REQUEST', text: 'Bad request', validationErrors };
  gateway.answer({ status: 400, body: JSON.stringify({ requestError: { serviceException: exception } }) });
  const refused = await parley(['send', '--from', '1', '--to', '2', '--text', '', ...api]);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /400: Bad request\n {2}content\.text: must not be blank/);
});

test('messages show tells a life, replay sends its reports again', async () => {
  const ids = ['--sender', '441134960220', '--phone-number-id', '220', '--waba-id', '1'];
  assert.equal((await parley(['senders', 'add', ...ids, '--token', 't'])).code, 0);
  const now = world.clock.now();
  const text = `SELECT id AS lane, account FROM senders WHERE sender = '441134960220'`;
  const [sender] = await world.database.run<{ lane: number; account: number }>({ name: '', text }, []);
  assert.ok(sender !== undefined);
  const content = {
    type: 'TEXT',
    content: '{"text":"Hi"}',
    envelope: null,
    sender: '441134960220',
    recipient: '441134960001',
  };
  const message = { ...sender, ...content, id: uuidv7(now), endpoint: null, messageId: 'cli-1' };
  await acceptMessages(world.database, now, dayOf(now), [message], 23);
  const shown = await parley(['messages', 'show', 'cli-1']);
  assert.equal(shown.code, 0, shown.err);
  assert.match(shown.out, /state {5}accepted/);
  assert.match(shown.out, /441134960220 -> 441134960001/);
  assert.match(shown.out, /waits in its lane, 0 before it/);
  assert.equal((await json<{ messageId: string }>(['messages', 'show', 'cli-1'])).messageId, 'cli-1');
  assert.match((await parley(['replay', '--id', 'cli-1,cli-2'])).out, /^0 reports/);
  assert.equal((await parley(['replay', '--endpoint', '999'])).code, 1);
});

test('wrong arguments end with 2 and say how to call the command', async () => {
  const wrong = [
    ['accounts'],
    ['accounts', 'destroy'],
    ['accounts', 'create'],
    ['accounts', 'create', 'a', 'b'],
    ['accounts', 'create', 'a', '--unknown-wait', 'long'],
    ['senders', 'add', '--sender', '1'],
    ['senders', 'set', '441134960200'],
    ['senders', 'list', '--api', 'nowhere'],
    ['messages', 'show'],
    ['send', '441134960001'],
    ['send', '--colour', 'red'],
    ['replay'],
  ];
  for (const args of wrong) {
    const { code, err } = await parley(args);
    assert.equal(code, 2, args.join(' '));
    assert.match(err, new RegExp(`parley ${args[0]} `), args.join(' '));
  }
});

test('the help of each command shows its usage', async () => {
  for (const name of ['accounts', 'keys', 'senders', 'send', 'messages', 'replay']) {
    const { code, out } = await parley([name, '--help']);
    assert.equal(code, 0);
    assert.match(out, new RegExp(`parley ${name} `));
  }
});

test('a gateway that is not there, and no key at all, are said in one line', async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const away = await parley(['senders', 'list', '--api', url]);
  assert.equal(away.code, 1);
  assert.ok(away.err.includes(`${url} cannot be reached (ECONNREFUSED)`), away.err);
  const keyless = await parley(['senders', 'list'], { PARLEY_DATA_DIR: join(dataDir, 'empty') });
  assert.equal(keyless.code, 2);
  assert.match(keyless.err, /no API key/);
});

test('the environment goes before dev.json, and flags before both', async () => {
  gateway.answer({ body: '{"results":[],"paging":{"totalResults":0}}' });
  const env = { PARLEY_PUBLIC_URL: gateway.url, PARLEY_DEV_API_KEY: 'from-environment' };
  assert.equal((await parley(['senders', 'list'], env)).out, '(none)');
  const request = await gateway.next(({ path }) => path.startsWith('/parley/1/senders'));
  assert.equal(request.headers.authorization, 'App from-environment');
  const flags = await parley(['senders', 'list', '--api', world.url, '--key', world.demoKey], env);
  assert.equal(flags.code, 0, flags.err);
  assert.match(flags.out, /sender/);
});
