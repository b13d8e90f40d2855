// Taking an archive: one REPEATABLE READ transaction that only reads, so the gateway goes on meanwhile and all tables show one moment.
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
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
import type { AppliedMigration } from './migrate.js';

/** A database as it was at one moment. */
export interface Snapshot {
  head: Omit<ArchiveHead, 'takenAt'>;
  /** In the order in which they can be loaded. */
  tables: ArchiveTable[];
  /** Streams the rows of a table, to be read to the end; gives their number at the end. */
  rows(table: ArchiveTable): AsyncGenerator<Buffer, number>;
}

/**
 * Runs `work` on a snapshot. Until it ends, partitions cannot be dropped and dead rows not be vacuumed; nobody waits for it.
 * Throws DatabaseUnreachable, ArchiveRefused when Parley never was there.
 */
export async function withSnapshot<T>(
  connection: ArchiveConnection,
  work: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  return withArchiveClient(connection, async (client, alive) => {
    const all = await listTables(client);
    if (!all.some(({ name }) => name === 'schema_migrations'))
      throw new ArchiveRefused('there is no Parley in this database');
    const tables = all.filter(({ name }) => !LEFT_OUT.includes(name));
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    // Locked before the snapshot is taken, so no migration comes between the two.
    await client.query(`LOCK TABLE ${nameList(tables.map(({ name }) => name))} IN ACCESS SHARE MODE`);
    const head = await readHead(client, tables);
    const result = await work({ head, tables, rows: (table) => readRows(client, table, alive) });
    await client.query('COMMIT');
    return result;
  });
}

async function readHead(client: pg.Client, tables: readonly ArchiveTable[]): Promise<Snapshot['head']> {
  const { rows: migrations } = await client.query<AppliedMigration>(
    'SELECT version, name, sha256 FROM schema_migrations ORDER BY version',
  );
  return {
    migrations,
    partitions: await readPartitions(client),
    sequences: await readSequences(client, tables),
  };
}

async function readPartitions(client: pg.Client): Promise<ArchiveHead['partitions']> {
  const { rows } = await client.query<{ table: string; bound: string }>(
    `SELECT p.relname AS "table", pg_get_expr(c.relpartbound, c.oid) AS bound FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     JOIN pg_class p ON p.oid = i.inhparent WHERE p.relkind = 'p' AND c.relkind = 'r' AND p.relnamespace = current_schema()::regnamespace
     ORDER BY p.relname, c.relname`,
  );
  return rows.map(({ table, bound }) => {
    const [, day] = /^FOR VALUES IN \((\d{8})\)$/.exec(bound) ?? [];
    if (day === undefined) throw new Error(`partition of ${table} that is not of a day: ${bound}`);
    return { table, day: Number(day) };
  });
}

async function readSequences(client: pg.Client, tables: readonly ArchiveTable[]): Promise<ArchiveHead['sequences']> {
  const { rows } = await client.query<{ table: string; column: string; sequence: string }>(
    `SELECT c.relname AS "table", a.attname AS "column", pg_get_serial_sequence(quote_ident(c.relname), a.attname) AS sequence
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attidentity <> '' WHERE c.relname = ANY ($1) ORDER BY 1, 2`,
    [tables.map(({ name }) => name)],
  );
  const sequences: ArchiveHead['sequences'] = [];
  for (const { table, column, sequence } of rows) {
    const { rows: state } = await client.query<{ last: string; isCalled: boolean }>(
      `SELECT last_value::text AS last, is_called AS "isCalled" FROM ${sequence}`,
    );
    const [at] = state;
    if (at !== undefined) sequences.push({ table, column, ...at });
  }
  return sequences;
}

/** COPY of a SELECT, because a plain COPY does not look into partitions. */
async function* readRows(
  client: pg.Client,
  { name, columns }: ArchiveTable,
  alive: () => void,
): AsyncGenerator<Buffer, number> {
  const stream = client.query(copyTo(`COPY (SELECT ${nameList(columns)} FROM "${name}") TO STDOUT`));
  for await (const chunk of stream) {
    alive();
    if (Buffer.isBuffer(chunk)) yield chunk;
  }
  // The count comes with the end of the statement, which the next one waits for.
  await client.query('SELECT');
  return stream.rowCount;
}
