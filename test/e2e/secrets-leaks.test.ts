// What is secret, and what people write to each other, is nowhere but where it belongs: not in output, logs, process lists, errors or `doctor`.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createLog } from '../../src/lib/log.js';
import { type EmbeddedPostgres, startEmbedded } from '../../src/store/embedded.js';
import { type DevWorld, MAIN, startDev, temporaryFolder } from '../support/dev-world.js';
import { parley } from '../support/parley.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { createScene, type Life, type Scene } from '../support/scene.js';
import { until } from '../support/until.js';

/** Nobody else's text has this in it. */
const MARK = 'Zq7Leak';
const SECRET_KEY = Buffer.from(`${MARK}SecretKey`.padEnd(32, 'x')).toString('base64');
/** In clear or as HTTP carries them. */
const ENV = {
  PARLEY_SECRET_KEY: SECRET_KEY,
  PARLEY_ADMIN_KEY: `${MARK}AdminKey-long-enough`,
  PARLEY_DEV_API_KEY: `${MARK}ApiKey`,
  PARLEY_META_APP_SECRET: `${MARK}AppSecret,${MARK}OldAppSecret`,
  PARLEY_META_VERIFY_TOKEN: `${MARK}VerifyToken`,
  PARLEY_LOG_LEVEL: 'trace',
};
const SECRETS = [
  SECRET_KEY,
  ...Object.values(ENV)
    .slice(1, 5)
    .flatMap((text) => text.split(',')),
];
const [USER, INBOUND_USER, NOBODY] = ['441134967101', '441134967102', '441134967103'];
const PERSONAL = [`${MARK}Body`, `${MARK}Inbound`, `${MARK}Callback`, `${MARK}Answer`, USER, INBOUND_USER, NOBODY];

/** The needles that `text` has. */
function found(text: string | Buffer, needles: readonly string[]): string[] {
  return needles.filter((needle) => text.includes(needle));
}

/** Arguments of every process of this machine, where the system shows them. */
function processList(): string {
  if (!existsSync('/proc/self/cmdline')) return '';
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => readQuietly(`/proc/${pid}/cmdline`))
    .join('\n');
}

function readQuietly(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true);
}

test('a running parley dev keeps secrets and messages to itself, whatever fails', async (t) => {
  const scene = createScene(await startDev({ env: ENV }));
  const hooks = await startReceiver();
  t.after(async () => {
    await hooks.stop();
    await scene.stop();
  });
  const { world } = scene;
  const secrets = [...SECRETS, ...(await live(scene, hooks)), world.info.graphToken];
  const needles = [...secrets, ...PERSONAL];

  // Lines come after what they tell of.
  const said = [/"event":"gateway\.listening"/, /"event":"dispatch\.\w+"|"event":"lane\.paused"/];
  await until('the log has lines', () => said.every((line) => line.test(world.output())));
  // The banner is made to be copied: it has the demo's key, and nothing else has.
  const lines = world.output().split('\n');
  const banner = lines.filter((line) => line.startsWith('    curl -s '));
  assert.equal(banner.length, 1);
  const printed = lines.filter((line) => !banner.includes(line)).join('\n');
  assert.deepEqual(found(printed, needles), []);
  assert.deepEqual(found(processList(), needles), []);

  const logs = filesIn(world.dataDir).filter((file) => file.endsWith('.log'));
  assert.ok(logs.length > 0, 'PostgreSQL has a log');
  for (const file of logs) assert.deepEqual([file, found(readFileSync(file), needles)], [file, []]);

  const doctor = await parley(['doctor', '--dev'], { ...ENV, PARLEY_DATA_DIR: world.dataDir });
  assert.match(doctor.stdout, /PARLEY_SECRET_KEY +\*\*\*/);
  assert.deepEqual(found(doctor.stdout + doctor.stderr, needles), []);
  checkPostgres(world, secrets);
});

