// Brings a database to the schema of this code: numbered SQL files, forward only, each applied once in a transaction of its own.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { Log } from '../lib/log.js';
import { sha256 } from '../lib/secrets.js';

/** Key of the session advisory lock under which migrations run (`parlmig` in ASCII). */
const MIGRATION_LOCK_KEY = '31632341464869223';

/** From `dist/src/store` (or any build folder of the same depth) to the repository's `migrations`. */
const FOLDER = new URL('../../../migrations/', import.meta.url);
const LOCK_WAIT_MS = 60_000;
const LOCK_POLL_MS = 100;
const CONNECT_TIMEOUT_MS = 10_000;

/** The database cannot be brought to this code's schema; the message is one line for the operator. */
export class MigrationRefused extends Error {
  override readonly name = 'MigrationRefused';
}

/** The database does not answer or does not let us in; the message is one line for the operator, without the URL's password. */
export class DatabaseUnreachable extends Error {
  override readonly name = 'DatabaseUnreachable';
}

/** One file `NNNN_name.sql`. */
export interface Migration {
  version: number;
  name: string;
  sql: string;
  /** SHA-256 of the file in hex: an applied file must not change. */
  sha256: string;
}

/** A row of `schema_migrations`. */
export interface AppliedMigration {
  version: number;
  name: string;
  sha256: string;
}

/** The migrations in `folder`, by version. Throws MigrationRefused on a name of another form or a version that is missing or there twice. */
export function readMigrations(folder: string | URL = FOLDER): Migration[] {
  const path = folder instanceof URL ? fileURLToPath(folder) : folder;
  const names = readdirSync(path).filter((name) => name.endsWith('.sql'));
  const migrations = names.sort().map((name) => readMigration(path, name));
  migrations.forEach((migration, index) => {
    if (migration.version !== index + 1)
      throw new MigrationRefused(
        `migrations must be numbered 0001, 0002, ..: ${migration.name} is number ${index + 1} of ${migrations.length}`,
      );
  });
  return migrations;
}

function readMigration(folder: string, file: string): Migration {
  const [, version, name] = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file) ?? [];
  if (version === undefined || name === undefined) throw new MigrationRefused(`${file} is not named NNNN_name.sql`);
  const sql = readFileSync(`${folder}/${file}`, 'utf8');
  return { version: Number(version), name, sql, sha256: sha256(sql).toString('hex') };
}

/**
 * What of `migrations` is still to be applied. Throws MigrationRefused when `applied` has a version that the code does not know (a newer Parley was here) or a file
 * that was edited since.
 */
export function pendingMigrations(migrations: readonly Migration[], applied: readonly AppliedMigration[]): Migration[] {
  const newest = Math.max(0, ...applied.map((row) => row.version));
  if (newest > migrations.length)
    throw new MigrationRefused(
      `the database is at schema ${newest} and this Parley knows ${migrations.length}: it was used by a newer Parley; start that one, or restore an older backup`,
    );
  for (const row of applied) {
    const known = migrations[row.version - 1];
    if (known !== undefined && known.sha256 !== row.sha256)
      throw new MigrationRefused(
        `migration ${row.version} (${row.name}) was changed after it had been applied; history cannot be edited, add a new migration`,
      );
  }
  const done = new Set(applied.map((row) => row.version));
  return migrations.filter((migration) => !done.has(migration.version));
}

/**
 * Applies what is missing in the database at `url`, from `folder` (default: the repository's), one process at a time; others wait up to 60 s.
 * Throws DatabaseUnreachable, MigrationRefused as `pendingMigrations` does or when the lock stays taken; any other error is PostgreSQL's, with nothing of its file applied.
 */
export async function migrate(url: string, log: Log, folder: string | URL = FOLDER): Promise<void> {
  const migrations = readMigrations(folder);
  await withClient(url, async (client) => {
    await lock(client);
    await client.query(
      'CREATE TABLE IF NOT EXISTS schema_migrations (version int PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())',
    );
    for (const migration of pendingMigrations(migrations, await readApplied(client))) {
      await apply(client, migration);
      log.info({ event: 'schema.migrated', version: migration.version, name: migration.name });
    }
  });
}

/** The versions applied in the database at `url` and those still pending; changes nothing. Throws as `migrate` does. */
export async function migrationStatus(
  url: string,
  folder: string | URL = FOLDER,
): Promise<{ applied: AppliedMigration[]; pending: Migration[] }> {
  const migrations = readMigrations(folder);
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ exists: boolean }>(
      `SELECT to_regclass('schema_migrations') IS NOT NULL AS exists`,
    );
    const applied = rows[0]?.exists === true ? await readApplied(client) : [];
    return { applied, pending: pendingMigrations(migrations, applied) };
  });
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'parley migrate',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  // A lost connection fails the query that is running; the event alone must not end the process.
  client.on('error', () => {});
  await client.connect().catch((error: unknown) => {
    throw new DatabaseUnreachable(`the database cannot be reached: ${reasonOf(error)}`, { cause: error });
  });
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

/** A host with several addresses fails with one error for all of them, which has a code but no text. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message !== '' || !('code' in error) ? error.message : String(error.code);
}

async function lock(client: pg.Client): Promise<void> {
  const deadline = performance.now() + LOCK_WAIT_MS;
  do {
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [
      MIGRATION_LOCK_KEY,
    ]);
    if (rows[0]?.taken === true) return;
    await delay(LOCK_POLL_MS);
  } while (performance.now() < deadline);
  throw new MigrationRefused('another process is migrating the database and has not finished within 60 s');
}

async function readApplied(client: pg.Client): Promise<AppliedMigration[]> {
  const { rows } = await client.query<AppliedMigration>(
    'SELECT version, name, sha256 FROM schema_migrations ORDER BY version',
  );
  return rows;
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(migration.sql);
    await client.query('INSERT INTO schema_migrations (version, name, sha256) VALUES ($1, $2, $3)', [
      migration.version,
      migration.name,
      migration.sha256,
    ]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw new Error(`migration ${migration.version} (${migration.name}) failed`, { cause: error });
  }
}
