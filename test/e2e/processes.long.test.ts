// Several gateway processes on one database: each role alone, and one of two killed under load.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  firstSendsAfter,
  lifeOf,
  settleBalanced,
  startRun,
  startSharedDatabase,
  startWorld,
} from '../support/ledger-shared.js';

const LOAD_MS = 4_000;
const TAKEOVER_MS_MAX = 25_000;
const UNKNOWN_WAIT_SECONDS = 12;

test('four processes with one role each carry messages there and back', async (t) => {
  const life = lifeOf(t);
  const databaseUrl = await startSharedDatabase(life);
  const roles = ['api', 'dispatch', 'receive', 'deliver'].map((role) => ({ roles: role }));
  const run = startRun(t, life, await startWorld(life, roles, { databaseUrl }), { perSecond: 150 });
  await delay(LOAD_MS);
  const { accepted } = await settleBalanced(t, run);
  assert.ok(accepted > 200, `only ${accepted} were accepted`);
});

test('when one of two processes is killed its lanes move to the other, and nothing is lost or repeated', async (t) => {
  const life = lifeOf(t);
  const databaseUrl = await startSharedDatabase(life);
  const world = await startWorld(life, [{}, {}], { databaseUrl, unknownWaitSeconds: UNKNOWN_WAIT_SECONDS });
  const run = startRun(t, life, world, { perSecond: 150 });
  await delay(LOAD_MS);
  const killedAt = Date.now();
  await world.gateways()[0]?.kill();
  await delay(LOAD_MS);
  await settleBalanced(t, run);
  const moved = await firstSendsAfter(world, run, killedAt);
  t.diagnostic(`first sends after the kill, ms: ${[...moved.values()].join(', ')}`);
  assert.deepEqual([...moved.keys()].sort(), [...world.senders].sort());
  assert.ok(Math.max(...moved.values()) <= TAKEOVER_MS_MAX);
});
