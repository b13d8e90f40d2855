// What an archive of a database holds, and the connection over which one is taken or loaded: COPY streams, so memory stays small.
import pg from 'pg';
import Type, { type Static, type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { DatabaseUnreachable } from './migrate.js';

/** The archive, or the database it would go into, is not what it must be; the message is one line for the operator. */
export class ArchiveRefused extends Error {
  override readonly name = 'ArchiveRefused';
}

/** Names become part of SQL: nothing else than these is read from an archive. */
const NAME_FORM = /^[a-z_][a-z0-9_]{0,62}$/;
const NAME = Type.String({ pattern: NAME_FORM.source });
const COLUMNS_MAX = 500;
const TABLES_MAX = 1_000;
/** Eight partitioned tables, ten years. */
const PARTITIONS_MAX = 30_000;

const HEAD = Type.Object({
  /** When the snapshot was taken, epoch ms. */
  takenAt: Type.Integer({ minimum: 0 }),
  /** Rows of `schema_migrations`, by version: the schema that the rows below have. */
  migrations: Type.Array(
    Type.Object({ version: Type.Integer({ minimum: 1 }), name: Type.String(), sha256: Type.String() }),
    { minItems: 1, maxItems: 10_000 },
  ),
  partitions: Type.Array(
    Type.Object({ table: NAME, day: Type.Integer({ minimum: 19_700_101, maximum: 99_991_231 }) }),
    { maxItems: PARTITIONS_MAX },
  ),
  /** Where identity columns stand: an id that was given is never given again, even if its row is gone. */
  sequences: Type.Array(
    Type.Object({
      table: NAME,
      column: NAME,
      last: Type.String({ pattern: '^[0-9]{1,19}$' }),
      isCalled: Type.Boolean(),
    }),
    { maxItems: TABLES_MAX },
  ),
});
const TABLE = Type.Object({ name: NAME, columns: Type.Array(NAME, { minItems: 1, maxItems: COLUMNS_MAX }) });

/** What an archive says before its rows. */
export type ArchiveHead = Static<typeof HEAD>;

/** A table with the columns in the order in which its rows have them. Rows are in PostgreSQL's text form of COPY. */
export type ArchiveTable = Static<typeof TABLE>;

/** Parses the head of an archive. Throws ArchiveRefused. */
export function parseArchiveHead(text: string): ArchiveHead {
  return parseAs(HEAD, text);
}

/** Parses the announcement of a table. Throws ArchiveRefused. */
export function parseArchiveTable(text: string): ArchiveTable {
  return parseAs(TABLE, text);
}

function parseAs<S extends TSchema>(schema: S, text: string): Static<S> {
  const compiled = Compile(schema);
  const isStatic = (value: unknown): value is Static<S> => compiled.Check(value);
  const value = parseJson(text);
  if (!isStatic(value)) throw new ArchiveRefused('the backup is damaged: a part of it has another form');
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Who owns what, who is logged in and how often something was called is a matter of the processes that run, not of the data: another gateway
 * starts with nobody owning anything.
 */
export const LEFT_OUT: readonly string[] = ['processes', 'ownership', 'access_tokens', 'rate_buckets'];

const TABLES = `SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p'
  GROUP BY c.relname ORDER BY c.relname`;
const REFERENCES = `SELECT c.relname AS child, p.relname AS parent FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
  JOIN pg_class p ON p.oid = k.confrelid WHERE k.contype = 'f' AND c.oid <> p.oid`;

/** The tables of the current schema, partitions and what cannot be ours not among them; each comes after those that it references. */
export async function listTables(client: pg.Client): Promise<ArchiveTable[]> {
  const { rows } = await client.query<ArchiveTable>(TABLES);
  const tables = rows.filter(({ name }) => NAME_FORM.test(name));
  const { rows: references } = await client.query<{ child: string; parent: string }>(REFERENCES);
  return inOrder(tables, references);
}

function inOrder(
  tables: readonly ArchiveTable[],
  references: readonly { child: string; parent: string }[],
): ArchiveTable[] {
  const ordered: ArchiveTable[] = [];
  let waiting = [...tables];
  while (waiting.length > 0) {
    const names = new Set(waiting.map((table) => table.name));
    const isBlocked = ({ name }: ArchiveTable) =>
      references.some(({ child, parent }) => child === name && names.has(parent));
    const ready = waiting.filter((table) => !isBlocked(table));
    if (ready.length === 0) throw new Error(`tables reference each other: ${[...names].join(', ')}`);
    ordered.push(...ready);
    waiting = waiting.filter(isBlocked);
  }
  return ordered;
}

/** How a connection for an archive is made. `stopped` cuts it. */
export interface ArchiveConnection {
  url: string;
  /** Shown in pg_stat_activity. */
  name: string;
  stopped: AbortSignal;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** So long without a row or an answer, and the connection is cut. Longer than an index of a big table takes. */
const STALL_MS = 10 * 60_000;
const SETTINGS =
  '-c TimeZone=UTC -c DateStyle=ISO -c client_encoding=UTF8 -c lock_timeout=10s -c statement_timeout=0 -c idle_in_transaction_session_timeout=0';

/**
 * Runs `work` on a connection of its own; `alive` is to be called whenever something moved, else it is cut after 10 minutes.
 * Throws DatabaseUnreachable, or what `work` throws; its transaction is rolled back then.
 */
export async function withArchiveClient<T>(
  { url, name, stopped }: ArchiveConnection,
  work: (client: pg.Client, alive: () => void) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    application_name: name,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    options: SETTINGS,
  });
  // A lost connection fails the statement that is running; the event alone must not end the process.
  client.on('error', () => {});
  await client.connect().catch((error: unknown) => {
    throw new DatabaseUnreachable(`the database cannot be reached: ${reasonOf(error)}`, { cause: error });
  });
  const cut = (): void => void client.connection.stream.destroy(new Error('the connection was cut'));
  const stall = setTimeout(cut, STALL_MS);
  stopped.addEventListener('abort', cut, { once: true });
  try {
    const result = await work(client, () => void stall.refresh());
    await client.end();
    return result;
  } catch (error) {
    // In the middle of a COPY there is no polite way out.
    cut();
    throw error;
  } finally {
    clearTimeout(stall);
    stopped.removeEventListener('abort', cut);
  }
}

/** A host with several addresses fails with one error for all of them, which has a code but no text. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message !== '' || !('code' in error) ? error.message : String(error.code);
}

/** Names of columns or tables for SQL: `"name", ..`. */
export function nameList(names: readonly string[]): string {
  return names.map((name) => pg.escapeIdentifier(name)).join(', ');
}
