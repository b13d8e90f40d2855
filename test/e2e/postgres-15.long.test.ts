// The oldest PostgreSQL that is supported, Debian's 15, over TCP with a password, as an operator would set it up.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { asOrdinaryUser } from '../support/database-owner.js';
import { startDev, temporaryFolder } from '../support/dev-world.js';
import { freePort } from '../support/free-port.js';
import { parley } from '../support/parley.js';
import { startReceiver } from '../support/receiver.js';
import { until } from '../support/until.js';

const BIN = '/usr/lib/postgresql/15/bin';
const PASSWORD = 'p@ss/word';
const ordinary = asOrdinaryUser();
const skip = !existsSync(`${BIN}/postgres`) ? `no PostgreSQL 15 in ${BIN}` : typeof ordinary === 'string' && ordinary;

/** A server of its own on a free port of loopback, stopped after what `before` stops; its URL. */
async function startPostgres15(t: TestContext, before: () => Promise<void>): Promise<string> {
  if (typeof ordinary === 'string') throw new Error(ordinary);
  const [{ user }, folder, port] = [ordinary, temporaryFolder('postgres15'), await freePort()];
  const cluster = join(folder, 'cluster');
  const passwordFile = join(folder, 'password');
  mkdirSync(cluster);
  writeFileSync(passwordFile, PASSWORD);
  for (const path of [cluster, passwordFile]) chownSync(path, user.uid, user.gid);
  const asUser = process.getuid?.() === 0 ? user : {};
  const options = { ...asUser, cwd: cluster, stdio: 'ignore' } as const;
  execFileSync(
    `${BIN}/initdb`,
    ['-D', cluster, '-U', 'owner', '-A', 'scram-sha-256', '--pwfile', passwordFile, '-E', 'UTF8', '--locale=C'],
    options,
  );
  const server = spawn(`${BIN}/postgres`, ['-D', cluster, '-k', '', '-h', '127.0.0.1', '-p', String(port)], options);
  t.after(async () => {
    await before().finally(async () => {
      const isGone = server.exitCode !== null || server.signalCode !== null;
      server.kill('SIGQUIT');
      if (!isGone) await once(server, 'exit');
      rmSync(folder, { recursive: true, force: true });
    });
  });
  const url = `postgresql://owner:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/postgres`;
  await until('PostgreSQL 15 serves', () => connects(url), 30_000);
  return url;
}

async function connects(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.end();
  return true;
}

test("on Debian's PostgreSQL 15: schema, message out, report back, message in", { skip }, async (t) => {
  const stops: (() => Promise<void>)[] = [];
  const url = await startPostgres15(t, async () => {
    for (const stop of stops) await stop();
  });
  const migrated = await parley(['migrate'], { PARLEY_DATABASE_URL: url });
  assert.deepEqual([migrated.code, migrated.stderr], [0, '']);
  const world = await startDev({ env: { PARLEY_DATABASE_URL: url } });
  stops.push(() => world.stop());
  const receiver = await startReceiver();
  stops.push(() => receiver.stop());
  assert.equal(world.info.database, url);
  assert.equal(world.info.postgresPid, null);

  const { sender, user, accountId } = world.info;
  const content = {
    from: sender,
    to: user,
    messageId: 'on-15',
    content: { text: 'Hello' },
    notifyUrl: `${receiver.url}/reports`,
  };
  assert.equal((await world.api('/whatsapp/1/message/text', { json: content })).status, 200);
  await receiver.next(
    ({ path, body }) => path === '/reports' && body.includes('on-15') && body.includes('DELIVERED_TO_HANDSET'),
  );

  const forwardUrl = `${receiver.url}/inbound`;
  const changed = await world.api(`/parley/1/senders/${sender}`, { method: 'PATCH', json: { forwardUrl } });
  assert.equal(changed.status, 200, `account ${accountId}`);
  const inbound = { type: 'text', text: { body: 'and back' } };
  assert.equal((await world.sandbox(`/_sandbox/users/${user}/messages`, { json: inbound })).status, 201);
  await receiver.next(({ path, body }) => path === '/inbound' && body.includes('and back'));
});
