// Databases that are not the embedded one of the data directory, migrations, and what the commands say when something is wrong.
import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { createLog } from '../../src/lib/log.js';
import { type Database, DatabaseError, openDatabase, type Statement } from '../../src/store/database.js';
import { type EmbeddedPostgres, startEmbedded } from '../../src/store/embedded.js';
import { MigrationRefused, migrate, migrationStatus, readMigrations } from '../../src/store/migrate.js';
import { personOf, readOthersOf } from '../../src/store/persons.js';
import { takeFromBucket } from '../../src/store/rate-buckets.js';
import { temporaryFolder } from '../support/dev-world.js';
import { parley } from '../support/parley.js';

const MIGRATIONS = fileURLToPath(new URL('../../../migrations', import.meta.url));
const SECRET_KEY = Buffer.alloc(32, 1).toString('base64');
const log = createLog('silent');

let dataDir = '';
let database: EmbeddedPostgres;
before(async () => {
  dataDir = temporaryFolder('database');
  database = await startEmbedded({ dataDir, log });
});
after(async () => {
  await database.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** A new empty database beside the others; dropped with the server. */
async function createDatabase(name: string): Promise<string> {
  await query(database.url, `CREATE DATABASE ${name}`);
  return database.url.replace('/parley?', `/${name}?`);
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The repository's migrations and one more. */
function newerMigrations(sql: string): string {
  const folder = temporaryFolder('migrations');
  for (const name of readdirSync(MIGRATIONS)) copyFileSync(join(MIGRATIONS, name), join(folder, name));
  const version = String(readMigrations().length + 1).padStart(4, '0');
  writeFileSync(join(folder, `${version}_newer.sql`), sql);
  return folder;
}

test('migrates once, also when several processes start together', async () => {
  const url = await createDatabase('together');
  await Promise.all([migrate(url, log), migrate(url, log), migrate(url, log)]);
  const { applied, pending } = await migrationStatus(url);
  assert.deepEqual([applied.length, pending.length], [readMigrations().length, 0]);
});

test('refuses a database that a newer Parley has migrated, and serve says so in one line', async (t) => {
  const url = await createDatabase('newer');
  const folder = newerMigrations('CREATE TABLE of_the_future ()');
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await migrate(url, log, folder);
  await assert.rejects(migrate(url, log), MigrationRefused);
  const { code, stderr } = await parley(['serve'], {
    PARLEY_DATABASE_URL: url,
    PARLEY_SECRET_KEY: SECRET_KEY,
    PARLEY_PORT: '0',
  });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^parley: the database is at schema \d+ and this Parley knows \d+: it was used by a newer Parley[^\n]*\n$/,
  );
});

test('a migration that fails leaves nothing of itself', async (t) => {
  const url = await createDatabase('failing');
  await migrate(url, log);
  const folder = newerMigrations('CREATE TABLE half (); SELECT 1/0;');
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await assert.rejects(migrate(url, log, folder), /\(newer\) failed/);
  assert.deepEqual(await query(url, `SELECT to_regclass('half') AS half`), [{ half: null }]);
  assert.equal((await migrationStatus(url, folder)).pending.length, 1);
});

test('parley migrate brings PARLEY_DATABASE_URL to the schema and lists it', async () => {
  const url = await createDatabase('by_command');
  const before = await parley(['migrate', '--status'], { PARLEY_DATABASE_URL: url });
  assert.match(before.stdout, /^0001 \w+ pending$/m);
  const done = await parley(['migrate'], { PARLEY_DATABASE_URL: url });
  assert.equal(done.code, 0);
  assert.match(done.stdout, /^0001 \w+ applied$/m);
});

test('doctor shows the configuration masked and fails when the database or Meta cannot be reached', async () => {
  const url = await createDatabase('examined');
  await migrate(url, log);
  const env = { PARLEY_DATABASE_URL: url, PARLEY_SECRET_KEY: SECRET_KEY, PARLEY_META_URL: 'http://127.0.0.1:9' };
  const found = await parley(['doctor'], env);
  assert.equal(found.code, 1);
  assert.match(found.stdout, /^ok {6}database: PostgreSQL \d+.*schema \d+$/m);
  assert.match(found.stdout, /^FAILED {2}Meta: /m);
  assert.match(found.stdout, /^PARLEY_SECRET_KEY +\*\*\* +environment/m);
  assert.ok(!found.stdout.includes(SECRET_KEY));
  const gone = await parley(['doctor'], { ...env, PARLEY_DATABASE_URL: 'postgresql:///none?host=/nonexistent' });
  assert.match(gone.stdout, /^FAILED {2}database: /m);
});

test('every wrong variable is named at once, and the exit code is 2', async () => {
  const { code, stderr } = await parley(['serve'], {
    PARLEY_PORT: 'x',
    PARLEY_ROLES: 'cook',
    PARLEY_META_URL: 'graph',
  });
  assert.equal(code, 2);
  const named = [...stderr.matchAll(/^parley: (PARLEY_\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(named.sort(), ['PARLEY_META_URL', 'PARLEY_PORT', 'PARLEY_ROLES', 'PARLEY_SECRET_KEY']);
});

test('an unknown command and an unknown flag exit 2; help lists every command', async () => {
  assert.equal((await parley(['fly'])).code, 2);
  assert.equal((await parley(['serve', '--fly'])).code, 2);
  const { code, stdout } = await parley(['help']);
  assert.equal(code, 0);
  for (const name of ['dev', 'serve', 'migrate', 'doctor'])
    assert.match(stdout, new RegExp(`^ {2}parley ${name} `, 'm'));
});

test('a database that is not there is one clear line', async () => {
  const env = { PARLEY_DATABASE_URL: 'postgresql://x@127.0.0.1:9/x', PARLEY_SECRET_KEY: SECRET_KEY };
  const { code, stderr } = await parley(['serve'], env);
  assert.equal(code, 1);
  assert.match(stderr, /^parley: the database cannot be reached: [^\n]+\n$/);
});

test('pipelined statements share a connection, are done in order, and fail one by one', async () => {
  await withDatabase(async (opened) => {
    const [slow, refused, last] = await Promise.all([
      opened.run<{ pid: number; endedAt: number }>(PIPELINED.slow, [0.2]),
      opened.run(PIPELINED.divide, [0]).catch((error: unknown) => error),
      opened.run<{ pid: number; startedAt: number }>(PIPELINED.divide, [1]),
    ]);
    assert.ok(refused instanceof DatabaseError && refused.kind === 'data', String(refused));
    assert.equal(last[0]?.pid, slow[0]?.pid);
    assert.ok(Number(slow[0]?.endedAt) <= Number(last[0]?.startedAt), 'in order');
  });
});

test('a pipeline that breaks fails what was on its way and is made anew', async () => {
  await withDatabase(async (opened) => {
    const [before] = await opened.run<{ pid: number }>(PIPELINED.divide, [1]);
    const lost = Promise.allSettled([opened.run(PIPELINED.slow, [10]), opened.run(PIPELINED.divide, [1])]);
    // On a connection of the pool: it does not stand behind the slow one.
    await opened.run({ name: '', text: 'SELECT pg_terminate_backend($1)' }, [before?.pid ?? 0]);
    for (const outcome of await lost) {
      assert.equal(outcome.status, 'rejected');
      assert.ok(outcome.reason instanceof DatabaseError && outcome.reason.kind === 'unavailable');
    }
    const [after] = await opened.run<{ pid: number }>(PIPELINED.divide, [1]);
    assert.notEqual(after?.pid, before?.pid);
  });
});

test('calls that are counted in another order than they came are as many as allowed, and no more', async () => {
  const url = await createDatabase('buckets');
  await migrate(url, log);
  await withDatabase(async (opened) => {
    const now = 1_800_000_000_000;
    const rate = { count: 2, perMs: 3_600_000, burst: 2 };
    const waitOf = (at: number) => takeFromBucket(opened, { account: 1, operation: 'media-removal', rate, now: at });
    assert.equal(await waitOf(now), 0);
    assert.equal(await waitOf(now - 1), 0);
    assert.ok(Math.abs((await waitOf(now)) - 1_800_000) < 10);
    assert.equal(await waitOf(now + 1_800_000), 0);
  }, url);
});

test('however much is known of a person, all of it is read, and nothing twice', async () => {
  const url = await createDatabase('person');
  await migrate(url, log);
  // Of equal times, so that pages end among them.
  await query(
    url,
    `INSERT INTO sms (message, day, account, recipient, sender, text, due_at, created_at)
      SELECT gen_random_uuid(), 20260101, 1, '44770090000' || n % 2, 'Shop', 'Hello', 0, 1000 + n / 900 FROM generate_series(1, 9001) n`,
  );
  await withDatabase(async (opened) => {
    const found: object[] = [];
    for await (const { row } of readOthersOf(opened, personOf(1, ['447700900001']))) found.push(row);
    assert.equal(found.length, 4501);
    assert.equal(new Set(found.map((row) => JSON.stringify(row))).size, 4501);
  }, url);
});

const TIMES = 'pg_backend_pid() AS pid, extract(epoch FROM statement_timestamp())::float8 AS "startedAt"';
const PIPELINED = {
  slow: {
    name: 'slow',
    text: `SELECT ${TIMES}, pg_sleep($1)::text, extract(epoch FROM clock_timestamp())::float8 AS "endedAt"`,
    isPipelined: true,
  },
  divide: { name: 'divide', text: `SELECT ${TIMES}, 1 / $1::integer AS quotient`, isPipelined: true },
} satisfies Record<string, Statement>;

async function withDatabase(act: (opened: Database) => Promise<void>, url = database.url): Promise<void> {
  const opened = openDatabase({ url, log });
  try {
    await act(opened);
  } finally {
    await opened.stop();
  }
}
