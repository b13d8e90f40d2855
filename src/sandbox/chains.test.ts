import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createChains } from './chains.js';

const item = (name: string, ...keys: string[]) => ({ name, keys });

test('lets the second of a key wait for the first, and others pass', () => {
  const chains = createChains<{ name: string; keys: string[] }>();
  const first = item('first', 'a');
  assert.equal(chains.enter(first), true);
  assert.equal(chains.enter(item('second', 'a')), false);
  assert.equal(chains.enter(item('other', 'b')), true);
  assert.deepEqual(
    chains.leave(first).map(({ name }) => name),
    ['second'],
  );
  assert.equal(chains.enter(item('third', 'a')), false);
});

test('a key is free again when the last of it left', () => {
  const chains = createChains<{ name: string; keys: string[] }>();
  const only = item('only', 'a', 'b');
  chains.enter(only);
  assert.deepEqual(chains.leave(only), []);
  assert.equal(chains.enter(item('later', 'b')), true);
});

test('hands out a follower that holds nothing else and passes the test', () => {
  const chains = createChains<{ name: string; keys: string[] }>();
  chains.enter(item('head', 'a'));
  chains.enter(item('follower', 'a'));
  assert.equal(
    chains.takeFollower(['b'], () => true),
    undefined,
  );
  assert.equal(
    chains.takeFollower(['a'], () => false),
    undefined,
  );
  assert.equal(chains.takeFollower(['a'], () => true)?.name, 'follower');
  assert.equal(
    chains.takeFollower(['a'], () => true),
    undefined,
  );
});
