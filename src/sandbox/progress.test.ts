import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planFor } from './progress.js';

const BASE = { mode: 'timed', sentMs: 100, deliveredMs: 1000, readMs: 3000, batchMax: 1 } as const;

test('a timed plan counts delays from acceptance, never goes back, and leaves out what is null', () => {
  assert.deepEqual(planFor(BASE, null), [
    { status: 'sent', afterMs: 100 },
    { status: 'delivered', afterMs: 900 },
    { status: 'read', afterMs: 2000 },
  ]);
  assert.deepEqual(planFor({ ...BASE, deliveredMs: null, readMs: 50 }, null), [
    { status: 'sent', afterMs: 100 },
    { status: 'read', afterMs: 0 },
  ]);
});

test('a failure is the only step, in every mode', () => {
  const failure = { code: 131026, title: 't', details: 'd' };
  assert.deepEqual(planFor(BASE, failure), [{ status: 'failed', afterMs: 100 }]);
  for (const mode of ['immediate', 'manual'] as const) {
    assert.deepEqual(planFor({ ...BASE, mode }, failure), [{ status: 'failed', afterMs: 0 }]);
  }
  assert.deepEqual(planFor({ ...BASE, mode: 'manual' }, null), []);
});
