// 200 endpoints, then 10 of them dead and 10 slow: the reports of the others are as fast as before; and after a kill in the midst of it
// every endpoint gets everything, under ids that stay.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { freePort } from '../support/free-port.js';
import { type LedgerReceiver, startLedgerReceiver } from '../support/ledger-receiver.js';
import { type Scene, startScene } from '../support/scene.js';
import { until } from '../support/until.js';

const ENDPOINTS = 200;
const DEAD = 10;
const SLOW = 10;
const SLOW_MS = 5_000;
const PHASE_MS = 12_000;
const TICK_MS = 100;
const PER_TICK = 8;
/** Below this a p99 is the noise of a shared machine. */
const FLOOR_MS = 300;
const RATIO_MAX = 2;
/** More than any wait for a probe in the first dozen failures. */
const LATER_SECONDS = 3_600;

interface Target {
  url: string;
  receiver: LedgerReceiver;
}

let scene: Scene;
const targets: Target[] = [];
/** By the number of the message: when it was accepted, for whom, in which phase. */
const accepted = new Map<number, { at: number; index: number; phase: string }>();

before(async () => {
  scene = await startScene();
  for (let i = 0; i < ENDPOINTS; i += 1) {
    const receiver = await startLedgerReceiver(await freePort());
    targets.push({ url: receiver.reportsUrl, receiver });
  }
});
after(async () => {
  for (const { receiver } of targets) await receiver.stop();
  await scene.stop();
});

function isHealthy(index: number): boolean {
  return index >= DEAD + SLOW;
}

/** The same load in each phase, to all endpoints in turn; resolves when all of it was answered. */
async function load(phase: string): Promise<void> {
  const under: Promise<void>[] = [];
  let next = 0;
  for (let tick = 0; tick < PHASE_MS / TICK_MS; tick += 1) {
    for (let i = 0; i < PER_TICK; i += 1, next += 1) under.push(sendOne(next % ENDPOINTS, phase));
    // A load is made of time; nothing is waited for.
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  await Promise.all(under);
}

async function sendOne(index: number, phase: string): Promise<void> {
  const user = scene.newUser();
  await scene.send({ to: user, notifyUrl: targets[index]?.url, callbackData: user });
  accepted.set(Number(user), { at: Date.now(), index, phase });
}

function missing(which: (index: number) => boolean): number {
  let count = 0;
  for (const [n, { index }] of accepted) {
    const reported = targets[index]?.receiver.reports.get(n);
    const hasBoth = reported !== undefined && reported.delivered.size > 0 && reported.seen.size > 0;
    if (which(index) && !hasBoth) count += 1;
  }
  return count;
}

/** From acceptance to the delivery report at an endpoint that is healthy in all phases, the 99th of 100, ms. */
function p99(phase: string): number {
  const waits = [...accepted]
    .filter(([, entry]) => entry.phase === phase && isHealthy(entry.index))
    .map(([n, { at, index }]) => (targets[index]?.receiver.firstAt.get(n) ?? Number.POSITIVE_INFINITY) - at)
    .sort((a, b) => a - b);
  return waits[Math.floor(waits.length * 0.99)] ?? Number.POSITIVE_INFINITY;
}

async function sicken(): Promise<void> {
  for (const [i, { receiver }] of targets.entries()) {
    if (i < DEAD) await receiver.stop();
    else if (i < DEAD + SLOW) {
      receiver.misbehave((response) => {
        setTimeout(() => response.writeHead(503).end(), SLOW_MS);
        return true;
      });
    }
  }
}

async function mend(): Promise<void> {
  for (const [i, target] of targets.entries()) {
    target.receiver.misbehave(undefined);
    if (i >= DEAD) continue;
    const { reports, firstAt } = target.receiver;
    target.receiver = await startLedgerReceiver(Number(new URL(target.url).port));
    for (const [n, reported] of reports) target.receiver.reports.set(n, reported);
    for (const [n, at] of firstAt) target.receiver.firstAt.set(n, at);
  }
}

test('beside 10 dead and 10 slow endpoints 180 others are as fast as without them, and after a kill nobody misses anything', async (t) => {
  await load('warm');
  await load('all well');
  await until('all is told', () => missing(() => true) === 0, 60_000);
  await sicken();
  await load('some sick');
  await until('the healthy have everything', () => missing(isHealthy) === 0, 60_000);
  const sick = missing((index) => !isHealthy(index));
  t.diagnostic(`p99 of healthy endpoints: ${p99('all well')} ms without the sick, ${p99('some sick')} ms beside them`);
  assert.ok(sick > 50, `only ${sick} messages are not told of`);
  assert.ok(p99('some sick') <= RATIO_MAX * Math.max(FLOOR_MS, p99('all well')));

  await scene.world.killGateway();
  await until(
    'the gateway is back',
    async () => (await scene.world.api('/readyz', { key: null })).status === 200,
    30_000,
  );
  await load('after the kill');
  await mend();
  await until(
    'everybody has everything',
    async () => {
      if (missing(() => true) === 0) return true;
      await scene.advance(LATER_SECONDS);
      return false;
    },
    120_000,
  );
  for (const [n, { index }] of accepted) {
    const reported = targets[index]?.receiver.reports.get(n);
    assert.deepEqual([reported?.delivered.size, reported?.seen.size, reported?.other.size], [1, 1, 0]);
  }
});
