import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClock } from '../lib/clock.js';
import { createDueLoop, type DueWork } from './due-loop.js';

const HOUR_MS = 3_600_000;

/** A promise that is resolved from outside. */
function gate(): { opened: Promise<undefined>; open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<undefined>((resolve) => {
    open = () => resolve(undefined);
  });
  return { opened, open };
}

/** A loop whose runs are counted, and a wait for the nth of them. */
function counted(work: Partial<DueWork>) {
  const clock = createClock();
  let runs = 0;
  let told = gate();
  const loop = createDueLoop({
    clock,
    pollMs: HOUR_MS,
    async run(isStopped) {
      runs += 1;
      told.open();
      told = gate();
      return work.run?.(isStopped);
    },
    onError: work.onError ?? assert.fail,
  });
  async function ran(count: number): Promise<void> {
    // Timers of alarms do not keep the process alive, so this one does.
    const hold = setTimeout(() => undefined, 10_000);
    while (runs < count) await told.opened;
    clearTimeout(hold);
  }
  return { clock, loop, ran, runs: () => runs };
}

test('wakes during a run make exactly one more', async () => {
  const work = gate();
  const { loop, ran, runs } = counted({ run: () => work.opened });
  loop.wake();
  loop.wake();
  loop.wake();
  assert.equal(runs(), 1);
  work.open();
  await ran(2);
  await loop.stop();
  assert.equal(runs(), 2);
});

test('runs when the next is due, and after the poll when nothing is known or a run failed', async () => {
  const errors: unknown[] = [];
  const answers = [
    async () => clock.now() + 60_000,
    async () => undefined,
    () => Promise.reject(new Error('no database')),
  ];
  const { clock, loop, ran, runs } = counted({
    run: () => answers[runs() - 1]?.() ?? Promise.resolve(undefined),
    onError: (error) => errors.push(error),
  });
  loop.wake();
  for (const [i, waitMs] of [61_000, HOUR_MS, HOUR_MS].entries()) {
    await ran(i + 1);
    // The alarm is set when the run has ended.
    await new Promise(setImmediate);
    clock.advance(waitMs);
  }
  await ran(4);
  await loop.stop();
  assert.equal(errors.length, 1);
});

test('a stop waits for the run under way, which is told, and nothing runs afterwards', async () => {
  const work = gate();
  let wasTold = false;
  const { loop, runs, clock } = counted({
    async run(isStopped) {
      await work.opened;
      wasTold = isStopped();
      return undefined;
    },
  });
  loop.wake();
  const stopped = loop.stop();
  work.open();
  await stopped;
  assert.ok(wasTold);
  loop.wake();
  clock.advance(2 * HOUR_MS);
  assert.equal(runs(), 1);
});
