// `parley dev` as people use it: start, start again, Ctrl-C, kills of every part of it.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { asOrdinaryUser } from '../support/database-owner.js';
import { type DevWorld, startDev, temporaryFolder } from '../support/dev-world.js';
import { parley } from '../support/parley.js';
import { until } from '../support/until.js';

const SECOND_START_MS_MAX = 5_000;
const ordinary = asOrdinaryUser();

let dataDir = '';
let world: DevWorld;
before(async () => {
  dataDir = temporaryFolder('start');
  world = await startDev({ dataDir });
});
after(async () => {
  await world.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Dead, or dead and not yet reaped. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform === 'linux' && readFileSync(`/proc/${pid}/cmdline`, 'utf8') === '';
  } catch {
    return true;
  }
}

function allPids({ info }: DevWorld): number[] {
  return [info.pid, info.gatewayPid, info.sandboxPid, info.postgresPid ?? 0].filter((pid) => pid > 0);
}

/** Starts on the same data; ms until it was ready. */
async function startAgain(): Promise<number> {
  const startedAt = performance.now();
  world = await startDev({ dataDir });
  return performance.now() - startedAt;
}

async function sendText(messageId: string): Promise<number> {
  const { sender, user } = world.info;
  const json = { from: sender, to: user, messageId, content: { text: 'Hello' } };
  return (await world.api('/whatsapp/1/message/text', { json })).status;
}

async function sandboxHas(messageText: string): Promise<boolean> {
  const { body } = await world.sandbox<{ messages: { payload: unknown }[] }>(
    `/_sandbox/messages?user=${world.info.user}`,
  );
  return JSON.stringify(body.messages).includes(messageText);
}

test('says where everything is, privately, and a first message goes through', async () => {
  const { info } = world;
  assert.equal(statSync(join(dataDir, 'dev.json')).mode & 0o777, 0o600);
  assert.equal(statSync(join(dataDir, 'dev-secrets.json')).mode & 0o777, 0o600);
  assert.equal(statSync(dataDir).mode & 0o066, 0);
  assert.match(info.api, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal(info.sender, '441134960000');
  assert.equal(info.user, '441134960001');
  assert.ok(allPids(world).length === 4 && allPids(world).every((pid) => !isGone(pid)));
  const shown = [info.api, info.sandbox, 'curl ', 'npm run -s parley -- send'];
  await until('the banner', () => shown.every((text) => world.output().includes(text)));
  assert.equal(await sendText('first'), 200);
  await until('the message is in the sandbox', () => sandboxHas('Hello'));
});

test('a second parley dev on the same data is refused, and names the first', async () => {
  const { code, stderr } = await parley(['dev'], {
    PARLEY_DATA_DIR: dataDir,
    PARLEY_PORT: '0',
    PARLEY_SANDBOX_PORT: '0',
  });
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`in use by parley dev, process ${world.info.pid};`));
});

test('a port in use is one clear line', async (t) => {
  const other = temporaryFolder('start');
  t.after(() => rmSync(other, { recursive: true, force: true }));
  const port = new URL(world.info.api).port;
  const { code, stderr } = await parley(['dev'], {
    PARLEY_DATA_DIR: other,
    PARLEY_PORT: port,
    PARLEY_SANDBOX_PORT: '0',
  });
  assert.equal(code, 1);
  assert.equal(stderr, `parley: port ${port} is in use; choose another (0 = any free one)\n`);
});

test('the gateway, the sandbox and PostgreSQL each come back by themselves on the same ports', async () => {
  const { api, sandbox } = world.info;
  await world.killGateway();
  await world.killSandbox();
  await world.killPostgres();
  assert.deepEqual([world.info.api, world.info.sandbox], [api, sandbox]);
  assert.equal(await sendText('after-kills'), 200);
});

test('a second start is ready within 5 s, with the same keys and data', async () => {
  const before = world.info;
  const pids = allPids(world);
  await world.stop();
  assert.equal(existsSync(join(dataDir, 'dev.json')), false);
  await until('no process is left', () => pids.every(isGone), 2_000);
  const tookMs = [await startAgain()];
  // Another test file may have had the machine to itself for a while.
  while (Math.min(...tookMs) >= SECOND_START_MS_MAX && tookMs.length < 3) {
    await world.stop();
    tookMs.push(await startAgain());
  }
  assert.ok(Math.min(...tookMs) < SECOND_START_MS_MAX, `took ${tookMs.join(', ')} ms`);
  const { apiKey, adminKey, accountId, graphToken } = world.info;
  assert.deepEqual(
    { apiKey, adminKey, accountId, graphToken },
    { apiKey: before.apiKey, adminKey: before.adminKey, accountId: before.accountId, graphToken: before.graphToken },
  );
  assert.equal(await sendText('after-restart'), 200);
});

test('when parley dev itself is killed its children end, and the next start works', async () => {
  const children = [world.info.gatewayPid, world.info.sandboxPid];
  await world.killAndRestart();
  await until('the old children are gone', () => children.every(isGone));
  assert.equal(await sendText('after-dev-killed'), 200);
});

test('as an ordinary user with a private home', { skip: typeof ordinary === 'string' && ordinary }, async (t) => {
  if (typeof ordinary === 'string') return;
  const home = temporaryFolder('home');
  t.after(() => rmSync(home, { recursive: true, force: true }));
  chownSync(home, ordinary.user.uid, ordinary.user.gid);
  chmodSync(home, 0o700);
  const theirs = await startDev({ dataDir: join(home, 'data'), launcher: ordinary.launcher });
  const pids = allPids(theirs);
  await theirs.stop();
  await until('no process is left', () => pids.every(isGone), 2_000);
});
