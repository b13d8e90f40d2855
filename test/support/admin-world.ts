// The admin API alone, over HTTP on a free port, with a real database and the real sandbox as Meta: what its tests speak to.
import { rmSync } from 'node:fs';
import { type AdminParts, registerAdminApi } from '../../src/api/admin/register.js';
import { createAuthenticator } from '../../src/api/authenticate.js';
import { sendUnroutable } from '../../src/api/errors.js';
import { adminOperations } from '../../src/api/openapi.js';
import { openApiDocument } from '../../src/contract/openapi.js';
import { createServer, listen } from '../../src/http/server.js';
import { type Clock, createClock } from '../../src/lib/clock.js';
import { dayOf } from '../../src/lib/day.js';
import { createLockout } from '../../src/lib/lockout.js';
import { createLog } from '../../src/lib/log.js';
import { createCallerAddress } from '../../src/lib/networks.js';
import { createPasswords } from '../../src/lib/passwords.js';
import { createSafeFetch } from '../../src/lib/safe-fetch.js';
import { createSecretBox } from '../../src/lib/secrets.js';
import { createProveHost } from '../../src/links/dns.js';
import { ensureDevAccount } from '../../src/manage/accounts.js';
import { createLogins } from '../../src/manage/logins.js';
import { createSharedLockout } from '../../src/manage/shared-lockout.js';
import { createTokens } from '../../src/manage/tokens.js';
import { createFolderStore } from '../../src/media/folder.js';
import { createGraphClient } from '../../src/meta/graph-client.js';
import { createDomainChecks } from '../../src/pipeline/domain-checks.js';
import { startSandbox } from '../../src/sandbox/server.js';
import { type Database, openDatabase } from '../../src/store/database.js';
import { openDirectory } from '../../src/store/directory.js';
import { openDomainDirectory } from '../../src/store/domain-directory.js';
import { startEmbedded } from '../../src/store/embedded.js';
import { migrate } from '../../src/store/migrate.js';
import { ensurePartitions } from '../../src/store/partitions.js';
import { assertDescribed, createAnswerCheck } from './answer-check.js';
import { temporaryFolder } from './dev-world.js';

/** One request. `json` or `body` makes it a POST unless `method` says otherwise; `key` null sends none. */
interface AdminCall {
  method?: string;
  key?: string | null;
  json?: unknown;
  body?: string | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
}

/** An answer; `body` is its JSON, or its text when it is none. */
export interface AdminReply<T> {
  status: number;
  headers: Headers;
  body: T;
}

/** An answer whose fields a test looks at one by one. */
export type Fields = Readonly<Record<string, unknown>>;

/** A list answer. */
export interface List {
  results: Fields[];
  paging: { page: number; size: number; totalPages: number; totalResults: number };
}

/** An error answer. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors: { field: string; message: string }[];
}

/** A running admin API. Two accounts are there: `demo` with `demoKey`, and what tests make. */
export interface AdminWorld {
  url: string;
  adminKey: string;
  demoKey: string;
  verifyToken: string;
  database: Database;
  clock: Clock;
  secrets: AdminParts['secrets'];
  /** Base URL of the sandbox. */
  sandbox: string;
  /** Calls `/parley/1` + path with the admin key, unless another is given. */
  call<T = Fields>(path: string, call?: AdminCall): Promise<AdminReply<T>>;
  /** Makes an account with a key of its own. */
  makeAccount(name: string): Promise<{ accountId: string; key: string }>;
  /** Every statement fails with this from now on; undefined mends it. */
  breakDatabase(error: Error | undefined): void;
  /** Cuts the gateway off from Meta. */
  stopSandbox(): Promise<void>;
  stop(): Promise<void>;
}

const ADMIN_KEY = 'admin-key-of-the-test';
const DEMO_KEY = 'demo-key-of-the-test';
const VERIFY_TOKEN = 'verify-token-of-the-test';
const CALL_TIMEOUT_MS = 30_000;

