// The ledger's world on a database that several gateway processes share, and what tests of several processes look at.
import { rmSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { createLifecycle, type Lifecycle } from '../../src/lib/lifecycle.js';
import { ownDatabase } from './database-owner.js';
import { temporaryFolder } from './dev-world.js';
import { assertBalanced, numberOf, type Reckoning, readSandbox } from './ledger.js';
import { seededRandom, seedOfRun } from './ledger-random.js';
import { type LedgerRun, type LedgerRunOptions, startLedgerRun } from './ledger-run.js';
import { type GatewayOptions, type LedgerWorld, type LedgerWorldOptions, startLedgerWorld } from './ledger-world.js';

/** What a test started is stopped when it ends, last started first (`t.after` alone would begin with the first). */
export function lifeOf(t: TestContext): Lifecycle {
  const life = createLifecycle((name, error) => t.diagnostic(`stopping ${name}: ${String(error)}`), { stepMs: 40_000 });
  t.after(() => life.stop());
  return life;
}

/** A database of its own in `folder` (a new one by default), which several processes may use; its URL. */
export async function startSharedDatabase(life: Lifecycle, folder = temporaryFolder('shared')): Promise<string> {
  const owner = await ownDatabase(folder);
  life.add('database', async () => {
    await owner.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return owner.url;
}

/** A world with one gateway process for each of `gateways`, set up; on the embedded database unless a `databaseUrl` is given. */
export async function startWorld(
  life: Lifecycle,
  gateways: readonly GatewayOptions[],
  options: LedgerWorldOptions & { unknownWaitSeconds?: number } = {},
): Promise<LedgerWorld> {
  const world = await startLedgerWorld(options);
  life.add('world', () => world.stop());
  for (const gateway of gateways) await world.serve(gateway);
  await world.setUp(options.unknownWaitSeconds);
  return world;
}

/** Load on a world; it ends with the test at the latest. The seed is printed. */
export function startRun(
  t: TestContext,
  life: Lifecycle,
  world: LedgerWorld,
  options: Omit<LedgerRunOptions, 'random'>,
): LedgerRun {
  const seed = seedOfRun();
  t.diagnostic(`CRASH_SEED=${seed}`);
  const run = startLedgerRun(world, { ...options, random: seededRandom(seed) });
  life.add('load', () => run.stop());
  return run;
}

/** Ends the load, prints the reckoning and holds it to the promises. */
export async function settleBalanced(t: TestContext, run: LedgerRun, quietMs?: number): Promise<Reckoning> {
  const { reckoning, recoveries } = await run.settle(quietMs);
  for (const line of run.describe(reckoning, recoveries)) t.diagnostic(line);
  assertBalanced(reckoning);
  return reckoning;
}

/** For each sender, how many ms after `at` (epoch ms) Meta first got a message of it that was requested after `at`. */
export async function firstSendsAfter(
  world: LedgerWorld,
  { load }: LedgerRun,
  at: number,
): Promise<Map<string, number>> {
  const first = new Map<string, number>();
  for (const message of await readSandbox(world)) {
    const requestedAt = load.accepted.get(numberOf(message) ?? -1)?.requestedAt ?? 0;
    if (requestedAt <= at || first.has(message.from)) continue;
    first.set(message.from, Date.parse(message.acceptedAt) - at);
  }
  return first;
}

/** The value of one line of a gateway's metrics, 0 when there is none. `line` is its name with its labels. */
export async function metricOf(world: LedgerWorld, url: string, line: RegExp): Promise<number> {
  const { body } = await world.call(url, '/metrics');
  return String(body)
    .split('\n')
    .filter((text) => line.test(text))
    .reduce((sum, text) => sum + Number(text.slice(text.lastIndexOf(' ') + 1)), 0);
}
