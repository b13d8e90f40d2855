// The embedded PostgreSQL: initialised on first start, attached to when it still runs, restarted when it dies, owned by one process at a time.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Log } from '../lib/log.js';
import { type Binaries, EmbeddedUnavailable, prepareBinaries } from './embedded-binaries.js';
import { findPlace, type Place } from './embedded-place.js';
import {
  DATABASE_USER,
  initialiseCluster,
  killServer,
  lastLogLines,
  removeSocketFolder,
  runningServer,
  spawnServer,
  stopServer,
  trimLog,
} from './embedded-process.js';

export { EmbeddedUnavailable } from './embedded-binaries.js';

/** Key of the session advisory lock that says which process owns the embedded server (`parlown` in ASCII). */
const OWNER_LOCK_KEY = '31632341465003886';

const DATABASE = 'parley';
const START_TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** A killed owner's session ends within milliseconds; a living one keeps its lock. */
const OWNER_WAIT_MS = 3_000;
const POLL_MS = 25;
const BACKOFF_MS_MIN = 100;
const BACKOFF_MS_MAX = 5_000;
const LOG_CHECK_MS = 10 * 60_000;

/** A running embedded server that this process owns. */
export interface EmbeddedPostgres {
  /** For libpq and `pg` alike: `postgresql:///parley?host=<socket folder>&user=parley`. Stays the same through restarts. */
  url: string;
  /** Process id of the server; changes when it is restarted, 0 while it is down. */
  pid(): number;
  /** Aborts when the server could not be kept: another process took it over. Nothing is restarted afterwards. */
  lost: AbortSignal;
  /** Ends the server in order and resolves when it is gone. Throws when it would not go. */
  stop(): Promise<void>;
}

/** `dataDir` is made when missing; `log` hears of starts, deaths and restarts; `onRestart` is called after each restart. */
export interface EmbeddedOptions {
  dataDir: string;
  log: Log;
  onRestart?: () => void;
}

/**
 * Starts the server of `dataDir`, or attaches to the one a killed process left running, and keeps it running until `stop`. About 1 s the first time.
 * Throws EmbeddedUnavailable, one line for the operator: no binaries for this platform, another process owns the directory, wrong owner of files, no start in 60 s.
 */
export async function startEmbedded({ dataDir, log, onRestart }: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const place = await findPlace(dataDir);
  const binaries = prepareBinaries(place.user, place.copyRoot);
  await initialiseCluster(binaries, place);
  const stopping = new AbortController();
  const lost = new AbortController();
  const server: Server = { place, binaries, log, stopping: stopping.signal };
  let owner = await takeServer(server);
  const logCheck = setInterval(() => trimLog(place), LOG_CHECK_MS);
  logCheck.unref();
  const stopped = once(stopping.signal, 'abort').then(() => false);
  const kept = keepRunning();

  async function keepRunning(): Promise<void> {
    while (await Promise.race([owner.ended, stopped])) {
      log.error({ event: 'postgres.down', said: lastLogLines(place) });
      try {
        owner = await takeServer(server);
      } catch (error) {
        if (!stopping.signal.aborted) lost.abort(error);
        return;
      }
      log.warn({ event: 'postgres.restarted', pid: runningServer(place.cluster) });
      onRestart?.();
    }
  }

  return {
    url: databaseUrl(place, DATABASE),
    pid: () => runningServer(place.cluster) ?? 0,
    lost: lost.signal,
    async stop() {
      stopping.abort();
      clearInterval(logCheck);
      await kept;
      await owner.client.end().catch(() => {});
      if (!lost.signal.aborted) {
        await stopServer(place.cluster);
        removeSocketFolder(place);
      }
      log.info({ event: 'postgres.stopped' });
    },
  };
}

/** The session that holds the owner's lock; `ended` resolves when it is gone, however long ago. */
interface Owner {
  client: pg.Client;
  ended: Promise<true>;
}

/** Where the server of `dataDir` is reached and whether it runs (0 = no); undefined when none was made yet. Starts nothing. Throws EmbeddedUnavailable. */
export async function findEmbedded(dataDir: string): Promise<{ url: string; pid: number } | undefined> {
  if (!existsSync(join(dataDir, 'postgres')) && !existsSync(join(dataDir, 'postgres.json'))) return undefined;
  const place = await findPlace(dataDir);
  return { url: databaseUrl(place, DATABASE), pid: runningServer(place.cluster) ?? 0 };
}

