import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/property.js';
import { addDays, dayOf, startOfDay } from './day.js';

test('counts days in UTC', () => {
  assert.equal(dayOf(Date.UTC(2026, 4, 4, 23, 59, 59, 999)), 20260504);
  assert.equal(dayOf(Date.UTC(2026, 4, 5)), 20260505);
  assert.equal(dayOf(0), 19700101);
});

test('finds the first millisecond of each day and steps over months and years', () => {
  assert.equal(addDays(20231231, 1), 20240101);
  assert.equal(addDays(20240301, -1), 20240229);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), fc.integer({ min: -400, max: 400 }), (at, days) => {
      const day = dayOf(at);
      assert.ok(startOfDay(day) <= at && at < startOfDay(day) + 86_400_000);
      assert.equal(addDays(addDays(day, days), -days), day);
    }),
  );
});
