// Backup and restore between two databases of one server: what is kept, what is not, and what is refused.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import pg from 'pg';
import { createLog } from '../../src/lib/log.js';
import { writeBackup } from '../../src/manage/backup.js';
import { openingOf, toFrame } from '../../src/manage/backup-format.js';
import { checkBackup, type RestoreSummary, restoreBackup } from '../../src/manage/restore.js';
import type { BlobStore } from '../../src/media/blob-store.js';
import { createFolderStore } from '../../src/media/folder.js';
import { createSpool, type Spool } from '../../src/media/spool.js';
import { ArchiveRefused } from '../../src/store/archive.js';
import { openDatabase } from '../../src/store/database.js';
import { type EmbeddedPostgres, startEmbedded } from '../../src/store/embedded.js';
import { migrate, readMigrations } from '../../src/store/migrate.js';
import { ensurePartitions } from '../../src/store/partitions.js';
import { SEALED_COLUMNS } from '../../src/store/sealed.js';
import { temporaryFolder } from '../support/dev-world.js';
import { parley } from '../support/parley.js';

const DAY = 20_250_131;
const log = createLog('silent');
const folder = temporaryFolder('archive');
const stopped = new AbortController().signal;
const FILES: readonly [id: string, bytes: Buffer][] = [
  ['0192f000-0000-7000-8000-0000000000a1', randomBytes(200_000)],
  ['0192f000-0000-7000-8000-0000000000b2', Buffer.alloc(0)],
];
let server: EmbeddedPostgres;
let source: pg.Client;
let backupFile: string;
let databases = 0;
let files = 0;

before(async () => {
  server = await startEmbedded({ dataDir: join(folder, 'data'), log });
  source = await connect(server.url);
  await migrate(server.url, log);
  await fill();
  for (const [id, bytes] of FILES) await keep(join(folder, 'media'), id, bytes);
  backupFile = await backup();
});
after(async () => {
  await source.end();
  await server.stop();
  rmSync(folder, { recursive: true });
});

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

/** Two senders with their lanes, a message in flight, one that waits, texts that COPY must escape, and traces of a process. */
async function fill(): Promise<void> {
  const pool = openDatabase({ url: server.url, log });
  await ensurePartitions(pool, DAY);
  await pool.stop();
  await source.query(`
    INSERT INTO accounts (account_id, name, created_at) VALUES ('a1', 'Tab' || chr(9) || ' newline' || chr(10) || ' \\. \\N é 😀', 1), ('a2', 'Gone', 1);
    DELETE FROM accounts WHERE account_id = 'a2';
    INSERT INTO senders (account, sender, phone_number_id, waba_id, access_token, created_at)
      VALUES (1, '441134960000', '1', '2', '\\x00ff0a5c', 1), (1, '441134960002', '3', '2', '\\x01', 1);
    INSERT INTO messages (day, lane, seq, id, account, accepted_at, recipient, type, content)
      SELECT ${DAY}, 1, i, gen_random_uuid(), 1, 1, '441134960001', 'text', '{"text":"' || i || '"}' FROM generate_series(1, 5) i;
    UPDATE tails SET next = 6, day = ${DAY} WHERE stream = 1;
    UPDATE lane_heads SET claimed = 3, claimed_day = ${DAY}, settled = 2, settled_day = ${DAY} WHERE lane = 1;
    INSERT INTO audit (at, actor, action, target) VALUES (1, 'operator', 'before', 'the backup');
    INSERT INTO processes (roles, lease_until) VALUES ('{dispatch}', clock_timestamp() + interval '1 hour');
    UPDATE ownership SET owner = 1;`);
}

/** A store of files in a folder. */
function placeOf(path: string): { blobs: BlobStore; spool: Spool } {
  return { blobs: createFolderStore(path), spool: createSpool(join(path, '.spool')) };
}

async function keep(path: string, id: string, bytes: Buffer): Promise<void> {
  const { blobs, spool } = placeOf(path);
  await spool.write(id, 0, Readable.from([bytes]), bytes.length);
  await blobs.keep(id, await spool.finish(id));
}

async function backup(): Promise<string> {
  files += 1;
  const file = join(folder, `${files}.backup`);
  await writeBackup({
    url: server.url,
    file,
    blobs: placeOf(join(folder, 'media')).blobs,
    now: 1_700_000_000_000,
    stopped,
  });
  return file;
}

