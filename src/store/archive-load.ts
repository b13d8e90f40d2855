// Loading an archive into an empty database, in one transaction: all of it or nothing.
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import {
  type ArchiveConnection,
  type ArchiveHead,
  ArchiveRefused,
  type ArchiveTable,
  LEFT_OUT,
  listTables,
  nameList,
  withArchiveClient,
} from './archive.js';
import { type Migration, readMigrations } from './migrate.js';

/** What migrations themselves put rows into, and what a gateway that started once leaves: a database with nothing else is empty. */
const SEEDED: readonly string[] = [
  ...LEFT_OUT,
  'schema_migrations',
  'directory_version',
  'profile_version',
  'domains_version',
  'template_version',
  'tails',
];

/** Lanes stay paused until somebody resumes them: 9999-12-31, epoch ms. */
const FOR_EVER_MS = 253_402_214_400_000;
/** What people see as the reason of that pause. */
const PAUSE_REASON = 'restored';

/** A database that takes rows. */
export interface Loading {
  /** Loads the rows of a table and gives their number; undefined, with nothing read, when the schema has no such table. */
  load(table: ArchiveTable, rows: AsyncIterable<Buffer>): Promise<number | undefined>;
  /** To be called now and then while no rows are loaded. */
  alive(): void;
}

/**
 * The migrations that make the schema of an archive. Throws ArchiveRefused when it is of a newer Parley, or when a migration is not the one it was
 * taken with.
 */
export function migrationsOf(head: ArchiveHead, known: readonly Migration[] = readMigrations()): Migration[] {
  const newest = Math.max(...head.migrations.map(({ version }) => version));
  if (newest > known.length)
    throw new ArchiveRefused(
      `the backup has schema ${newest} and this Parley knows ${known.length}: it was made by a newer Parley; restore it with that one`,
    );
  return head.migrations.map(({ version, name, sha256 }) => {
    const migration = known[version - 1];
    if (migration === undefined || migration.sha256 !== sha256)
      throw new ArchiveRefused(`migration ${version} (${name}) is not the one that the backup was made with`);
    return migration;
  });
}

/**
 * Makes the schema and the partitions of `head` in an empty database, lets `work` load the tables, pauses all lanes and commits.
 * Throws ArchiveRefused when the database is not empty or a gateway runs on it, DatabaseUnreachable, or what `work` throws: nothing is changed then.
 */
export async function withEmptyDatabase<T>(
  connection: ArchiveConnection,
  head: ArchiveHead,
  work: (loading: Loading) => Promise<T>,
): Promise<T> {
  const migrations = migrationsOf(head);
  return withArchiveClient(connection, async (client, alive) => {
    await client.query('BEGIN');
    await prepareSchema(client, migrations);
    const tables = (await listTables(client)).filter(({ name }) => !LEFT_OUT.includes(name));
    const triggers = await listTriggers(client);
    // Rows come as they were, with everything that triggers made of them.
    for (const name of triggers) await client.query(`ALTER TABLE "${name}" DISABLE TRIGGER USER`);
    await client.query(`TRUNCATE ${nameList(tables.map(({ name }) => name))}`);
    await makePartitions(client, head);
    const known = new Set(tables.map(({ name }) => name));
    const result = await work({
      load: async (table, rows) => (known.has(table.name) ? loadRows(client, table, rows, alive) : undefined),
      alive,
    });
    for (const { table, column, last, isCalled } of head.sequences)
      await client.query('SELECT setval(pg_get_serial_sequence($1, $2), $3::bigint, $4)', [
        table,
        column,
        last,
        isCalled,
      ]);
    for (const name of triggers) await client.query(`ALTER TABLE "${name}" ENABLE TRIGGER USER`);
    await client.query('UPDATE lane_heads SET paused_until = $1, pause_reason = $2', [FOR_EVER_MS, PAUSE_REASON]);
    if (known.has('audit')) await noteRestore(client, head);
    await client.query('COMMIT');
    return result;
  });
}

/** Throws ArchiveRefused unless there is no table at all, or exactly this schema with nothing in it. */
async function prepareSchema(client: pg.Client, migrations: readonly Migration[]): Promise<void> {
  const tables = (await listTables(client)).map(({ name }) => name);
  if (tables.length === 0) {
    await client.query(
      'CREATE TABLE schema_migrations (version int PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())',
    );
    for (const { sql } of migrations) await client.query(sql);
    return;
  }
  if (!tables.includes('schema_migrations'))
    throw new ArchiveRefused(`the database has tables of another program (${tables.slice(0, 5).join(', ')})`);
  await client.query(`LOCK TABLE ${nameList(tables)} IN ACCESS EXCLUSIVE MODE`);
  await refuseRows(client, tables);
  const { rows } = await client.query<{ version: number }>('SELECT max(version) AS version FROM schema_migrations');
  if (rows[0]?.version !== migrations.length)
    throw new ArchiveRefused(
      `the database has schema ${rows[0]?.version ?? 0} and the backup ${migrations.length}: restore into a database that no Parley has used`,
    );
}

async function refuseRows(client: pg.Client, tables: readonly string[]): Promise<void> {
  const { rows: alive } = await client.query(
    'SELECT FROM processes WHERE alive AND lease_until > clock_timestamp() LIMIT 1',
  );
  if (alive.length > 0) throw new ArchiveRefused('a gateway runs on this database; stop it first');
  for (const name of tables.filter((table) => !SEEDED.includes(table))) {
    const { rows } = await client.query(`SELECT FROM "${name}" LIMIT 1`);
    if (rows.length > 0) throw new ArchiveRefused(`the database is not empty: ${name} has rows`);
  }
}

async function listTriggers(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT DISTINCT c.relname AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE NOT t.tgisinternal AND NOT c.relispartition AND c.relnamespace = current_schema()::regnamespace`,
  );
  return rows.map(({ name }) => name);
}

async function makePartitions(client: pg.Client, { partitions }: ArchiveHead): Promise<void> {
  for (const { table, day } of partitions) {
    const name = `${table}_${day}`;
    const { rows } = await client.query('SELECT FROM pg_class WHERE oid = to_regclass($1)', [name]);
    if (rows.length > 0) continue;
    await client.query(`CREATE TABLE "${name}" (LIKE "${table}" INCLUDING ALL)`);
    await client.query(`ALTER TABLE "${table}" ATTACH PARTITION "${name}" FOR VALUES IN (${day})`);
  }
}

/** The log goes on where the backup's ends. */
async function noteRestore(client: pg.Client, { takenAt }: ArchiveHead): Promise<void> {
  const target = `backup of ${new Date(takenAt).toISOString()}`;
  await client.query('INSERT INTO audit (at, actor, action, target) VALUES ($1, $2, $3, $4)', [
    Date.now(),
    'operator',
    'restore',
    target,
  ]);
}

async function loadRows(
  client: pg.Client,
  { name, columns }: ArchiveTable,
  rows: AsyncIterable<Buffer>,
  alive: () => void,
): Promise<number> {
  const stream = client.query(copyFrom(`COPY "${name}" (${nameList(columns)}) FROM STDIN`));
  await pipeline(Readable.from(watched(rows, alive), { objectMode: false }), stream);
  return stream.rowCount;
}

async function* watched(rows: AsyncIterable<Buffer>, alive: () => void): AsyncGenerator<Buffer> {
  for await (const chunk of rows) {
    alive();
    yield chunk;
  }
}