/** It gets none of our environment; its files hold what people wrote, but tokens and secrets only sealed. */
function checkPostgres({ info, dataDir }: DevWorld, secrets: readonly string[]): void {
  if (existsSync('/proc/self/environ'))
    assert.doesNotMatch(readFileSync(`/proc/${info.postgresPid}/environ`, 'latin1'), /PARLEY_/);
  const cluster = filesIn(join(dataDir, 'postgres'));
  assert.ok(
    cluster.some((file) => bytesOf(file).includes(`${MARK}Body`)),
    'messages are there to be found',
  );
  for (const file of cluster) assert.deepEqual([file, found(bytesOf(file), secrets)], [file, []]);
}

/** Nothing for a file that PostgreSQL, which runs, has removed meanwhile. */
function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

/** Everything that happens to messages, good and bad; gives the secrets that were made meanwhile. */
async function live(scene: Scene, hooks: Receiver): Promise<string[]> {
  const { world } = scene;
  await world.sandbox('/_sandbox/window', { method: 'PUT', json: { mode: 'open' } });
  const tenant = await scene.newTenant({ sender: { forwardUrl: `${hooks.url}/in` } });
  const { secret } = await scene.admin<{ secret: string }>('/signing-secrets', { json: {}, key: tenant.key });
  const content = {
    content: { text: `${MARK}Body` },
    callbackData: `${MARK}Callback`,
    notifyUrl: `${hooks.url}/reports`,
  };
  hooks.answer(({ path }) => (path === '/reports' ? { status: 500, body: `${MARK}Answer` } : {}));

  await scene.send({ ...content, to: USER });
  await hooks.next(({ path }) => path === '/reports');
  await world.sandbox(`/_sandbox/users/${INBOUND_USER}/messages`, {
    json: { type: 'text', text: { body: `${MARK}Inbound` }, phoneNumberId: tenant.phoneNumberId },
  });
  await hooks.next(({ path }) => path === '/in');
  await world.sandbox(`/_sandbox/users/${NOBODY}`, { method: 'PUT', json: { exists: false } });
  const refused = await scene.send({ ...content, to: NOBODY });
  await scene.lifeUntil('refused', refused.messageId, (life) => life.state === 'failed');

  // A lost answer, a token that Meta does not know, requests that are no good, a webhook nobody signed.
  await scene.fault({ on: 'graph', match: { user: USER }, effect: { loseResponse: true }, when: { next: 1 } });
  const unknown = await scene.send({ ...content, to: USER });
  await scene.lifeUntil('unknown', unknown.messageId, (life) => life.waiting !== null || life.events.length > 0);
  const wrongToken = `${MARK}WrongToken`;
  await scene.admin(`/senders/${tenant.sender}`, { method: 'PATCH', json: { accessToken: wrongToken } });
  const paused = await scene.send({ ...content, from: tenant.sender, to: USER }, { key: tenant.key });
  await scene.lifeUntil('held', paused.messageId, (life) => life.waiting?.reason === 'lane');
  await world.api('/whatsapp/1/message/text', { json: { ...content, from: 1, to: [USER] } });
  await world.api('/whatsapp/1/message/text', {
    body: `{"to":"${USER}" ${MARK}Body`,
    headers: { 'content-type': 'application/json' },
  });
  await world.api('/whatsapp/1/message/text', { json: content, key: `${MARK}WrongKey` });
  assert.equal((await scene.postWebhook({ text: `${MARK}Body` }, { 'x-hub-signature-256': 'sha256=00' })).status, 401);
  return [tenant.key, secret, secret.replace('whsec_', ''), wrongToken, `${MARK}WrongKey`];
}

let postgres: EmbeddedPostgres;
const folder = temporaryFolder('leaks');
before(async () => {
  postgres = await startEmbedded({ dataDir: folder, log: createLog('silent') });
});
after(async () => {
  await postgres.stop();
  rmSync(folder, { recursive: true });
});

