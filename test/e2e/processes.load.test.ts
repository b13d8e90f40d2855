// Several gateway processes on one database, long: one stopped past its lease, rates that add up, a rolling restart under load.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readSandbox, type SandboxMessage } from '../support/ledger.js';
import {
  firstSendsAfter,
  lifeOf,
  metricOf,
  settleBalanced,
  startRun,
  startSharedDatabase,
  startWorld,
} from '../support/ledger-shared.js';
import { until } from '../support/until.js';

const TAKEOVER_MS_MAX = 25_000;
/** The lease of 20 s and what it takes to notice its end. */
const STOPPED_MS = 27_000;

test('a process stopped past its lease gives its lanes away and sends nothing twice when it wakes', async (t) => {
  const life = lifeOf(t);
  const databaseUrl = await startSharedDatabase(life);
  const world = await startWorld(life, [{}, {}, {}], { databaseUrl });
  const run = startRun(t, life, world, { perSecond: 150 });
  await delay(3_000);
  const [sleeper] = world.gateways();
  const stoppedAt = Date.now();
  sleeper?.pause();
  await delay(STOPPED_MS);
  sleeper?.resume();
  await delay(5_000);
  await settleBalanced(t, run);
  const moved = await firstSendsAfter(world, run, stoppedAt);
  t.diagnostic(`first sends after the stop, ms: ${[...moved.values()].join(', ')}`);
  assert.deepEqual([...moved.keys()].sort(), [...world.senders].sort());
  assert.ok(Math.max(...moved.values()) <= TAKEOVER_MS_MAX);
  assert.equal(sleeper?.hasEnded(), false);
});

test('the pace of each number holds over all processes, and the numbers add up', async (t) => {
  const throughput = 15;
  const life = lifeOf(t);
  const databaseUrl = await startSharedDatabase(life);
  const world = await startWorld(life, [{}, {}], { databaseUrl, senders: 4, throughput });
  // Everything is accepted within seconds and waits for its pace.
  const run = startRun(t, life, world, { perSecond: 400, inboundPerSecond: 0.001 });
  await until('enough is accepted', () => run.load.accepted.size >= 1_200, 30_000);
  await settleBalanced(t, run);
  const rates = ratesOf(await readSandbox(world));
  t.diagnostic(`messages a second by number: ${[...rates.values()].map((rate) => rate.toFixed(1)).join(', ')}`);
  assert.equal(rates.size, 4);
  for (const rate of rates.values()) assert.ok(rate <= throughput * 1.1 && rate >= throughput * 0.8, `${rate}/s`);
  for (const { url } of world.gateways()) {
    assert.equal(await metricOf(world, url, /meta_code="130429"/), 0);
    assert.ok((await metricOf(world, url, /^parley_dispatched_total\{outcome="accepted"/)) > 0, `${url} sent nothing`);
  }
});

/** Messages a second of each sender, from its first to its last. */
function ratesOf(messages: readonly SandboxMessage[]): Map<string, number> {
  const times = new Map<string, number[]>();
  for (const { from, acceptedAt } of messages) times.set(from, [...(times.get(from) ?? []), Date.parse(acceptedAt)]);
  return new Map(
    [...times].map(([from, at]) => [from, ((at.length - 1) * 1000) / (Math.max(...at) - Math.min(...at))]),
  );
}

test('a rolling restart under load loses nothing and refuses nothing but what a client may repeat', async (t) => {
  const life = lifeOf(t);
  const databaseUrl = await startSharedDatabase(life);
  const world = await startWorld(life, [{}, {}], { databaseUrl });
  const run = startRun(t, life, world, { perSecond: 150 });
  for (const old of world.gateways()) {
    await delay(2_000);
    await world.untilReady(await world.serve());
    assert.equal(await old.terminate(), 0, old.output());
  }
  await delay(2_000);
  await settleBalanced(t, run);
  const refused = [...run.load.refusals.keys()].filter((what) => !MAY_BE_REPEATED.has(what));
  assert.deepEqual(refused, []);
});

/** What a client repeats without a second thought: the connection went, or the server says that it is not there now. */
const MAY_BE_REPEATED = new Set(['ECONNRESET', 'ECONNREFUSED', 'UND_ERR_SOCKET', 'http 503']);
