import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeClaim } from './domain-checks.js';

const NOW = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const NEW = { state: 'unverified', verifiedAt: null } as const;
const VERIFIED = { state: 'verified', verifiedAt: NOW - DAY_MS } as const;
const TXT = { kind: 'proved', proof: 'txt' } as const;
const CNAME = { kind: 'proved', proof: 'cname' } as const;

test('either record verifies a host that nobody else has proved', () => {
  for (const found of [TXT, CNAME])
    assert.deepEqual(judgeClaim(NEW, undefined, found, NOW), { state: 'verified', proof: found.proof, reason: null });
});

test('the TXT record takes a host from who only has the CNAME, and from nobody else', () => {
  assert.equal(judgeClaim(NEW, { proof: 'cname' }, TXT, NOW).state, 'verified');
  for (const [other, found] of [
    ['cname', CNAME],
    ['txt', CNAME],
    ['txt', TXT],
  ] as const) {
    const { state, reason } = judgeClaim(NEW, { proof: other }, found, NOW);
    assert.deepEqual([state, /another account/.test(reason ?? '')], ['unverified', true]);
  }
});

test('records that are gone fail what was verified, and a resolver that is down only after three days', () => {
  const missing = { kind: 'missing', reason: 'no record' } as const;
  const silent = { kind: 'unanswered', reason: 'timeout' } as const;
  assert.equal(judgeClaim(NEW, undefined, missing, NOW).state, 'unverified');
  assert.deepEqual(judgeClaim(VERIFIED, undefined, missing, NOW), {
    state: 'failed',
    proof: null,
    reason: 'no record',
  });
  assert.deepEqual(judgeClaim(VERIFIED, undefined, silent, NOW), { state: 'verified', proof: null, reason: 'timeout' });
  assert.equal(judgeClaim(VERIFIED, undefined, silent, NOW + 2 * DAY_MS).state, 'failed');
  assert.equal(judgeClaim({ state: 'failed', verifiedAt: NOW }, undefined, CNAME, NOW).state, 'verified');
});
