// Every answer of the send endpoint, and what stands behind it: nothing refused is half written, nothing hostile is a 500.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import type { Call } from '../support/dev-world.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { announceBody, resultsUntil, type Scene, type SendAnswer, startScene } from '../support/scene.js';

const PATH = '/whatsapp/1/message/text';

interface ErrorBody {
  requestError: {
    serviceException: { messageId: string; text: string; validationErrors?: Record<string, string[]> };
  };
}

let scene: Scene;
let receiver: Receiver;

before(async () => {
  scene = await startScene();
  receiver = await startReceiver();
});
after(async () => {
  await receiver.stop();
  await scene.stop();
});

function request(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return { from: scene.world.info.sender, to: scene.newUser(), content: { text: 'Hello' }, ...fields };
}

/** Sends what must be refused; the exception. */
async function refused(status: number, messageId: string, call: Call, path = PATH): Promise<ErrorBody> {
  const reply = await scene.world.api<ErrorBody>(path, call);
  assert.equal(reply.status, status, JSON.stringify(reply.body));
  assert.match(reply.headers.get('content-type') ?? '', /^application\/json/);
  assert.equal(reply.body.requestError.serviceException.messageId, messageId);
  assert.notEqual(reply.body.requestError.serviceException.text, '');
  return reply.body;
}

async function violations(json: unknown): Promise<Record<string, string[]>> {
  const body = await refused(400, 'BAD_REQUEST', { json });
  return body.requestError.serviceException.validationErrors ?? {};
}

/** Sends text as it is. */
function raw(body: string | Buffer, headers: Record<string, string> = {}): Call {
  return { body, headers: { 'content-type': 'application/json', ...headers } };
}

test('a text is accepted as PENDING_ENROUTE with an id of its own', async () => {
  const to = scene.newUser();
  const answer = await scene.send({ to });
  assert.deepEqual(answer, {
    to,
    messageCount: 1,
    messageId: answer.messageId,
    status: {
      groupId: 1,
      groupName: 'PENDING',
      id: 7,
      name: 'PENDING_ENROUTE',
      description: 'Message sent to next instance',
    },
  });
  assert.match(answer.messageId, /^[0-9a-f-]{36}$/);
});

test('a text reaches Meta as it was written, whatever its script', async () => {
  const to = scene.newUser();
  const text = 'Grüße, 你好, שלום 👩🏽‍🚀 \n\t*bold* <b> "quotes" \\ \u2028 end';
  await scene.send({ to, content: { text } });
  const [message] = await scene.atMetaUntil(to, 1);
  assert.equal(message?.payload.text?.body, text);
});

test('a number with a plus is the same number without', async () => {
  const to = scene.newUser();
  await scene.send({ to: `+${to}` });
  assert.equal((await scene.atMetaUntil(to, 1))[0]?.to, to);
});

test('400 names every wrong field at once', async () => {
  const wrong = {
    from: '',
    to: { number: 1 },
    messageId: 'x'.repeat(201),
    content: { text: 'x'.repeat(4097), previewUrl: 'yes' },
    callbackData: 'x'.repeat(4001),
    notifyUrl: 'ftp://hooks.example',
    entityId: ['a'],
    context: { replyToMessageId: false },
    urlOptions: { shortenUrl: 1, trackingUrl: 'no url' },
  };
  assert.deepEqual(Object.keys(await violations(wrong)).sort(), [
    'callbackData',
    'content.previewUrl',
    'content.text',
    'context.replyToMessageId',
    'entityId',
    'from',
    'messageId',
    'notifyUrl',
    'to',
    'urlOptions.shortenUrl',
    'urlOptions.trackingUrl',
  ]);
});

test('400 for a body that is no request, naming what is missing', async () => {
  assert.deepEqual(Object.keys(await violations({})).sort(), ['content', 'from', 'to']);
  for (const json of [[], [request()], 'text', 7, true, null]) await refused(400, 'BAD_REQUEST', { json });
});

test('400 for malformed JSON, none at all, and bytes that are not UTF-8', async () => {
  for (const body of ['{"from":', '{from:1}', '', '{} trailing', '\ufeff{}', "{'a':1}", '{"a":NaN}'])
    await refused(400, 'BAD_REQUEST', raw(body));
  const latin = Buffer.from(JSON.stringify(request({ content: { text: 'Gr\u00fc\u00dfe' } })), 'latin1');
  await refused(400, 'BAD_REQUEST', raw(latin));
});

