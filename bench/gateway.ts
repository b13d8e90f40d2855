// The gateway under test: `parley serve` as a process of its own, on a data directory or database of its own, with senders made
// through the admin API.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { Bench } from './bench.js';
import { nextMessage, startChild } from './child.js';
import { postgresOf, readCpu, readPssMb, treeOf } from './machine.js';
import type { BenchSender } from './programs/requests.js';

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));
const START_TIMEOUT_MS = 60_000;
const CALL_TIMEOUT_MS = 10_000;
const POLL_MS = 50;
const SENDERS = 16;
/** Meta's top rate of one number. */
const THROUGHPUT = 1000;

/** Where a gateway keeps its data; gateways can be started on it one after the other. */
export interface Place {
  dataDir: string;
  /** Undefined = embedded, in `dataDir`. */
  databaseUrl: string | undefined;
  adminKey: string;
  secretKey: string;
  appSecret: string;
  /** Made by the first gateway. */
  account: { apiKey: string; senders: BenchSender[] } | undefined;
}

/** How a gateway is started. */
export interface GatewayOptions {
  /** `--roles`; undefined = all. */
  roles?: string;
  /** `--processes`. */
  processes?: number;
  /** Graph's base URL; undefined = nobody there, for roles that do not dispatch. */
  metaUrl?: string;
  /** Where inbound messages are forwarded to. */
  forwardUrl?: string;
  /** How the account wants its files sent. */
  media?: 'link' | 'upload';
}

/** A gateway that is ready. */
export interface BenchGateway {
  url: string;
  databaseUrl: string;
  apiKey: string;
  senders: BenchSender[];
  appSecret: string;
  /** CPU time up to now, ms; PostgreSQL's null when it is not on this machine. */
  cpu(): { gatewayMs: number; postgresMs: number | null };
  /** PSS of gateway and PostgreSQL together, MB. */
  pssMb(): number;
  stop(): Promise<void>;
}

/** A new place, removed after the case. */
export async function makePlace(bench: Bench): Promise<Place> {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-bench-'));
  // PostgreSQL's own user must pass through when we are root.
  chmodSync(dataDir, 0o711);
  bench.parts.add('data', () => rmSync(dataDir, { recursive: true, force: true }));
  return {
    dataDir,
    databaseUrl: bench.databaseUrl === undefined ? undefined : await makeDatabase(bench, bench.databaseUrl),
    adminKey: randomBytes(16).toString('hex'),
    secretKey: randomBytes(32).toString('base64'),
    appSecret: randomBytes(16).toString('hex'),
    account: undefined,
  };
}

async function makeDatabase(bench: Bench, server: string): Promise<string> {
  const name = `parley_bench_${randomBytes(4).toString('hex')}`;
  await runSql(server, `CREATE DATABASE ${name}`);
  bench.parts.add('database', async () => void (await runSql(server, `DROP DATABASE ${name} WITH (FORCE)`)));
  const match = /^(postgres(?:ql)?:\/\/[^/?]*)(?:\/[^?]*)?(\?.*)?$/.exec(server);
  return `${match?.[1]}/${name}${match?.[2] ?? ''}`;
}

