// The one door to PostgreSQL: a small pool, prepared statements, and errors sorted by what a caller can do about them.
import pg from 'pg';
import type { Log } from '../lib/log.js';
import { arrayText, type Element } from './array-text.js';

/** One parameter of a statement. Arrays become PostgreSQL arrays. */
export type Value = Element | readonly Element[];

/** A statement with a name is prepared once per connection. */
export interface Statement {
  name: string;
  text: string;
  /**
   * It shares one connection with others like it and is sent without waiting for the answer to the one before: for statements
   * that would only wait for each other's locks. Each is a transaction of its own, done in the order of the calls.
   */
  isPipelined?: boolean;
}

/** A pool of connections to one database. */
export interface Database {
  /** Runs one autocommitted statement. Throws DatabaseError. Rows are parsed but not checked: the caller's row type must match its SELECT. */
  run<Row>(statement: Statement, values: readonly Value[]): Promise<Row[]>;
  /** Runs `work` on one connection inside a transaction; only for the rare writes of the admin side. */
  transaction<Result>(work: (tx: Pick<Database, 'run'>) => Promise<Result>): Promise<Result>;
  /** A connection of its own, outside the pool (session locks). `onLost` is called once when it breaks. */
  session(onLost: (error: Error) => void): Promise<Session>;
  stop(): Promise<void>;
}