test('NUL and lone surrogates are refused on their field, never stored as something else', async () => {
  for (const text of ['a\u0000b', '\ud800', 'a\udc00b']) {
    assert.deepEqual(Object.keys(await violations(request({ content: { text } }))), ['content.text']);
    assert.deepEqual(Object.keys(await violations(request({ messageId: text }))), ['messageId']);
    assert.deepEqual(Object.keys(await violations(request({ callbackData: text }))), ['callbackData']);
  }
});

test('a number where a text belongs is taken as its text', async () => {
  const to = scene.newUser();
  const answer = await scene.send({
    to,
    from: Number(scene.world.info.sender),
    content: { text: 42 },
    messageId: 770_077,
  });
  assert.equal(answer.messageId, '770077');
  assert.equal((await scene.atMetaUntil(to, 1))[0]?.payload.text?.body, '42');
});

test('401 without a key, with a wrong one and with another scheme, before the body is looked at', async () => {
  const { apiKey } = scene.world.info;
  for (const call of [
    { json: {}, key: null },
    { json: request(), key: 'nobody' },
    { ...raw('{"from":'), key: null },
    { json: request(), key: null, headers: { authorization: `Bearer ${apiKey}` } },
    { json: request(), key: null, headers: { authorization: apiKey } },
    { json: request(), key: null, headers: { authorization: 'App ' } },
    { body: 'x', key: null, headers: { 'content-type': 'text/plain' } },
  ])
    await refused(401, 'UNAUTHORIZED', call);
});

test('403 with a key of kind admin, which belongs to no account', async () => {
  await refused(403, 'FORBIDDEN', { json: request(), key: scene.world.info.adminKey });
});

test('404 in the same form for a path or a method that is not there', async () => {
  await refused(404, 'NOT_FOUND', { json: request() }, '/whatsapp/1/message/smell');
  await refused(404, 'NOT_FOUND', { json: request() }, '/whatsapp/2/message/text');
  for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) await refused(404, 'NOT_FOUND', { method });
});

test('413 for a body above 1 MiB, before it is read', async () => {
  const { api, apiKey } = scene.world.info;
  const headers = { authorization: `App ${apiKey}`, 'content-type': 'application/json' };
  const { status, body } = await announceBody(`${api}${PATH}`, 1_048_577, headers);
  assert.equal(status, 413);
  const answer: ErrorBody = JSON.parse(body);
  assert.equal(answer.requestError.serviceException.messageId, 'PAYLOAD_TOO_LARGE');
  const under = await violations(request({ callbackData: 'x'.repeat(1_000_000) }));
  assert.deepEqual(Object.keys(under), ['callbackData']);
});

test('415 for anything that is not JSON, and JSON with a charset is JSON', async () => {
  const text = JSON.stringify(request());
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
  ])
    await refused(415, 'UNSUPPORTED_MEDIA_TYPE', { body: text, headers: { 'content-type': type } });
  const reply = await scene.world.api(PATH, raw(text, { 'content-type': 'application/json; charset=UTF-8' }));
  assert.equal(reply.status, 200);
});

test('a hostile body is answered like any other', async () => {
  const depth = 100_000;
  const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const nested = `${`{"a":`.repeat(depth)}1${'}'.repeat(depth)}`;
  const json = JSON.stringify(request());
  const withField = (field: string): string => `${json.slice(0, -1)},${field}}`;
  await refused(400, 'BAD_REQUEST', raw(deep));
  await refused(400, 'BAD_REQUEST', raw(nested));
  for (const headers of [{}, { 'idempotency-key': 'deep' }]) {
    const { status } = await scene.world.api(PATH, raw(withField(`"unknown":${deep}`), headers));
    assert.ok(status === 200 || status === 400, `${status} ${JSON.stringify(headers)}`);
  }
  assert.equal((await scene.world.api(PATH, raw(withField('"__proto__":{"to":"x"},"constructor":1')))).status, 200);
  assert.equal((await scene.world.api(PATH, raw(withField('"to":"441134960001"')))).status, 200);
  await refused(400, 'BAD_REQUEST', {
    json: { ...request(), content: { text: 'x', __proto__: null, toString: 1 }, to: 1e300 },
  });
});

test('ten thousand unknown fields are ignored', async () => {
  const unknown = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`unknown${i}`, { at: i }]));
  const reply = await scene.world.api<SendAnswer>(PATH, { json: { ...unknown, ...request() } });
  assert.equal(reply.status, 200);
  assert.equal(reply.body.status.id, 7);
});

test('a request that is broken below JSON is refused and the server goes on', async () => {
  const { port } = new URL(scene.world.info.api);
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write('NONSENSE\r\n\r\n'));
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.on('close', () => resolve(text)).on('error', reject);
  });
  assert.match(answer, /^HTTP\/1\.1 400 /);
  assert.equal((await scene.world.api(PATH, { json: request() })).status, 200);
});

