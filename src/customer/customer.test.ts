import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { type SafeAnswer, type SafeFetch, SafeFetchError, type SafePost } from '../lib/safe-fetch.js';
import { DELIVERY_MS_MAX, nextTryAt } from './backoff.js';
import { newSigningSecret, signingHeaders } from './signing.js';
import { deliveryVerdict, RETRY_AFTER_MS_MAX, type WebhookAnswer } from './verdict.js';
import { createWebhookClient } from './webhook-client.js';

const now = Date.UTC(2026, 4, 4, 9);

function answered(status: number, retryAfter?: string): WebhookAnswer {
  const isSuccess = status >= 200 && status < 300;
  return { kind: 'answered', status, isSuccess, retryAfter, firstBytes: '', durationMs: 1 };
}

test('takes any 2xx for success, 410 for the end, redirects and client errors for a refusal', () => {
  for (const status of [200, 201, 202, 204, 299])
    assert.deepEqual(deliveryVerdict(answered(status), now), { kind: 'delivered' });
  assert.deepEqual(deliveryVerdict(answered(410), now), { kind: 'gone' });
  for (const status of [301, 307, 400, 401, 404, 422, 500, 501])
    assert.deepEqual(deliveryVerdict(answered(status), now), { kind: 'refused', status });
});

test('takes 429, 502 to 504 and no answer for an endpoint that is down', () => {
  for (const status of [429, 502, 503, 504])
    assert.deepEqual(deliveryVerdict(answered(status), now), { kind: 'down', reason: `http ${status}` });
  assert.deepEqual(deliveryVerdict({ kind: 'failed', reason: 'connect: ECONNREFUSED', durationMs: 1 }, now), {
    kind: 'down',
    reason: 'connect: ECONNREFUSED',
  });
});

test('honours Retry-After in seconds and as a date, with a cap, and ignores nonsense', () => {
  const wait = (header: string): unknown => {
    const verdict = deliveryVerdict(answered(503, header), now);
    return verdict.kind === 'down' ? verdict.retryAfterMs : verdict;
  };
  assert.equal(wait('120'), 120_000);
  assert.equal(wait(' 0 '), 0);
  assert.equal(wait(new Date(now + 90_000).toUTCString()), 90_000);
  assert.equal(wait(new Date(now - 90_000).toUTCString()), 0);
  assert.equal(wait('999999'), RETRY_AFTER_MS_MAX);
  assert.equal(wait(new Date(now + 99 * 3_600_000).toUTCString()), RETRY_AFTER_MS_MAX);
  for (const odd of ['', 'soon', '-1', '1.5', '2026-05-04', '9999999999']) assert.equal(wait(odd), undefined, odd);
});

test('waits 1 + n² minutes, up to a fifth longer', () => {
  const minutes = (failures: number, random: number): number =>
    ((nextTryAt({ failures, firstDueAt: now, now, random }) ?? 0) - now) / 60_000;
  assert.deepEqual(
    [1, 2, 3, 4, 11].map((failures) => minutes(failures, 0)),
    [1, 2, 5, 10, 101],
  );
  assert.equal(minutes(3, 0.5), 5.5);
  assert.ok(minutes(3, 0.999) < 6);
});

test('waits at least as long as the endpoint asked', () => {
  const facts = { failures: 1, firstDueAt: now, now, random: 0 };
  assert.equal(nextTryAt({ ...facts, retryAfterMs: 600_000 }), now + 600_000);
  assert.equal(nextTryAt({ ...facts, retryAfterMs: 1000 }), now + 60_000);
});

test('tries a last time when 72 hours are over, then never again', () => {
  const deadline = now + DELIVERY_MS_MAX;
  assert.equal(nextTryAt({ failures: 50, firstDueAt: now, now: deadline - 60_000, random: 0 }), deadline);
  assert.equal(nextTryAt({ failures: 51, firstDueAt: now, now: deadline, random: 0 }), undefined);
});

test('makes a finite number of tries within those 72 hours', () => {
  let at: number | undefined = now;
  let failures = 0;
  while (at !== undefined && failures < 1000) {
    failures += 1;
    at = nextTryAt({ failures, firstDueAt: now, now: at, random: 0 });
  }
  assert.ok(failures > 20 && failures < 30, String(failures));
});