/** Runs one text of SQL on a connection of its own. */
export async function runSql<Row extends pg.QueryResultRow>(databaseUrl: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Starts a gateway on `place` and waits until it is ready. */
export async function startGateway(bench: Bench, place: Place, options: GatewayOptions): Promise<BenchGateway> {
  const flags = [
    ...(options.roles === undefined ? [] : ['--roles', options.roles]),
    ...(options.processes === undefined ? [] : ['--processes', String(options.processes)]),
  ];
  const profiling = bench.profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${bench.profileDir}`];
  const child = startChild(bench, 'gateway', [...profiling, MAIN, 'serve', ...flags], environment(place, options));
  const [{ url, databaseUrl }] = await Promise.all([
    nextMessage<{ url: string; databaseUrl: string }>('gateway', child.process, START_TIMEOUT_MS),
    listening(child.process.stdout),
  ]);
  const postgres = await findPostgres(databaseUrl);
  await untilReady(url);
  const account = place.account ?? (await makeAccount(url, place, options));
  place.account = account;
  return {
    ...{ url, databaseUrl, ...account, appSecret: place.appSecret, stop: child.stop },
    cpu: () => readTreesCpu(child.pid, postgres),
    pssMb: () => readPssMb(new Set([...treeOf(child.pid), ...(postgres === undefined ? [] : treeOf(postgres))])),
  };
}

function environment(place: Place, { metaUrl }: GatewayOptions): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    PARLEY_PORT: '0',
    PARLEY_DATA_DIR: place.dataDir,
    ...(place.databaseUrl === undefined ? {} : { PARLEY_DATABASE_URL: place.databaseUrl }),
    PARLEY_META_URL: metaUrl ?? 'http://127.0.0.1:9',
    PARLEY_META_APP_SECRET: place.appSecret,
    PARLEY_META_VERIFY_TOKEN: 'bench',
    PARLEY_SECRET_KEY: place.secretKey,
    PARLEY_ADMIN_KEY: place.adminKey,
    PARLEY_ALLOW_NETWORKS: '127.0.0.0/8',
    PARLEY_RATE_LIMITS: 'off',
    PARLEY_LOG_LEVEL: 'warn',
  };
}

/** Resolves at the line that `serve` prints when it is ready; later lines are read and dropped. */
async function listening(stdout: NodeJS.ReadableStream | null): Promise<void> {
  if (stdout === null) throw new Error('no standard output');
  const lines = createInterface({ input: stdout });
  const heard = new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      if (line.startsWith('listening ')) resolve();
    });
    lines.on('close', () => reject(new Error('the gateway ended before it listened')));
  });
  const late = once(AbortSignal.timeout(START_TIMEOUT_MS), 'abort').then(() => {
    throw new Error('the gateway did not listen in time');
  });
  await Promise.race([heard, late]);
}

async function findPostgres(databaseUrl: string): Promise<number | undefined> {
  const text = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'";
  const [row] = await runSql<{ pid: number }>(databaseUrl, text);
  return row === undefined ? undefined : postgresOf(row.pid);
}

function readTreesCpu(gateway: number, postgres: number | undefined): { gatewayMs: number; postgresMs: number | null } {
  const postgresTree = postgres === undefined ? new Set<number>() : treeOf(postgres);
  const gatewayTree = new Set([...treeOf(gateway)].filter((pid) => !postgresTree.has(pid)));
  return {
    gatewayMs: readCpu(gatewayTree).mineMs,
    postgresMs: postgres === undefined ? null : readCpu(postgresTree).mineMs,
  };
}

async function untilReady(url: string): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
    await answer.arrayBuffer();
    if (answer.status === 200) return;
    if (performance.now() > deadline) throw new Error('the gateway did not get ready in time');
    await delay(POLL_MS);
  }
}

async function makeAccount(
  url: string,
  { adminKey }: Place,
  { forwardUrl, media }: GatewayOptions,
): Promise<{ apiKey: string; senders: BenchSender[] }> {
  const call = <T>(path: string, body: object): Promise<T> => create<T>(`${url}/parley/1${path}`, adminKey, body);
  const { accountId } = await call<{ accountId: string }>('/accounts', { name: 'bench', media });
  const { apiKeySecret: apiKey } = await call<{ apiKeySecret: string }>(`/accounts/${accountId}/keys`, {
    name: 'bench',
  });
  const senders = Array.from({ length: SENDERS }, (_, index) => ({
    sender: `4411349610${String(index).padStart(2, '0')}`,
    phoneNumberId: `10600000${String(index).padStart(2, '0')}`,
  }));
  for (const sender of senders) {
    await call('/senders', {
      ...{ accountId, ...sender, wabaId: '1020304050', accessToken: 'EAAbench', throughput: THROUGHPUT },
      forwardUrl: forwardUrl ?? null,
    });
  }
  return { apiKey, senders };
}

async function create<T>(url: string, key: string, body: object): Promise<T> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization: `App ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  const text = await answer.text();
  if (answer.status !== 201) throw new Error(`POST ${url}: ${answer.status} ${text}`);
  // Parse boundary: our own admin API.
  return JSON.parse(text) as T;
}