/** A database of its own; nothing is in it. */
async function newDatabase(): Promise<{ url: string; client: pg.Client }> {
  databases += 1;
  await source.query(`CREATE DATABASE target${databases}`);
  const url = server.url.replace('/parley?', `/target${databases}?`);
  return { url, client: await connect(url) };
}

async function restore(file: string, url: string, into?: string): Promise<RestoreSummary> {
  const place = into === undefined ? undefined : placeOf(into);
  return restoreBackup(await checkBackup(file, stopped), { url, place, log, stopped });
}

async function rows(client: pg.Client, sql: string): Promise<unknown[]> {
  return (await client.query(sql)).rows;
}

test('every row comes back as it was, but for processes, owners and pauses', async () => {
  const target = await newDatabase();
  await restore(backupFile, target.url);
  for (const table of ['accounts', 'senders', 'messages', 'tails', 'schema_migrations', 'directory_version']) {
    const sql = `SELECT * FROM ${table} ORDER BY 1, 2, 3`.replace(
      ', 2, 3',
      table === 'directory_version' ? '' : ', 2, 3',
    );
    const [was, is] = [await rows(source, sql), await rows(target.client, sql)];
    assert.ok(was.length > 0, table);
    assert.deepEqual(is, was, table);
  }
  assert.deepEqual(await rows(target.client, 'SELECT id FROM processes'), []);
  assert.deepEqual(await rows(target.client, 'SELECT DISTINCT owner FROM ownership'), [{ owner: null }]);
  const noted = await rows(target.client, 'SELECT id, actor, action, target FROM audit ORDER BY id');
  assert.deepEqual(noted, [
    { id: '1', actor: 'operator', action: 'before', target: 'the backup' },
    { id: '2', actor: 'operator', action: 'restore', target: 'backup of 2023-11-14T22:13:20.000Z' },
  ]);
  assert.deepEqual(
    await rows(target.client, 'SELECT lane, claimed, settled, pause_reason FROM lane_heads ORDER BY lane'),
    [
      { lane: 1, claimed: '3', settled: '2', pause_reason: 'restored' },
      { lane: 2, claimed: '0', settled: '0', pause_reason: 'restored' },
    ],
  );
  await target.client.end();
});

test('a restored database goes on: ids that were given are not given again, triggers work, partitions are there', async () => {
  const target = await newDatabase();
  await restore(backupFile, target.url);
  const [account] = await rows(
    target.client,
    `INSERT INTO accounts (account_id, name, created_at) VALUES ('a3', 'New', 1) RETURNING id`,
  );
  assert.deepEqual(account, { id: 3 });
  const [sender] = await rows(
    target.client,
    `INSERT INTO senders (account, sender, phone_number_id, waba_id, access_token, created_at) VALUES (3, '4', '4', '4', '', 1) RETURNING id`,
  );
  assert.deepEqual(sender, { id: 3 });
  assert.deepEqual(await rows(target.client, 'SELECT lane, pause_reason FROM lane_heads WHERE lane = 3'), [
    { lane: 3, pause_reason: null },
  ]);
  const partitions = `SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relkind = 'r' ORDER BY 1`;
  assert.deepEqual(await rows(target.client, partitions), await rows(source, partitions));
  await target.client.end();
});

test('a database that holds anything is refused and left as it is', async () => {
  const target = await newDatabase();
  await restore(backupFile, target.url);
  await target.client.query(`UPDATE accounts SET name = 'Mine'`);
  await assert.rejects(restore(backupFile, target.url), /the database is not empty: accounts has rows/);
  assert.deepEqual(await rows(target.client, 'SELECT name FROM accounts'), [{ name: 'Mine' }]);
  await target.client.end();

  const foreign = await newDatabase();
  await foreign.client.query('CREATE TABLE invoices (id int)');
  await assert.rejects(restore(backupFile, foreign.url), /tables of another program \(invoices\)/);
  await foreign.client.end();
});

test('an empty database that has the schema already takes a backup, unless a gateway runs on it', async () => {
  const target = await newDatabase();
  await migrate(target.url, log);
  await target.client.query(
    `INSERT INTO processes (roles, lease_until) VALUES ('{api}', clock_timestamp() + interval '20 seconds')`,
  );
  await assert.rejects(restore(backupFile, target.url), /a gateway runs on this database/);
  await target.client.query('UPDATE processes SET alive = false');
  assert.ok((await restore(backupFile, target.url)).rows > 0);
  await target.client.end();
});

