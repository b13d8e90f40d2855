// The long fuzz run over everything that the gateway serves. A failure names the seed; fuzz.test.ts is the short one.
import { test } from 'node:test';
import { fuzzGateway } from '../support/fuzz-gateway.js';
import { fuzzSandbox } from '../support/fuzz-sandbox.js';

test('answers 30,000 requests of every kind without a 5xx or a hang, stays within its memory and delivers afterwards', async (t) => {
  await fuzzGateway(t, { requests: 30_000, conversations: 3_000, timeLimitMs: 200_000 });
});

test('the sandbox answers 6,000 requests of every kind without a 5xx or a hang, and delivers afterwards', async (t) => {
  await fuzzSandbox(t, { requests: 6_000, timeLimitMs: 60_000 });
});
