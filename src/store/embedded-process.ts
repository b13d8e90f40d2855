// Runs PostgreSQL's programs: makes a cluster, starts the server in a session of its own, finds one that still runs, stops it.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import {
  chownSync,
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Binaries, EmbeddedUnavailable, USE_OTHER_DATABASE } from './embedded-binaries.js';
import type { Place } from './embedded-place.js';

/** The superuser of the cluster; the socket's folder, mode 0700, is what keeps others out. */
export const DATABASE_USER = 'parley';

const INITDB_TIMEOUT_MS = 60_000;
const FAST_STOP_MS = 5_000;
const IMMEDIATE_STOP_MS = 3_000;
const POLL_MS = 20;
const PID_FILE = 'postmaster.pid';
const SOCKET = '.s.PGSQL.5432';
const LOG_BYTES_MAX = 10 * 1024 * 1024;

/** Settings of every start. Durability is never traded for speed. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '60',
  // pgbench with 20 clients: 119 MB PSS and 4,170 tps with 64 MB, 186 MB and 4,250 tps with 128 MB; the kernel's cache holds the rest.
  shared_buffers: '64MB',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  wal_compression: 'pglz',
  max_wal_size: '1GB',
  checkpoint_timeout: '15min',
  // Daily partitions of several tables, each with its indexes, are locked by statements that name no day.
  max_locks_per_transaction: '256',
  max_worker_processes: '8',
  autovacuum: 'on',
  jit: 'off',
  idle_in_transaction_session_timeout: '30s',
  timezone: 'UTC',
  log_timezone: 'UTC',
  logging_collector: 'off',
  log_checkpoints: 'off',
  // Statements and the details of errors hold what customers wrote.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_parameter_max_length_on_error: '0',
};

/** Makes the cluster of `place` unless there is one. Two that do so at once end with one cluster. Throws EmbeddedUnavailable when PostgreSQL cannot run here or is of another major version than the cluster. */
export async function initialiseCluster(binaries: Binaries, place: Place): Promise<void> {
  const versionFile = join(place.cluster, 'PG_VERSION');
  if (!existsSync(versionFile)) await makeCluster(binaries, place);
  const made = readFileSync(versionFile, 'utf8').trim();
  if (made !== binaries.major)
    throw new EmbeddedUnavailable(
      `${place.cluster} was made by PostgreSQL ${made} and this Parley brings ${binaries.major}; dump it with the older Parley and restore it here`,
    );
}

