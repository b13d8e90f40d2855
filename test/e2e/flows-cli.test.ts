// `parley flows check` and `parley flows endpoint`, run as people run them.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCommand } from '../../src/cli/registry.js';
import { makeFlowCall } from '../support/flow-phone.js';
import { startReceiver } from '../support/receiver.js';
import { until } from '../support/until.js';

const folder = mkdtempSync(join(tmpdir(), 'flows-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function check(content: string | Buffer, ...more: string[]): Promise<{ code: number; out: string; err: string }> {
  const file = join(folder, 'flow.json');
  writeFileSync(file, content);
  return parley('flows', 'check', file, ...more);
}

async function parley(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCommand(args, {
    env: {},
    print: (line) => out.push(line),
    complain: (line) => err.push(line),
    stopped: new AbortController().signal,
  });
  return { code, out: out.join('\n').replaceAll(folder, ''), err: err.join('\n').replaceAll(folder, '') };
}

const footer = { type: 'Footer', label: 'Done', 'on-click-action': { name: 'complete', payload: {} } };
const flow = {
  version: '7.3',
  screens: [{ id: 'MAIN', terminal: true, layout: { type: 'SingleColumnLayout', children: [footer] } }],
};

test('says that a good flow has no errors, and of which version it is', async () => {
  assert.deepEqual(await check(JSON.stringify(flow)), {
    code: 0,
    out: '/flow.json: no errors, Flow JSON 7.3',
    err: '',
  });
});

test('prints each error on a line that editors understand, and ends with 1', async () => {
  const { code, out } = await check(JSON.stringify({ ...flow, mine: 1, version: '7.3' }, null, 1));
  assert.equal(code, 1);
  assert.match(out, /^\/flow\.json:\d+:2: INVALID_PROPERTY_KEY: Property mine cannot be specified/);
});

test("prints Meta's form with --json", async () => {
  const { code, out } = await check('{', '--json');
  assert.equal(code, 1);
  const [error] = JSON.parse(out).validation_errors;
  assert.equal(error.error, 'INVALID_FLOW_JSON');
  assert.deepEqual([error.line_start, error.column_start], [1, 2]);
});

test('ends with 2 when the file cannot be read or the arguments are wrong', async () => {
  assert.equal((await check(Buffer.from([0x22, 0xff, 0x22]))).code, 2);
  assert.match((await check(Buffer.alloc(10 * 1024 * 1024 + 1, ' '))).err, /larger than 10 MiB/);
  assert.equal((await parley('flows', 'check', join(folder, 'missing.json'))).code, 2);
  assert.equal((await parley('flows')).code, 2);
  assert.equal((await parley('flows', 'check')).code, 2);
  assert.equal((await parley('flows', 'check', 'a', 'b')).code, 2);
});

test('serves as an endpoint: plain JSON for the business, encrypted answers for the phone', async (t) => {
  const business = await startReceiver();
  const stop = new AbortController();
  const keys = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const keyFile = join(folder, 'key.pem');
  const secretFile = join(folder, 'secret');
  writeFileSync(keyFile, keys.privateKey);
  writeFileSync(secretFile, 'old,s3cret\n');
  const out: string[] = [];
  const args = ['--key', keyFile, '--app-secret-file', secretFile, '--forward', `${business.url}/flow`];
  const running = runCommand(['flows', 'endpoint', ...args], {
    env: {},
    print: (line) => out.push(line),
    complain: (line) => out.push(line),
    stopped: stop.signal,
  });
  t.after(async () => {
    stop.abort();
    assert.equal(await running, 0);
    await business.stop();
  });
  const url = await until('the endpoint listens', () =>
    out.find((line) => line.startsWith('listening '))?.slice('listening '.length),
  );
  const ask = async (request: object, secret = 's3cret') => {
    const call = await makeFlowCall(keys.publicKey, secret, request);
    const headers = { 'content-type': 'application/json', 'x-hub-signature-256': call.signature };
    const response = await fetch(`${url}/any/path`, { method: 'POST', headers, body: call.body });
    const text = await response.text();
    return { status: response.status, said: text === '' ? undefined : await call.read(text) };
  };
  const asked = { version: '3.0', action: 'data_exchange', screen: 'A', data: { x: 'y' }, flow_token: 't' };

  business.answer({ body: JSON.stringify({ screen: 'B', data: {} }) });
  assert.deepEqual(await ask(asked), { status: 200, said: { screen: 'B', data: {} } });
  assert.deepEqual((await business.next(({ path }) => path === '/flow')).json, asked);
  assert.deepEqual(await ask({ version: '3.0', action: 'ping' }), {
    status: 200,
    said: { data: { status: 'active' } },
  });
  assert.deepEqual(await ask(asked, 'wrong'), { status: 432, said: undefined });
  business.answer({ status: 427, body: JSON.stringify({ error_msg: 'Sold out' }) });
  assert.deepEqual(await ask(asked), { status: 427, said: { error_msg: 'Sold out' } });
  business.answer({ status: 503 });
  assert.deepEqual(await ask(asked), { status: 500, said: undefined });
  business.answer({ body: 'no JSON' });
  assert.deepEqual(await ask(asked), { status: 500, said: undefined });
  assert.equal(business.requests.length, 4, 'pings and wrong signatures never reach the business');
});

test('does not serve as an endpoint without a usable key, secret and URL', async () => {
  const files = ['--key', join(folder, 'gone.pem'), '--app-secret-file', join(folder, 'gone')];
  assert.match((await parley('flows', 'endpoint', ...files, '--forward', 'http://127.0.0.1:1/')).err, /no such file/);
  assert.match((await parley('flows', 'endpoint', ...files, '--forward', 'nowhere')).err, /must be a URL/);
  assert.match((await parley('flows', 'endpoint', '--key', 'x')).err, /are required/);
  assert.match((await parley('flows', 'endpoint', '--nonsense', 'x')).err, /nonsense/);
  assert.match((await parley('flows', 'endpoint', ...files, '--forward', 'http://a/', '--port', 'x')).err, /a port/);
});
