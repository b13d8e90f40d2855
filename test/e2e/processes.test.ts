// Several gateway processes on one database: each role alone, and one of two killed under load.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { assertBalanced } from '../support/ledger.js';
import { seededRandom, seedOfRun } from '../support/ledger-random.js';
import { startLedgerRun } from '../support/ledger-run.js';
import { firstSendsAfter, startSharedWorld } from '../support/ledger-shared.js';

const LOAD_MS = 4_000;
const TAKEOVER_MS_MAX = 25_000;
const UNKNOWN_WAIT_SECONDS = 12;

test('four processes with one role each carry messages there and back', async (t) => {
  const roles = ['api', 'dispatch', 'receive', 'deliver'];
  const world = await startSharedWorld(
    t,
    roles.map((role) => ({ roles: role })),
  );
  const run = startLedgerRun(world, { perSecond: 150, random: seededRandom(seedOfRun()) });
  t.after(() => run.stop());
  await delay(LOAD_MS);
  const { reckoning } = await run.settle();
  for (const line of run.describe(reckoning, [])) t.diagnostic(line);
  assertBalanced(reckoning);
  assert.ok(reckoning.accepted > 200, `only ${reckoning.accepted} were accepted`);
});

test('when one of two processes is killed its lanes move to the other, and nothing is lost or repeated', async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`CRASH_SEED=${seed}`);
  const world = await startSharedWorld(t, [{}, {}], { unknownWaitSeconds: UNKNOWN_WAIT_SECONDS });
  const run = startLedgerRun(world, { perSecond: 150, random: seededRandom(seed) });
  t.after(() => run.stop());
  await delay(LOAD_MS);
  const killedAt = Date.now();
  await world.gateways()[0]?.kill();
  await delay(LOAD_MS);
  const { reckoning } = await run.settle();
  for (const line of run.describe(reckoning, [])) t.diagnostic(line);
  assertBalanced(reckoning);
  const moved = await firstSendsAfter(world, killedAt);
  t.diagnostic(`first sends after the kill, ms: ${[...moved.values()].join(', ')}`);
  assert.deepEqual([...moved.keys()].sort(), [...world.senders].sort());
  assert.ok(Math.max(...moved.values()) <= TAKEOVER_MS_MAX);
});
