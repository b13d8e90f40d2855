import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/property.js';
import { type Collector, createCollector } from './collector.js';

interface Written {
  groups: number[][];
  /** Lets the oldest group under way end. */
  release(error?: Error): void;
}

function collectorOf(
  options: { groupMax?: number; backlogMax?: number; flights?: number } = {},
): Written & { collector: Collector<number, string> } {
  const groups: number[][] = [];
  const waiting: ((error?: Error) => void)[] = [];
  const collector = createCollector<number, string>({
    groupMax: 10,
    backlogMax: 100,
    ...options,
    write: (items) =>
      new Promise((resolve, reject) => {
        groups.push([...items]);
        waiting.push((error) => (error === undefined ? resolve(items.map((item) => `r${item}`)) : reject(error)));
      }),
  });
  return { collector, groups, release: (error) => waiting.shift()?.(error) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what comes together shares a group, what comes while it is written makes up the next', async () => {
  const { collector, groups, release } = collectorOf();
  const first = [collector.add(1), collector.add(2)];
  await turn();
  const second = [collector.add(3), collector.add(4)];
  await turn();
  assert.deepEqual(groups, [[1, 2]]);
  release();
  assert.deepEqual(await Promise.all(first), ['r1', 'r2']);
  await turn();
  assert.deepEqual(groups, [
    [1, 2],
    [3, 4],
  ]);
  release();
  assert.deepEqual(await Promise.all(second), ['r3', 'r4']);
});

test('a second group sets out when it is as large as the one that is out, or when that one is back', async () => {
  const { collector, groups, release } = collectorOf({ flights: 2 });
  const all = [1, 2, 3].map((item) => collector.add(item));
  await turn();
  all.push(collector.add(4), collector.add(5));
  await turn();
  await turn();
  assert.deepEqual(groups, [[1, 2, 3]]);
  all.push(collector.add(6));
  await turn();
  assert.deepEqual(groups.slice(1), [[4, 5, 6]]);
  all.push(collector.add(7));
  await turn();
  await turn();
  release();
  await turn();
  await turn();
  assert.equal(groups.length, 2);
  release();
  await turn();
  await turn();
  assert.deepEqual(groups.slice(2), [[7]]);
  release();
  assert.deepEqual(
    await Promise.all(all),
    [1, 2, 3, 4, 5, 6, 7].map((item) => `r${item}`),
  );
});

test('a group has its limit, and the rest goes with the next', async () => {
  const { collector, groups, release } = collectorOf({ groupMax: 2 });
  const all = [1, 2, 3, 4, 5].map((item) => collector.add(item));
  for (let i = 0; i < 3; i += 1) {
    await turn();
    release();
    await turn();
  }
  await Promise.all(all);
  assert.deepEqual(groups, [[1, 2], [3, 4], [5]]);
});

test('what belongs together goes with one group, after what came before, or as a large group by itself', async () => {
  const { collector, groups, release } = collectorOf({ groupMax: 3 });
  const all = [
    collector.add(1) ?? Promise.resolve(''),
    ...(collector.addAll([2, 3]) ?? []),
    ...(collector.addAll([4, 5]) ?? []),
    ...(collector.addAll([6, 7]) ?? []),
    ...(collector.addAll([8, 9, 10, 11]) ?? []),
    collector.add(12) ?? Promise.resolve(''),
  ];
  for (let i = 0; i < 5; i += 1) {
    await turn();
    release();
    await turn();
  }
  assert.deepEqual(
    await Promise.all(all),
    Array.from({ length: 12 }, (_, i) => `r${i + 1}`),
  );
  assert.deepEqual(groups, [[1, 2, 3], [4, 5], [6, 7], [8, 9, 10, 11], [12]]);
});

test('takes all of what belongs together or none', () => {
  const { collector } = collectorOf({ backlogMax: 3 });
  assert.notEqual(collector.addAll([1, 2]), undefined);
  assert.equal(collector.addAll([3, 4]), undefined);
  assert.equal(collector.size(), 2);
});

test('several groups may be under way when that is asked for', async () => {
  const { collector, groups, release } = collectorOf({ groupMax: 1, flights: 2 });
  const all = [1, 2, 3].map((item) => collector.add(item));
  await turn();
  await turn();
  assert.deepEqual(groups, [[1], [2]]);
  for (let i = 0; i < 3; i += 1) {
    release();
    await turn();
    await turn();
  }
  assert.deepEqual(await Promise.all(all), ['r1', 'r2', 'r3']);
});

test('takes nothing when the backlog is full, and again when there is room', async () => {
  const { collector, release } = collectorOf({ backlogMax: 2 });
  const [one, two] = [collector.add(1), collector.add(2)];
  assert.equal(collector.add(3), undefined);
  assert.equal(collector.size(), 2);
  await turn();
  release();
  await Promise.all([one, two]);
  const three = collector.add(3);
  await turn();
  release();
  assert.equal(await three, 'r3');
});

test('a group that fails fails for each of its items and for no other', async () => {
  const { collector, release } = collectorOf();
  const [one, two] = [collector.add(1), collector.add(2)];
  await turn();
  const three = collector.add(3);
  release(new Error('no disk'));
  const settled = await Promise.allSettled([one, two]);
  assert.deepEqual(
    settled.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  await turn();
  release();
  assert.equal(await three, 'r3');
});

test('a group without a result for each item is a failure of the items without one', async () => {
  const collector = createCollector<number, string>({ groupMax: 10, backlogMax: 10, write: async () => ['only'] });
  const [one, two] = [collector.add(1), collector.add(2)];
  assert.equal(await one, 'only');
  await assert.rejects(two ?? Promise.resolve(), /without a result/);
});

test('drain waits for everything that was added, and not at all when idle', async () => {
  const { collector, release } = collectorOf({ groupMax: 1 });
  await collector.drain();
  const all = [collector.add(1), collector.add(2)];
  let isDrained = false;
  const drained = collector.drain().then(() => {
    isDrained = true;
  });
  await turn();
  release();
  await turn();
  await turn();
  assert.equal(isDrained, false);
  release();
  await drained;
  assert.deepEqual(await Promise.all(all), ['r1', 'r2']);
  assert.equal(collector.size(), 0);
});

test('each item gets its own result, whatever the grouping', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer(), { maxLength: 50 }),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 3 }),
      async (items, groupMax, flights) => {
        const collector = createCollector<number, string>({
          groupMax,
          flights,
          backlogMax: 100,
          write: async (group) => {
            assert.ok(group.length <= groupMax);
            await turn();
            return group.map((item) => `r${item}`);
          },
        });
        assert.deepEqual(
          await Promise.all(items.map((item) => collector.add(item))),
          items.map((item) => `r${item}`),
        );
      },
    ),
    { numRuns: 30 },
  );
});
