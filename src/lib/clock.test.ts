import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClock } from './clock.js';

test('moves now forward and tells every listener, while monotonic time stays', () => {
  const clock = createClock();
  let rings = 0;
  const detach = clock.onAdvance(() => {
    rings += 1;
  });
  const before = clock.now();
  const monotonic = clock.monotonic();
  const after = clock.advance(3600);
  assert.ok(after >= before + 3_600_000 && clock.now() >= after);
  assert.ok(clock.monotonic() - monotonic < 3_600_000);
  detach();
  clock.advance(1);
  assert.equal(rings, 1);
});

test('never goes back', () => {
  const clock = createClock();
  for (const seconds of [-1, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => clock.advance(seconds), RangeError);
});

test('starts with the offset given', () => {
  assert.ok(createClock(1_000_000).now() >= Date.now() + 999_000);
});
