// Flows with a data endpoint, run by the sandbox as a phone runs them: encrypted, signed, timed and watched.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are bindings of Flow JSON.
import assert from 'node:assert/strict';
import { createDecipheriv, createHash, createHmac, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCommand } from '../../src/cli/registry.js';
import { type FlowBusiness, startFlowBusiness } from '../support/flow-business.js';
import { startReceiver } from '../support/receiver.js';
import { until } from '../support/until.js';
import { dig, type Fixture, list, SECRET, startFixture, USER } from './sandbox-fixture.js';

let sandbox: Fixture;
let business: FlowBusiness;
before(async () => {
  sandbox = await startFixture();
  business = await startFlowBusiness(SECRET);
  await setKey(business.publicKey);
});
after(async () => {
  await business.stop();
  await sandbox.stop();
});

const ask = { name: 'data_exchange', payload: { size: '${form.size}' } };
const SCREENS = [
  {
    id: 'FIRST',
    layout: {
      type: 'SingleColumnLayout',
      children: [
        { type: 'TextInput', name: 'size', label: 'Size' },
        { type: 'Footer', label: 'Next', 'on-click-action': ask },
      ],
    },
  },
  {
    id: 'LAST',
    terminal: true,
    refresh_on_back: true,
    data: { price: { type: 'string', __example__: '5' } },
    layout: {
      type: 'SingleColumnLayout',
      children: [
        { type: 'TextBody', text: '${data.price}' },
        { type: 'Footer', label: 'Buy', 'on-click-action': { name: 'data_exchange', payload: {} } },
      ],
    },
  },
];
const asking = (version = '3.0') =>
  JSON.stringify({
    version: '7.3',
    data_api_version: version,
    routing_model: { FIRST: ['LAST'], LAST: [] },
    screens: SCREENS,
  });

async function setKey(pem: string): Promise<void> {
  const path = `/${sandbox.phoneNumberId}/whatsapp_business_encryption`;
  assert.equal((await sandbox.graph('POST', path, { business_public_key: pem })).status, 200);
}

async function made(name: string, endpoint_uri: string, flow_json = asking()): Promise<string> {
  const body = { name, categories: ['SURVEY'], flow_json, endpoint_uri };
  const answer = await sandbox.graph('POST', `/${sandbox.wabaId}/flows`, body);
  assert.deepEqual(dig(answer.body, 'validation_errors'), []);
  return String(dig(answer.body, 'id'));
}

/** Publishes the flow, sends it, and gives the path of the user's run of it. */
async function sent(flow_id: string, flow_action = 'data_exchange', mode = 'published'): Promise<string> {
  if (mode === 'published') assert.equal((await sandbox.graph('POST', `/${flow_id}/publish`)).status, 200);
  const parameters = { flow_message_version: '3', flow_id, flow_cta: 'Go', flow_token: 'tok', flow_action, mode };
  const { status, body } = await sandbox.send(USER, {
    text: undefined,
    type: 'interactive',
    interactive: { type: 'flow', body: { text: 'Buy' }, action: { name: 'flow', parameters } },
  });
  assert.equal(status, 200, JSON.stringify(body));
  return `/users/${USER}/flows/${dig(body, 'messages', 0, 'id')}`;
}

const changes = () =>
  sandbox.callback
    .posts()
    .flatMap((post) => list(post.json, 'entry'))
    .flatMap((entry) => list(entry, 'changes'));
const alerts = (id: string) =>
  changes()
    .map((change) => dig(change, 'value'))
    .filter((value) => dig(value, 'flow_id') === id && dig(value, 'alert_state') !== undefined);
const step = async (path: string, body: object) => (await sandbox.control('POST', `${path}/exchange`, body)).body;

