// What the crash ledger runs against: the real sandbox, any number of real gateway processes on one database, senders with high throughput,
// a balancer in front of the API and one in front of Meta's callbacks, and the customer's book. The test starts and kills gateways itself.
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { findEmbedded } from '../../src/store/embedded.js';
import { temporaryFolder } from './dev-world.js';
import { type Program, startProgram } from './ledger-program.js';
import { type LedgerReceiver, startLedgerReceiver } from './ledger-receiver.js';
import { type Balancer, startBalancer } from './proxy-balancer.js';
import { until } from './until.js';

/** How one gateway process is started. */
export interface GatewayOptions {
  /** As `--roles`; all by default. */
  roles?: string;
  /** Added to the environment. */
  env?: Record<string, string>;
}

/** A gateway process of the world. */
export interface GatewayProcess extends Program {
  roles: string;
  /** SIGSTOP, and nothing new is sent to it, as a health check would see to. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
}

/** `databaseUrl` unset: the embedded database, in `dataDir`. */
export interface LedgerWorldOptions {
  databaseUrl?: string;
  /** Business numbers, 6 by default. */
  senders?: number;
  /** Messages a second of each number, 1000 by default: pace is not what is tested. */
  throughput?: number;
}

/** A running world. */
export interface LedgerWorld {
  /** Base URL of the sandbox. */
  sandbox: string;
  /** Base URL of the API, the same for all processes. */
  api: string;
  apiKey: string;
  adminKey: string;
  senders: readonly string[];
  receiver: LedgerReceiver;
  dataDir: string;
  /** Gateway processes started and not seen to end. */
  gateways(): GatewayProcess[];
  /** Starts a gateway process; resolves when it listens. */
  serve(options?: GatewayOptions): Promise<GatewayProcess>;
  /** URL of the database, for looking into it. */
  database(): Promise<string>;
  /** Process id of the embedded server, 0 while it is down. */
  postgresPid(): Promise<number>;
  /** Makes numbers and senders, lets the window be open, and resolves when all is ready. Once, when a first gateway listens. */
  setUp(unknownWaitSeconds?: number): Promise<void>;
  /** Resolves when `GET /readyz` of this process is 200. */
  untilReady(gateway: GatewayProcess, timeoutMs?: number): Promise<void>;
  call(base: string, path: string, json?: unknown, method?: string): Promise<{ status: number; body: unknown }>;
  /** A call of the API with the customer's key; the bytes as they came. */
  callAsCustomer(path: string, method: string): Promise<{ status: number; bytes: Buffer }>;
  stop(): Promise<void>;
}

const WABA_ID = '441134961000100';
const FIRST_SENDER = 441_134_961_001;
const APP_SECRET = 'app-secret-of-the-ledger';
const GRAPH_TOKEN = 'graph-token-of-the-ledger';
const VERIFY_TOKEN = 'verify-token-of-the-ledger';
const CALL_TIMEOUT_MS = 30_000;

/** Starts sandbox, receiver and balancers; no gateway yet. */
export async function startLedgerWorld(options: LedgerWorldOptions = {}): Promise<LedgerWorld> {
  const [receiver, api, callbacks] = await Promise.all([startLedgerReceiver(), startBalancer(), startBalancer()]);
  const sandbox = await startProgram(['sandbox'], { PARLEY_SANDBOX_PORT: '0', PARLEY_LOG_LEVEL: 'warn' });
  return new RunningWorld(options, { receiver, api, callbacks, sandbox });
}

interface Parts {
  receiver: LedgerReceiver;
  api: Balancer;
  callbacks: Balancer;
  sandbox: Program;
}

class RunningWorld implements LedgerWorld {
  readonly sandbox: string;
  readonly api: string;
  readonly apiKey = 'api-key-of-the-ledger';
  readonly adminKey = 'admin-key-of-the-ledger';
  readonly senders: readonly string[];
  readonly receiver: LedgerReceiver;
  readonly dataDir = temporaryFolder('ledger');
  readonly #secretKey = randomBytes(32).toString('base64');
  readonly #options: LedgerWorldOptions;
  readonly #parts: Parts;
  readonly #throughput: number;
  readonly #gateways = new Set<GatewayProcess>();
  readonly #paused = new Set<GatewayProcess>();

  constructor(options: LedgerWorldOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
    this.#throughput = options.throughput ?? 1000;
    this.receiver = parts.receiver;
    this.sandbox = parts.sandbox.url;
    this.api = parts.api.url;
    this.senders = Array.from({ length: options.senders ?? 6 }, (_, i) => String(FIRST_SENDER + i));
  }

