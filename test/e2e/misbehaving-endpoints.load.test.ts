// Eight endpoints that each misbehave in a way of its own beside three that do not: the healthy ones' reports are as fast as before, and in
// the end every endpoint has every report, under ids that stay.
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import { freePort } from '../support/free-port.js';
import { type LedgerReceiver, type Misbehaviour, startLedgerReceiver } from '../support/ledger-receiver.js';
import { type Scene, startScene } from '../support/scene.js';
import { until } from '../support/until.js';

const PHASE_MS = 10_000;
const TICK_MS = 50;
/** One message every third tick to each endpoint: 73 a second in all. */
const TICKS_BETWEEN = 3;
/** Below this a p99 is the noise of a shared machine. */
const FLOOR_MS = 300;
const RATIO_MAX = 2;
const HEALTHY = ['healthy 1', 'healthy 2', 'healthy 3'];
/** More than any wait for a probe in the first dozen failures. */
const LATER_SECONDS = 3_600;

function status(code: number, headers: Record<string, string> = {}): Misbehaviour {
  return (response) => {
    response.writeHead(code, headers).end('no');
    return true;
  };
}

/** Whatever else an endpoint gets, one report of the first hundred is more than it can take. */
function chokesOnOne(): Misbehaviour {
  let culprit: string | undefined;
  return (response, results) => {
    culprit ??= results[0]?.eventId;
    return results.some(({ eventId }) => eventId === culprit) && status(500)(response, results);
  };
}

function garbage(response: ServerResponse): boolean {
  response.socket?.end('this is no HTTP\r\n\r\n');
  return true;
}

function slow(response: ServerResponse): boolean {
  setTimeout(() => response.writeHead(503).end(), 5_000);
  return true;
}

function reset(response: ServerResponse): boolean {
  response.socket?.resetAndDestroy();
  return true;
}

/** `dead` has no answer of its own: nobody listens. */
const MOODS: Readonly<Record<string, Misbehaviour | undefined>> = {
  dead: undefined,
  slow,
  'one 500': chokesOnOne(),
  gone: status(410),
  busy: status(429, { 'retry-after': '2' }),
  redirecting: status(302, { location: 'http://127.0.0.1:9/' }),
  garbage,
  resetting: reset,
};

interface Target {
  name: string;
  url: string;
  receiver: LedgerReceiver;
}

let scene: Scene;
const targets: Target[] = [];
/** By the number of the message: when it was accepted and for whom. */
const accepted = new Map<number, { at: number; target: Target; phase: string }>();

before(async () => {
  scene = await startScene();
  for (const name of [...HEALTHY, ...Object.keys(MOODS)]) {
    const receiver = await startLedgerReceiver(await freePort());
    targets.push({ name, url: receiver.reportsUrl, receiver });
  }
});
after(async () => {
  for (const { receiver } of targets) await receiver.stop();
  await scene.stop();
});

/** The same load in each phase; resolves when all of it is accepted. */
async function load(phase: string): Promise<void> {
  const under: Promise<void>[] = [];
  for (let tick = 0; tick < PHASE_MS / TICK_MS; tick += 1) {
    for (const [i, target] of targets.entries())
      if ((tick + i) % TICKS_BETWEEN === 0) under.push(sendOne(target, phase));
    // A load is made of time; nothing is waited for.
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  await Promise.all(under);
}

async function sendOne(target: Target, phase: string): Promise<void> {
  const user = scene.newUser();
  const n = Number(user);
  await scene.send({ to: user, notifyUrl: target.url, callbackData: user });
  accepted.set(n, { at: Date.now(), target, phase });
}

function hasBoth({ receiver }: Target, n: number): boolean {
  const reported = receiver.reports.get(n);
  return reported !== undefined && reported.delivered.size > 0 && reported.seen.size > 0;
}

function missing(names: readonly string[]): number[] {
  return [...accepted].filter(([n, { target }]) => names.includes(target.name) && !hasBoth(target, n)).map(([n]) => n);
}

/** From acceptance to the delivery report at a healthy endpoint, the 99th of 100, ms. */
function p99(phase: string): number {
  const waits = [...accepted]
    .filter(([, entry]) => entry.phase === phase && HEALTHY.includes(entry.target.name))
    .map(([n, { at, target }]) => (target.receiver.firstAt.get(n) ?? Number.POSITIVE_INFINITY) - at)
    .sort((a, b) => a - b);
  return waits[Math.floor(waits.length * 0.99)] ?? Number.POSITIVE_INFINITY;
}

async function misbehave(): Promise<void> {
  for (const target of targets) {
    if (target.name === 'dead') await target.receiver.stop();
    else target.receiver.misbehave(MOODS[target.name]);
  }
}

/** Everybody behaves again; the one that was gone is enabled by a person; time passes until all is told. */
async function mend(): Promise<void> {
  for (const target of targets) {
    target.receiver.misbehave(undefined);
    if (target.name !== 'dead') continue;
    const { reports, firstAt } = target.receiver;
    target.receiver = await startLedgerReceiver(Number(new URL(target.url).port));
    for (const [n, reported] of reports) target.receiver.reports.set(n, reported);
    for (const [n, at] of firstAt) target.receiver.firstAt.set(n, at);
  }
  const gone = targets.find(({ name }) => name === 'gone');
  const { id } = await scene.endpointOf(gone?.url ?? '');
  await scene.admin(`/endpoints/${id}/enable`, { method: 'POST' });
}

test('the healthy are as fast beside the sick as without them, and in the end everybody has everything', async (t) => {
  await load('warm');
  await load('all well');
  await until('all is told', () => missing(targets.map(({ name }) => name)).length === 0, 30_000);
  await misbehave();
  await load('some sick');
  await until('the healthy have everything', () => missing(HEALTHY).length === 0, 30_000);
  const sick = missing(Object.keys(MOODS)).length;
  t.diagnostic(
    `p99 of healthy endpoints: ${p99('all well')} ms without, ${p99('some sick')} ms beside ${sick} reports that wait`,
  );
  assert.ok(sick > 100, `only ${sick} messages are not told of`);
  assert.ok(p99('some sick') <= RATIO_MAX * Math.max(FLOOR_MS, p99('all well')));

  const { disabledAt } = await scene.endpointOf(targets.find(({ name }) => name === 'gone')?.url ?? '');
  assert.notEqual(disabledAt, null);
  const chokes = targets.find(({ name }) => name === 'one 500');
  assert.ok(chokes !== undefined);
  await until('the culprit alone is missing', () => missing([chokes.name]).length === 1, 20_000);

  await mend();
  await until(
    'everybody has everything',
    async () => {
      const left = missing(targets.map(({ name }) => name));
      if (left.length > 0) await scene.advance(LATER_SECONDS);
      return left.length === 0;
    },
    60_000,
  );
  for (const [n, { target }] of accepted) {
    const reported = target.receiver.reports.get(n);
    assert.deepEqual(
      [reported?.delivered.size, reported?.seen.size, reported?.other.size],
      [1, 1, 0],
      `${target.name}`,
    );
  }

  const before = chokes.receiver.repeats();
  const endpointId = (await scene.endpointOf(chokes.url)).id;
  await scene.admin('/replays', { json: { endpointId }, key: scene.world.info.apiKey });
  const own = [...accepted.values()].filter(({ target }) => target === chokes).length;
  await until(
    'a replay tells all of it again, under the same ids',
    () => chokes.receiver.repeats() - before >= own * 2,
    30_000,
  );
  assert.ok([...chokes.receiver.reports.values()].every(({ delivered, seen }) => delivered.size + seen.size === 2));
});