test('a backup that turns out to be cut while it is loaded leaves the database empty', async () => {
  const file = await backup();
  const checked = await checkBackup(file, stopped);
  truncateSync(file, statSync(file).size - 40);
  const target = await newDatabase();
  await assert.rejects(
    restoreBackup(checked, { url: target.url, place: undefined, log, stopped }),
    /damaged or cut short/,
  );
  assert.deepEqual(
    await rows(target.client, `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace`),
    [],
  );
  await assert.rejects(checkBackup(file, stopped), ArchiveRefused);
  await target.client.end();
});

test('what PostgreSQL refuses is told in a line, and nothing is changed', async () => {
  const target = await newDatabase();
  await target.client.query(`ALTER DATABASE target${databases} SET default_transaction_read_only = on`);
  const { code, stderr } = await parley(['restore', backupFile], { PARLEY_DATABASE_URL: target.url });
  assert.equal(code, 1);
  assert.match(stderr, /^parley: PostgreSQL says: cannot execute CREATE TABLE in a read-only transaction\n$/);
  await target.client.end();
});

test('the commands tell wrong words, files and places in a line', async () => {
  const nowhere = { PARLEY_DATA_DIR: join(folder, 'nowhere') };
  for (const [args, code, said] of [
    [['restore'], 2, /restore takes the name of the file/],
    [['backup', 'a', 'b'], 2, /backup takes only the name/],
    [['backup', join(folder, 'x')], 1, /there is no database in .*nowhere/],
    [['restore', join(folder, 'no-file')], 1, /ENOENT.*no-file/],
    [['backup', join(folder, 'no', 'folder')], 1, /there is no database/],
  ] as const) {
    const outcome = await parley(args, nowhere);
    assert.equal(outcome.code, code, outcome.stderr);
    assert.match(outcome.stderr, said);
    assert.equal(outcome.stderr.trimEnd().split('\n').length, 1);
  }
  assert.equal(existsSync(nowhere.PARLEY_DATA_DIR), false);
  const unwritable = await parley(['backup', join(folder, 'no', 'folder')], { PARLEY_DATABASE_URL: server.url });
  assert.match(unwritable.stderr, /^parley: ENOENT.*folder\.partial'\n$/);
});

test('files come back with the rows, byte for byte, and one that is there already is replaced', async () => {
  const target = await newDatabase();
  const into = join(folder, 'media-again');
  await keep(into, '0192f000-0000-7000-8000-0000000000b2', Buffer.from('another'));
  const checked = await checkBackup(backupFile, stopped);
  assert.deepEqual([checked.files, checked.fileBytes], [2, 200_000]);
  await restore(backupFile, target.url, into);
  const { blobs, spool } = placeOf(into);
  const found: string[] = [];
  for await (const { id } of blobs.list()) found.push(id);
  assert.deepEqual(
    found.sort(),
    FILES.map(([id]) => id),
  );
  for (const [id, bytes] of FILES) {
    const stream = await blobs.read(id);
    assert.ok(stream !== undefined && bytes.equals(await buffer(stream)), id);
  }
  assert.deepEqual(await spool.idle(-1), []);
  await target.client.end();
});

test('a name of a file cannot leave the store', async () => {
  const known = readMigrations().map(({ version, name, sha256 }) => ({ version, name, sha256 }));
  const of = (id: string) => [
    toFrame('F', Buffer.from(JSON.stringify({ id }))),
    toFrame('f', Buffer.from('{"bytes":0}')),
  ];
  await checkBackup(forge(known, of('0192f000-0000-7000-8000-0000000000a1')), stopped);
  for (const id of ['../../0192f000', '/etc/passwd', ''])
    await assert.rejects(checkBackup(forge(known, of(id)), stopped), ArchiveRefused, id);
});

test('a backup of a newer Parley, or of edited migrations, is refused with a clear line', async () => {
  const known = readMigrations().map(({ version, name, sha256 }) => ({ version, name, sha256 }));
  const newer = { version: known.length + 1, name: 'newer', sha256: '00' };
  await assert.rejects(checkBackup(forge([...known, newer]), stopped), /made by a newer Parley/);
  const edited = known.map((migration) => ({ ...migration, sha256: 'ff' }));
  await assert.rejects(checkBackup(forge(edited), stopped), /is not the one that the backup was made with/);
});

/** A whole backup without tables, of the given migrations, with at most one file. */
function forge(migrations: object[], ofFile: Buffer[] = []): string {
  files += 1;
  const file = join(folder, `${files}.backup`);
  const head = { takenAt: 1, migrations, partitions: [], sequences: [] };
  const end = { tables: 0, files: ofFile.length > 0 ? 1 : 0 };
  const frames = [
    toFrame('H', Buffer.from(JSON.stringify(head))),
    ...ofFile,
    toFrame('E', Buffer.from(JSON.stringify(end))),
  ];
  writeFileSync(file, gzipSync(Buffer.concat([openingOf(), ...frames])));
  return file;
}

test('names in a backup cannot carry SQL', async () => {
  files += 1;
  const file = join(folder, `${files}.backup`);
  const head = {
    takenAt: 1,
    migrations: readMigrations(),
    partitions: [{ table: 'x"; DROP', day: 20_250_101 }],
    sequences: [],
  };
  writeFileSync(file, gzipSync(Buffer.concat([openingOf(), toFrame('H', Buffer.from(JSON.stringify(head)))])));
  await assert.rejects(checkBackup(file, stopped), ArchiveRefused);
});

test('a backup is readable by its owner alone, whole or not there, and overwrites nothing', async () => {
  const file = await backup();
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const before = readFileSync(file);
  await assert.rejects(writeBackup({ url: server.url, file, blobs: undefined, now: 1, stopped }), /exists already/);
  assert.deepEqual(readFileSync(file), before);

  const other = join(folder, 'stopped.backup');
  await assert.rejects(
    writeBackup({ url: server.url, file: other, blobs: undefined, now: 1, stopped: AbortSignal.abort() }),
  );
  assert.deepEqual([existsSync(other), readdirSync(folder).filter((name) => name.endsWith('.partial'))], [false, []]);
});

test('what is written while a backup is taken is not half in it', async () => {
  // Every transaction moves one unit between two rows of two tables; a backup that saw two moments would have another sum.
  await source.query(
    `CREATE TABLE left_side (n int); INSERT INTO left_side VALUES (0); CREATE TABLE right_side (n int); INSERT INTO right_side VALUES (0)`,
  );
  const writer = await connect(server.url);
  const writing = { on: true, count: 0 };
  const written = (async () => {
    for (; writing.on; writing.count += 1)
      await writer.query('BEGIN; UPDATE right_side SET n = n + 1; UPDATE left_side SET n = n - 1; COMMIT');
  })();
  const sums: number[] = [];
  for (let i = 0; i < 5; i += 1) {
    const target = await newDatabase();
    await migrate(target.url, log);
    await target.client.query('CREATE TABLE left_side (n int); CREATE TABLE right_side (n int)');
    await restore(await backup(), target.url);
    const [sum] = await rows(target.client, 'SELECT (SELECT n FROM left_side) + (SELECT n FROM right_side) AS n');
    assert.ok(typeof sum === 'object' && sum !== null && 'n' in sum);
    sums.push(Number(sum.n));
    await target.client.end();
  }
  writing.on = false;
  await written;
  await writer.end();
  await source.query('DROP TABLE left_side, right_side');
  assert.ok(writing.count > 5, `${writing.count} transactions meanwhile`);
  assert.deepEqual(sums, [0, 0, 0, 0, 0]);
});

test('a table that is none of ours is left out, and said to be', async () => {
  await source.query(`CREATE TABLE notes (text text); INSERT INTO notes VALUES ('mine')`);
  const file = await backup();
  await source.query('DROP TABLE notes');
  const target = await newDatabase();
  assert.deepEqual((await restore(file, target.url)).leftOut, ['notes']);
  await target.client.end();
});

test('every column that seals a secret is known to the rotation', async () => {
  const HASHES = [
    'access_tokens.hash',
    'api_keys.secret_hash',
    'click_salts.salt',
    'clicks.address',
    'idempotency_keys.body_hash',
    'meta_changes.hash',
    'uploads.url_hash',
  ];
  const found = await source.query<{ name: string }>(
    `SELECT c.relname || '.' || a.attname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.atttypid = 'bytea'::regtype`,
  );
  const sealed = Object.entries(SEALED_COLUMNS).map(([table, column]) => `${table}.${column}`);
  assert.deepEqual(found.rows.map(({ name }) => name).sort(), [...HASHES, ...sealed].sort());
});
