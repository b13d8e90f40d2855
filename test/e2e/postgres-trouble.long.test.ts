// PostgreSQL in trouble under load: whatever was answered 200 is carried to its end, meanwhile the answer is 503 with Retry-After, and
// afterwards it goes on by itself.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { ownDatabase } from '../support/database-owner.js';
import { temporaryFolder } from '../support/dev-world.js';
import { assertBalanced } from '../support/ledger.js';
import { dumpAndRestore, makeCluster, makeStandby, whyNoPostgres15 } from '../support/ledger-postgres.js';
import { seededRandom, seedOfRun } from '../support/ledger-random.js';
import { type LedgerRun, startLedgerRun } from '../support/ledger-run.js';
import { startSharedWorld } from '../support/ledger-shared.js';
import { type LedgerWorld, startLedgerWorld } from '../support/ledger-world.js';
import { startFaultProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

const PER_SECOND = 150;
const UNKNOWN_WAIT_SECONDS = 12;

/** A world on `databaseUrl`, or on a database of its own that several may use, with one gateway and load on it. */
async function underLoad(t: TestContext, databaseUrl?: string): Promise<{ world: LedgerWorld; run: LedgerRun }> {
  const seed = seedOfRun();
  t.diagnostic(`CRASH_SEED=${seed}`);
  const world =
    databaseUrl === undefined
      ? await startSharedWorld(t, [{}], { unknownWaitSeconds: UNKNOWN_WAIT_SECONDS })
      : await startLedgerWorld({ databaseUrl });
  if (databaseUrl !== undefined) {
    t.after(() => world.stop());
    await world.serve();
    await world.setUp(UNKNOWN_WAIT_SECONDS);
  }
  const run = startLedgerRun(world, { perSecond: PER_SECOND, random: seededRandom(seed) });
  t.after(() => run.stop());
  await until('load is accepted', () => run.load.accepted.size > PER_SECOND, 30_000);
  return { world, run };
}

/** Goes on until new messages are accepted again, then compares the books. */
async function settle(t: TestContext, run: LedgerRun, what: string): Promise<void> {
  await run.recover(what, false);
  const { reckoning, recoveries } = await run.settle();
  for (const line of run.describe(reckoning, recoveries)) t.diagnostic(line);
  assertBalanced(reckoning);
}

/** Asks as a client does, until the answer is 503; it must say when to come again. */
async function see503(world: LedgerWorld): Promise<void> {
  const [from = ''] = world.senders;
  const body = JSON.stringify({ from, to: '447700900000', content: { text: 'is anybody there' } });
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
  const world = await startLedgerWorld();
  t.after(() => world.stop());
  await world.serve();
  await world.setUp(UNKNOWN_WAIT_SECONDS);
  const run = startLedgerRun(world, { perSecond: PER_SECOND, random: seededRandom(seedOfRun()) });
  t.after(() => run.stop());
  await until('load is accepted', () => run.load.accepted.size > PER_SECOND, 30_000);
  // SIGINT is PostgreSQL's fast shutdown: sessions are ended, a checkpoint is written.
  process.kill(await world.postgresPid(), 'SIGINT');
  await see503(world);
  await settle(t, run, 'restart');
});

test('every connection taken by others', async (t) => {
  const { world, run } = await underLoad(t);
  const url = await world.database();
  const takers: pg.Client[] = [];
  t.after(() => Promise.all(takers.map((taker) => taker.end())));
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
  const { world, run } = await underLoad(t);
  const client = new pg.Client({ connectionString: await world.database() });
  await client.connect();
  t.after(() => client.end());
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

test('answers of every writing statement lost on the wire after its commit', async (t) => {
  const folder = temporaryFolder('wire');
  const owner = await ownDatabase(folder);
  const proxy = await startFaultProxy(owner.url);
  const { run } = await underLoad(t, proxy.url);
  t.after(async () => {
    await proxy.stop();
    await owner.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const statements = [
    'accept_messages',
    'accept_keyed_messages',
    'dispatch_tick',
    'append_events',
    'append_inbound',
    'deliver_tick',
  ];
  for (const name of statements) {
    for (let times = 0; times < 4; times += 1) {
      const before = proxy.lost();
      proxy.loseAnswers(name, 1);
      await until(`an answer of ${name} is lost`, () => proxy.lost() > before, 20_000);
    }
  }
  t.diagnostic(`answers lost: ${proxy.lost()}`);
  await settle(t, run, 'the wire is whole');
});

const DISK_BYTES = 320 * 1024 * 1024;

/** A small disk of its own; undefined where none can be mounted. */
function mountSmallDisk(t: TestContext): string | undefined {
  const folder = temporaryFolder('disk');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES},mode=711`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  t.after(() => {
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
  const disk = mountSmallDisk(t);
  if (disk === undefined) return t.skip('no small disk can be mounted here (that takes root)');
  mkdirSync(join(disk, 'data'), { mode: 0o711 });
  const owner = await ownDatabase(join(disk, 'data'));
  const { world, run } = await underLoad(t, owner.url);
  t.after(() => owner.stop());
  fill(join(disk, 'filler'));
  await see503(world);
  await delay(3_000);
  rmSync(join(disk, 'filler'));
  await settle(t, run, 'there is room again');
});

const skip = whyNoPostgres15() ?? false;

test('dump and restore into a fresh cluster, in the middle of the work', { skip }, async (t) => {
  const old = await makeCluster();
  t.after(() => old.stop());
  const proxy = await startFaultProxy(old.url);
  const { world, run } = await underLoad(t, proxy.url);
  t.after(() => proxy.stop());
  for (const gateway of world.gateways()) await gateway.kill();
  const fresh = await makeCluster();
  t.after(() => fresh.stop());
  dumpAndRestore(old, fresh);
  await old.kill();
  proxy.setUpstream(fresh.url);
  await run.recover('the move', true);
  await settle(t, run, 'a while');
});

test('a synchronous standby promoted after the primary is killed', { skip }, async (t) => {
  const primary = await makeCluster({ wal_level: 'replica', max_wal_senders: '4' });
  t.after(() => primary.stop());
  const standby = await makeStandby(primary, { synchronous_standby_names: '' });
  t.after(() => standby.stop());
  await primary.query(`ALTER SYSTEM SET synchronous_standby_names = '*'`);
  await primary.query('SELECT pg_reload_conf()');
  await until('the standby is synchronous', async () => {
    const rows = await primary.query(`SELECT FROM pg_stat_replication WHERE sync_state = 'sync'`);
    return rows.length === 1;
  });
  const proxy = await startFaultProxy(primary.url);
  const { world, run } = await underLoad(t, proxy.url);
  t.after(() => proxy.stop());
  await delay(2_000);
  await primary.kill();
  await see503(world);
  await standby.query('SELECT pg_promote()');
  proxy.setUpstream(standby.url);
  await settle(t, run, 'promotion');
});
