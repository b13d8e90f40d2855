// PostgreSQL in trouble under load: whatever was answered 200 is carried to its end, meanwhile the answer is 503 with Retry-After, and
// afterwards it goes on by itself.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Lifecycle } from '../../src/lib/lifecycle.js';
import { temporaryFolder } from '../support/dev-world.js';
import { PROBE_TEXT } from '../support/ledger.js';
import { type Cluster, dumpAndRestore, makeCluster, makeStandby, whyNoPostgres15 } from '../support/ledger-postgres.js';
import type { LedgerRun } from '../support/ledger-run.js';
import { lifeOf, settleBalanced, startRun, startSharedDatabase, startWorld } from '../support/ledger-shared.js';
import type { LedgerWorld } from '../support/ledger-world.js';
import { type FaultProxy, startFaultProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

const PER_SECOND = 150;
const UNKNOWN_WAIT_SECONDS = 12;

/** A world with one gateway under load, on `databaseUrl` or else on the embedded database. */
async function underLoad(
  t: TestContext,
  life: Lifecycle,
  databaseUrl?: string,
): Promise<{ world: LedgerWorld; run: LedgerRun }> {
  const options = { unknownWaitSeconds: UNKNOWN_WAIT_SECONDS, ...(databaseUrl === undefined ? {} : { databaseUrl }) };
  const world = await startWorld(life, [{}], options);
  const run = startRun(t, life, world, { perSecond: PER_SECOND });
  await until('load is accepted', () => run.load.accepted.size > PER_SECOND, 30_000);
  return { world, run };
}

/** Goes on until new messages are accepted again, then compares the books. */
async function settle(t: TestContext, run: LedgerRun, what: string): Promise<void> {
  await run.recover(what, false);
  await settleBalanced(t, run);
}

async function startProxy(life: Lifecycle, upstreamUrl: string): Promise<FaultProxy> {
  const proxy = await startFaultProxy(upstreamUrl);
  life.add('proxy', () => proxy.stop());
  return proxy;
}

async function start15(life: Lifecycle, making: Promise<Cluster>): Promise<Cluster> {
  const cluster = await making;
  life.add('PostgreSQL 15', () => cluster.stop());
  return cluster;
}

/** Asks as a client does, until the answer is 503; it must say when to come again. */
async function see503(world: LedgerWorld): Promise<void> {
  const [from = ''] = world.senders;
  const body = JSON.stringify({ from, to: '447700900000', content: { text: PROBE_TEXT } });
  const headers = { authorization: `App ${world.apiKey}`, 'content-type': 'application/json' };
  const answer = await until(
    '503',
    async () => {
      const reply = await fetch(`${world.api}/whatsapp/1/message/text`, { method: 'POST', headers, body });
      await reply.text();
      return reply.status === 503 && reply;
    },
    30_000,
  );
  assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/);
}

test('a restart of PostgreSQL, sessions cut', async (t) => {
  const { world, run } = await underLoad(t, lifeOf(t));
  // SIGINT is PostgreSQL's fast shutdown: sessions are ended, a checkpoint is written. It is back so soon that a 503 may not be seen.
  process.kill(await world.postgresPid(), 'SIGINT');
  await settle(t, run, 'restart');
  const refused = [...run.load.refusals.keys()].filter((what) => what !== 'http 503');
  assert.deepEqual(refused, []);
});

