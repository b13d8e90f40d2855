// Traces: one trace id from the call of the API to the customer's webhook, through disk, Meta and back; and nothing of people in it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Collector, type Span, startCollector } from '../support/collector.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { type Scene, startScene } from '../support/scene.js';
import { until } from '../support/until.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const ABOVE = 'b7ad6b7169203331';
const SECRET = 'only the two of us know';

let collector: Collector;
let receiver: Receiver;
let scene: Scene;
before(async () => {
  collector = await startCollector();
  receiver = await startReceiver();
  scene = await startScene({
    PARLEY_OTLP_ENDPOINT: collector.url,
    PARLEY_OTLP_HEADERS: 'x-tenant=parley%20test',
  });
});
after(async () => {
  await scene.stop();
  await receiver.stop();
  await collector.stop();
});

/** The trace header of the message to `user` as Meta got it; `meanwhile` is done until it is there. */
async function atMeta(user: string, meanwhile = async (): Promise<void> => {}): Promise<string | undefined> {
  const path = `/_sandbox/messages?user=${user}`;
  const look = async (): Promise<{ traceparent?: string } | undefined> => {
    await meanwhile();
    const { body } = await scene.world.sandbox<{ messages: { traceparent?: string }[] }>(path);
    return body.messages[0];
  };
  return (await until('the message is at Meta', look, 60_000)).traceparent;
}

const named =
  (name: string, traceId: string, facts: Record<string, unknown> = {}) =>
  (span: Span): boolean =>
    span.name === name &&
    span.traceId === traceId &&
    Object.entries(facts).every(([key, value]) => span.attributes[key] === value);

test("a caller's trace goes on through dispatch, Meta, statuses and reports, each span under the one that caused it", async () => {
  const user = scene.newUser();
  const notifyUrl = `${receiver.url}/of/one`;
  const headers = { traceparent: `00-${TRACE}-${ABOVE}-01`, tracestate: 'other=vendor' };
  await scene.send({ to: user, content: { text: SECRET }, notifyUrl }, { headers });

  const call = await collector.span('the call', named('POST /whatsapp/1/message/text', TRACE));
  assert.deepEqual([call.parentSpanId, call.kind, call.attributes['http.response.status_code']], [ABOVE, 2, 200]);
  const dispatch = await collector.span('dispatch', named('dispatch', TRACE));
  assert.deepEqual([dispatch.parentSpanId, dispatch.attributes['parley.outcome']], [call.spanId, 'accepted']);
  const post = await collector.span('the POST to Meta', named('POST messages', TRACE));
  assert.deepEqual([post.parentSpanId, post.kind], [dispatch.spanId, 3]);
  assert.equal(await atMeta(user), `00-${TRACE}-${post.spanId}-01`);
  for (const status of ['sent', 'delivered', 'read']) {
    const told = await collector.span(`the status ${status}`, named('status', TRACE, { 'parley.status': status }));
    assert.deepEqual([told.parentSpanId, told.kind], [post.spanId, 5], status);
  }
  for (const kind of ['delivery', 'seen']) {
    const facts = { 'parley.report.kind': kind };
    const report = await collector.span(`the ${kind} report`, named('report', TRACE, facts));
    assert.equal(report.parentSpanId, call.spanId, kind);
    const posted = await collector.span(`its POST`, named('POST reports', TRACE, facts));
    assert.equal(posted.parentSpanId, report.spanId, kind);
    const request = await receiver.next(({ headers: got }) => got.traceparent === `00-${TRACE}-${posted.spanId}-01`);
    assert.deepEqual([request.path, request.headers.tracestate], ['/of/one', undefined]);
  }
  assert.ok(collector.receiver.requests.every((request) => request.headers['x-tenant'] === 'parley test'));
});

test('a trace begins with the call when none was given, or one that cannot be read', async () => {
  for (const headers of [{}, { traceparent: '00-nonsense-01' }, { traceparent: `00-${'0'.repeat(32)}-${ABOVE}-01` }]) {
    const user = scene.newUser();
    await scene.send({ to: user }, { headers });
    const [, traceId = ''] = (await atMeta(user))?.split('-') ?? [];
    assert.match(traceId, /^[0-9a-f]{32}$/);
    const call = await collector.span('the call', named('POST /whatsapp/1/message/text', traceId));
    assert.equal(call.parentSpanId, '');
  }
});

