import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BoundPlatform, bindPlatform, type KeyPlatform } from './key-platform.js';

const crm: BoundPlatform = { applicationId: 'crm' };
const shop: BoundPlatform = { applicationId: 'crm', entityId: 'shop' };

function assertBinds(platform: KeyPlatform[], cases: [BoundPlatform, BoundPlatform | undefined][]): void {
  for (const [named, bound] of cases)
    assert.deepEqual(bindPlatform(platform, named), bound, JSON.stringify({ platform, named }));
}

test('a key bound to nothing names what it likes', () => {
  assertBinds(
    [],
    [
      [{}, {}],
      [shop, shop],
    ],
  );
});

test('without an action a key may name its own and no other', () => {
  assertBinds(
    [{ applicationId: 'crm' }],
    [
      [{}, {}],
      [crm, crm],
      [shop, shop],
      [{ applicationId: 'other' }, undefined],
      [{ entityId: 'shop' }, undefined],
    ],
  );
  assertBinds(
    [{ applicationId: 'crm', entityId: 'shop' }],
    [
      [shop, shop],
      [crm, undefined],
      [{ applicationId: 'crm', entityId: 'x' }, undefined],
    ],
  );
});

test('FILL puts in what is missing and keeps what is named', () => {
  const fill: KeyPlatform[] = [
    { applicationId: 'crm', entityId: 'shop', action: 'FILL' },
    { applicationId: 'default' },
  ];
  assertBinds(fill, [
    [{}, shop],
    [crm, shop],
    [{ entityId: 'shop' }, shop],
    [{ entityId: 'x' }, undefined],
    [{ applicationId: 'default' }, { applicationId: 'default' }],
    [{ applicationId: 'other' }, undefined],
  ]);
});

test('FORCE puts its own in whatever is named, the entity too', () => {
  assertBinds(
    [{ applicationId: 'crm', action: 'FORCE' }],
    [
      [{}, crm],
      [shop, crm],
      [{ applicationId: 'other', entityId: 'x' }, crm],
    ],
  );
});