async function makeCluster(binaries: Binaries, place: Place): Promise<void> {
  removeAbandoned(place);
  const partial = `${place.cluster}.init-${process.pid}`;
  mkdirSync(partial, { mode: 0o700 });
  const asRoot = process.getuid?.() === 0;
  if (asRoot) chownSync(partial, place.user.uid, place.user.gid);
  try {
    await promisify(execFile)(
      binaries.initdb,
      ['-D', partial, '-U', DATABASE_USER, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-instructions'],
      {
        cwd: dirname(binaries.initdb),
        env: childEnvironment(),
        timeout: INITDB_TIMEOUT_MS,
        ...(asRoot ? place.user : {}),
      },
    );
    renameSync(partial, place.cluster);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (existsSync(join(place.cluster, 'PG_VERSION'))) return;
    throw explainStart(binaries.initdb, error);
  }
}

/** Removes what an interrupted initialisation left. */
function removeAbandoned(place: Place): void {
  const folder = dirname(place.cluster);
  for (const name of readdirSync(folder)) {
    const pid = /^postgres\.init-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

function explainStart(program: string, error: unknown): EmbeddedUnavailable {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  // The kernel says ENOENT of a program that exists when its loader is missing: musl where glibc is wanted.
  if (code === 'ENOENT' && existsSync(program))
    return new EmbeddedUnavailable(
      `embedded PostgreSQL needs glibc, which this system (Alpine?) has not; ${USE_OTHER_DATABASE}`,
      { cause: error },
    );
  const said =
    typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr).trim() : String(error);
  return new EmbeddedUnavailable(`PostgreSQL could not be set up: ${said.split('\n').slice(-3).join(' ')}`, {
    cause: error,
  });
}

/**
 * Starts the server in a session of its own: the terminal's Ctrl-C does not reach it, and it outlives us. Returns at once; whether it serves is seen by connecting.
 * Its log is begun anew above 10 MB.
 */
export function spawnServer(binaries: Binaries, place: Place): ChildProcess {
  removeStaleLocks(place);
  const args = ['-D', place.cluster, '-k', place.socketDir];
  for (const [name, value] of Object.entries(SETTINGS)) args.push('-c', `${name}=${value}`);
  const log = openSync(place.logFile, 'a', 0o600);
  try {
    trimLog(place);
    const child = spawn(binaries.postgres, args, {
      cwd: place.cluster,
      env: childEnvironment(),
      detached: true,
      stdio: ['ignore', log, log],
      ...(process.getuid?.() === 0 ? place.user : {}),
    });
    // A program that cannot be run says so here and by never serving; the caller looks at exitCode and at the log.
    child.on('error', () => {});
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** Empties the server's log when it is above 10 MB. The server appends, so it can go on meanwhile. */
export function trimLog(place: Place): void {
  if (!existsSync(place.logFile) || statSync(place.logFile).size <= LOG_BYTES_MAX) return;
  const file = openSync(place.logFile, 'r+');
  ftruncateSync(file);
  closeSync(file);
}

/** The last lines of the server's log, for an error message. */
export function lastLogLines(place: Place, lines = 3): string {
  if (!existsSync(place.logFile)) return '';
  return readFileSync(place.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join(' | ');
}

/** The process that `postmaster.pid` names, when it is alive and is a PostgreSQL. */
export function runningServer(cluster: string): number | undefined {
  const pid = readPid(join(cluster, PID_FILE));
  return pid !== undefined && isAlive(pid) && isPostgres(pid) ? pid : undefined;
}

/** Stops the server of `cluster`: fast (5 s), then at once, from which the next start recovers. Resolves when it is gone. */
export async function stopServer(cluster: string): Promise<void> {
  const pid = runningServer(cluster);
  if (pid === undefined) return;
  signal(pid, 'SIGINT');
  if (await isGoneWithin(cluster, pid, FAST_STOP_MS)) return;
  await killServer(cluster);
}

/** Removes the socket's folder where it lies apart from the cluster, in /tmp for one; the next start makes it again. */
export function removeSocketFolder({ socketDir, cluster }: Place): void {
  if (dirname(socketDir) === dirname(cluster)) return;
  try {
    rmdirSync(socketDir);
  } catch {
    // Not empty: the server was killed, and its next start finds its files there.
  }
}

/** Ends the server of `cluster` at once, if it runs; the next start of the cluster recovers. Resolves when it is gone. */
export async function killServer(cluster: string): Promise<void> {
  const pid = runningServer(cluster);
  if (pid === undefined) return;
  signal(pid, 'SIGQUIT');
  if (!(await isGoneWithin(cluster, pid, IMMEDIATE_STOP_MS)))
    throw new Error(`PostgreSQL (process ${pid}) did not stop`);
}

async function isGoneWithin(cluster: string, pid: number, waitMs: number): Promise<boolean> {
  const deadline = performance.now() + waitMs;
  while (performance.now() < deadline) {
    // A process that nobody reaps still counts as alive; a server that ended in order has removed its file.
    if (!isAlive(pid) || (readPid(join(cluster, PID_FILE)) !== pid && isZombie(pid))) return true;
    await delay(POLL_MS);
  }
  return false;
}

/**
 * Lock files whose process id now belongs to another program (after a reboot, in a new container) or to a dead process that nobody has reaped would keep
 * PostgreSQL from starting; it cleans up by itself only after processes that are gone altogether.
 */
function removeStaleLocks(place: Place): void {
  for (const file of [join(place.cluster, PID_FILE), join(place.socketDir, `${SOCKET}.lock`)]) {
    const pid = readPid(file);
    if (pid !== undefined && isAlive(pid) && !isPostgres(pid)) rmSync(file, { force: true });
  }
}

/** The process id that opens a lock file of PostgreSQL. */
function readPid(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function isPostgres(pid: number): boolean {
  const program = commandLine(pid).split(/[\0 ]/)[0] ?? '';
  return basename(program).startsWith('postgres');
}

function commandLine(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return execFileSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8', timeout: 5_000 });
  } catch {
    return '';
  }
}

function isZombie(pid: number): boolean {
  return commandLine(pid) === '';
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself meanwhile.
  }
}

/** Nothing of our environment: PGPORT, PGOPTIONS and the like would change the server. */
function childEnvironment(): Record<string, string> {
  return { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}