test('a trace that its caller does not record is passed on, and not recorded here', async () => {
  const trace = TRACE.replace('0af', 'fff');
  const given = `00-${trace}-${ABOVE}-00`;
  const user = scene.newUser();
  await scene.send({ to: user, notifyUrl: `${receiver.url}/unrecorded` }, { headers: { traceparent: given } });
  assert.equal(await atMeta(user), given);
  await receiver.next(({ path, headers }) => path === '/unrecorded' && headers.traceparent === given);
  // What came later is there: so would be what came before.
  await scene.send({ to: user });
  await collector.span('the next', ({ name }) => name === 'POST messages');
  assert.deepEqual(
    collector.spans().filter(({ traceId }) => traceId === trace),
    [],
  );
});

test('reports that share a POST stay in their own traces and know of it by links', async (t) => {
  const traces = ['a', 'b', 'c'].map((digit) => digit.repeat(32));
  const own = await startReceiver();
  t.after(() => own.stop());
  own.answer({ status: 503 });
  const notifyUrl = `${own.url}/together`;
  await scene.send({ to: scene.newUser(), notifyUrl });
  await until('the endpoint is down', async () => (await scene.endpointOf(notifyUrl)).downSince !== null);
  const ids = await Promise.all(
    traces.map((trace) =>
      scene.send({ to: scene.newUser(), notifyUrl }, { headers: { traceparent: `00-${trace}-${ABOVE}-01` } }),
    ),
  );
  for (const { messageId } of ids) await scene.lifeUntil('read', messageId, ({ state }) => state === 'read', 30_000);
  own.answer({ status: 200 });
  const endpoint = await scene.endpointOf(notifyUrl);
  await scene.admin(`/endpoints/${endpoint.id}/enable`, { method: 'POST' });
  const shared = await collector.span(
    'a POST of several',
    ({ name, links }) =>
      name === 'POST reports' && links.length > 1 && links.every((link) => traces.includes(link.traceId)),
  );
  assert.equal(shared.parentSpanId, '');
  for (const { traceId } of shared.links) {
    const report = await collector.span(
      'its report',
      (span) =>
        span.name === 'report' && span.traceId === traceId && span.links.some((link) => link.spanId === shared.spanId),
    );
    assert.equal(report.attributes['parley.batch'], shared.attributes['parley.batch']);
  }
});

test('what is due later goes on under the trace of its request, with another process', async () => {
  const trace = 'd'.repeat(32);
  const user = scene.newUser();
  // A code that is tried again for ever: a retry comes by itself while the new process starts.
  const effect = { httpStatus: 400, code: 2 };
  const fault = await scene.fault({ on: 'graph', match: { user }, effect, when: { always: true } });
  const { messageId } = await scene.send({ to: user }, { headers: { traceparent: `00-${trace}-${ABOVE}-01` } });
  await scene.lifeUntil('it waits for its retry', messageId, ({ waiting }) => waiting?.reason === 'retry');
  await scene.world.killGateway();
  // So far Meta has taken no try: what it takes now is the new process's.
  await scene.removeFault(fault);
  const [, traceId] = (await atMeta(user, () => scene.advance(5)))?.split('-') ?? [];
  assert.equal(traceId, trace);
});

test('no span says who was written to, or what', () => {
  const bodies = collector.receiver.requests.map(({ body }) => body).join('\n');
  // Chance gives thousands of ids and times any eight digits now and then.
  const spans = bodies.replace(/"(?:\w*[tT]raceId|\w*[sS]panId)":"[0-9a-f]+"|"\w+UnixNano":"\d+"/g, '');
  assert.ok(spans.length < bodies.length && spans.includes('messaging.message.id'));
  for (const text of [
    SECRET,
    scene.world.info.sender,
    scene.world.info.apiKey,
    scene.world.info.graphToken,
    '44113496',
  ])
    assert.ok(!spans.includes(text), text);
});

test('spans are counted, those of a collector that is away as failed', async () => {
  const count = (outcome: string): Promise<number> => scene.metric('parley_trace_spans_total', `outcome="${outcome}"`);
  await scene.send({ to: scene.newUser() });
  await until('some are exported', async () => (await count('exported')) > 0, 30_000);
  collector.receiver.answer({ status: 400 });
  await scene.send({ to: scene.newUser() });
  await until('some failed', async () => (await count('failed')) > 0, 30_000);
});
