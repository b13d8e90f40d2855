import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/property.js';
import { createDeliverySlots, type DeliverySlots, type Pace, QUICK_MS, type SlotHolder } from './delivery-slots.js';

function holder(account: number, pace: Pace = 'new'): SlotHolder {
  return { account, inFlight: 0, pace };
}

/** Takes all that it may. */
function fill(slots: DeliverySlots, who: SlotHolder, wanted: number): number {
  const room = slots.room(who, wanted);
  for (let i = 0; i < room; i += 1) slots.take(who);
  return room;
}

test('an endpoint alone gets the window that it asks for once it has answered', () => {
  const slots = createDeliverySlots(1000);
  const fresh = holder(1);
  assert.equal(fill(slots, fresh, 20), 4);
  slots.give(fresh, 30);
  assert.equal(fill(slots, fresh, 20 - fresh.inFlight), 17);
  assert.equal(fill(slots, holder(1, 'quick'), 200), 200);
});

test('an endpoint with an endless window leaves most of the slots to others', () => {
  const slots = createDeliverySlots(1000);
  assert.equal(fill(slots, holder(1, 'quick'), 10_000), 334);
  assert.ok(fill(slots, holder(2, 'quick'), 10_000) > 200);
});

test('a hundred slow endpoints of one account leave room for the first POSTs of another', () => {
  const slots = createDeliverySlots(1000);
  for (let i = 0; i < 100; i += 1) fill(slots, holder(1, 'slow'), 20);
  assert.ok(slots.used() > 300 && slots.used() <= 350, String(slots.used()));
  assert.equal(fill(slots, holder(2, 'slow'), 20), 20);
  assert.equal(fill(slots, holder(3), 20), 4);
});

/** How many of the POSTs that endpoints of account 0 begin in each step find no slot, beside slow endpoints that keep theirs for 50 steps. */
function starved({ slow, accountOf }: { slow: number; accountOf(i: number): number }): number {
  const slots = createDeliverySlots(1000);
  const slowOnes = Array.from({ length: slow }, (_, i) => holder(accountOf(i)));
  const quick = Array.from({ length: 20 }, () => holder(0));
  const ends = new Map<number, SlotHolder[]>();
  let refused = 0;
  for (let step = 0; step < 1_000; step += 1) {
    for (const one of ends.get(step) ?? []) slots.give(one, QUICK_MS);
    for (const one of slowOnes) {
      const room = fill(slots, one, 20 - one.inFlight);
      const end = step + 25 + ((step * 7 + one.account) % 50);
      ends.set(end, [...(ends.get(end) ?? []), ...Array.from({ length: room }, () => one)]);
    }
    for (const one of quick) if (fill(slots, one, 1) === 0 && step > 200) refused += 1;
    for (const one of quick) while (one.inFlight > 0) slots.give(one, 5);
  }
  return refused;
}

test('quick endpoints find a slot beside hundreds of slow ones, of one account or of many', () => {
  assert.equal(starved({ slow: 300, accountOf: () => 1 }), 0);
  assert.equal(starved({ slow: 300, accountOf: (i) => i + 1 }), 0);
});

test('quick endpoints find a slot beside slow ones of their own account', () => {
  assert.equal(starved({ slow: 100, accountOf: () => 0 }), 0);
});

test('what is given back is free again, and never more is used than there is', () => {
  const answerMs = fc.constantFrom(undefined, 5, QUICK_MS);
  const step = fc.record({ who: fc.nat(9), wanted: fc.nat(50), gives: fc.nat(50), answerMs });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const slots = createDeliverySlots(64);
      const holders = Array.from({ length: 10 }, (_, i) => holder(i % 3));
      for (const { who, wanted, gives, answerMs } of steps) {
        const own = holders[who] ?? holder(0);
        assert.ok(fill(slots, own, wanted) <= wanted);
        for (let i = 0; i < gives && own.inFlight > 0; i += 1) slots.give(own, answerMs);
        assert.equal(
          slots.used(),
          holders.reduce((sum, { inFlight }) => sum + inFlight, 0),
        );
        assert.ok(slots.used() <= 64);
      }
      for (const own of holders) while (own.inFlight > 0) slots.give(own, undefined);
      assert.equal(slots.used(), 0);
      assert.equal(fill(slots, holder(7, 'quick'), 10), 10);
    }),
  );
});
