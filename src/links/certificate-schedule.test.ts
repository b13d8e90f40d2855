import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificateState, renewalAt, retryAt } from './certificate-schedule.js';

const NOW = 1_800_000_000_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MINUTES = (ms: number): number => Math.round((ms - NOW) / 60_000);

test('a certificate is renewed in the last third of its life, and not all of them at once', () => {
  const life = { validFrom: NOW, validUntil: NOW + 90 * DAY_MS };
  assert.equal(renewalAt(life, NOW, 0), NOW + 60 * DAY_MS);
  assert.equal(renewalAt(life, NOW, 1), NOW + 67.5 * DAY_MS);
  const short = { validFrom: NOW, validUntil: NOW + 6 * DAY_MS };
  assert.equal(renewalAt(short, NOW, 0), NOW + 4 * DAY_MS);
  for (const random of [0, 0.3, 0.999]) {
    const at = renewalAt(life, NOW, random);
    assert.ok(at >= NOW + 60 * DAY_MS && at < life.validUntil - 22 * DAY_MS, String(at));
  }
});

test('nothing is ordered within an hour after a success, whatever the certificate or the clock says', () => {
  for (const validUntil of [NOW - DAY_MS, NOW + 60_000, NOW + HOUR_MS])
    assert.equal(renewalAt({ validFrom: NOW - 30 * DAY_MS, validUntil }, NOW, 0), NOW + HOUR_MS);
});

test('orders that fail are tried again later and later, twice a day at least', () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 8, 100].map((failures) => MINUTES(retryAt(failures, NOW, 0)));
  assert.deepEqual(waits, [15, 30, 60, 120, 240, 480, 720, 720, 720]);
  assert.equal(MINUTES(retryAt(1, NOW, 1)), 18);
  assert.equal(MINUTES(retryAt(0, NOW, 0)), 15);
});

test('a host fails at most five times an hour', () => {
  let [at, failures] = [NOW, 0];
  while (at <= NOW + HOUR_MS) {
    failures += 1;
    at = retryAt(failures, at, 0);
  }
  assert.ok(failures <= 5, String(failures));
});

test('a certificate is waited for, valid or expired', () => {
  assert.deepEqual(
    [null, NOW + 1, NOW].map((validUntil) => certificateState(validUntil, NOW)),
    ['waiting', 'valid', 'expired'],
  );
});
