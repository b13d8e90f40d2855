// The real product for one test: `parley dev` as a process of its own, on free ports, in a data directory of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AnswerCheck, assertDescribed, createAnswerCheck } from './answer-check.js';
import { until } from './until.js';

/** The compiled program. */
export const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;
const CALL_TIMEOUT_MS = 30_000;

/** `dev.json`: where everything is and with which keys. */
export interface DevInfo {
  api: string;
  sandbox: string;
  apiKey: string;
  adminKey: string;
  accountId: string;
  sender: string;
  user: string;
  phoneNumberId: string;
  wabaId: string;
  graphToken: string;
  metaAppSecret: string;
  metaVerifyToken: string;
  database: string;
  pid: number;
  gatewayPid: number;
  sandboxPid: number;
  postgresPid: number | null;
}

/** One call: `json` is sent as JSON, `body` as it is; `key` replaces the demo account's key (null = none). GET unless something is sent. */
export interface Call {
  method?: string;
  headers?: Record<string, string>;
  json?: unknown;
  body?: string | Buffer;
  key?: string | null;
}

/** An answer; `body` is parsed JSON, or the text when it is none. The caller names the shape it goes on to check. */
export interface Reply<T = unknown> {
  status: number;
  headers: Headers;
  body: T;
}

/** `env` is added to the process's; with `dataDir` the directory is the caller's to remove; `keep` leaves it in place after `stop`. */
export interface DevOptions {
  env?: Record<string, string>;
  dataDir?: string;
  keep?: boolean;
  /** Run as another user: `['setpriv', '--reuid', ..]` in front of the program. */
  launcher?: readonly string[];
}

/** A running `parley dev`. */
export interface DevWorld {
  /** What dev.json says now: process ids change when something was killed and came back. */
  readonly info: DevInfo;
  dataDir: string;
  /** Calls the gateway with the demo account's key. */
  api<T = unknown>(path: string, call?: Call): Promise<Reply<T>>;
  /** Calls the sandbox, without a key. */
  sandbox<T = unknown>(path: string, call?: Call): Promise<Reply<T>>;
  /** All that the process wrote, for a failing test to show. */
  output(): string;
  /** SIGKILL, resolved when dev.json names another one that is ready. */
  killGateway(): Promise<void>;
  killPostgres(): Promise<void>;
  killSandbox(): Promise<void>;
  /** SIGKILL of `parley dev` itself, then a new one on the same data; ports may change. */
  killAndRestart(): Promise<void>;
  /** Stops in order and starts again on the same data; ports may change. */
  restart(): Promise<void>;
  /** SIGTERM; resolves when the process has ended. Throws when that took longer than 15 s, or its exit code was not 0. */
  stop(): Promise<void>;
}

/** Starts one and waits until it is ready. Throws with its output when it is not within 60 s. */
export async function startDev(options: DevOptions = {}): Promise<DevWorld> {
  const dataDir = options.dataDir ?? temporaryFolder('dev');
  let running = await launch(options, dataDir);

  async function kill(member: 'gatewayPid' | 'postgresPid' | 'sandboxPid'): Promise<void> {
    const old = readInfo(dataDir)[member];
    if (old === null) throw new Error(`dev.json has no ${member}`);
    process.kill(old, 'SIGKILL');
    await until(`dev.json names another ${member}`, () => readInfo(dataDir)[member] !== old, READY_TIMEOUT_MS);
    await until('ready again', () => isReady(readInfo(dataDir)), READY_TIMEOUT_MS);
  }

  return {
    get info() {
      return readInfo(dataDir);
    },
    dataDir,
    async api<T>(path: string, call: Call = {}) {
      const reply = await request<T>(`${readInfo(dataDir).api}${path}`, { key: readInfo(dataDir).apiKey, ...call });
      assertDescribed(running.check, path, call, reply);
      return reply;
    },
    sandbox: (path, call = {}) => request(`${readInfo(dataDir).sandbox}${path}`, { key: null, ...call }),
    output: () => running.output(),
    killGateway: () => kill('gatewayPid'),
    killPostgres: () => kill('postgresPid'),
    killSandbox: () => kill('sandboxPid'),
    async killAndRestart() {
      rmSync(join(dataDir, 'dev.json'), { force: true });
      running.child.kill('SIGKILL');
      await ended(running.child);
      running = await launch(options, dataDir);
    },
    async restart() {
      await terminate(running);
      running = await launch(options, dataDir);
    },
    async stop() {
      await terminate(running);
      if (options.dataDir === undefined && options.keep !== true) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** A new folder in the system's temporary one that other users may pass through, as PostgreSQL's user must when tests run as root. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `parley-${name}-`));
  chmodSync(folder, 0o711);
  return folder;
}

interface Running {
  child: ChildProcess;
  check: AnswerCheck;
  output(): string;
}

async function launch({ env, launcher = [] }: DevOptions, dataDir: string): Promise<Running> {
  const [program = process.execPath, ...args] = [...launcher, process.execPath, MAIN, 'dev'];
  const child = spawn(program, args, {
    env: { PATH: process.env.PATH, PARLEY_PORT: '0', PARLEY_SANDBOX_PORT: '0', ...env, PARLEY_DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  const output = (): string => chunks.join('');
  try {
    await until('dev.json', () => hasEnded(child) || existsSync(join(dataDir, 'dev.json')), READY_TIMEOUT_MS);
    if (hasEnded(child)) throw new Error('it ended');
    const { status, body } = await request(`${readInfo(dataDir).api}/openapi.json`, {});
    // A gateway without the role api has none.
    return { child, output, check: status === 200 ? createAnswerCheck(body) : () => undefined };
  } catch (error) {
    child.kill('SIGTERM');
    throw new Error(`parley dev did not get ready:\n${output()}`, { cause: error });
  }
}

async function terminate({ child, output }: Running): Promise<void> {
  if (!hasEnded(child)) child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended(child);
  clearTimeout(timer);
  if (child.exitCode !== 0)
    throw new Error(`parley dev ended with ${child.exitCode ?? child.signalCode}:\n${output()}`);
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function ended(child: ChildProcess): Promise<void> {
  if (!hasEnded(child)) await once(child, 'exit');
}

function readInfo(dataDir: string): DevInfo {
  // The parse boundary: the file is the product's own, and tests check its fields by using them.
  return JSON.parse(readFileSync(join(dataDir, 'dev.json'), 'utf8')) as DevInfo;
}

async function isReady({ api, sandbox }: DevInfo): Promise<boolean> {
  const answers = await Promise.all([
    request(`${api}/readyz`, { key: null }),
    request(`${sandbox}/_sandbox/state`, { key: null }),
  ]);
  return answers.every(({ status }) => status === 200);
}

async function request<T>(url: string, { method, headers = {}, json, body, key = null }: Call): Promise<Reply<T>> {
  const content = json === undefined ? body : JSON.stringify(json);
  const answer = await fetch(url, {
    method: method ?? (content === undefined ? 'GET' : 'POST'),
    headers: {
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === null ? {} : { authorization: `App ${key}` }),
      ...headers,
    },
    ...(content === undefined ? {} : { body: content }),
    redirect: 'manual',
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  return { status: answer.status, headers: answer.headers, body: parse<T>(await answer.text()) };
}

function parse<T>(text: string): T {
  // The parse boundary of answers: the caller names the shape and asserts what matters of it.
  try {
    return JSON.parse(text) as T;
  } catch {
    return text as T;
  }
}
