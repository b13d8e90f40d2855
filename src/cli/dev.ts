// `parley dev`: everything on this machine with one command: gateway with embedded PostgreSQL, sandbox, and a demo account that can send at once.

import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Environment, loadSettings, type Settings } from '../config.js';
import { isLoopback } from '../sandbox/control/access.js';
import { killLeftover } from '../store/embedded.js';
import type { Command, Terminal } from './command.js';
import { type Child, ChildFailed, startChild } from './dev-child.js';
import { DEMO, DemoRefused, ensureDemoSender, ensureDemoSms, ensureDemoWaba, waitUntilReady } from './dev-demo.js';
import { type DevLock, takeDevLock } from './dev-lock.js';
import { type DevSecrets, loadDevSecrets, writePrivate } from './dev-secrets.js';

/** Stopping takes at most the sum of these. */
const GATEWAY_STOP_MS = 20_000;
const SANDBOX_STOP_MS = 1_500;

/** `parley dev`. Writes `<data dir>/dev.json` when all is ready. */
export const command: Command = {
  usage: ['dev'],
  async run(args, terminal) {
    if (args.length > 0) {
      terminal.complain('parley: dev takes no arguments; its settings are PARLEY_... variables (parley doctor --dev)');
      return 2;
    }
    const settings = loadSettings(terminal.env, { dev: true });
    mkdirSync(dirname(settings.dataDir), { recursive: true });
    mkdirSync(settings.dataDir, { recursive: true, mode: 0o700 });
    const lock = await takeDevLock(settings.dataDir);
    if (typeof lock === 'number') {
      terminal.complain(
        `parley: ${settings.dataDir} is in use by parley dev, process ${lock}; stop it or set PARLEY_DATA_DIR`,
      );
      return 1;
    }
    try {
      return await runWorld(settings, terminal, lock);
    } finally {
      lock.release();
    }
  },
};

/** What changes while it runs; the rest of dev.json is known when it is first written. */
interface World {
  settings: Settings;
  terminal: Terminal;
  secrets: DevSecrets;
  lock: DevLock;
  file: string;
  children: { sandbox?: Child; gateway?: Child };
  database: { databaseUrl: string; postgresPid: number };
  accountId: string;
}

async function runWorld(settings: Settings, terminal: Terminal, lock: DevLock): Promise<number> {
  const world: World = {
    settings,
    terminal,
    secrets: loadDevSecrets(settings, terminal.env.PARLEY_SECRET_KEY),
    lock,
    file: join(settings.dataDir, 'dev.json'),
    children: {},
    database: { databaseUrl: '', postgresPid: 0 },
    accountId: '',
  };
  rmSync(world.file, { force: true });
  try {
    await start(world);
    if (!terminal.stopped.aborted) await once(terminal.stopped, 'abort');
    return 0;
  } catch (error) {
    if (!(error instanceof ChildFailed || error instanceof DemoRefused)) throw error;
    if (!terminal.stopped.aborted && error instanceof DemoRefused) terminal.complain(`parley: ${error.message}`);
    return terminal.stopped.aborted ? 0 : 1;
  } finally {
    await stop(world);
  }
}

async function start(world: World): Promise<void> {
  const { children, terminal, secrets } = world;
  const sandbox = await startSandbox(world);
  children.sandbox = sandbox;
  if (terminal.stopped.aborted) return;
  const gateway = await startGateway(world, sandbox.url);
  children.gateway = gateway;
  await waitUntilReady(gateway.url, terminal.stopped);
  if (terminal.stopped.aborted) return;
  await ensureDemoWaba(sandbox.url, gateway.url, secrets);
  world.accountId = await ensureDemoSender(gateway.url, secrets);
  await ensureDemoSms({ sandbox: sandbox.url, api: gateway.url, accountId: world.accountId }, secrets);
  writeDevFile(world);
  const token = sandboxTokenOf(world);
  const phone = token === null ? sandbox.url : `${sandbox.url}/?token=${token}`;
  for (const line of banner(gateway.url, phone, secrets.apiKey)) terminal.print(line);
}

