// `parley doctor`: the configuration in force, secrets masked, and whether what it names can be reached.
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { ConfigError, describeConfig, loadConfig, loadSettings, type Settings } from '../config.js';
import { findEmbedded } from '../store/embedded.js';
import { migrationStatus } from '../store/migrate.js';
import type { Command, Terminal } from './command.js';

const META_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;
const FREE_BYTES_MIN = 1024 ** 3;
const POSTGRES_VERSION_MIN = 150_000;

/** What a check found; `failed` makes the command exit 1. */
interface Finding {
  what: string;
  failed: boolean;
  said: string;
}

/** `parley doctor [--dev]`. */
export const command: Command = {
  usage: ['doctor', 'doctor --dev   (with the defaults of parley dev)'],
  async run(args, terminal) {
    const dev = args[0] === '--dev';
    if (args.length > (dev ? 1 : 0)) {
      terminal.complain('parley: doctor takes only --dev');
      return 2;
    }
    showConfiguration(terminal, dev);
    const problems = findProblems(terminal, dev);
    for (const problem of problems) terminal.print(`FAILED  ${problem}`);
    const findings = problems.length > 0 ? [] : await examine(loadSettings(terminal.env, { dev }));
    for (const { what, failed, said } of findings) terminal.print(`${failed ? 'FAILED' : 'ok    '}  ${what}: ${said}`);
    return problems.length > 0 || findings.some((finding) => finding.failed) ? 1 : 0;
  },
};

function showConfiguration(terminal: Terminal, dev: boolean): void {
  for (const { name, value, source, meaning } of describeConfig(terminal.env, { dev })) {
    terminal.print(`${name.padEnd(26)} ${(value === '' ? '-' : value).padEnd(32)} ${source.padEnd(11)} ${meaning}`);
  }
  terminal.print('');
}

/** `parley dev` makes its own secret key, so only serve's needs one set. */
function findProblems(terminal: Terminal, dev: boolean): readonly string[] {
  try {
    if (dev) loadSettings(terminal.env, { dev });
    else loadConfig(terminal.env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

async function examine(settings: Settings): Promise<Finding[]> {
  const checks: [string, () => Promise<string> | string][] = [
    ['data directory', () => examineDataDir(settings.dataDir)],
    ['disk space', () => examineDisk(settings.dataDir)],
    ['database', () => examineDatabase(settings)],
    ['Meta', () => (settings.dev ? examineSandbox(settings.dataDir) : examineMeta(settings.metaUrl))],
  ];
  return Promise.all(checks.map(([what, check]) => finding(what, check)));
}

async function finding(what: string, check: () => Promise<string> | string): Promise<Finding> {
  try {
    return { what, failed: false, said: await check() };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
    return { what, failed: true, said: `${error instanceof Error ? error.message : String(error)}${cause}` };
  }
}

function examineDataDir(dataDir: string): string {
  if (!existsSync(dataDir)) return `${dataDir} is made at the first start`;
  const stat = statSync(dataDir);
  if (!stat.isDirectory()) throw new Error(`${dataDir} is not a folder`);
  accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  if ((stat.mode & 0o066) !== 0) throw new Error(`${dataDir} can be read or written by other users; chmod go-rw it`);
  return dataDir;
}

function examineDisk(dataDir: string): string {
  const path = existingFolder(dataDir);
  const { bavail, bsize } = statfsSync(path);
  const freeBytes = bavail * bsize;
  const said = `${(freeBytes / 1024 ** 3).toFixed(1)} GiB free at ${path}`;
  if (freeBytes < FREE_BYTES_MIN) throw new Error(`only ${said}`);
  return said;
}

function existingFolder(path: string): string {
  return existsSync(path) ? path : existingFolder(dirname(path));
}

async function examineDatabase(settings: Settings): Promise<string> {
  if (settings.databaseUrl !== undefined) return examineServer(settings.databaseUrl);
  const embedded = await findEmbedded(settings.dataDir);
  if (embedded === undefined) return 'embedded, made at the first start';
  if (embedded.pid === 0) return 'embedded, not running now';
  return `embedded, process ${embedded.pid}, ${await examineServer(embedded.url)}`;
}

async function examineServer(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  // The failing query says what a lost connection means here.
  client.on('error', () => {});
  await client.connect();
  const { rows } = await client.query<{ number: string; text: string }>(
    `SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS text`,
  );
  await client.end();
  const version = rows[0];
  if (version === undefined || Number(version.number) < POSTGRES_VERSION_MIN)
    throw new Error(`PostgreSQL ${version?.text} is too old; 15 or newer is needed`);
  const { applied, pending } = await migrationStatus(url);
  return `PostgreSQL ${version.text}, schema ${applied.length}${pending.length > 0 ? `, ${pending.length} migrations pending (run at start)` : ''}`;
}

/** Any answer counts: Graph refuses a call without a token, and that shows it is there. */
/** Under parley dev Meta is the sandbox, which runs only while it does. */
function examineSandbox(dataDir: string): Promise<string> | string {
  const path = join(dataDir, 'dev.json');
  if (!existsSync(path)) return 'the sandbox, started by parley dev';
  const info: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const url = typeof info === 'object' && info !== null && 'sandbox' in info ? info.sandbox : undefined;
  if (typeof url !== 'string') throw new Error(`${path} names no sandbox`);
  return examineMeta(url);
}

async function examineMeta(metaUrl: string): Promise<string> {
  const answer = await fetch(metaUrl, { signal: AbortSignal.timeout(META_TIMEOUT_MS), redirect: 'manual' });
  await answer.body?.cancel();
  return `${metaUrl} answers`;
}
