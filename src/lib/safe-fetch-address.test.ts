import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAddressRule } from './safe-fetch-address.js';

const none = createAddressRule([]);

test('lets public addresses through', () => {
  for (const address of [
    '8.8.8.8',
    '1.1.1.1',
    '100.63.255.255',
    '172.32.0.1',
    '2606:4700::1111',
    '2a00:1450:4001::1',
  ]) {
    assert.equal(none(address), undefined, address);
  }
});

test('blocks every kind of address that is not public', () => {
  const special = {
    private: ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
    loopback: ['127.0.0.1', '127.255.255.254', '::1'],
    linkLocal: ['169.254.1.1', 'fe80::1', 'fe80::1%eth0'],
    unspecified: ['0.0.0.0', '0.1.2.3', '::'],
    carrierGradeNat: ['100.64.0.1', '100.127.255.255'],
    multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1'],
    broadcast: ['255.255.255.255'],
    reserved: [
      '192.0.0.1',
      '192.0.2.1',
      '198.18.0.1',
      '198.51.100.1',
      '203.0.113.1',
      '240.0.0.1',
      '2001:db8::1',
      '3fff::1',
      '4000::1',
      'fec0::1',
    ],
    uniqueLocal: ['fc00::1', 'fd12:3456::1'],
    carriers: [
      '::ffff:8.8.8.8',
      '::ffff:10.0.0.1',
      '64:ff9b::808:808',
      '64:ff9b:1::a00:1',
      '2002:a00:1::',
      '2002:808:808::1',
      '2001:0:1::1',
      '::10.0.0.1',
      '::ffff:0:10.0.0.1',
    ],
  };
  for (const [kind, addresses] of Object.entries(special)) {
    for (const address of addresses) assert.notEqual(none(address), undefined, `${kind} ${address}`);
  }
  assert.equal(none('10.0.0.1'), 'private address');
  assert.equal(none('nonsense'), 'not an IP address');
});

test('allows what is listed, and nothing beside it', () => {
  const rule = createAddressRule(['127.0.0.0/8', ' 10.1.0.0/16 ', '::1', 'fd00::/8']);
  for (const address of ['127.0.0.1', '10.1.255.1', '::1', 'fd12::1', '::ffff:127.0.0.1', '64:ff9b::7f00:1'])
    assert.equal(rule(address), undefined, address);
  for (const address of ['10.2.0.1', '192.168.0.1', 'fc00::1', '::ffff:10.2.0.1'])
    assert.notEqual(rule(address), undefined, address);
});

test('never allows metadata addresses, in no spelling and under no list', () => {
  const all = createAddressRule(['0.0.0.0/0', '::/0']);
  assert.equal(all('10.0.0.1'), undefined);
  for (const address of [
    '169.254.169.254',
    '169.254.170.2',
    '100.100.100.200',
    '168.63.129.16',
    'fd00:ec2::254',
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::',
    '::169.254.169.254',
  ]) {
    assert.equal(all(address), 'metadata address', address);
  }
});

test('refuses a list with an entry that is no network, naming it', () => {
  assert.throws(() => createAddressRule(['127.0.0.0/8', 'localhost']), /localhost/);
  assert.throws(() => createAddressRule(['10.0.0.0/33']), /10\.0\.0\.0\/33/);
});
