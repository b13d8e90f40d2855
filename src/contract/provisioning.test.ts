// What a sender's association adds to what a request names.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withAssociation } from './provisioning.js';

test('an association fills in what the request leaves out, and nothing under another application', () => {
  const associated = { applicationId: 'crm', entityId: 'shop' };
  const none = { applicationId: undefined, entityId: undefined };
  for (const [named, expected] of [
    [{}, associated],
    [{ applicationId: 'crm' }, associated],
    [{ entityId: 'depot' }, { applicationId: 'crm', entityId: 'depot' }],
    [{ applicationId: 'desk' }, { applicationId: 'desk', entityId: undefined }],
    [
      { applicationId: 'desk', entityId: 'depot' },
      { applicationId: 'desk', entityId: 'depot' },
    ],
  ] as const)
    assert.deepEqual(withAssociation(named, associated), expected);
  assert.deepEqual(withAssociation({}, {}), none);
});
