// Flows the whole way: from a draft with errors to a published flow, its answers, and its end (Infobip 8).
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request as startRequest } from 'node:http';
import { after, before, test } from 'node:test';
import type { Call, Reply } from '../support/dev-world.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { type Scene, startScene, type Tenant } from '../support/scene.js';
import { approved } from '../support/template-scene.js';
import { until } from '../support/until.js';

interface Flow {
  id: string;
  name: string;
  businessAccountId: number;
  categories: string[];
  status: string;
  initialScreens?: string[];
}

interface Refusal {
  errorCode: string;
  violations: { property: string; violation: string }[];
}

interface Known {
  id: string;
  status: string;
  alerts: Record<string, { p90_latency?: number }>;
}

let scene: Scene;
let hook: Receiver;
let ann: Tenant;
let bob: Tenant;
before(async () => {
  scene = await startScene();
  hook = await startReceiver();
  ann = await scene.newTenant();
  bob = await scene.newTenant();
  await scene.admin(`/senders/${ann.sender}`, { method: 'PATCH', json: { forwardUrl: `${hook.url}/inbound` } });
});
after(async () => {
  await hook.stop();
  await scene.stop();
});

function flows<T>(tail: string, call: Call = {}, tenant = ann): Promise<Reply<T>> {
  return scene.world.api<T>(`/whatsapp/1/senders/${tenant.sender}/flows${tail}`, { key: tenant.key, ...call });
}

async function made(name: string, more: object = {}): Promise<Flow> {
  const { status, body } = await flows<Flow>('', { json: { name, categories: ['SURVEY'], ...more } });
  assert.equal(status, 201, JSON.stringify(body));
  return body;
}

const payload = { size: 'L', extras: ['a', 'b'] };
const footer = { type: 'Footer', label: 'Done', 'on-click-action': { name: 'complete', payload } };
const screen = { id: 'MAIN', terminal: true, layout: { type: 'SingleColumnLayout', children: [footer] } };
const good = JSON.stringify({ version: '7.3', screens: [screen] });
const asJson = { 'content-type': 'application/json' };

function put(id: string, body: string): Promise<Reply<{ validationErrors: Record<string, unknown>[] }>> {
  return flows(`/${id}/json`, { method: 'PUT', body, headers: asJson });
}

function sendFlow(to: string, flowId: string, mode = 'PUBLISHED'): Promise<Reply<{ messageId: string }>> {
  return scene.world.api('/whatsapp/1/message/interactive/flow', {
    key: ann.key,
    json: {
      from: ann.sender,
      to,
      notifyUrl: `${hook.url}/dlr`,
      content: {
        body: { text: 'Please answer' },
        action: { mode, flowToken: 'u1', flowId, callToActionButton: 'Start' },
      },
    },
  });
}

/** What is answered to the head of a PUT of more than 10 MiB; the body is never sent. */
async function statusOfLargeJson(id: string): Promise<number | undefined> {
  const url = `${scene.world.info.api}/whatsapp/1/senders/${ann.sender}/flows/${id}/json`;
  const headers = { ...asJson, authorization: `App ${ann.key}`, 'content-length': 10 * 1024 * 1024 + 1 };
  const request = startRequest(url, { method: 'PUT', headers });
  request.on('error', () => undefined);
  request.flushHeaders();
  const [response]: IncomingMessage[] = await once(request, 'response');
  request.destroy();
  return response?.statusCode;
}

/** Begins a PUT whose body comes as it is written; what is answered, once it is. */
function startPut(id: string, headers: Record<string, string | number> = {}) {
  const url = `${scene.world.info.api}/whatsapp/1/senders/${ann.sender}/flows/${id}/json`;
  const request = startRequest(url, {
    method: 'PUT',
    headers: { ...asJson, authorization: `App ${ann.key}`, ...headers },
  });
  request.on('error', () => undefined);
  const answered = once(request, 'response').then(async ([response]: IncomingMessage[]) => {
    const chunks: Buffer[] = [];
    for await (const chunk of response ?? []) chunks.push(Buffer.from(chunk));
    return { status: response?.statusCode, body: JSON.parse(Buffer.concat(chunks).toString('utf8') || 'null') };
  });
  return { request, answered };
}

/** The JSON of a flow as Meta has it. */
async function jsonAtMeta(id: string): Promise<string> {
  const { externalDownloadUrl } = (await flows<{ externalDownloadUrl: string }>(`/${id}/json`)).body;
  return (await fetch(externalDownloadUrl)).text();
}

/** The error of the delivery report of a message. */
async function reportedError(messageId: string): Promise<unknown> {
  const request = await hook.next(({ path, body }) => path === '/dlr' && body.includes(messageId), 30_000);
  const { results } = request.json as { results: { messageId: string; error: { id: number } }[] };
  return results.find((result) => result.messageId === messageId)?.error.id;
}