function startSandbox(world: World): Promise<Child> {
  const { settings, terminal, secrets, children } = world;
  return startChild({
    args: ['sandbox'],
    env: {
      ...terminal.env,
      ...(sandboxTokenOf(world) === null ? {} : { PARLEY_SANDBOX_TOKEN: secrets.sandboxToken }),
      PARLEY_SANDBOX_STATE: settings.sandboxState ?? join(settings.dataDir, 'sandbox.json'),
      // A crash point is the gateway's.
      PARLEY_CRASH_POINT: undefined,
    },
    portVariable: 'PARLEY_SANDBOX_PORT',
    onSpawn: world.lock.addChild,
    onMessage: () => {},
    onRestart() {
      if (children.sandbox === undefined || children.gateway === undefined) return;
      const [sandbox, api] = [children.sandbox.url, children.gateway.url];
      ensureDemoWaba(sandbox, api, secrets)
        .then(() => ensureDemoSms({ sandbox, api, accountId: world.accountId }, secrets))
        .catch((error) => terminal.complain(`parley: ${error}`));
      writeDevFile(world);
    },
    stopped: terminal.stopped,
    complain: terminal.complain,
  });
}

function startGateway(world: World, sandboxUrl: string): Promise<Child> {
  return startChild({
    args: ['serve', '--dev'],
    env: gatewayEnvironment(world, sandboxUrl),
    portVariable: 'PARLEY_PORT',
    onSpawn: world.lock.addChild,
    onMessage(message) {
      const report = readReport(message);
      if (report === undefined) return;
      world.database = report;
      writeDevFile(world);
    },
    onRestart: () => writeDevFile(world),
    stopped: world.terminal.stopped,
    complain: world.terminal.complain,
  });
}

function gatewayEnvironment({ settings, terminal, secrets }: World, sandboxUrl: string): Environment {
  return {
    ...terminal.env,
    PARLEY_DATA_DIR: settings.dataDir,
    PARLEY_META_URL: sandboxUrl,
    PARLEY_SECRET_KEY: secrets.secretKey,
    PARLEY_ADMIN_KEY: secrets.adminKey,
    PARLEY_DEV_API_KEY: secrets.apiKey,
    PARLEY_META_APP_SECRET: [secrets.appSecret, ...settings.metaAppSecrets.slice(1)].join(','),
    PARLEY_META_VERIFY_TOKEN: secrets.verifyToken,
  };
}

/** What `parley serve` tells its parent (ServeReport); undefined for anything else. */
function readReport(message: unknown): World['database'] | undefined {
  if (typeof message !== 'object' || message === null || !('databaseUrl' in message) || !('postgresPid' in message))
    return undefined;
  return { databaseUrl: String(message.databaseUrl), postgresPid: Number(message.postgresPid) };
}

/** What the control API asks for: nothing while only this machine reaches it and nobody set a token. */
function sandboxTokenOf({ settings, secrets }: World): string | null {
  return settings.sandboxToken === undefined && isLoopback(settings.host) ? null : secrets.sandboxToken;
}

/** Says where everything is; does nothing before all is there. */
function writeDevFile(world: World): void {
  const { children, secrets, database, accountId, file, terminal } = world;
  const { gateway, sandbox } = children;
  if (gateway === undefined || sandbox === undefined || accountId === '' || terminal.stopped.aborted) return;
  writePrivate(file, {
    api: gateway.url,
    sandbox: sandbox.url,
    apiKey: secrets.apiKey,
    adminKey: secrets.adminKey,
    accountId,
    sender: DEMO.sender,
    user: DEMO.user,
    phoneNumberId: DEMO.phoneNumberId,
    wabaId: DEMO.wabaId,
    graphToken: secrets.graphToken,
    metaAppSecret: secrets.appSecret,
    metaVerifyToken: secrets.verifyToken,
    sandboxToken: sandboxTokenOf(world),
    database: database.databaseUrl,
    pid: process.pid,
    gatewayPid: gateway.pid(),
    sandboxPid: sandbox.pid(),
    postgresPid: database.postgresPid === 0 ? null : database.postgresPid,
  });
}

/** The gateway goes first, so that what it still sends finds Meta there. */
async function stop({ children, file, settings }: World): Promise<void> {
  rmSync(file, { force: true });
  const drained = await (children.gateway?.stop(GATEWAY_STOP_MS) ?? true);
  await children.sandbox?.stop(SANDBOX_STOP_MS);
  if (!drained && settings.databaseUrl === undefined) await killLeftover(settings.dataDir);
}

function banner(api: string, phone: string, apiKey: string): string[] {
  const text = JSON.stringify({ from: DEMO.sender, to: DEMO.user, content: { text: 'Hello from Parley' } });
  return [
    '',
    `  Parley is ready.   API ${api}   phone ${phone}`,
    '',
    '  Send a message:',
    `    curl -s ${api}/whatsapp/1/message/text -H 'Authorization: App ${apiKey}' -H 'Content-Type: application/json' -d '${text}'`,
    `    npm run -s parley -- send ${DEMO.user} "Hello from Parley"`,
    '',
    '  Ctrl-C stops everything; what was sent is kept.',
    '',
  ];
}
