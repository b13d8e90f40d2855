import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BoundPlatform, bindCriteria, bindPlatform, isWithin, type KeyPlatform } from './key-platform.js';

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

test('a key sees what is its own, and nothing of the whole account', () => {
  const two: KeyPlatform[] = [{ applicationId: 'crm', entityId: 'shop', action: 'FILL' }, { applicationId: 'desk' }];
  const seen = (named: { applicationId?: string | null; entityId?: string | null }): boolean => isWithin(two, named);
  assert.deepEqual(
    [shop, { applicationId: 'desk', entityId: 'any' }, crm, { applicationId: 'x' }, { entityId: 'shop' }, {}].map(seen),
    [true, true, false, false, false, false],
  );
  assert.equal(seen({ applicationId: null, entityId: null }), false);
  assert.equal(isWithin([], {}), true);
  const forced: KeyPlatform[] = [{ applicationId: 'crm', action: 'FORCE' }, { applicationId: 'desk' }];
  assert.deepEqual([isWithin(forced, crm), isWithin(forced, { applicationId: 'desk' })], [true, false]);
});

test('criteria are bound one by one, and none at all become the key’s own', () => {
  const allowed: KeyPlatform[] = [{ applicationId: 'crm' }, { applicationId: 'desk', entityId: 'e' }];
  const desk = { applicationId: 'desk', entityId: 'e' };
  assert.deepEqual(bindCriteria([], []), []);
  assert.deepEqual(bindCriteria(allowed, []), [crm, desk]);
  assert.deepEqual(bindCriteria(allowed, [shop, desk]), [shop, desk]);
  for (const wrong of [{}, { entityId: 'shop' }, { applicationId: 'desk' }, { applicationId: '' }])
    assert.equal(bindCriteria(allowed, [crm, wrong]), undefined, JSON.stringify(wrong));
  const fill: KeyPlatform[] = [{ applicationId: 'crm', entityId: 'shop', action: 'FILL' }, { applicationId: 'desk' }];
  assert.deepEqual(bindCriteria(fill, []), [shop]);
  assert.deepEqual(bindCriteria(fill, [{ callsConfigurationId: 'c' }]), [{ callsConfigurationId: 'c', ...shop }]);
  const force: KeyPlatform[] = [{ applicationId: 'crm', action: 'FORCE' }];
  assert.deepEqual(bindCriteria(force, [{ applicationId: 'x', entityId: 'y' }]), [crm]);
});