/** A dedicated connection. */
export interface Session {
  run<Row>(statement: Statement, values: readonly Value[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** What went wrong, by what can be done: `unavailable` try later (outcome unknown if it was a write), `conflict` run it again, `data` the values, `lease` no longer the owner, `bug` the rest. */
export type DatabaseErrorKind = 'unavailable' | 'conflict' | 'data' | 'lease' | 'no-partition' | 'bug';

/** An error of PostgreSQL or of the way there. */
export class DatabaseError extends Error {
  readonly kind: DatabaseErrorKind;
  /** SQLSTATE, when PostgreSQL answered. */
  readonly sqlState: string | undefined;
  /** False when no connection was to be had: the statement certainly did nothing. */
  readonly wasSent: boolean;
  constructor(kind: DatabaseErrorKind, sqlState: string | undefined, cause: unknown, wasSent = true) {
    super(`database: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'DatabaseError';
    this.kind = kind;
    this.sqlState = sqlState;
    this.wasSent = wasSent;
  }
}

/** How the pool is set up. */
export interface DatabaseOptions {
  url: string;
  log: Log;
  /** Connections at most. */
  connectionsMax?: number;
  /** Shown in pg_stat_activity. */
  name?: string;
  /** Makes the partitions of today when a row had none; the statement, or the whole transaction, is then run once more. */
  onMissingPartition?: (database: Database) => Promise<void>;
}

const CONNECT_TIMEOUT_MS = 3_000;
const STATEMENT_TIMEOUT_MS = 15_000;
/** Plans must not depend on statistics that lag behind tables that grow from empty: seq scans are never right on the hot path. */
const SESSION_SETTINGS =
  '-c synchronous_commit=on -c enable_seqscan=off -c jit=off -c plan_cache_mode=force_generic_plan -c lock_timeout=5s -c idle_in_transaction_session_timeout=10s -c TimeZone=UTC';
const INT8 = 20;
const CONFLICT_TRIES = 3;

const types: pg.CustomTypesConfig = {
  // Every bigint of ours is a time in ms or a sequence number: far below 2^53.
  getTypeParser: (oid, format) => (oid === INT8 && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format)),
};

/** Opens a pool. Nothing is connected before the first statement. */
export function openDatabase(options: DatabaseOptions): Database {
  const { url, log, connectionsMax = 8, name = 'parley', onMissingPartition } = options;
  const settings: pg.ClientConfig = {
    connectionString: url,
    application_name: name,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    options: SESSION_SETTINGS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS + 5_000,
    keepAlive: true,
    types,
  };
  const pool = new pg.Pool({ ...settings, max: connectionsMax, idleTimeoutMillis: 60_000, allowExitOnIdle: true });
  pool.on('error', (error) => log.warn({ event: 'database.idle-connection-lost', err: error.message }));
  // A connection that breaks under a query says so twice (EPIPE, then its end), and the pool listens once: the second would end the process.
  pool.on('connect', (client) => void client.on('error', () => {}));
  /** Once more when a partition was not there: nothing of the first time has happened. */
  async function withPartitions<Result>(act: () => Promise<Result>): Promise<Result> {
    try {
      return await act();
    } catch (error) {
      const isMissing = error instanceof DatabaseError && error.kind === 'no-partition';
      if (!isMissing || onMissingPartition === undefined) throw error;
      await onMissingPartition(database);
      return act();
    }
  }
  const pipeline = createPipeline(settings);
  const database: Database = {
    run: <Row>(statement: Statement, values: readonly Value[]) =>
      withPartitions(() =>
        retryConflicts(() =>
          statement.isPipelined === true
            ? pipeline.run<Row>(statement, values)
            : queryPool<Row>(pool, statement, values),
        ),
      ),
    transaction: (work) => withPartitions(() => transact(pool, work)),
    session: (onLost) => openSession(settings, onLost),
    async stop() {
      await Promise.all([pipeline.close(), pool.end()]);
    },
  };
  return database;
}

/** One connection, made when a statement wants it, and given up as those of the pool are when it may be the connection's fault. */
function createPipeline(settings: pg.ClientConfig): Session {
  let current: Promise<pg.Client> | undefined;
  function connected(): Promise<pg.Client> {
    if (current !== undefined) return current;
    const made = connectPipelined(settings, () => forget(made));
    current = made;
    return made;
  }
  function forget(given: Promise<pg.Client>): void {
    if (current === given) current = undefined;
  }
  return {
    async run<Row>(statement: Statement, values: readonly Value[]) {
      const mine = connected();
      const client = await mine;
      try {
        return await query<Row>(client, statement, values);
      } catch (error) {
        if (error instanceof DatabaseError && error.kind === 'unavailable') {
          forget(mine);
          // What was sent behind it is answered first.
          client.end().catch(() => undefined);
        }
        throw error;
      }
    },
    async close() {
      await current?.then((client) => client.end()).catch(() => undefined);
    },
  };
}

async function connectPipelined(settings: pg.ClientConfig, onLost: () => void): Promise<pg.Client> {
  const client = new pg.Client({ ...settings, pipeline: true });
  client.on('error', onLost);
  client.on('end', onLost);
  try {
    await client.connect();
    return client;
  } catch (error) {
    onLost();
    throw new DatabaseError('unavailable', sqlStateOf(error), error, false);
  }
}

async function queryPool<Row>(pool: pg.Pool, statement: Statement, values: readonly Value[]): Promise<Row[]> {
  const client = await connect(pool);
  try {
    const rows = await query<Row>(client, statement, values);
    client.release();
    return rows;
  } catch (error) {
    // A connection that met an error of its statement is still good; any other is given up.
    client.release(!(error instanceof DatabaseError) || error.kind === 'unavailable');
    throw error;
  }
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw new DatabaseError('unavailable', sqlStateOf(error), error, false);
  }
}

async function transact<Result>(pool: pg.Pool, work: (tx: Pick<Database, 'run'>) => Promise<Result>): Promise<Result> {
  const client = await connect(pool);
  let broken = false;
  try {
    await query(client, { name: '', text: 'BEGIN' }, []);
    const result = await work({ run: (statement, values) => query(client, statement, values) });
    await query(client, { name: '', text: 'COMMIT' }, []);
    return result;
  } catch (error) {
    broken = await client.query('ROLLBACK').then(
      () => false,
      () => true,
    );
    throw error;
  } finally {
    client.release(broken);
  }
}

async function openSession(settings: pg.ClientConfig, onLost: (error: Error) => void): Promise<Session> {
  const client = new pg.Client(settings);
  let closed = false;
  const lost = (error: Error): void => {
    if (closed) return;
    closed = true;
    onLost(error);
  };
  client.on('error', lost);
  client.on('end', () => lost(new Error('connection ended')));
  try {
    await client.connect();
  } catch (error) {
    closed = true;
    throw toDatabaseError(error);
  }
  return {
    run: (statement, values) => query(client, statement, values),
    async close() {
      closed = true;
      await client.end().catch(() => undefined);
    },
  };
}

interface Queryable {
  query<Row extends pg.QueryResultRow>(config: pg.QueryConfig): Promise<pg.QueryResult<Row>>;
}

async function query<Row>(on: Queryable, { name, text }: Statement, values: readonly Value[]): Promise<Row[]> {
  try {
    const config: pg.QueryConfig = { text, values: values.map(toParameter) };
    if (name !== '') config.name = name;
    const result = await on.query<pg.QueryResultRow>(config);
    // Parse boundary: the SELECT list and the row type are written side by side in store/.
    return result.rows as Row[];
  } catch (error) {
    throw toDatabaseError(error);
  }
}

function toParameter(value: Value): Element {
  return isArray(value) ? arrayText(value) : value;
}

function isArray(value: Value): value is readonly Element[] {
  return Array.isArray(value);
}

async function retryConflicts<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.kind !== 'conflict' || tries >= CONFLICT_TRIES) throw error;
    }
  }
}

/** Sorts an error of pg by SQLSTATE class; errors without one never reached PostgreSQL or lost it on the way. */
function toDatabaseError(error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const code = sqlStateOf(error);
  if (code === undefined) return new DatabaseError('unavailable', undefined, error);
  return new DatabaseError(kindOf(code, error), code, error);
}

function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return /^[0-9A-Z]{5}$/.test(error.code) && 'severity' in error ? error.code : undefined;
}

function kindOf(code: string, error: unknown): DatabaseErrorKind {
  if (code === 'PA001') return 'lease';
  if (code === '23514' && error instanceof Error && 'routine' in error && error.routine === 'ExecFindPartition')
    return 'no-partition';
  const sqlClass = code.slice(0, 2);
  if (sqlClass === '40' || code === '55P03') return 'conflict';
  if (sqlClass === '22' || sqlClass === '23') return 'data';
  // 08 connection, 53 resources (disk full, too many connections), 57 shutdown or cancelled, 58 system, 25006 a standby, 3D000 being restored.
  if (['08', '53', '57', '58', 'XX'].includes(sqlClass) || code === '25006' || code === '3D000') return 'unavailable';
  return 'bug';
}
