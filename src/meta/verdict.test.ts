import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metaCodes } from '../contract/meta-errors.js';
import type { GraphAnswer } from './graph-client.js';
import { type Outcome, retryDelayMs, verdictOf } from './verdict.js';

function answered(status: number, body: unknown, usage?: string): GraphAnswer {
  return { kind: 'answered', status, body, usage };
}

function refusal(code: number, attempt = 1, status = 400): Outcome {
  return verdictOf(
    answered(status, { error: { message: `(#${code}) x`, code, error_data: { details: 'why' } } }),
    attempt,
    0,
  );
}

test('accepts a 200 with a wamid', () => {
  const body = {
    messaging_product: 'whatsapp',
    contacts: [{ input: '1', wa_id: '1' }],
    messages: [{ id: 'wamid.A', message_status: 'accepted' }],
  };
  assert.deepEqual(verdictOf(answered(200, body), 1, 0), { kind: 'accepted', wamid: 'wamid.A' });
});

test('knows nothing after a 200 without a wamid, a 5xx that is not from Graph, or a lost answer', () => {
  for (const body of [{}, { messages: [] }, { messages: [{}] }, null, 'x'])
    assert.equal(verdictOf(answered(200, body), 1, 0).kind, 'unknown');
  for (const status of [500, 502, 503, 504, 408])
    assert.equal(verdictOf(answered(status, undefined), 1, 0).kind, 'unknown');
  assert.deepEqual(verdictOf({ kind: 'unknown', reason: 'timeout', cause: undefined }, 1, 0), {
    kind: 'unknown',
    reason: 'timeout',
  });
});

test('tries again what was never written', () => {
  const outcome = verdictOf({ kind: 'notWritten', reason: 'ECONNREFUSED', cause: undefined }, 1, 0);
  assert.deepEqual(outcome, {
    kind: 'retry',
    delayMs: 1000,
    scope: 'message',
    reason: 'ECONNREFUSED',
    refusal: undefined,
  });
});

test('fails what Meta refuses for good, keeping its code and words', () => {
  assert.deepEqual(refusal(131009), {
    kind: 'failed',
    errorId: 7006,
    statusId: 4,
    refusal: { metaCode: 131009, metaSubcode: undefined, httpStatus: 400, detail: 'why' },
  });
});

test('decides on the code of Meta, not on the HTTP status', () => {
  for (const status of [200, 400, 403, 429, 500, 503]) assert.equal(refusal(131047, 1, status).kind, 'failed');
  for (const status of [400, 429]) assert.deepEqual(scopeOf(refusal(130429, 1, status)), ['number', 1000]);
});

function scopeOf(outcome: Outcome): unknown {
  return outcome.kind === 'retry' ? [outcome.scope, outcome.delayMs] : outcome.kind;
}

test('waits 4^X seconds for pair and number limits, with an end to the growth', () => {
  assert.deepEqual(
    [1, 2, 3, 4].map((attempt) => scopeOf(refusal(131056, attempt))),
    [
      ['pair', 1000],
      ['pair', 4000],
      ['pair', 16_000],
      ['pair', 64_000],
    ],
  );
  assert.deepEqual(scopeOf(refusal(131056, 50)), ['pair', 1_024_000]);
});

test('retries an unknown error once and an outage without end', () => {
  assert.equal(refusal(1, 1).kind, 'retry');
  assert.equal(refusal(1, 2).kind, 'failed');
  assert.equal(refusal(424_242, 2).kind, 'failed');
  assert.equal(refusal(2, 30, 503).kind, 'retry');
});

test('pauses the lane for credentials and call limits, as long as the usage header says', () => {
  assert.deepEqual(scopeOf(refusal(190, 1, 401)), ['lane', 60_000]);
  const usage = JSON.stringify({ '1020': [{ type: 'whatsapp', call_count: 100, estimated_time_to_regain_access: 7 }] });
  const body = { error: { code: 80007 } };
  assert.deepEqual(scopeOf(verdictOf(answered(400, body, usage), 1, 0)), ['lane', 420_000]);
  for (const odd of ['', '{', '[]', '{"a":1}', '{"a":[{"estimated_time_to_regain_access":"x"}]}']) {
    assert.deepEqual(scopeOf(verdictOf(answered(400, body, odd), 1, 0)), ['lane', 60_000], odd);
  }
});

test('pauses the lane when something that is not Graph refuses everybody, else gives up on the message after five tries', () => {
  for (const status of [301, 302, 401, 403, 404, 429])
    assert.deepEqual(scopeOf(verdictOf(answered(status, undefined), 9, 0)), ['lane', 60_000]);
  assert.equal(verdictOf(answered(413, undefined), 4, 0).kind, 'retry');
  assert.equal(verdictOf(answered(413, undefined), 5, 0).kind, 'failed');
});

test('has an outcome for every code and every attempt', () => {
  for (const code of metaCodes) {
    for (const attempt of [1, 2, 10]) {
      const outcome = refusal(code, attempt);
      if (outcome.kind === 'retry') assert.ok(outcome.delayMs >= 1000, String(code));
      else assert.equal(outcome.kind, 'failed');
    }
  }
});

test('grows the delay to a minute and spreads it', () => {
  assert.equal(retryDelayMs(1, 0), 1000);
  assert.equal(retryDelayMs(1, 0.5), 1500);
  assert.equal(retryDelayMs(3, 0), 4000);
  assert.equal(retryDelayMs(1000, 0.999999), 60_000);
});
