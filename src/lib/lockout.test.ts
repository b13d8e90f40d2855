import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLockout, type Lockout } from './lockout.js';

const MINUTE_MS = 60_000;

function scene(): {
  clock: { now: number };
  lockout: Lockout;
  guess(times: number, address: string, name: string): void;
} {
  const clock = { now: 1_000 };
  const lockout = createLockout(() => clock.now);
  return {
    clock,
    lockout,
    guess(times, address, name) {
      for (let i = 0; i < times; i += 1) lockout.wrongPassword(address, name);
    },
  };
}

test('ten wrong guesses lock an address out of a name, and of no other; a minute later it may try once', () => {
  const { clock, lockout, guess } = scene();
  guess(9, 'a', 'ann');
  assert.equal(lockout.wait('a', 'ann', false), 0);
  guess(1, 'a', 'ann');
  assert.equal(lockout.wait('a', 'ann', true), MINUTE_MS);
  assert.deepEqual([lockout.wait('a', 'bob', false), lockout.wait('b', 'ann', false)], [0, 0]);
  clock.now += MINUTE_MS;
  assert.equal(lockout.wait('a', 'ann', false), 0);
  guess(1, 'a', 'ann');
  assert.ok(lockout.wait('a', 'ann', false) > 0);
});

test('guesses from many addresses lock a name for strangers, not for an address that knows it', () => {
  const { lockout, guess } = scene();
  for (let i = 0; i < 100; i += 1) guess(1, `address-${i}`, 'ann');
  assert.ok(lockout.wait('stranger', 'ann', false) > 0);
  assert.equal(lockout.wait('home', 'ann', true), 0);
  assert.equal(lockout.wait('stranger', 'bob', false), 0);
});

test('guesses of many names lock an address out altogether', () => {
  const { lockout, guess } = scene();
  for (let i = 0; i < 100; i += 1) guess(1, 'a', `name-${i}`);
  assert.ok(lockout.wait('a', 'new', true) > 0);
  assert.equal(lockout.wait('b', 'new', false), 0);
});

test('wrong keys lock an address out of keys, not of names', () => {
  const { clock, lockout } = scene();
  for (let i = 0; i < 99; i += 1) lockout.wrongKey('a');
  assert.equal(lockout.waitForKeys('a'), 0);
  lockout.wrongKey('a');
  assert.ok(lockout.waitForKeys('a') > 0);
  assert.deepEqual([lockout.waitForKeys('b'), lockout.wait('a', 'ann', false)], [0, 0]);
  clock.now += MINUTE_MS;
  assert.equal(lockout.waitForKeys('a'), 0);
});

test('several processes let through as many wrong keys as one', () => {
  const one = createLockout(
    () => 1_000,
    () => 4,
  );
  for (let i = 0; i < 24; i += 1) one.wrongKey('a');
  assert.equal(one.waitForKeys('a'), 0);
  one.wrongKey('a');
  assert.ok(one.waitForKeys('a') > 0);
});
