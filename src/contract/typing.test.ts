import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TypingRequest, typingExample, typingPlan, validateTyping } from './typing.js';

const NOW = Date.parse('2026-05-01T12:00:00Z');
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

function event(options: object = {}): object {
  return { sender: '1', destinations: [{ to: '2' }], content: { type: 'TYPING_INDICATOR' }, options };
}

function planOf(body: object): { dueIn: number; expiresIn: number }[] {
  const validated = validateTyping(body);
  assert.ok(validated.ok, JSON.stringify(validated));
  const plan = typingPlan(validated.value, NOW);
  assert.ok(plan.ok, JSON.stringify(plan));
  return plan.planned.map(({ dueAt, expiresAt }) => ({ dueIn: dueAt - NOW, expiresIn: expiresAt - dueAt }));
}

test('accepts its example unchanged', () => {
  assert.deepEqual(validateTyping(typingExample.request), { ok: true, value: typingExample.request });
});

test('shows at once and for a minute when nothing is said', () => {
  assert.deepEqual(planOf({ events: [event()] }), [{ dueIn: 0, expiresIn: MINUTE }]);
});

test('reads the validity in its unit, minutes without one, and caps it at 48 hours', () => {
  const expiresIn = (validityPeriod: object) => planOf({ events: [event({ validityPeriod })] })[0]?.expiresIn;
  assert.equal(expiresIn({ amount: 5, timeUnit: 'SECONDS' }), 5_000);
  assert.equal(expiresIn({ amount: 5 }), 5 * MINUTE);
  assert.equal(expiresIn({ amount: 5, timeUnit: 'HOURS' }), 300 * MINUTE);
  assert.equal(expiresIn({ amount: 49, timeUnit: 'HOURS' }), 2 * DAY);
});

test('starts at sendAt, or now when that has passed, and spreads the events by the speed limit', () => {
  const dueIn = (schedule: object) =>
    planOf({ events: [event(), event(), event()], options: { schedule } }).map((planned) => planned.dueIn);
  assert.deepEqual(dueIn({ sendAt: '2026-05-01T14:00:00.000+0200' }), [0, 0, 0]);
  assert.deepEqual(dueIn({ sendAt: '2026-05-01T12:01:00Z' }), [MINUTE, MINUTE, MINUTE]);
  assert.deepEqual(dueIn({ sendAt: '2020-01-01T00:00:00Z' }), [0, 0, 0]);
  assert.deepEqual(dueIn({ sendingSpeedLimit: { amount: 2 } }), [0, MINUTE / 2, MINUTE]);
  assert.deepEqual(dueIn({ sendingSpeedLimit: { amount: 1, timeUnit: 'DAY' } }), [0, DAY, 2 * DAY]);
});

test('refuses a time that is none or more than 180 days away', () => {
  const violationsOf = (sendAt: string) => {
    const request: TypingRequest = { ...typingExample.request, options: { schedule: { sendAt } } };
    const plan = typingPlan(request, NOW);
    return plan.ok ? [] : Object.keys(plan.violations);
  };
  assert.deepEqual(violationsOf(new Date(NOW + 180 * DAY).toISOString()), []);
  for (const wrong of [new Date(NOW + 180 * DAY + 1).toISOString(), 'soon', '2026-13-01T00:00:00Z']) {
    assert.deepEqual(violationsOf(wrong), ['options.schedule.sendAt'], wrong);
  }
});
