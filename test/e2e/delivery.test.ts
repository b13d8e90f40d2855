// Customers' endpoints in every mood: reports arrive at least once, batched and signed, and one bad endpoint or report costs no other.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { freePort } from '../support/free-port.js';
import { type ReceivedRequest, type Receiver, startReceiver } from '../support/receiver.js';
import { type EndpointView, type Result, resultsAt, resultsUntil, type Scene, startScene } from '../support/scene.js';
import { until } from '../support/until.js';

const HOUR = 3600;
const DAY = 24 * HOUR;
let scene: Scene;
const receivers: Receiver[] = [];

before(async () => {
  scene = await startScene();
  // Delivery reports only, so that a message has one report.
  await scene.world.sandbox('/_sandbox/progress', { method: 'PUT', json: { mode: 'immediate', readMs: null } });
});
after(async () => {
  for (const receiver of receivers) await receiver.stop();
  await scene.stop();
});

async function newReceiver(port?: number): Promise<Receiver> {
  const receiver = await startReceiver(port);
  receivers.push(receiver);
  return receiver;
}

/** Sends texts, each to a user of its own, reported to `url`; their messageIds. */
async function send(url: string, count = 1): Promise<string[]> {
  const answers = await Promise.all(
    Array.from({ length: count }, () => scene.send({ to: scene.newUser(), notifyUrl: url })),
  );
  return answers.map(({ messageId }) => messageId);
}

/** Waits until the receiver got the reports of all these messages. */
function arrived(receiver: Receiver, ids: readonly string[]): Promise<Result[]> {
  return resultsUntil(`${ids.length} reports`, receiver, (all) => {
    const got = new Set(all.map(({ messageId }) => messageId));
    return ids.every((id) => got.has(id));
  });
}

function endpointUntil(url: string, what: string, predicate: (view: EndpointView) => boolean): Promise<EndpointView> {
  return until(what, async () => {
    const view = await scene.endpointOf(url);
    if (predicate(view)) return view;
    throw new Error(JSON.stringify(view));
  });
}

function carriedBy(request: ReceivedRequest): Result[] {
  const { results }: { results: Result[] } = JSON.parse(request.body);
  return results;
}

function has(request: ReceivedRequest, id: string | undefined): boolean {
  return carriedBy(request).some(({ messageId }) => messageId === id);
}

/** The receiver takes nothing while `wait` messages' reports pile up; what it refused meanwhile is forgotten. */
async function pileUp(receiver: Receiver, count: number): Promise<string[]> {
  receiver.answer({ status: 503 });
  const first = await send(receiver.url);
  await endpointUntil(receiver.url, 'down', ({ downSince }) => downSince !== null);
  const ids = [...first, ...(await send(receiver.url, count - 1))];
  await endpointUntil(receiver.url, 'all reports wait', ({ waiting, retrying }) => waiting + retrying >= count - 1);
  return ids;
}

test('any 2xx is success, whatever comes with it', async () => {
  for (const status of [200, 201, 202, 204, 226, 299]) {
    const receiver = await newReceiver();
    receiver.answer({ status, body: status === 204 ? '' : '{"errors":["no"]}', headers: { 'retry-after': '100' } });
    const [id] = await send(receiver.url);
    const life = await scene.lifeUntil(
      'done',
      id ?? '',
      ({ reports }) => reports[0]?.state === 'done' && reports[0].attempts.length === 1,
    );
    assert.equal(life.reports[0]?.attempts[0]?.httpStatus, status);
    assert.equal(receiver.requests.length, 1);
  }
});