test('a flow goes through its endpoint from INIT over BACK to the reply', async () => {
  const id = await made('Whole', business.url);
  const before = business.asked.length;
  const path = await sent(id);
  assert.deepEqual(business.asked[before], { version: '3.0', action: 'ping' }, 'publishing looks whether it is there');
  const open = (await sandbox.control('GET', path)).body;
  assert.equal(dig(open, 'flow', 'id'), id);
  assert.deepEqual(
    [dig(open, 'action'), dig(open, 'token'), dig(open, 'screen'), dig(open, 'data')],
    ['data_exchange', 'tok', null, {}],
  );

  business.answer(({ action, screen, data }) => {
    if (action === 'ping') return undefined;
    if (action === 'INIT') return { json: { screen: 'FIRST', data: {} } };
    if (action === 'BACK') return { json: { screen: 'FIRST', data: { error_message: 'Sold out' } } };
    if (screen === 'FIRST') return { json: { screen: 'LAST', data: { price: `9 for ${data?.size}` } } };
    const params = { flow_token: 'tok', order: 17 };
    return { json: { screen: 'SUCCESS', data: { extension_message_response: { params } } } };
  });
  assert.deepEqual(await step(path, { action: 'INIT' }), { next: { screen: 'FIRST', data: {} } });
  assert.deepEqual(await step(path, { action: 'data_exchange', screen: 'FIRST', data: { size: 'L' } }), {
    next: { screen: 'LAST', data: { price: '9 for L' } },
  });
  const back = await step(path, { action: 'BACK', screen: 'LAST' });
  assert.deepEqual(dig(back, 'next', 'data'), { error_message: 'Sold out' });
  assert.deepEqual(business.asked.slice(before + 1), [
    { version: '3.0', action: 'INIT', flow_token: 'tok' },
    { version: '3.0', action: 'data_exchange', screen: 'FIRST', data: { size: 'L' }, flow_token: 'tok' },
    { version: '3.0', action: 'BACK', screen: 'LAST', flow_token: 'tok' },
  ]);
  const end = await step(path, { action: 'data_exchange', screen: 'LAST', data: {} });
  assert.deepEqual(dig(end, 'completed', 'response'), { flow_token: 'tok', order: 17 });
  const wamid = dig(end, 'completed', 'id');
  const reply = await until('the reply arrives', () =>
    changes()
      .flatMap((change) => list(change, 'value', 'messages'))
      .find((message) => dig(message, 'id') === wamid),
  );
  assert.equal(dig(reply, 'interactive', 'nfm_reply', 'response_json'), '{"flow_token":"tok","order":17}');
  assert.ok(business.signatures.every(Boolean), 'every request was signed');
});

test('Data API 4.0 sends the flow token signed with the app secret', async () => {
  const path = await sent(await made('Signed', business.url, asking('4.0')), 'data_exchange', 'draft');
  business.answer(() => ({ json: { screen: 'FIRST', data: {} } }));
  await step(path, { action: 'INIT' });
  const { version, flow_token_signature = '' } = business.asked.at(-1) ?? {};
  assert.equal(version, '4.0');
  const [head = '', claims = '', signature] = flow_token_signature.split('.');
  assert.equal(createHmac('sha256', SECRET).update(`${head}.${claims}`).digest('base64url'), signature);
  assert.equal(JSON.parse(Buffer.from(claims, 'base64url').toString()).flow_token, 'tok');
});

test('a request that cannot be decrypted is tried again with the key as it is then', async () => {
  const path = await sent(await made('Keys', business.url), 'data_exchange', 'draft');
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
  await setKey(other.export({ type: 'spki', format: 'pem' }).toString());
  const before = business.count();
  const refused = await step(path, { action: 'INIT' });
  assert.equal(dig(refused, 'error', 'httpStatus'), 421);
  assert.equal(business.count(), before + 2);
  await setKey(business.publicKey);
  business.answer(() => ({ json: { screen: 'FIRST', data: {} } }));
  assert.ok(dig(await step(path, { action: 'INIT' }), 'next') !== undefined);
});

test('an expired token ends the flow of that message with the words of the endpoint', async () => {
  const path = await sent(await made('Expired', business.url), 'data_exchange', 'draft');
  business.answer(() => ({ status: 427, json: { error_msg: 'Sold out' } }));
  const said = await step(path, { action: 'INIT' });
  assert.deepEqual([dig(said, 'error', 'httpStatus'), dig(said, 'error', 'said')], [427, 'Sold out']);
  const later = await sandbox.control('GET', path);
  assert.deepEqual([later.status, dig(later.body, 'error', 'message')], [409, 'Sold out']);
});

test('an endpoint is told when its answer cannot be used', async () => {
  const path = await sent(await made('Lost', business.url), 'data_exchange', 'draft');
  for (const [said, kind] of [
    [{ json: { screen: 'NOWHERE', data: {} } }, 'invalid-screen-transition'],
    [{ json: { screen: 'SUCCESS', data: {} } }, 'invalid-response'],
    [{ json: { screen: 'FIRST', data: [] } }, 'invalid-response'],
  ] as const) {
    business.answer(({ data }) => (data?.error === undefined ? said : { json: { data: { acknowledged: true } } }));
    assert.equal(dig(await step(path, { action: 'INIT' }), 'error', 'kind'), kind);
    assert.equal(business.asked.at(-1)?.data?.error, kind);
  }
  business.answer(({ data }) => (data?.error === undefined ? { json: { screen: 'FIRST', data: {} } } : undefined));
  const backwards = await step(path, { action: 'data_exchange', screen: 'LAST', data: {} });
  assert.equal(dig(backwards, 'error', 'kind'), 'invalid-screen-transition', 'routes lead forward only');
  business.answer(() => ({ raw: 'no cipher text' }));
  assert.equal(dig(await step(path, { action: 'INIT' }), 'error', 'kind'), 'response-decryption-error');
});