test('signs as Standard Webhooks says, once per live secret', () => {
  // Test vector of the Standard Webhooks specification.
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const headers = signingHeaders('msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330_000, '{"test": 2432232314}', [secret]);
  assert.equal(headers['webhook-signature'], 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  assert.equal(headers['webhook-timestamp'], '1614265330');
  const other = newSigningSecret();
  const both = signingHeaders('id', now, '{}', [secret, other])['webhook-signature']?.split(' ');
  const mac = createHmac('sha256', Buffer.from(other.slice(6), 'base64'))
    .update(`id.${now / 1000}.{}`)
    .digest('base64');
  assert.equal(both?.length, 2);
  assert.equal(both?.[1], `v1,${mac}`);
  assert.deepEqual(signingHeaders('id', now, '{}', []), {
    'webhook-id': 'id',
    'webhook-timestamp': String(now / 1000),
  });
  assert.throws(() => signingHeaders('id', now, '{}', ['plain']), TypeError);
});

function recorder(answer: () => ReturnType<SafeFetch['post']>): {
  safeFetch: SafeFetch;
  posts: { url: string; request: SafePost }[];
} {
  const posts: { url: string; request: SafePost }[] = [];
  const safeFetch: SafeFetch = {
    post(url, request) {
      posts.push({ url, request });
      return answer();
    },
    check: () => undefined,
    close: async () => undefined,
  };
  return { safeFetch, posts };
}

const batch = {
  account: 1,
  url: 'https://a.example/hook',
  id: 'batch-1',
  body: '{"results":[]}',
  secrets: [newSigningSecret()],
  now,
};

test('posts a batch as signed JSON under its own name, with both timeouts', async () => {
  const { safeFetch, posts } = recorder(async () => ({
    status: 503,
    headers: { 'retry-after': '7' },
    firstBytes: 'busy',
    durationMs: 3,
  }));
  const answer = await createWebhookClient(safeFetch, '1.2.3').post(batch);
  assert.deepEqual(answer, {
    kind: 'answered',
    status: 503,
    isSuccess: false,
    retryAfter: '7',
    firstBytes: 'busy',
    durationMs: 3,
  });
  const [sent] = posts;
  assert.equal(sent?.url, batch.url);
  assert.equal(sent?.request.body, batch.body);
  assert.equal(sent?.request.timeoutMs, 15_000);
  const headers = sent?.request.headers ?? {};
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['user-agent'], 'Parley/1.2.3');
  assert.equal(headers['webhook-id'], 'batch-1');
  assert.match(headers['webhook-signature'] ?? '', /^v1,/);
});

test('tells a failed exchange as an answer and lets bugs through', async () => {
  const failing = recorder(() => Promise.reject(new SafeFetchError('blocked', 'private address', 2)));
  assert.deepEqual(await createWebhookClient(failing.safeFetch, '1').post(batch), {
    kind: 'failed',
    reason: 'blocked: private address',
    durationMs: 2,
  });
  const buggy = recorder(() => Promise.reject(new TypeError('bug')));
  await assert.rejects(createWebhookClient(buggy.safeFetch, '1').post(batch), TypeError);
});

test('posts once more when a connection that had served was cut, and not when none had', async () => {
  const answers: (() => Promise<SafeAnswer>)[] = [];
  const ok = async () => ({ status: 200, headers: {}, firstBytes: '', durationMs: 1 });
  const cut = () => Promise.reject(new SafeFetchError('other', 'UND_ERR_SOCKET', 1));
  const { safeFetch, posts } = recorder(() => (answers.shift() ?? ok)());
  const client = createWebhookClient(safeFetch, '1');
  const kindsOf = async (...next: (() => Promise<SafeAnswer>)[]) => {
    answers.splice(0, answers.length, ...next);
    posts.length = 0;
    return [(await client.post(batch)).kind, posts.length];
  };
  assert.deepEqual(await kindsOf(cut), ['failed', 1]);
  assert.deepEqual(await kindsOf(ok), ['answered', 1]);
  assert.deepEqual(await kindsOf(cut, ok), ['answered', 2]);
  assert.equal(new Set(posts.map(({ request }) => request.headers['webhook-id'])).size, 1);
  assert.deepEqual(await kindsOf(cut, cut), ['failed', 2]);
  assert.deepEqual(await kindsOf(cut), ['failed', 1]);
  const refused = () => Promise.reject(new SafeFetchError('connect', 'ECONNREFUSED', 1));
  assert.deepEqual(await kindsOf(ok), ['answered', 1]);
  assert.deepEqual(await kindsOf(refused), ['failed', 1]);
});
