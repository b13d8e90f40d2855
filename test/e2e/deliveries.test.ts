// The delivery log, test reports, profiles on the wire, and replays of a place, over HTTP.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { resultsAt, resultsUntil, type Scene, startScene } from '../support/scene.js';
import { until } from '../support/until.js';

interface Delivery {
  webhookId: string;
  endpointId: number;
  attempt: number;
  kind: string;
  results: number;
  httpStatus: number | null;
  verdict: string;
  error: string | null;
  answer: string | null;
}
interface Page {
  results: Delivery[];
  paging: { size: number; next: string | null };
}
interface One {
  state: string;
  attempts: Delivery[];
  profileId: string | null;
}
interface Tested {
  eventId: string;
  result: string;
  downReason: string | null;
  delivery: Delivery | null;
}

let scene: Scene;
const receivers: Receiver[] = [];

before(async () => {
  scene = await startScene();
  await scene.world.sandbox('/_sandbox/progress', { method: 'PUT', json: { mode: 'immediate', readMs: null } });
});
after(async () => {
  for (const receiver of receivers) await receiver.stop();
  await scene.stop();
});

async function newReceiver(): Promise<Receiver> {
  const receiver = await startReceiver();
  receivers.push(receiver);
  return receiver;
}

async function send(url: string, count: number): Promise<string[]> {
  const answers = await Promise.all(
    Array.from({ length: count }, () => scene.send({ to: scene.newUser(), notifyUrl: url })),
  );
  return answers.map(({ messageId }) => messageId);
}

function key(): string {
  return scene.world.info.apiKey;
}

async function page(query: string): Promise<Page> {
  return scene.admin<Page>(`/deliveries?${query}`, { key: key() });
}

async function makeProfile(profile: object): Promise<void> {
  const { status, body } = await scene.world.api('/subscriptions/1/profiles', { json: profile });
  assert.equal(status, 201, JSON.stringify(body));
}

test('the log tells every POST, newest first, page by page, and each request with all its tries', async () => {
  const receiver = await newReceiver();
  receiver.answer({ status: 500, body: 'no such shop' });
  for (const n of [1, 2, 3]) {
    // Distinct URLs are distinct requests.
    await send(`${receiver.url}/${n}`, 1);
    await until('posted', () => receiver.requests.some(({ path }) => path === `/${n}`));
  }
  const { id } = await scene.endpointOf(receiver.url);
  const all = await until('three in the log', async () => {
    const { results } = await page(`endpointId=${id}`);
    return results.length === 3 ? results : undefined;
  });
  assert.deepEqual(
    all.map(({ webhookId }) => webhookId),
    receiver.requests.map(({ headers }) => headers['webhook-id']).reverse(),
  );
  assert.deepEqual(
    all.map(({ verdict, httpStatus, answer, kind, results }) => [verdict, httpStatus, answer, kind, results]),
    Array.from({ length: 3 }, () => ['refused', 500, 'no such shop', 'delivery', 1]),
  );
  const first = await page(`endpointId=${id}&size=2`);
  const second = await page(`endpointId=${id}&size=2&after=${first.paging.next}`);
  assert.deepEqual([...first.results, ...second.results], all);
  assert.equal(second.paging.next, null);
  assert.equal((await page(`endpointId=${id}&verdict=delivered`)).results.length, 0);
  receiver.answer({ status: 200 });
  await scene.advance(120);
  const [newest] = all;
  const one = await until('delivered', async () => {
    const found = await scene.admin<One>(`/deliveries/${newest?.webhookId}`, { key: key() });
    return found.state === 'delivered' ? found : undefined;
  });
  assert.deepEqual(
    one.attempts.map(({ attempt, verdict }) => [attempt, verdict]),
    [
      [1, 'refused'],
      [2, 'delivered'],
    ],
  );
  const mine = await page('size=1000');
  assert.ok(mine.results.some(({ webhookId, attempt }) => webhookId === newest?.webhookId && attempt === 2));
});

test('another account sees nothing of it', async () => {
  const tenant = await scene.newTenant();
  const receiver = await newReceiver();
  await send(receiver.url, 1);
  const { id } = await scene.endpointOf(receiver.url);
  const [delivery] = await until('in the log', async () => {
    const { results } = await page(`endpointId=${id}`);
    return results.length > 0 ? results : undefined;
  });
  assert.equal((await scene.admin<Page>('/deliveries', { key: tenant.key })).results.length, 0);
  for (const path of [`/deliveries?endpointId=${id}`, `/deliveries/${delivery?.webhookId}`, '/deliveries/nonsense'])
    assert.equal((await scene.world.api(`/parley/1${path}`, { key: tenant.key })).status, 404, path);
});