test('a token that Meta repeats in an error goes no further, and the password of the database neither', async () => {
  const token = `EAA${MARK}GraphToken`;
  const error = { message: `Malformed access token ${token}`, type: 'OAuthException', code: 190, fbtrace_id: 'A' };
  const meta = await startReceiver();
  meta.answer({ status: 401, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ error }) });
  const password = `${MARK}Password`;
  const database = postgres.url.replace('&user=parley', `&user=parley&password=${password}`);
  const serving = await serve({
    ...ENV,
    PARLEY_DATABASE_URL: database,
    PARLEY_META_URL: meta.url,
    PARLEY_PORT: '0',
    PARLEY_DATA_DIR: folder,
  });
  try {
    const { life, answers } = await sendWithToken(serving.url, token);
    assert.match(JSON.stringify(life.events), /190/);
    const needles = [...SECRETS, ...PERSONAL, token, password];
    assert.deepEqual(found(JSON.stringify(life), [token]), []);
    assert.deepEqual(found(answers, [token]), []);
    await until('the log says so', () => /lane\.paused/.test(serving.output()));
    assert.deepEqual(found(serving.output(), needles), []);
    assert.deepEqual(found(processList(), needles), []);
  } finally {
    serving.child.kill('SIGTERM');
    await once(serving.child, 'exit');
    await meta.stop();
  }
  const elsewhere = `postgresql://parley:${password}@127.0.0.1:1/parley`;
  for (const command of [['serve'], ['migrate'], ['backup', join(folder, 'x')], ['secrets', 'check'], ['doctor']]) {
    const { code, stdout, stderr } = await parley(command, { ...ENV, PARLEY_DATABASE_URL: elsewhere });
    assert.equal(code, 1, command[0]);
    assert.deepEqual([command, found(stdout + stderr, [...SECRETS, password])], [command, []]);
  }
});

/** A sender with this token, and a message that Meta refuses for its sake; `answers`: what the admin API said meanwhile. */
async function sendWithToken(url: string, token: string): Promise<{ life: Life; answers: string }> {
  const answers: string[] = [];
  async function call(path: string, json?: object): Promise<string> {
    const answer = await fetch(url + path, {
      method: json === undefined ? 'GET' : 'POST',
      headers: { authorization: `App ${ENV.PARLEY_ADMIN_KEY}`, 'content-type': 'application/json' },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await answer.text();
    answers.push(text);
    return text;
  }
  const { accountId }: { accountId: string } = JSON.parse(await call('/parley/1/accounts', { name: 'A' }));
  const key: { apiKeySecret: string } = JSON.parse(await call(`/parley/1/accounts/${accountId}/keys`, { name: 'K' }));
  const ids = { phoneNumberId: '1', wabaId: '2', accessToken: token };
  await call('/parley/1/senders/connect', { accountId, ...ids });
  await call('/parley/1/senders', { accountId, sender: '441134960000', ...ids });
  const sent = await fetch(`${url}/whatsapp/1/message/text`, {
    method: 'POST',
    headers: { authorization: `App ${key.apiKeySecret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ from: '441134960000', to: USER, content: { text: `${MARK}Body` } }),
  });
  const { messageId }: { messageId: string } = JSON.parse(await sent.text());
  const life = await until('refused by Meta', async () => {
    const now: Life = JSON.parse(await call(`/parley/1/messages/${messageId}`));
    return now.events.length > 0 ? now : undefined;
  });
  return { life, answers: answers.join('\n') };
}

async function serve(env: Record<string, string>): Promise<{ url: string; child: ChildProcess; output(): string }> {
  const child = spawn(process.execPath, [MAIN, 'serve'], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  const output = () => chunks.join('');
  const started = new AbortController();
  const [, url] = await Promise.race([
    until('listening', () => /^listening (\S+)$/m.exec(output()), 60_000),
    once(child, 'exit', { signal: started.signal }).then(() => assert.fail(`serve ended: ${output()}`)),
  ]).finally(() => started.abort());
  return { url: `${url}`, child, output };
}