/** Starts one. About 2 s, most of it PostgreSQL. */
export async function startAdminWorld(settings: { isDev?: boolean } = {}): Promise<AdminWorld> {
  const dataDir = temporaryFolder('admin');
  const log = createLog('silent');
  const postgres = await startEmbedded({ dataDir, log });
  await migrate(postgres.url, log);
  const pool = openDatabase({ url: postgres.url, log });
  const clock = createClock();
  await ensurePartitions(pool, dayOf(clock.now()));
  await ensureDevAccount({ database: pool, clock, adminKey: ADMIN_KEY, devApiKey: DEMO_KEY });
  const sandbox = await startSandbox({ host: '127.0.0.1', port: 0, log });
  const graph = createGraphClient({ baseUrl: sandbox.url, version: 'v25.0', timeoutMs: 5_000 });
  const guard = createSafeFetch({ allowNetworks: ['127.0.0.0/8'] });
  const secrets = createSecretBox(Buffer.alloc(32, 7));
  const breaking: { error: Error | undefined } = { error: undefined };
  const database = breakable(pool, breaking);
  const app = createServer(log, {}, sendUnroutable);
  const directory = await openDirectory(pool);
  const passwords = createPasswords(1);
  const lockout = createLockout(clock.monotonic);
  const parts = {
    database,
    directory,
    authenticator: createAuthenticator({
      directory,
      clock,
      callerAddress: createCallerAddress([]),
      logins: createLogins({
        directory,
        clock,
        passwords,
        lockout,
        shared: createSharedLockout(database, clock),
        log,
      }),
      tokens: createTokens({ database, directory, clock }),
      lockout: undefined,
      count: () => undefined,
    }),
    passwords,
    clock,
    secrets,
    graph,
    log,
    metaVerifyToken: VERIFY_TOKEN,
  };
  const domains = await openDomainDirectory(pool);
  const domainChecks = createDomainChecks({
    database: pool,
    clock,
    log,
    domains,
    prove: createProveHost({ servers: ['127.0.0.1:1'], target: () => 'parley.example' }),
  });
  const routes = registerAdminApi(app, {
    ...parts,
    blobs: createFolderStore(temporaryFolder('blobs')),
    isDev: settings.isDev ?? true,
    publicUrl: () => 'https://parley.example',
    domains,
    domainChecks,
    checkUrl: guard.check,
  });
  const url = await listen(app, '127.0.0.1', 0);
  const check = createAnswerCheck(openApiDocument('test', adminOperations(routes)));
  async function call<T = Fields>(path: string, options: AdminCall = {}): Promise<AdminReply<T>> {
    const reply = await request<T>(`${url}/parley/1${path}`, { key: ADMIN_KEY, ...options });
    assertDescribed(check, `/parley/1${path}`, options, reply);
    return reply;
  }
  let isSandboxUp = true;
  async function stopSandbox(): Promise<void> {
    if (isSandboxUp) await sandbox.stop();
    isSandboxUp = false;
  }
  return {
    url,
    adminKey: ADMIN_KEY,
    demoKey: DEMO_KEY,
    verifyToken: VERIFY_TOKEN,
    database: pool,
    clock,
    secrets,
    sandbox: sandbox.url,
    call,
    async makeAccount(name) {
      const { body: account } = await call<{ accountId: string }>('/accounts', { json: { name } });
      const path = `/accounts/${account.accountId}/keys`;
      const { body: key } = await call<{ apiKeySecret: string }>(path, { json: { name } });
      return { accountId: account.accountId, key: key.apiKeySecret };
    },
    breakDatabase: (error) => {
      breaking.error = error;
    },
    stopSandbox,
    async stop() {
      await app.close();
      await guard.close();
      await graph.close();
      await stopSandbox();
      await pool.stop();
      await postgres.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function breakable(pool: Database, breaking: { error: Error | undefined }): Database {
  return {
    ...pool,
    run: (statement, values) =>
      breaking.error === undefined ? pool.run(statement, values) : Promise.reject(breaking.error),
    transaction: (work) => (breaking.error === undefined ? pool.transaction(work) : Promise.reject(breaking.error)),
  };
}

async function request<T>(url: string, { method, headers, json, body, key }: AdminCall): Promise<AdminReply<T>> {
  const content = json === undefined ? body : JSON.stringify(json);
  const answer = await fetch(url, {
    method: method ?? (content === undefined ? 'GET' : 'POST'),
    headers: {
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === null || key === undefined ? {} : { authorization: `App ${key}` }),
      ...headers,
    },
    ...(content === undefined ? {} : { body: content }),
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: parse<T>(text) };
}

function parse<T>(text: string): T {
  // The parse boundary of answers: the caller names the shape and asserts what matters of it.
  try {
    return JSON.parse(text) as T;
  } catch {
    return text as T;
  }
}
