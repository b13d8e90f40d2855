import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDue, meetFaults } from './faults.js';
import { createWorld } from './world.js';

test('a chance of p hits about p of many, the same ones for the same seed', () => {
  const draw = (seed: number) => Array.from({ length: 10_000 }, (_, i) => isDue({ probability: 0.3, seed }, i + 1, 0));
  const hits = draw(42).filter(Boolean).length;
  assert.ok(hits > 2800 && hits < 3200, `${hits}`);
  assert.deepEqual(draw(42), draw(42));
  assert.notDeepEqual(draw(42), draw(43));
});

test('a chance of 0 never hits and of 1 always', () => {
  for (let n = 1; n < 100; n++) {
    assert.equal(isDue({ probability: 0, seed: 1 }, n, 0), false);
    assert.equal(isDue({ probability: 1, seed: 1 }, n, 0), true);
  }
});

test('faults that meet join their effects; where they disagree the older one wins', () => {
  const world = createWorld(() => {});
  const fault = (id: string, effect: object) => ({
    id,
    on: 'graph' as const,
    match: {},
    effect,
    when: { always: true as const },
    seen: 0,
    hits: 0,
  });
  world.faults.put('1', fault('1', { httpStatus: 500 }));
  world.faults.put('2', fault('2', { httpStatus: 503, latencyMs: 5 }));
  const subject = { method: 'POST', path: '/x', phoneNumberId: null, user: null, field: null };
  assert.deepEqual(
    meetFaults(world, 'graph', () => subject),
    { httpStatus: 500, latencyMs: 5 },
  );
  assert.equal(
    meetFaults(world, 'webhook', () => subject),
    null,
  );
});
