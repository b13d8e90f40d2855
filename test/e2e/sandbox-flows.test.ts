// Flows at the sandbox's Graph: from a draft to its end, with what webhooks tell of it.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, test } from 'node:test';
import { startFlowBusiness } from '../support/flow-business.js';
import { until } from '../support/until.js';
import {
  type Answer,
  call,
  dig,
  type Fixture,
  list,
  SECRET,
  startFixture,
  TOKEN,
  USER,
  wabaBody,
} from './sandbox-fixture.js';
import {
  APP_ID,
  approved,
  create,
  sendTemplate,
  templateBody,
  upload as uploadFile,
} from './sandbox-template-fixture.js';

let sandbox: Fixture;
before(async () => {
  sandbox = await startFixture();
  const body = wabaBody(sandbox.callback.url);
  await sandbox.control('PUT', `/wabas/${sandbox.wabaId}`, { ...body, app: { ...Object(body.app), appId: APP_ID } });
});
after(() => sandbox.stop());

const footer = { type: 'Footer', label: 'Done', 'on-click-action': { name: 'complete', payload: {} } };
const good = {
  version: '7.3',
  screens: [{ id: 'MAIN', terminal: true, layout: { type: 'SingleColumnLayout', children: [footer] } }],
};

async function upload(id: string, json: string, more: Record<string, string> = {}): Promise<Answer> {
  const form = new FormData();
  for (const [name, value] of Object.entries({ name: 'flow.json', asset_type: 'FLOW_JSON', ...more }))
    form.set(name, value);
  form.set('file', new Blob([json], { type: 'application/json' }), 'flow.json');
  const headers = { authorization: `Bearer ${TOKEN}` };
  const response = await fetch(`${sandbox.url}/v25.0/${id}/assets`, { method: 'POST', headers, body: form });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

async function made(name: string, more: object = {}): Promise<string> {
  const { status, body } = await sandbox.graph('POST', `/${sandbox.wabaId}/flows`, {
    name,
    categories: ['SURVEY'],
    ...more,
  });
  assert.equal(status, 200, JSON.stringify(body));
  return String(dig(body, 'id'));
}

function send(flowId: string, mode = 'published'): Promise<Answer> {
  return sandbox.graph('POST', `/${sandbox.phoneNumberId}/messages`, {
    messaging_product: 'whatsapp',
    to: USER,
    type: 'interactive',
    interactive: {
      type: 'flow',
      body: { text: 'Answer, please' },
      action: {
        name: 'flow',
        parameters: { flow_message_version: '3', flow_id: flowId, flow_cta: 'Start', flow_token: 't-1', mode },
      },
    },
  });
}

const changes = () =>
  sandbox.callback
    .posts()
    .flatMap((post) => list(post.json, 'entry'))
    .flatMap((entry) => list(entry, 'changes'))
    .filter((change) => dig(change, 'field') === 'flows')
    .map((change) => dig(change, 'value'));

test('keeps JSON with errors, tells them, and publishes only what has none', async () => {
  const id = await made('Survey', { flow_json: '{"version":"7.3"}' });
  const draft = await sandbox.graph('GET', `/${id}`);
  assert.equal(dig(draft.body, 'status'), 'DRAFT');
  assert.equal(dig(draft.body, 'validation_errors', 0, 'error'), 'MISSING_REQUIRED_TYPE_PROPERTY');
  assert.equal(dig((await sandbox.graph('POST', `/${id}/publish`)).body, 'error', 'code'), 139002);

  const wrong = await upload(id, '{,}');
  assert.equal(dig(wrong.body, 'validation_errors', 0, 'error'), 'INVALID_FLOW_JSON');
  assert.deepEqual((await upload(id, JSON.stringify(good))).body, { success: true, validation_errors: [] });
  const assets = await sandbox.graph('GET', `/${id}/assets`);
  const url = String(dig(assets.body, 'data', 0, 'download_url'));
  assert.deepEqual((await call('GET', url)).body, good);
  assert.equal((await fetch(url.replace(/.$/, 'x'))).status, 404);

  assert.deepEqual((await sandbox.graph('POST', `/${id}/publish`)).body, { success: true });
  await until('a webhook tells of it', () => changes().some((value) => dig(value, 'new_status') === 'PUBLISHED'));
  assert.equal(dig((await upload(id, '{}')).body, 'error', 'code'), 139001);
  assert.equal(dig((await sandbox.graph('POST', `/${id}`, { name: 'Other' })).body, 'error', 'code'), 139001);
  assert.equal(dig((await sandbox.graph('DELETE', `/${id}`)).body, 'error', 'code'), 139004);
  assert.deepEqual((await sandbox.graph('POST', `/${id}/deprecate`)).body, { success: true });
  assert.equal(dig((await sandbox.graph('POST', `/${id}/deprecate`)).body, 'error', 'code'), 139003);
});

test('makes copies, refuses names that are taken, and forgets drafts that are deleted', async () => {
  const id = await made('First', { flow_json: JSON.stringify(good), endpoint_uri: 'https://example.com/flow' });
  const again = { name: 'First', categories: ['OTHER'] };
  assert.equal(dig((await sandbox.graph('POST', `/${sandbox.wabaId}/flows`, again)).body, 'error', 'code'), 100);
  const copy = await made('Copy', { clone_flow_id: id });
  const read = await sandbox.graph('GET', `/${copy}?fields=endpoint_uri,json_version`);
  assert.deepEqual(read.body, { id: copy, endpoint_uri: 'https://example.com/flow', json_version: '7.3' });
  assert.deepEqual((await sandbox.graph('POST', `/${copy}`, { name: 'Second' })).body, { success: true });
  assert.deepEqual((await sandbox.graph('DELETE', `/${id}`)).body, { success: true });
  const names = list((await sandbox.graph('GET', `/${sandbox.wabaId}/flows`)).body, 'data').map((flow) =>
    dig(flow, 'name'),
  );
  assert.ok(names.includes('Second') && !names.includes('First'));
  assert.equal(dig((await sandbox.graph('GET', `/${id}`)).body, 'error', 'error_subcode'), 33);
});

test('needs an endpoint that answers for a flow that asks one', async (t) => {
  const business = await startFlowBusiness(SECRET);
  t.after(() => business.stop());
  const data = { ...good, data_api_version: '3.0', routing_model: { MAIN: [] } };
  const id = await made('Endpoint', { flow_json: JSON.stringify(data) });
  const why = async () =>
    String(dig((await sandbox.graph('POST', `/${id}/publish`)).body, 'error', 'error_data', 'details'));
  assert.match(await why(), /needs an endpoint_uri/);
  await sandbox.graph('POST', `/${id}`, { endpoint_uri: business.url });
  assert.match(await why(), /public key/);
  const key = { business_public_key: business.publicKey };
  await sandbox.graph('POST', `/${sandbox.phoneNumberId}/whatsapp_business_encryption`, key);
  assert.equal((await sandbox.graph('POST', `/${id}/publish`)).status, 200);
});

test('shows a preview for 30 days to whoever has its link', async () => {
  const id = await made('Preview', { flow_json: JSON.stringify(good) });
  const read = async (invalidate: boolean) =>
    (await sandbox.graph('GET', `/${id}?fields=preview.invalidate(${invalidate})`)).body;
  const url = String(dig(await read(false), 'preview', 'preview_url'));
  const shown = await call('GET', url.replace('?', '/flow?'));
  assert.deepEqual(
    [dig(shown.body, 'flow', 'status'), JSON.parse(String(dig(shown.body, 'flow', 'json')))],
    ['DRAFT', good],
  );
  assert.equal((await call('POST', url.replace('?', '/exchange?'), { action: 'NONE' })).status, 400);
  const asked = await call('POST', url.replace('?', '/exchange?'), { action: 'INIT' });
  assert.equal(dig(asked.body, 'error', 'kind'), 'endpoint-missing');
  assert.equal(dig(await read(false), 'preview', 'preview_url'), url);
  assert.equal((await fetch(url)).status, 200);
  const other = String(dig(await read(true), 'preview', 'preview_url'));
  assert.equal((await fetch(url)).status, 404);
  assert.equal((await fetch(url.replace('?', '/flow?'))).status, 404);
  assert.equal((await call('POST', url.replace('?', '/exchange?'), { action: 'INIT' })).status, 404);
  await sandbox.control('POST', '/clock', { advanceSeconds: 30 * 86_400 + 1 });
  assert.equal((await fetch(other)).status, 404);
});

test('sends a flow only in a state that allows it, and takes the answers of a script', async () => {
  await sandbox.control('PUT', '/window', { mode: 'open' });
  const answering = JSON.stringify(good).replace('"payload":{}', '"payload":{"size":"L","extras":["a"]}');
  const id = await made('Sent', { flow_json: answering });
  assert.equal(dig((await send(id)).body, 'error', 'code'), 132068, 'a draft as published');
  assert.equal((await send(id, 'draft')).status, 200);
  await sandbox.graph('POST', `/${id}/publish`);
  const wamid = String(dig((await send(id)).body, 'messages', 0, 'id'));

  const path = `/users/${USER}/flows/${wamid}`;
  assert.equal((await sandbox.control('POST', path, { answers: { size: 'L', extras: ['a'] } })).status, 201);
  const reply = await until('the answers arrive', () =>
    sandbox.callback
      .posts()
      .flatMap((post) => list(post.json, 'entry'))
      .map((entry) => dig(entry, 'changes', 0, 'value', 'messages', 0))
      .find((message) => dig(message, 'interactive', 'type') === 'nfm_reply'),
  );
  assert.equal(dig(reply, 'context', 'id'), wamid);
  const response = JSON.parse(String(dig(reply, 'interactive', 'nfm_reply', 'response_json')));
  assert.deepEqual(response, { flow_token: 't-1', size: 'L', extras: ['a'] });
  assert.equal((await sandbox.control('POST', `/users/${USER}/flows/wamid.none`, { answers: {} })).status, 404);
  assert.equal((await sandbox.control('POST', path, {})).status, 400);

  await sandbox.control('POST', `/flows/${id}/status`, { status: 'THROTTLED' });
  for (let sent = 0; sent < 10; sent++) assert.equal((await send(id)).status, 200);
  assert.equal(dig((await send(id)).body, 'error', 'code'), 132069);
  await sandbox.control('POST', `/flows/${id}/status`, { status: 'BLOCKED' });
  assert.equal(dig((await send(id)).body, 'error', 'code'), 132068);
  assert.equal((await sandbox.control('POST', path, { answers: {} })).status, 409);
  const alert = { event: 'ENDPOINT_LATENCY', alert_state: 'ACTIVATED', threshold: 1000 };
  assert.equal((await sandbox.control('POST', `/flows/${id}/alert`, alert)).status, 200);
  await until('the alert arrives', () => changes().some((value) => dig(value, 'event') === 'ENDPOINT_LATENCY'));
  await until('the block is told', () =>
    changes().some((value) => dig(value, 'old_status') === 'THROTTLED' && dig(value, 'new_status') === 'BLOCKED'),
  );
});

test('keeps the public key of a number', async () => {
  const path = `/${sandbox.phoneNumberId}/whatsapp_business_encryption`;
  assert.equal(dig((await sandbox.graph('POST', path, { business_public_key: 'none' })).body, 'error', 'code'), 100);
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  assert.deepEqual((await sandbox.graph('POST', path, { business_public_key: pem })).body, { success: true });
  assert.deepEqual((await sandbox.graph('GET', path)).body, {
    data: [{ business_public_key: pem, business_public_key_signature_status: 'VALID' }],
  });
});

const flowButton = (more: object) => ({
  type: 'BUTTONS',
  buttons: [{ type: 'FLOW', text: 'Go', navigate_screen: 'MAIN', ...more }],
});
const offer = (name: string, ...components: object[]) =>
  templateBody(name, { category: 'MARKETING', components: [{ type: 'BODY', text: 'Please answer' }, ...components] });

test('a template with a flow button is refused while its flow cannot be opened', async () => {
  const id = await made('Behind a template', { flow_json: JSON.stringify(good) });
  await approved(sandbox, offer('flow_state', flowButton({ flow_id: id })));
  await approved(sandbox, offer('flow_state_by_name', flowButton({ flow_name: 'Behind a template' })));
  const codeOf = async (name: string) => dig((await sendTemplate(sandbox, name)).body, 'error', 'code');
  assert.equal(await codeOf('flow_state'), 132068, 'a draft');
  assert.deepEqual((await sandbox.graph('POST', `/${id}/publish`)).body, { success: true });
  assert.equal((await sendTemplate(sandbox, 'flow_state')).status, 200);
  await sandbox.control('POST', `/flows/${id}/status`, { status: 'THROTTLED' });
  for (let sent = 0; sent < 10; sent += 1) assert.equal(await codeOf('flow_state_by_name'), undefined);
  assert.equal(await codeOf('flow_state'), 132069);
  await sandbox.control('POST', `/flows/${id}/status`, { status: 'PUBLISHED' });
  assert.equal((await sandbox.graph('POST', `/${id}/deprecate`)).status, 200);
  assert.equal(await codeOf('flow_state'), 132068);
  assert.equal(await codeOf('flow_state_by_name'), 132068);
});

test('a template makes the flow that its button brings as JSON, and opens it', async () => {
  const json = JSON.stringify(good);
  const wrong = await create(sandbox, offer('flow_wrong', flowButton({ flow_json: '{"version":"7.3"}' })));
  assert.deepEqual([wrong.status, dig(wrong.body, 'error', 'code')], [400, 100]);
  const asking = JSON.stringify({ ...good, data_api_version: '3.0', routing_model: { MAIN: [] } });
  assert.equal((await create(sandbox, offer('flow_asking', flowButton({ flow_json: asking })))).status, 400);

  const id = await approved(sandbox, offer('flow_made', flowButton({ flow_json: json })));
  const node = await sandbox.graph('GET', `/${id}`);
  const button = dig(node.body, 'components', 1, 'buttons', 0);
  const flowId = String(dig(button, 'flow_id'));
  assert.deepEqual(button, { type: 'FLOW', text: 'Go', navigate_screen: 'MAIN', flow_id: flowId });
  const flow = await sandbox.graph('GET', `/${flowId}`);
  assert.deepEqual([dig(flow.body, 'name'), dig(flow.body, 'status')], ['flow_made_en', 'PUBLISHED']);
  const told = await until('its publishing is told', () => changes().find((value) => dig(value, 'flow_id') === flowId));
  assert.equal(dig(told, 'new_status'), 'PUBLISHED');

  const sent = await sendTemplate(sandbox, 'flow_made');
  const wamid = String(dig(sent.body, 'messages', 0, 'id'));
  const opened = await sandbox.control('GET', `/users/${USER}/flows/${encodeURIComponent(wamid)}`);
  assert.equal(dig(opened.body, 'flow', 'json'), json);

  const { components } = offer('flow_made', flowButton({ flow_json: json }));
  assert.deepEqual((await sandbox.graph('POST', `/${id}`, { components })).body, { success: true });
  const edited = await sandbox.graph('GET', `/${id}`);
  const second = await sandbox.graph('GET', `/${dig(edited.body, 'components', 1, 'buttons', 0, 'flow_id')}`);
  assert.equal(dig(second.body, 'name'), 'flow_made_en_2');

  const header = {
    type: 'HEADER',
    format: 'IMAGE',
    example: { header_handle: [await uploadFile(sandbox, 'image/png')] },
  };
  const card = { components: [header, flowButton({ flow_json: json })] };
  const cards = await approved(sandbox, offer('flow_cards', { type: 'CAROUSEL', cards: [card, card] }));
  const made = list((await sandbox.graph('GET', `/${cards}`)).body, 'components', 1, 'cards').map((each) =>
    dig(each, 'components', 1, 'buttons', 0, 'flow_id'),
  );
  const names = await Promise.all(made.map(async (each) => dig((await sandbox.graph('GET', `/${each}`)).body, 'name')));
  assert.deepEqual(names, ['flow_cards_en', 'flow_cards_en_2']);
});