test('a flow is made, mended, published, sent, answered and retired', async () => {
  const user = scene.newUser();
  const flow = await made('Survey');
  assert.deepEqual(flow, {
    id: flow.id,
    name: 'Survey',
    businessAccountId: Number(ann.wabaId),
    categories: ['SURVEY'],
    status: 'DRAFT',
  });
  const wrong = '{\n  "version": "7.3",\n  "mine": 1,\n  "screens": [],\n  "other": 2\n}';
  const first = await put(flow.id, wrong);
  assert.equal(first.status, 201);
  assert.deepEqual(
    first.body.validationErrors.map(({ error, lineStart, lineEnd, columnStart, columnEnd }) => [
      error,
      lineStart,
      lineEnd,
      columnStart,
      columnEnd,
    ]),
    [
      ['INVALID_PROPERTY_KEY', 3, 3, 3, 8],
      ['MIN_ITEMS_REQUIRED', 4, 4, 14, 15],
      ['INVALID_PROPERTY_KEY', 5, 5, 3, 9],
    ],
  );
  assert.equal((await flows(`/${flow.id}/publish`, { method: 'POST' })).status, 400);
  assert.deepEqual((await put(flow.id, good)).body, { validationErrors: [] });
  const { externalDownloadUrl } = (await flows<{ externalDownloadUrl: string }>(`/${flow.id}/json`)).body;
  assert.equal(await (await fetch(externalDownloadUrl)).text(), good);
  const preview = (await flows<{ previewUrl: string; expiresAt: string }>(`/${flow.id}/preview`)).body;
  assert.match(preview.expiresAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.equal((await fetch(preview.previewUrl)).status, 200);

  assert.equal((await flows(`/${flow.id}/publish`, { method: 'POST' })).status, 204);
  const [listed] = (await flows<{ flows: Flow[] }>('')).body.flows;
  assert.deepEqual([listed?.status, listed?.initialScreens], ['PUBLISHED', ['MAIN']]);
  for (const refused of [
    await flows<Refusal>(`/${flow.id}`, { method: 'PATCH', json: { name: 'Later' } }),
    await flows<Refusal>(`/${flow.id}`, { method: 'DELETE' }),
    await flows<Refusal>(`/${flow.id}/publish`, { method: 'POST' }),
  ]) {
    assert.deepEqual([refused.status, refused.body.errorCode], [400, 'E400']);
    assert.deepEqual(refused.body.violations, [{ property: 'status', violation: 'Flow is PUBLISHED.' }]);
  }
  assert.equal((await put(flow.id, good)).status, 400);

  const sent = await sendFlow(user, flow.id);
  assert.equal(sent.status, 200);
  const wamid = await scene.wamidOf(sent.body.messageId);
  const answers = { answers: { size: 'L', extras: ['a', 'b'] } };
  const said = await scene.world.sandbox(`/_sandbox/users/${user}/flows/${wamid}`, { json: answers });
  assert.equal(said.status, 201);
  const inbound = await hook.next(({ path, body }) => path === '/inbound' && body.includes('INTERACTIVE_FLOW_REPLY'));
  const { results } = inbound.json as { results: { message: object }[] };
  assert.deepEqual(results[0]?.message, {
    type: 'INTERACTIVE_FLOW_REPLY',
    text: 'Sent',
    response: { flow_token: 'u1', size: 'L', extras: ['a', 'b'] },
    context: { from: ann.sender, id: sent.body.messageId },
  });

  assert.equal((await flows(`/${flow.id}/deprecate`, { method: 'POST' })).status, 204);
  assert.equal((await flows(`/${flow.id}/deprecate`, { method: 'POST' })).status, 400);
  const late = await sendFlow(scene.newUser(), flow.id);
  assert.equal(await reportedError(late.body.messageId), 7031);
});

test('JSON of 10 MB reaches Meta while it is still coming, and gives the first screens', async () => {
  const flow = await made('Large');
  const body = Buffer.from(`${good.slice(0, -1)},"mine":"${'x'.repeat(10_000_000)}"}`);
  for (const headers of [{ 'content-length': body.length }, {}]) {
    const match = { path: `/${flow.id}/assets` };
    const seen = await scene.fault({ on: 'graph', match, effect: { latencyMs: 1 }, when: { always: true } });
    const { request, answered } = startPut(flow.id, headers);
    request.write(body.subarray(0, 1_000));
    await until('Meta is asked to take it', async () => (await scene.hits(seen)) > 0);
    await scene.removeFault(seen);
    request.end(body.subarray(1_000));
    const { status, body: answer } = await answered;
    assert.deepEqual([status, answer.validationErrors.length], [201, 1]);
    assert.ok((await jsonAtMeta(flow.id)) === body.toString('utf8'), 'Meta has it whole');
  }
  await put(flow.id, good);
  await flows(`/${flow.id}/publish`, { method: 'POST' });
  const found = (await flows<{ flows: Flow[] }>('')).body.flows.find(({ id }) => id === flow.id);
  assert.deepEqual(found?.initialScreens, ['MAIN']);
});

test('JSON that is too long, empty or broken off changes nothing', async () => {
  const flow = await made('Bounded');
  await put(flow.id, good);
  const long = startPut(flow.id);
  for (let sent = 0; sent < 11; sent += 1) long.request.write(Buffer.alloc(1024 * 1024, ' '));
  const { status, body } = await long.answered;
  assert.deepEqual([status, body.errorCode], [413, 'E413']);
  long.request.destroy();
  for (const headers of [{ 'content-length': 0 }, { 'transfer-encoding': 'chunked' }]) {
    const none = startPut(flow.id, headers);
    none.request.end();
    const empty = await none.answered;
    assert.deepEqual([empty.status, empty.body.violations[0]?.property], [400, 'body'], JSON.stringify(headers));
  }
  const left = startPut(flow.id, { 'content-length': 5_000 });
  left.answered.catch(() => undefined);
  const match = { path: `/${flow.id}/assets` };
  const seen = await scene.fault({ on: 'graph', match, effect: { latencyMs: 1 }, when: { always: true } });
  left.request.write(' '.repeat(1_000));
  await until('it is on its way', async () => (await scene.hits(seen)) > 0);
  await scene.removeFault(seen);
  left.request.destroy();
  assert.equal(await jsonAtMeta(flow.id), good);
  await flows(`/${flow.id}/publish`, { method: 'POST' });
  const found = (await flows<{ flows: Flow[] }>('')).body.flows.find(({ id }) => id === flow.id);
  assert.deepEqual([found?.status, found?.initialScreens], ['PUBLISHED', ['MAIN']]);
  const late = startPut(flow.id);
  late.request.write(' ');
  assert.equal((await late.answered).status, 400, 'what is no draft is refused before its JSON has come');
  late.request.destroy();
});

test('a template whose flow is a draft or deprecated fails with 7031', async () => {
  const flow = await made('Behind a button');
  await put(flow.id, good);
  const button = { type: 'FLOW', text: 'Go', flowId: Number(flow.id), flowAction: 'NAVIGATE', navigateScreen: 'MAIN' };
  const structure = { body: { text: 'Please answer' }, buttons: [button] };
  await approved(scene, ann, { name: 'flow_behind_a_button', structure });
  const send = async (to: string): Promise<string> => {
    const templateData = { body: { placeholders: [] }, buttons: [{ type: 'FLOW', flowToken: 'u1' }] };
    const content = { templateName: 'flow_behind_a_button', language: 'en_GB', templateData };
    const message = { from: ann.sender, to, content, notifyUrl: `${hook.url}/dlr` };
    const json = { messages: [message] };
    const sent = await scene.world.api<{ messages: { messageId: string }[] }>('/whatsapp/1/message/template', {
      key: ann.key,
      json,
    });
    assert.equal(sent.status, 200, JSON.stringify(sent.body));
    return sent.body.messages[0]?.messageId ?? '';
  };
  assert.equal(await reportedError(await send(scene.newUser())), 7031);
  await flows(`/${flow.id}/publish`, { method: 'POST' });
  const user = scene.newUser();
  await send(user);
  await scene.atMetaUntil(user, 1);
  await flows(`/${flow.id}/deprecate`, { method: 'POST' });
  assert.equal(await reportedError(await send(scene.newUser())), 7031);
});

test('a draft can be sent as a draft only', async () => {
  const flow = await made('Draft');
  await put(flow.id, good);
  const early = await sendFlow(scene.newUser(), flow.id);
  assert.equal(await reportedError(early.body.messageId), 7031);
  const user = scene.newUser();
  await sendFlow(user, flow.id, 'DRAFT');
  await scene.atMetaUntil(user, 1);
});

test('copies, changes and deletes drafts', async () => {
  const flow = await made('Source');
  await put(flow.id, good);
  const copy = await made('Copy', { cloneFlowId: flow.id });
  const { externalDownloadUrl } = (await flows<{ externalDownloadUrl: string }>(`/${copy.id}/json`)).body;
  assert.equal(await (await fetch(externalDownloadUrl)).text(), good);
  const change = { name: 'Copied', categories: ['OTHER', 'SIGN_UP'] };
  assert.equal((await flows(`/${copy.id}`, { method: 'PATCH', json: change })).status, 204);
  const found = (await flows<{ flows: Flow[] }>('')).body.flows.find(({ id }) => id === copy.id);
  assert.deepEqual([found?.name, found?.categories], ['Copied', ['OTHER', 'SIGN_UP']]);
  assert.equal((await flows(`/${copy.id}`, { method: 'DELETE' })).status, 204);
  assert.ok(!(await flows<{ flows: Flow[] }>('')).body.flows.some(({ id }) => id === copy.id));
});

test('refuses what Infobip refuses, in its form', async () => {
  const flow = await made('Taken');
  const again = await flows<Refusal>('', { json: { name: 'Taken', categories: ['OTHER'] } });
  assert.deepEqual([again.status, again.body.violations[0]?.property], [400, 'name']);
  const bad = await flows<Refusal>('', { json: { name: '', categories: ['HOBBY'] } });
  assert.equal(bad.status, 400);
  assert.deepEqual(bad.body.violations.map(({ property }) => property).sort(), ['categories[0]', 'name', 'name']);
  assert.equal((await flows('', { json: { name: 'x', categories: ['OTHER'], cloneFlowId: '123' } })).status, 400);
  for (const id of ['123456', 'abc', ann.phoneNumberId]) {
    const missing = await flows<Refusal>(`/${id}/preview`);
    assert.deepEqual([missing.status, missing.body.errorCode], [404, 'WA-FLOW-ID404'], id);
  }
  const nobody = await scene.world.api<Refusal>('/whatsapp/1/senders/441134969999/flows', { key: ann.key });
  assert.deepEqual([nobody.status, nobody.body.errorCode], [404, 'WA-FLOW-SENDER404']);
  assert.equal((await flows('', { key: null })).status, 401);
  assert.equal((await flows('', { key: bob.key })).status, 404, "another account's sender");
  assert.equal((await flows(`/${flow.id}`, { method: 'DELETE' }, bob)).status, 404, "another sender's flow");
  assert.equal(await statusOfLargeJson(flow.id), 413);
});

test('shows the state that Meta last told when monitoring changes it', async () => {
  const flow = await made('Watched');
  await put(flow.id, good);
  await flows(`/${flow.id}/publish`, { method: 'POST' });
  const move = (status: string) => scene.world.sandbox(`/_sandbox/flows/${flow.id}/status`, { json: { status } });
  await move('THROTTLED');
  const alert = { event: 'ENDPOINT_LATENCY', alert_state: 'ACTIVATED', p90_latency: 5000 };
  await scene.world.sandbox(`/_sandbox/flows/${flow.id}/alert`, { json: alert });
  const alerts = await until('the alert is shown', async () => {
    const { results } = await scene.admin<{ results: Known[] }>('/flows?size=1000');
    const known = results.find(({ id }) => id === flow.id);
    return known?.status === 'THROTTLED' && known.alerts.ENDPOINT_LATENCY !== undefined ? known.alerts : undefined;
  });
  assert.equal(alerts.ENDPOINT_LATENCY?.p90_latency, 5000);
  const others = await scene.world.api<{ results: Known[] }>('/parley/1/flows', { key: bob.key });
  assert.deepEqual(others.body.results, []);
  await until('Meta is away and the state is known', async () => {
    const fault = await scene.world.sandbox<{ id: string }>('/_sandbox/faults', {
      json: { on: 'graph', match: { path: '/flows' }, effect: { drop: true }, when: { always: true } },
    });
    const { status, body } = await flows<{ flows: Flow[] }>('');
    await scene.world.sandbox(`/_sandbox/faults/${fault.body.id}`, { method: 'DELETE' });
    return status === 200 && body.flows.some(({ id, status: state }) => id === flow.id && state === 'THROTTLED');
  });
});

test('keeps the public key of a sender at Meta', async () => {
  const path = `/whatsapp/1/senders/${ann.sender}/public-key`;
  assert.equal((await scene.world.api(path, { key: ann.key })).status, 404);
  const keyOf = (modulusLength: number) =>
    generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const upload = async (pem: string): Promise<number> => {
    const form = new FormData();
    form.set('file', new Blob([pem]), 'key.pem');
    const headers = { authorization: `App ${ann.key}` };
    return (await fetch(`${scene.world.info.api}${path}`, { method: 'POST', headers, body: form })).status;
  };
  assert.equal(await upload('no key'), 400);
  assert.equal(await upload(keyOf(1024)), 400);
  const pem = keyOf(2048);
  assert.equal(await upload(pem), 204);
  assert.deepEqual((await scene.world.api(path, { key: ann.key })).body, {
    publicKey: pem,
    publicKeySignatureStatus: 'VALID',
  });
});
