// The embedded PostgreSQL with real processes: as root and as an ordinary user, killed owners, killed servers, private folders.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { createLog } from '../../src/lib/log.js';
import { findEmbedded, startEmbedded } from '../../src/store/embedded.js';
import { asOrdinaryUser, ownDatabase } from '../support/database-owner.js';
import { temporaryFolder } from '../support/dev-world.js';
import { until } from '../support/until.js';

const isRoot = process.getuid?.() === 0;
const ordinary = asOrdinaryUser();
const log = createLog('silent');

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A dead process that init has not reaped yet has no command line.
    return process.platform !== 'linux' || readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false;
  }
}

test('makes a database on first start, durable and without TCP, and keeps its data over a second start', async (t) => {
  const dataDir = temporaryFolder('embedded');
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const first = await startEmbedded({ dataDir, log });
  await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
  const settings = await query(
    first.url,
    `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit, current_setting('listen_addresses') AS tcp, current_setting('server_encoding') AS encoding`,
  );
  assert.deepEqual(settings, [{ fsync: 'on', commit: 'on', tcp: '', encoding: 'UTF8' }]);
  const pid = first.pid();
  await first.stop();
  assert.equal(isAlive(pid), false);
  const second = await startEmbedded({ dataDir, log });
  assert.deepEqual(await query(second.url, 'SELECT answer FROM kept'), [{ answer: 42 }]);
  await second.stop();
});

test('restarts a server that was killed, with everything that was committed', async (t) => {
  const dataDir = temporaryFolder('embedded');
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  let restarts = 0;
  const database = await startEmbedded({ dataDir, log, onRestart: () => (restarts += 1) });
  t.after(() => database.stop());
  for (const round of [1, 2]) {
    await query(database.url, `CREATE TABLE round${round} AS SELECT 1 AS one`);
    const pid = database.pid();
    process.kill(pid, 'SIGKILL');
    await until('restarted', () => restarts === round);
    assert.notEqual(database.pid(), pid);
    assert.deepEqual(await query(database.url, `SELECT one FROM round${round}`), [{ one: 1 }]);
  }
});

test('attaches to the server that a killed owner left, and refuses while an owner lives', async (t) => {
  const dataDir = temporaryFolder('embedded');
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const owner = await ownDatabase(dataDir);
  await assert.rejects(startEmbedded({ dataDir, log }), /in use by another Parley \(process \d+\)/);
  await owner.kill();
  assert.equal(isAlive(owner.postgresPid), true);
  assert.equal((await findEmbedded(dataDir))?.pid, owner.postgresPid);
  const next = await startEmbedded({ dataDir, log });
  assert.equal(next.pid(), owner.postgresPid);
  await next.stop();
});

test('starts when owner and server were killed together', async (t) => {
  const dataDir = temporaryFolder('embedded');
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const owner = await ownDatabase(dataDir);
  await query(owner.url, 'CREATE TABLE kept AS SELECT 1 AS one');
  await owner.kill();
  process.kill(owner.postgresPid, 'SIGKILL');
  const next = await startEmbedded({ dataDir, log });
  assert.deepEqual(await query(next.url, 'SELECT one FROM kept'), [{ one: 1 }]);
  await next.stop();
});

test('two first starts at once end with one owner and one refusal', async (t) => {
  const dataDir = temporaryFolder('embedded');
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const starts = await Promise.allSettled([ownDatabase(dataDir), ownDatabase(dataDir)]);
  const owners = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  await Promise.all(owners.map((owner) => owner.stop()));
  assert.equal(owners.length, 1);
  assert.match(String(starts.find((start) => start.status === 'rejected')?.reason), /in use by another Parley/);
});

test('a path too long for a socket gets its socket elsewhere, private', async (t) => {
  const folder = temporaryFolder('embedded');
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const database = await startEmbedded({ dataDir: join(folder, 'd'.repeat(100)), log });
  const socketDir = new URL(database.url).searchParams.get('host') ?? '';
  assert.ok(!socketDir.startsWith(folder));
  assert.equal(statSync(socketDir).mode & 0o777, 0o700);
  assert.deepEqual(await query(database.url, 'SELECT 1 AS one'), [{ one: 1 }]);
  await database.stop();
  assert.equal(existsSync(socketDir), false);
});

test('as an ordinary user with a private home', { skip: typeof ordinary === 'string' && ordinary }, async (t) => {
  if (typeof ordinary === 'string') return;
  const home = temporaryFolder('home');
  t.after(() => rmSync(home, { recursive: true, force: true }));
  chownSync(home, ordinary.user.uid, ordinary.user.gid);
  chmodSync(home, 0o700);
  const owner = await ownDatabase(join(home, 'data'), ordinary.launcher);
  assert.equal(statSync(join(home, 'data/postgres')).uid, ordinary.user.uid);
  assert.equal(statSync(home).mode & 0o777, 0o700);
  await owner.stop();
  await until('PostgreSQL is gone', () => !isAlive(owner.postgresPid));
});

test('as root in a private folder: the database lies in /var/lib/parley, the folder stays private', {
  skip: !isRoot && 'needs root',
}, async (t) => {
  const home = temporaryFolder('private');
  chmodSync(home, 0o700);
  const dataDir = join(home, 'data');
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const first = await startEmbedded({ dataDir, log });
  const { directory } = JSON.parse(readFileSync(join(dataDir, 'postgres.json'), 'utf8'));
  t.after(() => {
    for (const folder of [directory, `${directory}-old`]) rmSync(folder, { recursive: true, force: true });
  });
  assert.equal(dirname(directory), '/var/lib/parley');
  assert.equal(statSync(home).mode & 0o777, 0o700);
  assert.notEqual(statSync(join(directory, 'postgres')).uid, 0);
  await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS one');
  await first.stop();
  const second = await startEmbedded({ dataDir, log });
  assert.deepEqual(await query(second.url, 'SELECT one FROM kept'), [{ one: 1 }]);
  await second.stop();
  // A data directory that was removed begins anew; what it had is set aside.
  rmSync(dataDir, { recursive: true });
  const third = await startEmbedded({ dataDir, log });
  assert.deepEqual(await query(third.url, `SELECT to_regclass('kept') AS kept`), [{ kept: null }]);
  assert.ok(existsSync(`${directory}-old/postgres/PG_VERSION`));
  await third.stop();
});

test("as root, what lies in an ordinary user's folder belongs to that user", {
  skip: !isRoot && 'needs root',
}, async (t) => {
  const dataDir = join(temporaryFolder('mixed'), 'data');
  t.after(() => rmSync(dirname(dataDir), { recursive: true, force: true }));
  mkdirSync(dataDir, { mode: 0o700 });
  chownSync(dataDir, 65_534, 65_534);
  const database = await startEmbedded({ dataDir, log });
  assert.equal(statSync(join(dataDir, 'postgres')).uid, 65_534);
  assert.equal(statSync(dataDir).mode & 0o777, 0o700);
  await database.stop();
});
