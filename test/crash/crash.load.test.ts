// The crash ledger, long: every named point of the pipeline, then forty random kills, under load all the while; and the four books agree.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { CRASH_POINTS, FILE_CRASH_POINTS } from '../../src/lib/crash-point.js';
import { between } from '../support/ledger-random.js';
import { assertRecovered, type LedgerRun, untilEnded, type Victim } from '../support/ledger-run.js';
import { lifeOf, settleBalanced, startRun, startWorld } from '../support/ledger-shared.js';
import type { LedgerWorld } from '../support/ledger-world.js';
import { until } from '../support/until.js';

const PER_SECOND = 300;
const POINTS = [...CRASH_POINTS, ...FILE_CRASH_POINTS];
const RANDOM_KILLS = 40;
const POINT_TIMEOUT_MS = 30_000;
/** What is left of the lag must drain before anything is decided. */
const LAG_QUIET_MS = 180_000;
const VICTIMS: readonly Victim[] = ['gateway', 'gateway', 'postgres', 'both'];

interface Running {
  world: LedgerWorld;
  run: LedgerRun;
}

/** The gateway is started anew with one point armed, comes to it under load, and is started again without. */
async function dieAtEveryPoint({ world, run }: Running): Promise<void> {
  for (const point of POINTS) {
    // Lanes are taken over once, at the start; files come twice a second; the other points are passed many times a second.
    const isRare = FILE_CRASH_POINTS.some((rare) => rare === point);
    const hits = point === 'lanes.taken' ? 1 : between(run.random, 3, isRare ? 8 : 60);
    await Promise.all(world.gateways().map((gateway) => gateway.kill()));
    const armed = await world
      .serve({ env: { PARLEY_CRASH_POINT: `${point}:${hits}` } })
      .catch((error: unknown) => String(error));
    const end = typeof armed === 'string' ? armed : String(await untilEnded(armed, POINT_TIMEOUT_MS));
    assert.match(end, /SIGKILL/, `${point}:${hits}`);
    await run.recover(point, true);
  }
}

async function dieByChance({ run }: Running): Promise<void> {
  for (let kill = 0; kill < RANDOM_KILLS; kill += 1) {
    // The moment of the kill is what is random here; nothing is waited for.
    await delay(between(run.random, 200, 3_000));
    await run.kill(VICTIMS[between(run.random, 0, VICTIMS.length - 1)] ?? 'both');
  }
}

test('kills at every point of the pipeline and forty by chance lose nothing and repeat nothing', async (t) => {
  const life = lifeOf(t);
  const world = await startWorld(life, [{}]);
  const run = startRun(t, life, world, { perSecond: PER_SECOND });
  await dieAtEveryPoint({ world, run });
  await dieByChance({ world, run });
  await delay(1_000);
  await settleBalanced(t, run);
  const recoveries = run.recoveries();
  assert.equal(recoveries.length, POINTS.length + RANDOM_KILLS);
  assertRecovered(recoveries);
});

test('while Meta’s webhooks lag behind, what was under way at a kill is not sent again', async (t) => {
  const life = lifeOf(t);
  // The wait is much shorter than the lag, which grows with every second of this load.
  const world = await startWorld(life, [{}], { unknownWaitSeconds: 6 });
  const slow = { on: 'webhook', effect: { latencyMs: 300 }, when: { always: true } };
  assert.equal((await world.call(world.sandbox, '/_sandbox/faults', slow)).status, 201);
  const run = startRun(t, life, world, { perSecond: 150 });
  await until('900 messages are accepted', () => run.load.accepted.size > 900, 60_000);
  await run.kill('gateway');
  await until('500 more are accepted', () => run.load.accepted.size > 1_400, 60_000);
  await settleBalanced(t, run, LAG_QUIET_MS);
});