test('every connection taken by others', async (t) => {
  const life = lifeOf(t);
  const { world, run } = await underLoad(t, life, await startSharedDatabase(life));
  const url = await world.database();
  const takers: pg.Client[] = [];
  life.add('takers', async () => void (await Promise.all(takers.map((taker) => taker.end()))));
  const take = async (): Promise<boolean> => {
    const taker = new pg.Client({ connectionString: url });
    taker.on('error', () => {});
    const isTaken = await taker.connect().then(
      () => true,
      () => false,
    );
    if (isTaken) takers.push(taker);
    return isTaken;
  };
  assert.ok(await take());
  const others = takers[0];
  // The gateway's connections go one by one, and each place is taken before it comes back.
  await until(
    'no connection is left',
    async () => {
      await others?.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'parley' AND pid <> pg_backend_pid()`,
      );
      while (await take());
      const { rows } = await (others?.query<{ left: number }>(
        `SELECT count(*)::integer AS left FROM pg_stat_activity WHERE application_name = 'parley'`,
      ) ?? { rows: [] });
      return rows[0]?.left === 0;
    },
    30_000,
  );
  await see503(world);
  await Promise.all(takers.splice(0).map((taker) => taker.end()));
  await settle(t, run, 'connections are free again');
});

test('a disk that takes 100 ms for every fsync slows answers and loses nothing', async (t) => {
  const life = lifeOf(t);
  const { world, run } = await underLoad(t, life);
  const client = new pg.Client({ connectionString: await world.database() });
  await client.connect();
  life.add('client', () => client.end());
  // commit_delay sleeps before each flush of the log, whoever commits: what a slow disk does, without one.
  for (const setting of ['commit_siblings = 0', 'commit_delay = 100000'])
    await client.query(`ALTER SYSTEM SET ${setting}`);
  await client.query('SELECT pg_reload_conf()');
  const before = run.load.accepted.size;
  const startedAt = Date.now();
  await until('load is accepted on a slow disk', () => run.load.accepted.size > before + PER_SECOND * 4, 30_000);
  const waits = [...run.load.accepted.values()]
    .filter(({ requestedAt }) => requestedAt > startedAt + 500)
    .map(({ requestedAt, acceptedAt }) => acceptedAt - requestedAt)
    .sort((a, b) => a - b);
  t.diagnostic(`answers in ms: median ${waits[waits.length >> 1]}, longest ${waits.at(-1)}`);
  assert.ok((waits[waits.length >> 1] ?? 0) >= 80, 'the disk was not slow');
  // A group commits while the next one gathers: nobody waits for more than a few flushes.
  assert.ok((waits.at(-1) ?? 0) < 3_000);
  for (const setting of ['commit_siblings', 'commit_delay']) await client.query(`ALTER SYSTEM RESET ${setting}`);
  await client.query('SELECT pg_reload_conf()');
  await settle(t, run, 'the disk is fast again');
});

/** Where no PostgreSQL is. */
const NOWHERE = 'postgresql://nobody@127.0.0.1:1/none';
const STOP_MS_MAX = 20_000;

test('answers of every writing statement lost on the wire after its commit; then PostgreSQL gone for good, and a gateway that is told to stop', async (t) => {
  const life = lifeOf(t);
  const databaseUrl = await startSharedDatabase(life);
  const proxy = await startProxy(life, databaseUrl);
  const { world, run } = await underLoad(t, life, proxy.url);
  // A group with a key in it goes by the second; where groups are large, on a busy machine, there is hardly one without.
  const accepts = ['accept_messages', 'accept_keyed_messages'];
  const statements = [accepts, accepts, ['dispatch_tick'], ['append_events'], ['append_inbound'], ['deliver_tick']];
  for (const names of statements) {
    for (let times = 0; times < 4; times += 1) {
      const before = proxy.lost();
      for (const name of names) proxy.loseAnswers(name, 1);
      await until(`an answer of ${names.join(' or ')} is lost`, () => proxy.lost() > before, 20_000);
      for (const name of names) proxy.loseAnswers(name, 0);
    }
  }
  t.diagnostic(`answers lost: ${proxy.lost()}`);
  proxy.setUpstream(NOWHERE);
  await see503(world);
  const startedAt = performance.now();
  const codes = await Promise.all(world.gateways().map((gateway) => gateway.terminate()));
  const tookMs = Math.round(performance.now() - startedAt);
  t.diagnostic(`stopped in ${tookMs} ms`);
  assert.deepEqual(codes, [0]);
  assert.ok(tookMs < STOP_MS_MAX, `took ${tookMs} ms`);
  proxy.setUpstream(databaseUrl);
  await run.recover('PostgreSQL is back', true);
  await settleBalanced(t, run);
});

const DISK_BYTES = 320 * 1024 * 1024;

/** A small disk of its own; undefined where none can be mounted. */
function mountSmallDisk(life: Lifecycle): string | undefined {
  const folder = temporaryFolder('disk');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES},mode=711`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  life.add('disk', () => {
    execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Writes until nothing fits. */
function fill(file: string): void {
  const descriptor = openSync(file, 'w');
  const block = Buffer.alloc(64 * 1024);
  try {
    for (;;) writeSync(descriptor, block);
  } catch {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

test('a full disk', async (t) => {
  const life = lifeOf(t);
  const disk = mountSmallDisk(life);
  if (disk === undefined) return t.skip('no small disk can be mounted here (that takes root)');
  mkdirSync(join(disk, 'data'), { mode: 0o711 });
  const { world, run } = await underLoad(t, life, await startSharedDatabase(life, join(disk, 'data')));
  fill(join(disk, 'filler'));
  await see503(world);
  await delay(3_000);
  rmSync(join(disk, 'filler'));
  await settle(t, run, 'there is room again');
});

const skip = whyNoPostgres15() ?? false;

test('dump and restore into a fresh cluster, in the middle of the work', { skip }, async (t) => {
  const life = lifeOf(t);
  const old = await start15(life, makeCluster());
  const proxy = await startProxy(life, old.url);
  const { world, run } = await underLoad(t, life, proxy.url);
  for (const gateway of world.gateways()) await gateway.kill();
  const fresh = await start15(life, makeCluster());
  dumpAndRestore(old, fresh);
  await old.kill();
  proxy.setUpstream(fresh.url);
  await run.recover('the move', true);
  await settleBalanced(t, run);
});

test('a synchronous standby promoted after the primary is killed', { skip }, async (t) => {
  const life = lifeOf(t);
  const primary = await start15(life, makeCluster({ wal_level: 'replica', max_wal_senders: '4' }));
  const standby = await start15(life, makeStandby(primary, { synchronous_standby_names: '' }));
  await primary.query(`ALTER SYSTEM SET synchronous_standby_names = '*'`);
  await primary.query('SELECT pg_reload_conf()');
  await until('the standby is synchronous', async () => {
    const rows = await primary.query(`SELECT FROM pg_stat_replication WHERE sync_state = 'sync'`);
    return rows.length === 1;
  });
  const proxy = await startProxy(life, primary.url);
  const { world, run } = await underLoad(t, life, proxy.url);
  await delay(2_000);
  const [gateway] = world.gateways();
  const { body: metrics } = await world.call(gateway?.url ?? '', '/metrics');
  assert.match(String(metrics), /^parley_database_standbys 1$/m);
  assert.match(String(metrics), /^parley_database_standby_lag_bytes \d/m);
  await primary.kill();
  await see503(world);
  await standby.query('SELECT pg_promote()');
  proxy.setUpstream(standby.url);
  await settle(t, run, 'promotion');
});