test('endpoints that fail are refused at publishing, and alerts tell how they fare', async (t) => {
  const dead = await startFlowBusiness(SECRET);
  t.after(() => dead.stop());
  await setKey(dead.publicKey);
  const id = await made('Sick', dead.url);
  dead.answer(() => ({ status: 500 }));
  const refused = await sandbox.graph('POST', `/${id}/publish`);
  assert.equal(dig(refused.body, 'error', 'code'), 139002);
  assert.match(String(dig(refused.body, 'error', 'error_data', 'details')), /answered 500/);
  const path = await sent(id, 'data_exchange', 'draft');
  for (let call = 0; call < 5; call++)
    assert.equal(dig(await step(path, { action: 'INIT' }), 'error', 'kind'), 'unexpected_http_status_code');
  const raised = await until('the error rate is told', () =>
    alerts(id).find((value) => dig(value, 'event') === 'ENDPOINT_ERROR_RATE'),
  );
  assert.deepEqual([dig(raised, 'alert_state'), dig(raised, 'threshold')], ['ACTIVATED', 50]);
  await dead.stop();
  assert.equal(dig(await step(path, { action: 'INIT' }), 'error', 'kind'), 'no_http_response_error');
  await until('that nobody answers is told', () =>
    alerts(id).find((value) => dig(value, 'event') === 'ENDPOINT_AVAILABILITY'),
  );
  await setKey(business.publicKey);
});

test('a slow endpoint is given up, and its latency is told', async () => {
  const id = await made('Slow', business.url);
  const path = await sent(id, 'data_exchange', 'draft');
  assert.equal((await sandbox.control('PUT', '/flows/endpoint', { timeoutMs: 100 })).status, 200);
  business.answer(() => ({ json: { screen: 'FIRST', data: {} }, delayMs: 2_000 }));
  const late = await step(path, { action: 'INIT' });
  assert.equal(dig(late, 'error', 'kind'), 'timeout_error');
  await sandbox.control('PUT', '/flows/endpoint', { timeoutMs: 10_000 });
  business.answer(() => ({ json: { screen: 'FIRST', data: {} }, delayMs: 1_050 }));
  const slow = await Promise.all(Array.from({ length: 5 }, () => step(path, { action: 'INIT' })));
  assert.ok(slow.every((each) => dig(each, 'next') !== undefined));
  const raised = await until('the latency is told', () =>
    alerts(id).find((value) => dig(value, 'event') === 'ENDPOINT_LATENCY'),
  );
  assert.equal(dig(raised, 'threshold'), 1000);
  assert.equal((await sandbox.control('PUT', '/flows/endpoint', { timeoutMs: 1 })).status, 400);
});

test('files reach the reply as media, and the endpoint encrypted behind a link', async () => {
  const path = await sent(await made('Files', business.url), 'data_exchange', 'draft');
  const content = Buffer.from('%PDF-1.4 my papers');
  const form = new FormData();
  form.set('file', new Blob([content], { type: 'application/pdf' }), 'papers.pdf');
  const kept = await fetch(`${sandbox.url}/_sandbox${path}/files`, { method: 'POST', body: form });
  const file: unknown = await kept.json();
  assert.deepEqual(
    [kept.status, dig(file, 'file_name'), dig(file, 'mime_type')],
    [201, 'papers.pdf', 'application/pdf'],
  );
  assert.equal(dig(file, 'sha256'), createHash('sha256').update(content).digest('base64'));
  assert.equal((await sandbox.graph('GET', `/${dig(file, 'id')}`)).status, 200, 'the id is good for downloads');

  business.answer(() => ({ json: { screen: 'LAST', data: {} } }));
  await step(path, { action: 'data_exchange', screen: 'FIRST', data: { size: 'L', papers: [file] } });
  const told = dig(business.asked.at(-1)?.data, 'papers', 0);
  const meta = (name: string) => Buffer.from(String(dig(told, 'encryption_metadata', name)), 'base64');
  const url = String(dig(told, 'cdn_url'));
  const sealed = Buffer.from(await (await fetch(url)).arrayBuffer());
  assert.deepEqual(createHash('sha256').update(sealed).digest(), meta('encrypted_hash'));
  const [cipherText, mac] = [sealed.subarray(0, -10), sealed.subarray(-10)];
  const expected = createHmac('sha256', meta('hmac_key')).update(meta('iv')).update(cipherText).digest();
  assert.deepEqual(expected.subarray(0, 10), mac);
  const decipher = createDecipheriv('aes-256-cbc', meta('encryption_key'), meta('iv'));
  const plain = Buffer.concat([decipher.update(cipherText), decipher.final()]);
  assert.deepEqual(plain, content);
  assert.deepEqual(createHash('sha256').update(plain).digest(), meta('plaintext_hash'));
  assert.equal((await fetch(url.replace(/key=.*/, 'key=other'))).status, 404);
  const none = await sandbox.control('POST', `${path}/files`, {});
  assert.equal(none.status, 400);
});