  gateways(): GatewayProcess[] {
    return [...this.#gateways];
  }

  async serve({ roles = 'api,dispatch,receive,deliver', env = {} }: GatewayOptions = {}): Promise<GatewayProcess> {
    const { databaseUrl } = this.#options;
    const program = await startProgram(['serve', '--dev', '--roles', roles], {
      PARLEY_PORT: '0',
      PARLEY_DATA_DIR: this.dataDir,
      PARLEY_META_URL: this.sandbox,
      PARLEY_META_APP_SECRET: APP_SECRET,
      PARLEY_META_VERIFY_TOKEN: VERIFY_TOKEN,
      PARLEY_SECRET_KEY: this.#secretKey,
      PARLEY_ADMIN_KEY: this.adminKey,
      PARLEY_DEV_API_KEY: this.apiKey,
      ...(databaseUrl === undefined ? {} : { PARLEY_DATABASE_URL: databaseUrl }),
      ...env,
    });
    const gateway: GatewayProcess = {
      ...program,
      roles,
      pause: () => {
        program.signal('SIGSTOP');
        this.#paused.add(gateway);
        this.#balance();
      },
      resume: () => {
        program.signal('SIGCONT');
        this.#paused.delete(gateway);
        this.#balance();
      },
    };
    this.#gateways.add(gateway);
    this.#balance();
    void program.ended.then(() => {
      this.#gateways.delete(gateway);
      this.#balance();
    });
    return gateway;
  }

  #balance(): void {
    const awake = this.gateways().filter((gateway) => !this.#paused.has(gateway));
    const withRole = (role: string) => awake.filter(({ roles }) => roles.split(',').includes(role));
    this.#parts.api.setUpstreams(withRole('api').map(({ url }) => url));
    this.#parts.callbacks.setUpstreams(withRole('receive').map(({ url }) => url));
  }

  async database(): Promise<string> {
    if (this.#options.databaseUrl !== undefined) return this.#options.databaseUrl;
    return (await findEmbedded(this.dataDir))?.url ?? '';
  }

  async postgresPid(): Promise<number> {
    return (await findEmbedded(this.dataDir))?.pid ?? 0;
  }

  async setUp(unknownWaitSeconds = 30): Promise<void> {
    await Promise.all(this.gateways().map((gateway) => this.untilReady(gateway)));
    const numbers = this.senders.map((number) => ({
      number,
      phoneNumberId: `${number}200`,
      throughput: this.#throughput,
    }));
    const app = {
      appSecret: APP_SECRET,
      verifyToken: VERIFY_TOKEN,
      callbackUrl: `${this.#parts.callbacks.url}/meta/webhook`,
      token: GRAPH_TOKEN,
    };
    await this.#must(this.call(this.sandbox, '/_sandbox/wabas', { wabaId: WABA_ID, numbers, app }));
    await this.#must(this.call(this.sandbox, '/_sandbox/window', { mode: 'open' }, 'PUT'));
    const accountId = demoAccountId((await this.call(this.api, '/parley/1/accounts')).body);
    await this.#must(
      this.call(this.api, `/parley/1/accounts/${accountId}`, { unknownWaitSeconds, readMarks: true }, 'PATCH'),
    );
    for (const sender of this.senders) await this.#makeSender(accountId, sender);
  }

  async #makeSender(accountId: string, sender: string): Promise<void> {
    const path = '/parley/1/senders';
    const ids = { phoneNumberId: `${sender}200`, wabaId: WABA_ID, accessToken: GRAPH_TOKEN };
    const forwardUrl = this.receiver.inboundUrl;
    await this.#must(this.call(this.api, path, { sender, throughput: this.#throughput, ...ids, accountId }));
    await this.#must(this.call(this.api, `${path}/${sender}`, { forwardUrl }, 'PATCH'));
  }

  async untilReady(gateway: GatewayProcess, timeoutMs = 30_000): Promise<void> {
    await until(
      `${gateway.url} is ready`,
      async () => (await this.call(gateway.url, '/readyz')).status === 200,
      timeoutMs,
    );
  }

  async call(base: string, path: string, json?: unknown, method?: string): Promise<{ status: number; body: unknown }> {
    const answer = await fetch(`${base}${path}`, {
      method: method ?? (json === undefined ? 'GET' : 'POST'),
      headers: { authorization: `App ${this.adminKey}`, 'content-type': 'application/json' },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json') === true;
    return { status: answer.status, body: isJson ? JSON.parse(text) : text };
  }

  async callAsCustomer(path: string, method: string): Promise<{ status: number; bytes: Buffer }> {
    const headers = { authorization: `App ${this.apiKey}` };
    const answer = await fetch(`${this.api}${path}`, { method, headers, signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
    return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) };
  }

  async #must(called: Promise<{ status: number; body: unknown }>): Promise<void> {
    const { status, body } = await called;
    if (status > 299) throw new Error(`setting up the ledger's world: ${status} ${JSON.stringify(body)}`);
  }

  async stop(): Promise<void> {
    for (const gateway of this.gateways()) {
      gateway.resume();
      await gateway.terminate();
    }
    await this.#parts.sandbox.terminate();
    await Promise.all([this.receiver.stop(), this.#parts.api.stop(), this.#parts.callbacks.stop()]);
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

function demoAccountId(body: unknown): string {
  // The parse boundary of the admin API's list of accounts.
  const { results } = body as { results: { accountId: string; name: string }[] };
  return results.find(({ name }) => name === 'demo')?.accountId ?? '';
}