test('a test report goes the way of real ones: profile, security, signatures, log', async () => {
  const receiver = await newReceiver();
  const secretKey = 'key of the test';
  await makeProfile({
    profileId: 'tested',
    webhook: { notifyUrl: `${receiver.url}/hook`, contentType: 'application/vnd.test+json' },
    security: { authId: 'tested-hmac', type: 'HMAC', credentials: { secretKey, algorithm: 'HMAC_SHA_512' } },
    headers: { 'X-Env': 'test' },
  });
  const tested = await scene.admin<Tested>('/deliveries/test', { key: key(), json: { profileId: 'tested' } });
  assert.equal(tested.result, 'SUCCESS', JSON.stringify(tested));
  const [request] = receiver.requests;
  assert.ok(request !== undefined);
  assert.equal(request.path, '/hook');
  assert.equal(request.headers['content-type'], 'application/vnd.test+json');
  assert.equal(request.headers['x-env'], 'test');
  assert.equal(request.headers['webhook-id'], tested.delivery?.webhookId);
  assert.equal(
    request.headers['x-ib-hmac-signature'],
    createHmac('sha512', secretKey).update(request.body).digest('hex'),
  );
  assert.equal(resultsAt(receiver)[0]?.eventId, tested.eventId);
  const one = await scene.admin<One>(`/deliveries/${tested.delivery?.webhookId}`, { key: key() });
  assert.deepEqual([one.state, one.profileId, one.attempts.length], ['delivered', 'tested', 1]);
});

test('a test says why it failed, is not tried again when it was refused, and waits behind an endpoint that is down', async () => {
  const receiver = await newReceiver();
  receiver.answer({ status: 404, body: 'nobody here' });
  const call = { key: key(), json: { url: receiver.url } };
  const refused = await scene.admin<Tested>('/deliveries/test', call);
  assert.deepEqual(
    [refused.result, refused.delivery?.httpStatus, refused.delivery?.answer],
    ['FAIL', 404, 'nobody here'],
  );
  const one = await scene.admin<One>(`/deliveries/${refused.delivery?.webhookId}`, { key: key() });
  assert.equal(one.state, 'dead');
  receiver.answer({ status: 503 });
  const down = await scene.admin<Tested>('/deliveries/test', call);
  assert.deepEqual([down.result, down.delivery?.verdict, down.downReason], ['FAIL', 'down', 'http 503']);
  const waits = await scene.admin<Tested>('/deliveries/test', call);
  assert.deepEqual([waits.result, waits.delivery, waits.downReason], ['WAITING', null, 'http 503']);
  receiver.answer({ status: 200 });
  await scene.advance(120);
  await resultsUntil('the test that waited', receiver, (all) => all.some(({ eventId }) => eventId === waits.eventId));
});

test('a test of what is not there, or cannot be posted to, is refused', async () => {
  for (const [json, status] of [
    [{}, 400],
    [{ url: 'ftp://hooks.example' }, 400],
    [{ url: 'http://169.254.169.254/latest' }, 400],
    [{ profileId: 'nobody' }, 404],
    [{ url: 'https://hooks.example', more: 1 }, 400],
  ] as const)
    assert.equal((await scene.world.api('/parley/1/deliveries/test', { json })).status, status, JSON.stringify(json));
});

test('a profile’s endpoint is replayed by profile, at the rate that was asked for', async () => {
  const receiver = await newReceiver();
  await makeProfile({ profileId: 'replayed', webhook: { notifyUrl: receiver.url }, maxBucketSize: 1 });
  const made = await scene.world.api('/subscriptions/1/subscription/WHATSAPP', {
    json: { subscriptionId: 'replayed', events: ['DELIVERY'], profile: { profileId: 'replayed' } },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const events: string[] = [];
  for (let i = 0; i < 5; i += 1) {
    const tested = await scene.admin<Tested>('/deliveries/test', { key: key(), json: { profileId: 'replayed' } });
    assert.equal(tested.result, 'SUCCESS');
    events.push(tested.eventId);
  }
  const before = receiver.requests.length;
  const replay = (place: object) =>
    scene.admin<{ reports: number }>('/replays', { key: key(), json: { ...place, requestsPerSecond: 1 } });
  // A test is about nothing that a subscription asks for.
  assert.equal((await replay({ subscriptionId: 'replayed' })).reports, 0);
  assert.equal((await replay({ profileId: 'replayed' })).reports, 5);
  await until(
    'all of it again',
    () => {
      const again = receiver.requests.slice(before).flatMap(({ body }) => body);
      return events.every((id) => again.some((body) => body.includes(id)));
    },
    30_000,
  );
  // The profile's results a POST hold for replays too.
  assert.ok(
    receiver.requests.slice(before).every(({ json: body }) => JSON.stringify(body).split('eventId').length === 2),
  );
  for (const json of [{ profileId: 'nobody' }, { subscriptionId: 'nobody' }])
    assert.equal((await scene.world.api('/parley/1/replays', { json })).status, 404);
  const both = { profileId: 'replayed', endpointId: 1 };
  assert.equal((await scene.world.api('/parley/1/replays', { json: both })).status, 400);
});
