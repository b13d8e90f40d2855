// PostgreSQL clusters of Debian's version 15, for tests that need what the embedded one has not: pg_dump, pg_restore, pg_basebackup.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { asOrdinaryUser } from './database-owner.js';
import { temporaryFolder } from './dev-world.js';
import { freePort } from './free-port.js';
import { until } from './until.js';

const BIN = '/usr/lib/postgresql/15/bin';
const START_TIMEOUT_MS = 30_000;

/** Why such clusters cannot be made here; undefined when they can. */
export function whyNoPostgres15(): string | undefined {
  const ordinary = asOrdinaryUser();
  if (typeof ordinary === 'string') return ordinary;
  return existsSync(`${BIN}/pg_basebackup`) ? undefined : `no PostgreSQL 15 in ${BIN}`;
}

/** A running cluster. Its database is `postgres`, its superuser `owner`, without a password, on a free port of loopback. */
export interface Cluster {
  url: string;
  /** Its data directory. */
  folder: string;
  query(sql: string): Promise<unknown[]>;
  /** SIGKILL of the whole server. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** Makes a cluster and starts it. `settings` as in postgresql.conf. */
export async function makeCluster(settings: Record<string, string> = {}): Promise<Cluster> {
  const folder = newFolder();
  runTool('initdb', ['-D', folder, '-U', 'owner', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']);
  return startCluster(folder, settings);
}

/** Makes a streaming standby of `primary` and starts it. */
export async function makeStandby(primary: Cluster, settings: Record<string, string> = {}): Promise<Cluster> {
  const folder = newFolder();
  runTool('pg_basebackup', ['-D', folder, '-R', '-X', 'stream', '-c', 'fast', '-d', primary.url]);
  return startCluster(folder, settings);
}

/** Copies the database of `from` into that of `to`, which is empty, by pg_dump and pg_restore. */
export function dumpAndRestore(from: Cluster, to: Cluster): void {
  const file = join(newFolder(), 'dump');
  runTool('pg_dump', ['-Fc', '-f', file, from.url]);
  runTool('pg_restore', ['--exit-on-error', '-d', to.url, file]);
}

function newFolder(): string {
  const folder = join(temporaryFolder('postgres15'), 'data');
  mkdirSync(folder, { mode: 0o700 });
  const { uid, gid } = account();
  if (process.getuid?.() === 0) chownSync(folder, uid, gid);
  return folder;
}

function account(): { uid: number; gid: number } {
  const ordinary = asOrdinaryUser();
  if (typeof ordinary === 'string') throw new Error(ordinary);
  return ordinary.user;
}

function runTool(tool: string, args: readonly string[]): void {
  const asUser = process.getuid?.() === 0 ? account() : {};
  execFileSync(`${BIN}/${tool}`, [...args], { ...asUser, cwd: '/', stdio: ['ignore', 'ignore', 'inherit'] });
}

async function startCluster(folder: string, settings: Record<string, string>): Promise<Cluster> {
  const port = await freePort();
  const lines = Object.entries({ ...settings, port: String(port) }).map(([name, value]) => `${name} = '${value}'\n`);
  writeFileSync(join(folder, 'postgresql.auto.conf'), lines.join(''), { flag: 'a' });
  const args = ['-D', folder, '-k', '', '-h', '127.0.0.1', '-c', 'max_connections=60', '-c', 'hot_standby=on'];
  const asUser = process.getuid?.() === 0 ? account() : {};
  const server = spawn(`${BIN}/postgres`, args, { ...asUser, cwd: folder, stdio: 'ignore' });
  const url = `postgresql://owner@127.0.0.1:${port}/postgres`;
  await until('PostgreSQL 15 serves', async () => (await query(url, 'SELECT 1')).length === 1, START_TIMEOUT_MS);
  return {
    url,
    folder,
    query: (sql) => query(url, sql),
    async kill() {
      // The postmaster's children end by themselves when it is gone.
      await end(server, 'SIGKILL');
    },
    async stop() {
      await end(server, 'SIGQUIT');
      rmSync(join(folder, '..'), { recursive: true, force: true });
    },
  };
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill(signal);
  await ended;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
