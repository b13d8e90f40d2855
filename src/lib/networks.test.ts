import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCallerAddress, createNetworkList, isNetwork } from './networks.js';

test('finds an address in networks of its kind, IPv4 in IPv6’s form too', () => {
  const list = createNetworkList(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::1']);
  for (const inside of ['10.255.0.1', '::ffff:10.0.0.1', '192.0.2.7', '2001:db8:ffff::1', '::1'])
    assert.ok(list.has(inside), inside);
  for (const outside of ['11.0.0.1', '192.0.2.8', '2001:db9::1', '::2', '10', '012.0.0.1', '', 'localhost'])
    assert.ok(!list.has(outside), outside);
});

test('knows a network or address from what is neither', () => {
  for (const right of ['10.0.0.0/8', '10.0.0.1', '::/0', 'fd00::1']) assert.ok(isNetwork(right), right);
  for (const wrong of ['10', '10.0.0', '10.0.0.1/33', 'example.org', '', '10.0.0.0/8 '])
    assert.ok(!isNetwork(wrong), wrong);
  assert.throws(() => createNetworkList(['nonsense']), /nonsense/);
});

test('believes nobody’s X-Forwarded-For when no proxy is trusted', () => {
  const addressOf = createCallerAddress([]);
  assert.equal(addressOf('192.0.2.1', '10.0.0.1'), '192.0.2.1');
  assert.equal(addressOf('::ffff:192.0.2.1', undefined), '192.0.2.1');
  assert.equal(addressOf(undefined, '10.0.0.1'), 'unknown');
});

test('believes what trusted proxies wrote, and nothing that the caller put before it', () => {
  const addressOf = createCallerAddress(['10.0.0.0/8', '::1']);
  assert.equal(addressOf('10.0.0.1', '203.0.113.9'), '203.0.113.9');
  assert.equal(addressOf('10.0.0.1', 'forged, 203.0.113.9, 10.0.0.2'), '203.0.113.9');
  assert.equal(addressOf('10.0.0.1', '198.51.100.1, 203.0.113.9'), '203.0.113.9');
  assert.equal(addressOf('203.0.113.9', '198.51.100.1'), '203.0.113.9');
  assert.equal(addressOf('::1', '[2001:db8::5]:4711'), '2001:db8::5');
  assert.equal(addressOf('10.0.0.1', '203.0.113.9:1234'), '203.0.113.9');
  assert.equal(addressOf('10.0.0.1', '10.0.0.3, 10.0.0.2'), '10.0.0.3');
  for (const unreadable of ['', ' , ', 'unknown', '203.0.113.9, _hidden'])
    assert.equal(addressOf('10.0.0.1', unreadable), '10.0.0.1', unreadable);
});