/** Ends at once, without an owner, the server of `dataDir` whose owner was killed; the next start recovers. */
export async function killLeftover(dataDir: string): Promise<void> {
  await killServer((await findPlace(dataDir)).cluster);
}

interface Server {
  place: Place;
  binaries: Binaries;
  log: Log;
  stopping: AbortSignal;
}

/** Makes sure that the server runs and that this process is its owner; the lock lives as long as the returned connection. */
async function takeServer(server: Server): Promise<Owner> {
  const owner = await connectOrStart(server);
  try {
    await lockOwnership(server.place, owner.client);
  } catch (error) {
    await owner.client.end().catch(() => {});
    throw error;
  }
  return owner;
}

/** Connects to the server, starting it as often as it takes, 60 s at most. */
async function connectOrStart(server: Server): Promise<Owner> {
  const { place, binaries, log, stopping } = server;
  const deadline = performance.now() + START_TIMEOUT_MS;
  let backoffMs = BACKOFF_MS_MIN;
  let mayStartAt = 0;
  let refusal: unknown;
  let starting: ChildProcess | undefined;
  while (performance.now() < deadline && !stopping.aborted) {
    try {
      return await connectDatabase(place);
    } catch (error) {
      refusal = error;
    }
    const runs = isRunning(starting) || runningServer(place.cluster) !== undefined;
    if (!runs && performance.now() >= mayStartAt) {
      starting = spawnServer(binaries, place);
      log.info({ event: 'postgres.start', pid: starting.pid, cluster: place.cluster });
      mayStartAt = performance.now() + backoffMs;
      backoffMs = Math.min(backoffMs * 2, BACKOFF_MS_MAX);
    }
    await delay(POLL_MS);
  }
  throw new EmbeddedUnavailable(`PostgreSQL did not start: ${lastLogLines(place)} (log: ${place.logFile})`, {
    cause: refusal,
  });
}

function isRunning(child: ChildProcess | undefined): boolean {
  return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/** Connects to our database, which is made when the cluster is new. Throws while the server is not ready. */
async function connectDatabase(place: Place): Promise<Owner> {
  try {
    return await connect(place, DATABASE);
  } catch (error) {
    if (!hasCode(error, UNKNOWN_DATABASE)) throw error;
  }
  const maintenance = await connect(place, 'postgres');
  try {
    await maintenance.client.query(`CREATE DATABASE ${DATABASE}`);
  } catch (error) {
    // Another start was making it too.
    if (!hasCode(error, DUPLICATE_DATABASE) && !hasCode(error, UNIQUE_VIOLATION)) throw error;
  } finally {
    await maintenance.client.end();
  }
  return connect(place, DATABASE);
}

const UNKNOWN_DATABASE = '3D000';
const DUPLICATE_DATABASE = '42P04';
const UNIQUE_VIOLATION = '23505';

async function connect(place: Place, database: string): Promise<Owner> {
  const client = new pg.Client({
    connectionString: databaseUrl(place, database),
    application_name: `parley owner ${process.pid}`,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: START_TIMEOUT_MS,
  });
  // The end of the connection is what tells; an error event without a listener would end the process.
  client.on('error', () => {});
  const ended = new Promise<true>((resolve) => client.once('end', () => resolve(true)));
  await client.connect();
  return { client, ended };
}

async function lockOwnership(place: Place, client: pg.Client): Promise<void> {
  const deadline = performance.now() + OWNER_WAIT_MS;
  do {
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [
      OWNER_LOCK_KEY,
    ]);
    if (rows[0]?.taken === true) return;
    await delay(POLL_MS * 4);
  } while (performance.now() < deadline);
  const owner = await client.query<{ name: string }>(
    `SELECT a.application_name AS name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      WHERE l.locktype = 'advisory' AND l.granted AND (l.classid::bigint << 32) + l.objid::bigint = $1`,
    [OWNER_LOCK_KEY],
  );
  const name = (owner.rows[0]?.name ?? '').replace('parley owner', 'process');
  throw new EmbeddedUnavailable(
    `the database in ${place.cluster} is in use by another Parley (${name}); stop it or choose another PARLEY_DATA_DIR`,
  );
}

function databaseUrl(place: Place, database: string): string {
  return `postgresql:///${database}?host=${encodeURIComponent(place.socketDir).replaceAll('%2F', '/')}&user=${DATABASE_USER}`;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
