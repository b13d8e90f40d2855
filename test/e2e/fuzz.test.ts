// A short fuzz run over everything that gateway and sandbox serve; fuzz.long.test.ts is the long one.
import { test } from 'node:test';
import { fuzzGateway } from '../support/fuzz-gateway.js';
import { fuzzSandbox } from '../support/fuzz-sandbox.js';

test('answers whatever it is sent without a 5xx or a hang, stays within its memory and delivers afterwards', async (t) => {
  await fuzzGateway(t, { requests: 1_500, conversations: 300, timeLimitMs: 90_000 });
});

test('the sandbox answers whatever it is sent without a 5xx or a hang, and delivers afterwards', async (t) => {
  await fuzzSandbox(t, { requests: 800, timeLimitMs: 60_000 });
});
