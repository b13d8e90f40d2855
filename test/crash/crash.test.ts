// The crash ledger, short: three kills under load, and the four books agree.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { assertBalanced } from '../support/ledger.js';
import { between, seededRandom, seedOfRun } from '../support/ledger-random.js';
import { assertRecovered, startLedgerRun, type Victim } from '../support/ledger-run.js';
import { startLedgerWorld } from '../support/ledger-world.js';

const PER_SECOND = 300;
/** Shorter than the usual 30 s, longer than any gap between Meta's first retries. */
const UNKNOWN_WAIT_SECONDS = 12;

test('a SIGKILL of the gateway, of PostgreSQL and of both loses nothing and repeats nothing', async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`CRASH_SEED=${seed}`);
  const random = seededRandom(seed);
  const world = await startLedgerWorld();
  t.after(() => world.stop());
  await world.serve();
  await world.setUp(UNKNOWN_WAIT_SECONDS);
  const run = startLedgerRun(world, { perSecond: PER_SECOND, random });
  t.after(() => run.stop());
  const victims: Victim[] = ['gateway', 'postgres', 'both'];
  for (const victim of victims) {
    // The moment of the kill is what is random here; nothing is waited for.
    await delay(between(random, 1_000, 3_000));
    await run.kill(victim);
  }
  await delay(1_000);
  const { reckoning, recoveries } = await run.settle();
  for (const line of run.describe(reckoning, recoveries)) t.diagnostic(line);
  assertBalanced(reckoning);
  assert.ok(reckoning.accepted > PER_SECOND * 3, `only ${reckoning.accepted} messages were accepted`);
  assertRecovered(recoveries);
});
