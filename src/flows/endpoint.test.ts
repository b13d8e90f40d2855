// The data endpoint against a phone that is written apart from it.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { makeFlowCall } from '../../test/support/flow-phone.js';
import {
  answerFlowRequest,
  type FlowAnswer,
  type FlowEndpointParts,
  type FlowRequest,
  readFlowKey,
} from './endpoint.js';

function makeKeys(modulusLength = 2048) {
  return generateKeyPairSync('rsa', {
    modulusLength,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

const keys = makeKeys();
const SECRET = 'app-secret';

function endpoint(
  answer: (request: FlowRequest) => FlowAnswer,
  more: Partial<FlowEndpointParts> = {},
): FlowEndpointParts {
  return {
    privateKey: readFlowKey(keys.privateKey),
    appSecrets: ['another', SECRET],
    answer: async (request) => answer(request),
    ...more,
  };
}

const never = (): FlowAnswer => assert.fail('the business was asked');

test('decrypts what a phone asks and encrypts what the business answers', async () => {
  const asked = { version: '3.0', action: 'data_exchange', screen: 'BOOK', data: { name: 'Zoë 👋' }, flow_token: 't' };
  const call = await makeFlowCall(keys.publicKey, SECRET, asked);
  const heard: FlowRequest[] = [];
  const parts = endpoint((request) => {
    heard.push(request);
    return { answer: { screen: 'DONE', data: { text: '✓' } } };
  });
  const { status, contentType, body } = await answerFlowRequest(parts, Buffer.from(call.body), call.signature);
  assert.deepEqual([status, contentType], [200, 'text/plain']);
  assert.deepEqual(heard, [asked]);
  assert.deepEqual(await call.read(body), { screen: 'DONE', data: { text: '✓' } });
});

test('answers pings without asking the business', async () => {
  const call = await makeFlowCall(keys.publicKey, SECRET, { version: '3.0', action: 'ping' });
  const { status, body } = await answerFlowRequest(endpoint(never), Buffer.from(call.body), call.signature);
  assert.equal(status, 200);
  assert.deepEqual(await call.read(body), { data: { status: 'active' } });
});

test('acknowledges errors that a phone met, and tells of them', async () => {
  const asked = { version: '3.0', action: 'INIT', flow_token: 't', data: { error: 'timeout', error_message: 'm' } };
  const call = await makeFlowCall(keys.publicKey, SECRET, asked);
  const heard: FlowRequest[] = [];
  const parts = endpoint(never, { onClientError: (request) => heard.push(request) });
  const { body } = await answerFlowRequest(parts, Buffer.from(call.body), call.signature);
  assert.deepEqual(await call.read(body), { data: { acknowledged: true } });
  assert.deepEqual(heard, [asked]);
});

test('answers 432 to a wrong or missing signature, before anything is read', async () => {
  const call = await makeFlowCall(keys.publicKey, 'wrong', { action: 'ping' });
  for (const signature of [call.signature, undefined, 'sha256=00', 'sha1=abc']) {
    const { status, body } = await answerFlowRequest(endpoint(never), Buffer.from(call.body), signature);
    assert.deepEqual([status, body], [432, '']);
  }
  const { status } = await answerFlowRequest(endpoint(never), Buffer.from('no JSON'), call.signature);
  assert.equal(status, 432);
});

test('answers 421 to what another key was meant for, or what was changed on the way', async () => {
  const parts = endpoint(never, { appSecrets: [] });
  const other = await makeFlowCall(makeKeys().publicKey, SECRET, { action: 'ping' });
  assert.equal((await answerFlowRequest(parts, Buffer.from(other.body), undefined)).status, 421);
  const call = await makeFlowCall(keys.publicKey, SECRET, { action: 'ping' });
  for (const field of ['encrypted_flow_data', 'encrypted_aes_key', 'initial_vector']) {
    const envelope = JSON.parse(call.body);
    const bytes = Buffer.from(envelope[field], 'base64');
    bytes[3] = (bytes[3] ?? 0) ^ 1;
    envelope[field] = bytes.toString('base64');
    assert.equal((await answerFlowRequest(parts, Buffer.from(JSON.stringify(envelope)), undefined)).status, 421, field);
  }
});

test('answers 400 to what is no request of a flow', async () => {
  const parts = endpoint(never, { appSecrets: [] });
  for (const body of [
    '',
    '[]',
    '{}',
    '{"encrypted_flow_data":1,"encrypted_aes_key":"YQ==","initial_vector":"YQ=="}',
    'null',
  ]) {
    assert.equal((await answerFlowRequest(parts, Buffer.from(body), undefined)).status, 400, body);
  }
});

test('answers 427 for a token that is no longer good, with a message when there is one', async () => {
  const call = await makeFlowCall(keys.publicKey, SECRET, { action: 'INIT', flow_token: 'old' });
  const said = await answerFlowRequest(
    endpoint(() => ({ expired: 'Sold out' })),
    Buffer.from(call.body),
    call.signature,
  );
  assert.equal(said.status, 427);
  assert.deepEqual(await call.read(said.body), { error_msg: 'Sold out' });
  const bare = await answerFlowRequest(
    endpoint(() => ({ expired: undefined })),
    Buffer.from(call.body),
    call.signature,
  );
  assert.deepEqual([bare.status, bare.body], [427, '']);
});

test('answers a bare 500 when the business fails or says too much', async () => {
  const call = await makeFlowCall(keys.publicKey, SECRET, { action: 'INIT' });
  for (const answer of [
    () => assert.fail('secret detail'),
    () => ({ answer: { data: 'x'.repeat(10 * 1024 * 1024) } }),
  ]) {
    const { status, body } = await answerFlowRequest(endpoint(answer), Buffer.from(call.body), call.signature);
    assert.deepEqual([status, body], [500, '']);
  }
});

test('takes RSA keys of 2048 bits or more, with a passphrase or without', () => {
  assert.throws(() => readFlowKey(makeKeys(1024).privateKey), /2048/);
  assert.throws(() => readFlowKey('no key'));
  const locked = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open' },
  });
  assert.equal(readFlowKey(locked.privateKey, 'open').asymmetricKeyType, 'rsa');
  assert.throws(() => readFlowKey(locked.privateKey, 'shut'));
});