test('runs against `parley flows endpoint`, which refuses a signature that is not the app secret’s', async (t) => {
  const program = await startReceiver();
  const folder = mkdtempSync(join(tmpdir(), 'flow-runs-'));
  const keys = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  writeFileSync(join(folder, 'key.pem'), keys.privateKey);
  const stop = new AbortController();
  const serve = (secret: string) => {
    const file = join(folder, secret);
    writeFileSync(file, secret);
    const out: string[] = [];
    const args = ['--key', join(folder, 'key.pem'), '--app-secret-file', file, '--forward', program.url];
    const running = runCommand(['flows', 'endpoint', ...args], {
      env: {},
      print: (line) => out.push(line),
      complain: () => undefined,
      stopped: stop.signal,
    });
    t.after(() => running);
    return until('the endpoint listens', () => out[0]?.replace('listening ', ''));
  };
  t.after(async () => {
    stop.abort();
    await program.stop();
    rmSync(folder, { recursive: true, force: true });
    await setKey(business.publicKey);
  });
  await setKey(keys.publicKey);
  program.answer({ body: JSON.stringify({ screen: 'LAST', data: { price: '3' } }) });
  const path = await sent(await made('Program', await serve(SECRET)));
  assert.deepEqual(await step(path, { action: 'data_exchange', screen: 'FIRST', data: { size: 'S' } }), {
    next: { screen: 'LAST', data: { price: '3' } },
  });
  assert.deepEqual(dig(program.requests.at(-1)?.json, 'data'), { size: 'S' });
  const wrong = await sent(await made('Wrong', await serve('another-secret')), 'data_exchange', 'draft');
  assert.equal(dig(await step(wrong, { action: 'INIT' }), 'error', 'httpStatus'), 432);
});

test('a script may answer only what the screens of the flow can', async () => {
  const option = (id: string) => ({ id, title: id });
  const flow = JSON.stringify({
    version: '7.3',
    screens: [
      {
        id: 'MAIN',
        terminal: true,
        layout: {
          type: 'SingleColumnLayout',
          children: [
            { type: 'RadioButtonsGroup', name: 'size', label: 'Size', 'data-source': [option('S'), option('L')] },
            { type: 'CheckboxGroup', name: 'extras', label: 'Extras', 'data-source': [option('a'), option('b')] },
            { type: 'OptIn', name: 'news', label: 'News' },
            {
              type: 'Footer',
              label: 'Done',
              'on-click-action': {
                name: 'complete',
                payload: { size: '${form.size}', extras: '${form.extras}', news: '${form.news}', fixed: 1 },
              },
            },
          ],
        },
      },
    ],
  });
  const path = await sent(await made('Scripted', business.url, flow), 'navigate');
  const answer = async (answers: object) => {
    const { status, body } = await sandbox.control('POST', path, { answers });
    return [status, dig(body, 'error', 'field')];
  };
  assert.deepEqual(await answer({ size: 'M' }), [400, 'answers.size']);
  assert.deepEqual(await answer({ size: ['S'] }), [400, 'answers.size']);
  assert.deepEqual(await answer({ extras: 'a' }), [400, 'answers.extras']);
  assert.deepEqual(await answer({ extras: ['a', 'c'] }), [400, 'answers.extras']);
  assert.deepEqual(await answer({ news: 'yes' }), [400, 'answers.news']);
  assert.deepEqual(await answer({ colour: 'red' }), [400, 'answers.colour']);
  assert.deepEqual(await answer({ size: 'L', extras: ['b'], news: true, fixed: 1 }), [201, undefined]);
});
