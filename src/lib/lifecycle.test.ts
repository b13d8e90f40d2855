import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLifecycle } from './lifecycle.js';

test('stops what was started in reverse order, passing over what throws or hangs', async () => {
  const stopped: string[] = [];
  const reported: string[] = [];
  const lifecycle = createLifecycle(
    (name, error) => reported.push(`${name}: ${error instanceof Error ? error.message : error}`),
    { stepMs: 20 },
  );
  lifecycle.add('first', () => {
    stopped.push('first');
  });
  lifecycle.add('hangs', () => new Promise(() => undefined));
  lifecycle.add('throws', () => {
    throw new Error('no');
  });
  lifecycle.add('last', async () => {
    stopped.push('last');
  });
  await lifecycle.stop();
  assert.deepEqual(stopped, ['last', 'first']);
  assert.deepEqual(reported, ['throws: no', 'hangs: did not stop within 20 ms']);
});

test('stops each part once, however often it is asked', async () => {
  let stops = 0;
  const lifecycle = createLifecycle(() => undefined);
  lifecycle.add('part', () => {
    stops += 1;
  });
  await Promise.all([lifecycle.stop(), lifecycle.stop()]);
  await lifecycle.stop();
  assert.equal(stops, 1);
});

test('all steps together are bounded, and each part is told to stop all the same', async () => {
  const told: string[] = [];
  const lifecycle = createLifecycle(() => undefined, { stepMs: 60_000, totalMs: 100 });
  for (const name of ['first', 'second', 'third'])
    lifecycle.add(name, () => {
      told.push(name);
      return new Promise(() => undefined);
    });
  const startedAt = performance.now();
  await lifecycle.stop();
  assert.deepEqual(told, ['third', 'second', 'first']);
  assert.ok(performance.now() - startedAt < 5_000);
});
