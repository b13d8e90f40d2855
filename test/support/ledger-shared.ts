// The ledger's world on a database that several gateway processes share, and what tests of several processes look at.
import { rmSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { ownDatabase } from './database-owner.js';
import { temporaryFolder } from './dev-world.js';
import { readSandbox } from './ledger.js';
import { type GatewayOptions, type LedgerWorld, type LedgerWorldOptions, startLedgerWorld } from './ledger-world.js';

/** A world with one gateway process for each of `gateways`, set up; it ends with the test. */
export async function startSharedWorld(
  t: TestContext,
  gateways: readonly GatewayOptions[],
  options: LedgerWorldOptions & { unknownWaitSeconds?: number } = {},
): Promise<LedgerWorld> {
  const folder = temporaryFolder('shared');
  const owner = await ownDatabase(folder);
  const world = await startLedgerWorld({ databaseUrl: owner.url, ...options });
  t.after(async () => {
    await world.stop();
    await owner.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  for (const gateway of gateways) await world.serve(gateway);
  await world.setUp(options.unknownWaitSeconds);
  return world;
}

/** For each sender, how many ms after `at` (epoch ms) Meta first got a message of it. */
export async function firstSendsAfter(world: LedgerWorld, at: number): Promise<Map<string, number>> {
  const first = new Map<string, number>();
  for (const { direction, from, acceptedAt } of await readSandbox(world)) {
    const after = Date.parse(acceptedAt) - at;
    if (direction === 'out' && after > 0 && !first.has(from)) first.set(from, after);
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
