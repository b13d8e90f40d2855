import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPace } from './pace.js';

function pace() {
  let now = 1_000_000;
  const clock = { now: () => now, monotonic: () => now, advance: () => now, onAdvance: () => () => {} };
  return { pace: createPace(clock), pass: (ms: number) => (now += ms) };
}

test('a pair has 45 messages at once and then one in 6 s; what is refused costs nothing', () => {
  const { pace: rates, pass } = pace();
  const number = { phoneNumberId: '1', throughput: 1000 };
  for (let i = 0; i < 45; i++) assert.equal(rates.take(number, 'a'), null);
  for (let i = 0; i < 10; i++) assert.equal(rates.take(number, 'a'), 131056);
  assert.equal(rates.take(number, 'b'), null);
  pass(5999);
  assert.equal(rates.take(number, 'a'), 131056);
  pass(1);
  assert.equal(rates.take(number, 'a'), null);
});

test('a number has its throughput each second, both ways together', () => {
  const { pace: rates, pass } = pace();
  const number = { phoneNumberId: '1', throughput: 10 };
  for (let i = 0; i < 4; i++) rates.countInbound(number);
  for (let i = 0; i < 6; i++) assert.equal(rates.take(number, `u${i}`), null);
  assert.equal(rates.take(number, 'u9'), 130429);
  pass(100);
  assert.equal(rates.take(number, 'u9'), null);
  assert.equal(rates.take(number, 'u10'), 130429);
});