test('a URL that must not be reached is refused on its field', async () => {
  for (const notifyUrl of [
    'http://10.0.0.1/hook',
    'http://169.254.169.254/latest/meta-data',
    'http://[fe80::1]/hook',
    'http://[::ffff:10.0.0.1]/hook',
    'http://0x0a000001/hook',
    'https://user:secret@hooks.example/hook',
  ])
    assert.deepEqual(Object.keys(await violations(request({ notifyUrl }))), ['notifyUrl'], notifyUrl);
});

test('a sender that is not the account’s is refused in the answer and by a delivery report, and never reaches Meta', async () => {
  const to = scene.newUser();
  const answer = await scene.send({ to, from: '441134969999', notifyUrl: receiver.url, callbackData: 'mine' });
  assert.deepEqual([answer.status.id, answer.status.name], [11, 'REJECTED_SOURCE']);
  const results = await resultsUntil('its report', receiver, (all) =>
    all.some((r) => r.messageId === answer.messageId),
  );
  const report = results.find((result) => result.messageId === answer.messageId);
  assert.deepEqual(
    [report?.status?.name, report?.error?.name, report?.callbackData, report?.to],
    ['REJECTED_SOURCE', 'EC_INVALID_SOURCE_ADDRESS', 'mine', to],
  );
  await scene.send({ to });
  assert.equal((await scene.atMetaUntil(to, 1)).length, 1);
});

test('a destination that is none is refused in the answer and by a delivery report', async () => {
  for (const to of ['1234', 'nobody', '+', '4411349600015555', 'GB.']) {
    const answer = await scene.send({ to, notifyUrl: receiver.url });
    assert.deepEqual([answer.to, answer.status.name], [to, 'REJECTED_DESTINATION']);
    const results = await resultsUntil('its report', receiver, (all) =>
      all.some((result) => result.messageId === answer.messageId),
    );
    const report = results.find((result) => result.messageId === answer.messageId);
    assert.deepEqual([report?.status?.id, report?.error?.id], [52, 351]);
    assert.equal((await scene.life(answer.messageId)).state, 'failed');
  }
});

test('a messageId that was used is refused in the answer, without a report and without a second message at Meta', async () => {
  const to = scene.newUser();
  const first = await scene.send({ to, messageId: 'order-1', notifyUrl: `${receiver.url}/duplicate` });
  assert.deepEqual([first.messageId, first.status.id], ['order-1', 7]);
  const second = await scene.send({
    to,
    messageId: 'order-1',
    content: { text: 'again' },
    notifyUrl: `${receiver.url}/duplicate`,
  });
  assert.deepEqual(
    [second.messageId, second.status.id, second.status.name],
    ['order-1', 23, 'REJECTED_DUPLICATE_MESSAGE_ID'],
  );
  await scene.send({ to, content: { text: 'last' } });
  const messages = await scene.atMetaUntil(to, 2);
  assert.deepEqual(
    messages.map(({ payload }) => payload.text?.body),
    ['Hello', 'last'],
  );
  await receiver.next(({ path, body }) => path === '/duplicate' && body.includes('seenAt'));
  const reports = receiver.requests.filter(({ path }) => path === '/duplicate');
  assert.equal(reports.filter(({ body }) => body.includes('REJECTED')).length, 0);
});

test('a messageId that a refused message used is used', async () => {
  const messageId = 'order-2';
  assert.equal((await scene.send({ to: scene.newUser(), from: '441134969999', messageId })).status.id, 11);
  assert.equal((await scene.send({ to: scene.newUser(), messageId })).status.id, 23);
});

test('of many requests with one messageId at once, one is accepted', async () => {
  const to = scene.newUser();
  const answers = await Promise.all(Array.from({ length: 50 }, () => scene.send({ to, messageId: 'race' })));
  assert.equal(answers.filter(({ status }) => status.id === 7).length, 1);
  assert.equal(answers.filter(({ status }) => status.id === 23).length, 49);
  await scene.send({ to });
  assert.equal((await scene.atMetaUntil(to, 2)).length, 2);
});

test('what was refused as a request left nothing behind', async () => {
  const accepted = await scene.metric('parley_accepted_total');
  await violations(request({ messageId: 'never', to: ['x'] }));
  assert.equal((await scene.send({ to: scene.newUser(), messageId: 'never' })).status.id, 7);
  assert.equal(await scene.metric('parley_accepted_total'), accepted + 2);
});