test('a report is a POST of JSON with an id, a time and who sent it', async () => {
  const receiver = await newReceiver();
  await send(`${receiver.url}/path?shop=1`);
  const request = await receiver.next(() => true);
  assert.deepEqual([request.method, request.path], ['POST', '/path?shop=1']);
  assert.match(request.headers['content-type'] ?? '', /^application\/json/);
  assert.match(request.headers['user-agent'] ?? '', /^Parley\//);
  assert.match(String(request.headers['webhook-id']), /^[0-9a-f-]{36}$/);
});

test('reports are signed as Standard Webhooks says, by each live secret', async () => {
  const tenant = await scene.newTenant();
  const receiver = await newReceiver();
  const sendOne = () =>
    scene.send({ to: scene.newUser(), from: tenant.sender, notifyUrl: receiver.url }, { key: tenant.key });
  await sendOne();
  assert.equal((await receiver.next(() => true)).headers['webhook-signature'], undefined);
  const secrets: { id: string; secret: string }[] = [];
  for (let i = 0; i < 2; i += 1) secrets.push(await scene.admin('/signing-secrets', { json: {}, key: tenant.key }));
  const { messageId } = await sendOne();
  const request = await receiver.next((one) => has(one, messageId));
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': given } = request.headers;
  assert.ok(Math.abs(Number(timestamp) - Date.now() / 1000) < 60);
  const expected = secrets.map(({ secret }) => {
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${request.body}`).digest('base64')}`;
  });
  assert.deepEqual(new Set(String(given).split(' ')), new Set(expected));
});

test('410 disables an endpoint: nothing more is posted until somebody enables it, then everything', async () => {
  const receiver = await newReceiver();
  receiver.answer({ status: 410 });
  const [first] = await send(receiver.url);
  await endpointUntil(receiver.url, 'disabled', ({ disabledAt }) => disabledAt !== null);
  const later = await send(receiver.url, 3);
  await endpointUntil(receiver.url, 'reports wait', ({ waiting }) => waiting === 3);
  await scene.advance(2 * HOUR);
  const other = await newReceiver();
  await arrived(other, await send(other.url));
  assert.equal(receiver.requests.length, 1);
  receiver.answer({ status: 200 });
  const { id } = await scene.endpointOf(receiver.url);
  await scene.admin(`/endpoints/${id}/enable`, { method: 'POST' });
  await arrived(receiver, [first ?? '', ...later]);
  const [refused, again] = receiver.requests.filter((request) => has(request, first));
  assert.equal(refused?.headers['webhook-id'], again?.headers['webhook-id']);
  assert.equal(refused?.body, again?.body);
});

test('whoever enables an endpoint is heard, whatever is written of its health meanwhile', async () => {
  const receiver = await newReceiver();
  receiver.answer({ status: 410 });
  await send(receiver.url);
  const isDisabled = ({ disabledAt }: EndpointView): boolean => disabledAt !== null;
  const { id } = await endpointUntil(receiver.url, 'disabled', isDisabled);
  for (let posts = 1; posts <= 10; posts += 1) {
    await Promise.all([scene.advance(120), scene.admin(`/endpoints/${id}/enable`, { method: 'POST' })]);
    await until(`POST ${posts + 1}`, () => receiver.requests.length > posts);
    await endpointUntil(receiver.url, 'disabled again', isDisabled);
  }
});

test('an endpoint that cannot be reached is down, is probed, and gets everything once it is back', async () => {
  const gone = await startReceiver(await freePort());
  const { url } = gone;
  await gone.stop();
  const ids = await send(url, 5);
  const down = await endpointUntil(
    url,
    'down',
    ({ downSince, nextProbeAt }) => downSince !== null && nextProbeAt !== null,
  );
  assert.match(down.downReason ?? '', /connect/);
  await scene.advance(90);
  await endpointUntil(
    url,
    'probed in vain',
    ({ nextProbeAt }) => nextProbeAt !== null && nextProbeAt !== down.nextProbeAt,
  );
  const back = await newReceiver(Number(new URL(url).port));
  const other = await newReceiver();
  await arrived(other, await send(other.url));
  assert.equal(back.requests.length, 0);
  await scene.advance(200);
  const results = await arrived(back, ids);
  assert.equal(new Set(results.map(({ eventId }) => eventId)).size, ids.length);
  const up = await endpointUntil(url, 'up', ({ downSince }) => downSince === null);
  assert.deepEqual([up.downReason, up.nextProbeAt, up.dead], [null, null, 0]);
});

test('a person may enable an endpoint that is down without waiting for its probe', async () => {
  const receiver = await newReceiver();
  const ids = await pileUp(receiver, 3);
  receiver.answer({ status: 200 });
  const { id } = await scene.endpointOf(receiver.url);
  await scene.admin(`/endpoints/${id}/enable`, { method: 'POST' });
  await arrived(receiver, ids);
});

test('a probe that is answered 410 disables the endpoint', async () => {
  const receiver = await newReceiver();
  await pileUp(receiver, 2);
  receiver.answer({ status: 410 });
  await scene.advance(90);
  await endpointUntil(receiver.url, 'disabled', ({ disabledAt }) => disabledAt !== null);
});

test('a probe carries one report and the rest follows its success', async () => {
  const receiver = await newReceiver();
  const ids = await pileUp(receiver, 30);
  const before = receiver.requests.length;
  const { nextProbeAt } = await scene.endpointOf(receiver.url);
  await scene.advance(90);
  const probe = await until('a probe', () => receiver.requests[before]);
  assert.equal(carriedBy(probe).length, 1);
  await endpointUntil(receiver.url, 'the probe has failed', (view) => view.nextProbeAt !== nextProbeAt);
  receiver.answer({ status: 200 });
  await scene.advance(200);
  await arrived(receiver, ids);
  const [again] = receiver.requests.slice(before + 1);
  assert.ok(again !== undefined && carriedBy(again).length === 1);
});

test('an answer that is cut off is no answer: the endpoint is down, and the report comes again as the same one', async () => {
  const receiver = await newReceiver();
  receiver.answer({ reset: true });
  const [id] = await send(receiver.url);
  await endpointUntil(receiver.url, 'down', ({ downSince }) => downSince !== null);
  receiver.answer({ status: 200 });
  await scene.advance(90);
  await until('the second try', () => receiver.requests.length === 2);
  const [first, second] = receiver.requests;
  assert.equal(first?.headers['webhook-id'], second?.headers['webhook-id']);
  assert.deepEqual(
    resultsAt(receiver).map(({ messageId }) => messageId),
    [id, id],
  );
  assert.equal(new Set(resultsAt(receiver).map(({ eventId }) => eventId)).size, 1);
});

test('Retry-After is waited for', async () => {
  const receiver = await newReceiver();
  receiver.answer({ status: 429, headers: { 'retry-after': '1800' } });
  const [id] = await send(receiver.url);
  const view = await endpointUntil(receiver.url, 'down', ({ nextProbeAt }) => nextProbeAt !== null);
  const { now } = await scene.admin<{ now: string }>('/dev/clock');
  const waitMs = Date.parse(view.nextProbeAt ?? '') - Date.parse(now);
  assert.ok(waitMs > 1_700_000 && waitMs <= 1_800_000, `${waitMs} ms`);
  receiver.answer({ status: 200 });
  await scene.advance(1_500);
  const other = await newReceiver();
  await arrived(other, await send(other.url));
  assert.equal(receiver.requests.length, 1);
  await scene.advance(400);
  await until('the second try', () => receiver.requests.length === 2);
  assert.ok(receiver.requests.every((request) => has(request, id)));
});

test('one report that is refused is isolated and tried alone; the others of its request are delivered', async () => {
  const receiver = await newReceiver();
  const ids = await pileUp(receiver, 40);
  const culprit = ids[25];
  const others = ids.filter((id) => id !== culprit);
  const delivered: string[] = [];
  receiver.answer((request) => {
    if (has(request, culprit)) return { status: 500 };
    delivered.push(...carriedBy(request).map(({ messageId }) => messageId));
    return {};
  });
  await scene.advance(200);
  await until('all others', () => others.every((id) => delivered.includes(id)));
  assert.equal(new Set(delivered).size, others.length);
  assert.equal(delivered.length, others.length);
  // Halves of its request may be under way for a moment after the others came.
  await endpointUntil(
    receiver.url,
    'it alone is tried',
    ({ downSince, retrying }) => downSince === null && retrying === 1,
  );
  const life = await scene.lifeUntil('alone', culprit ?? '', ({ reports }) => reports[0]?.nextAttemptAt !== null);
  assert.equal(life.reports[0]?.state, 'underway');
  const fresh = await send(receiver.url);
  await until('a fresh one', () => delivered.includes(fresh[0] ?? ''));
  receiver.answer({ status: 200 });
  await scene.advance(200);
  const alone = await receiver.next((request) => has(request, culprit) && carriedBy(request).length === 1);
  await scene.lifeUntil('done', culprit ?? '', ({ reports }) => reports[0]?.state === 'done');
  const eventIds = receiver.requests.flatMap(carriedBy).filter(({ messageId }) => messageId === culprit);
  assert.equal(new Set(eventIds.map(({ eventId }) => eventId)).size, 1);
  assert.ok(alone.headers['webhook-id'] !== undefined);
});

test('five refused requests in a row make an endpoint down', async () => {
  const receiver = await newReceiver();
  receiver.answer({ status: 500 });
  const ids: string[] = [];
  for (let i = 1; i <= 5; i += 1) {
    assert.equal(receiver.requests.length, i - 1);
    ids.push(...(await send(receiver.url)));
    await until('refused', () => receiver.requests.length === i);
    if (i < 5)
      await endpointUntil(
        receiver.url,
        `${i} retries`,
        ({ retrying, downSince }) => retrying === i && downSince === null,
      );
  }
  await endpointUntil(receiver.url, 'down', ({ downReason }) => downReason === 'http 500');
  receiver.answer({ status: 200 });
  await scene.advance(400);
  await arrived(receiver, ids);
  await endpointUntil(receiver.url, 'up', ({ downSince, retrying }) => downSince === null && retrying === 0);
});

test('a redirect is a refusal and is not followed', async () => {
  const target = await newReceiver();
  const receiver = await newReceiver();
  for (const status of [301, 302, 307, 308]) {
    receiver.answer({ status, headers: { location: `${target.url}/stolen` } });
    const [id] = await send(receiver.url);
    await receiver.next((request) => has(request, id));
    const life = await scene.lifeUntil('refused', id ?? '', ({ reports }) => reports[0]?.attempts.length === 1);
    assert.deepEqual(
      [life.reports[0]?.attempts[0]?.verdict, life.reports[0]?.attempts[0]?.httpStatus],
      ['refused', status],
    );
  }
  await arrived(target, await send(target.url));
  assert.equal(target.requests.filter(({ path }) => path === '/stolen').length, 0);
});

test('reports that piled up go out at most 100 a request, each once', async () => {
  const receiver = await newReceiver();
  const ids = await pileUp(receiver, 230);
  const before = receiver.requests.length;
  receiver.answer({ status: 200 });
  await scene.advance(90);
  await arrived(receiver, ids);
  const sizes = receiver.requests.slice(before).map((request) => carriedBy(request).length);
  assert.ok(Math.max(...sizes) <= 100 && sizes.length <= 8, sizes.join());
  const delivered = receiver.requests.slice(before).flatMap(carriedBy);
  assert.equal(delivered.length, ids.length);
});

test('a report that nobody takes for 72 hours is dead, is shown, and can be sent again', async () => {
  const refusing = await newReceiver();
  const down = await newReceiver();
  refusing.answer({ status: 500 });
  down.answer({ status: 503 });
  const [refused] = await send(refusing.url);
  const [unreached, waiting] = [await send(down.url), await send(down.url)].flat();
  await endpointUntil(refusing.url, 'refused', ({ retrying }) => retrying === 1);
  await endpointUntil(down.url, 'down', ({ downSince }) => downSince !== null);
  const isDead = async (id: string | undefined): Promise<boolean> =>
    (await scene.life(id ?? '')).reports[0]?.state === 'dead';
  await scene.advance(71 * HOUR);
  for (const id of [refused, unreached, waiting]) assert.equal(await isDead(id), false);
  await until('tried again', async () => (await scene.life(refused ?? '')).reports[0]?.attempts.length === 2);
  await scene.advance(2 * HOUR);
  for (const id of [refused, unreached, waiting]) {
    await until('dead', async () => {
      // What was being probed is looked at again a minute later.
      await scene.advance(60);
      return isDead(id);
    });
  }
  assert.match((await scene.life(refused ?? '')).reports[0]?.deadReason ?? '', /http 500 for 72 h/);
  assert.match((await scene.life(unreached ?? '')).reports[0]?.deadReason ?? '', /down for 72 h/);
  refusing.answer({ status: 200 });
  const { id: endpointId } = await scene.endpointOf(refusing.url);
  const before = refusing.requests.length;
  await scene.admin('/replays', { json: { endpointId, deadOnly: true }, key: scene.world.info.apiKey });
  await until('the replay', () => refusing.requests.length > before);
  const eventIds = resultsAt(refusing).map(({ eventId }) => eventId);
  assert.equal(new Set(eventIds).size, 1);
  await endpointUntil(refusing.url, 'nothing is dead', ({ dead }) => dead === 0);
});

test('an endpoint that is slow or dead costs no other endpoint anything', async () => {
  const slow = await newReceiver();
  slow.answer({ delayMs: 12_000 });
  const dead = await newReceiver();
  dead.answer({ reset: true });
  await send(slow.url, 30);
  await send(dead.url, 30);
  const good = await newReceiver();
  const startedAt = performance.now();
  await arrived(good, await send(good.url, 20));
  assert.ok(performance.now() - startedAt < 9_000, `${performance.now() - startedAt} ms`);
});

test('reports that waited for 72 hours are given up, younger ones are kept', async () => {
  const receiver = await newReceiver();
  receiver.answer({ status: 503 });
  const [first] = await send(receiver.url);
  await endpointUntil(receiver.url, 'down', ({ downSince }) => downSince !== null);
  const old = await send(receiver.url, 30);
  await endpointUntil(receiver.url, 'they wait', ({ waiting }) => waiting >= 30);
  await scene.advance(40 * HOUR);
  const young = await send(receiver.url, 30);
  await endpointUntil(receiver.url, 'all wait', ({ waiting }) => waiting >= 59);
  await scene.advance(33 * HOUR);
  await endpointUntil(receiver.url, 'the old are dead', ({ dead }) => dead >= 30);
  receiver.answer({ status: 200 });
  await until('up', async () => {
    await scene.advance(HOUR);
    return (await scene.endpointOf(receiver.url)).downSince === null;
  });
  const results = await arrived(receiver, young);
  const life = await scene.life(old[0] ?? '');
  assert.equal(life.reports[0]?.state, 'dead');
  assert.ok(results.length >= young.length && first !== undefined);
});

test('an endpoint that fails for 5 days is disabled and counted, and what comes meanwhile waits until somebody enables it', async () => {
  const receiver = await newReceiver();
  const counted = await scene.metric('parley_endpoints_disabled_total', 'by="failing"');
  receiver.answer({ status: 503 });
  await send(receiver.url);
  await endpointUntil(receiver.url, 'down', ({ downSince }) => downSince !== null);
  await scene.advance(4 * DAY);
  assert.equal((await scene.endpointOf(receiver.url)).disabledAt, null);
  await send(receiver.url);
  await scene.advance(2 * DAY);
  await send(receiver.url);
  const { downReason } = await endpointUntil(receiver.url, 'disabled', ({ disabledAt }) => disabledAt !== null);
  assert.equal(downReason, 'failing for 5 days: http 503');
  // Those of other tests may have been failing as long.
  assert.ok((await scene.metric('parley_endpoints_disabled_total', 'by="failing"')) > counted);
  const posts = receiver.requests.length;
  const [later] = await send(receiver.url);
  await scene.advance(DAY);
  const other = await newReceiver();
  await arrived(other, await send(other.url));
  assert.equal(receiver.requests.length, posts);
  receiver.answer({ status: 200 });
  const { id } = await scene.endpointOf(receiver.url);
  await scene.admin(`/endpoints/${id}/enable`, { method: 'POST' });
  await arrived(receiver, [later ?? '']);
});

test('nobody is told of a trace while traces are off, whoever brings one', async () => {
  const receiver = await newReceiver();
  const [to, notifyUrl] = [scene.newUser(), `${receiver.url}/untraced`];
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const { messageId } = await scene.send({ to, notifyUrl }, { headers: { traceparent } });
  await arrived(receiver, [messageId]);
  const [message] = await scene.atMeta(to);
  assert.match(message?.bizOpaque ?? '', /^p1:\d{8}:[0-9a-f-]{36}:1$/);
  assert.ok(message !== undefined && !('traceparent' in message));
  assert.deepEqual(
    receiver.requests.map(({ headers }) => headers.traceparent),
    [undefined],
  );
  const { envelope } = await scene.admin<{ envelope: object }>(`/messages/${messageId}`);
  assert.deepEqual(envelope, { notifyUrl });
});
