// Changing secrets while everything runs: the key that seals them, Meta's app secrets, the secrets that sign webhooks to customers.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { startDev } from '../support/dev-world.js';
import { freePort } from '../support/free-port.js';
import { type Outcome, parley } from '../support/parley.js';
import { type ReceivedRequest, type Receiver, startReceiver } from '../support/receiver.js';
import { createScene, type Scene, signedByMeta, type Tenant } from '../support/scene.js';

const [OLD_KEY, NEW_KEY, STRANGE_KEY] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte).toString('base64'));
const env: Record<string, string> = {
  PARLEY_SECRET_KEY: `${OLD_KEY}`,
  PARLEY_META_APP_SECRET: 'app-secret-new,app-secret-old',
};
let scene: Scene;
let hooks: Receiver;
let tenant: Tenant;
const secrets: string[] = [];

before(async () => {
  // Meta knows the gateway by its address, which therefore stays the same through restarts.
  env.PARLEY_PORT = String(await freePort());
  scene = createScene(await startDev({ env }));
  hooks = await startReceiver();
  assert.equal((await scene.world.sandbox('/_sandbox/window', { method: 'PUT', json: { mode: 'open' } })).status, 200);
  tenant = await scene.newTenant();
  for (let i = 0; i < 2; i += 1) {
    const { secret } = await scene.admin<{ secret: string }>('/signing-secrets', { json: {}, key: tenant.key });
    secrets.push(secret);
  }
});
after(async () => {
  await hooks.stop();
  await scene.stop();
});

/** Sends as the tenant, whose token and signing secrets are sealed, and gives the request with its delivery report. */
async function sendAndSee(user: string): Promise<ReceivedRequest> {
  const notifyUrl = `${hooks.url}/${user}`;
  const { messageId } = await scene.send({ from: tenant.sender, to: user, notifyUrl }, { key: tenant.key });
  return hooks.next(({ path, body }) => path === `/${user}` && body.includes(messageId), 20_000);
}

/** The signatures of a request that a customer with this one secret would find right (Standard Webhooks). */
function signaturesBy(secret: string, { headers, body }: ReceivedRequest): string[] {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const content = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  const right = `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
  return String(headers['webhook-signature'])
    .split(' ')
    .filter((signature) => signature === right);
}

function secretsCommand(verb: string, keys: string): Promise<Outcome> {
  return parley(['secrets', verb], { PARLEY_DATA_DIR: scene.world.dataDir, PARLEY_SECRET_KEY: keys });
}

/** A restart with other keys, as an operator would do it. */
async function restartWith(keys: string): Promise<void> {
  env.PARLEY_SECRET_KEY = keys;
  await scene.world.restart();
}

test('a webhook to a customer with two secrets has two signatures, each right by itself', async () => {
  const request = await sendAndSee('441134966001');
  assert.equal(String(request.headers['webhook-signature']).split(' ').length, 2);
  for (const secret of secrets) assert.equal(signaturesBy(secret, request).length, 1);
  assert.equal(signaturesBy('whsec_b3RoZXI=', request).length, 0);
});

test('a webhook of Meta counts when either of two app secrets signed it, and no other', async () => {
  const body = Buffer.from(JSON.stringify({ object: 'whatsapp_business_account', entry: [] }));
  const statusOf = async (secret: string) =>
    (await scene.postWebhook(body, { 'x-hub-signature-256': signedByMeta(body, secret) })).status;
  assert.deepEqual(
    [await statusOf('app-secret-new'), await statusOf('app-secret-old'), await statusOf('app-secret-strange')],
    [200, 200, 401],
  );
});

test('the key is changed without a message lost, and the old one is not needed afterwards', async () => {
  await restartWith(`${OLD_KEY},${NEW_KEY}`);
  await restartWith(`${NEW_KEY},${OLD_KEY}`);
  await sendAndSee('441134966002');
  const before = await secretsCommand('check', `${NEW_KEY},${OLD_KEY}`);
  // The demo's token and SMS password were entered anew at the start, with the new key; the tenant's token and secrets were not.
  assert.equal(before.stdout, '2 sealed with the first key, 3 with another that is known\n', before.stderr);

  const sends = Array.from({ length: 20 }, (_, i) => sendAndSee(String(441_134_966_100 + i)));
  const rotated = await secretsCommand('rotate', `${NEW_KEY},${OLD_KEY}`);
  assert.equal(rotated.stdout, '3 sealed anew, 2 were sealed with the first key already\n', rotated.stderr);
  for (const request of await Promise.all(sends)) assert.equal(signaturesBy(`${secrets[0]}`, request).length, 1);
  const again = await secretsCommand('rotate', `${NEW_KEY},${OLD_KEY}`);
  assert.deepEqual([again.code, again.stdout], [0, '0 sealed anew, 5 were sealed with the first key already\n']);

  await restartWith(`${NEW_KEY}`);
  const request = await sendAndSee('441134966003');
  for (const secret of secrets) assert.equal(signaturesBy(secret, request).length, 1);
});

test('what no key opens is named, left as it is, and makes the command fail', async () => {
  const strange = await secretsCommand('rotate', `${STRANGE_KEY}`);
  assert.equal(strange.code, 1);
  assert.match(strange.stdout, /^0 sealed anew, 0 were/);
  assert.match(strange.stderr, new RegExp(`no key opens the access token of sender ${tenant.sender}`));
  assert.match(strange.stderr, /no key opens the signing secret \S+ of account/);
  const request = await sendAndSee('441134966004');
  assert.equal(signaturesBy(`${secrets[0]}`, request).length, 1);
});

test('wrong words and a missing key are told in a line', async () => {
  assert.deepEqual(await parley(['secrets']), {
    code: 2,
    stdout: '',
    stderr: 'parley: say secrets rotate or secrets check\n',
  });
  const keyless = await parley(['secrets', 'rotate'], { PARLEY_DATA_DIR: scene.world.dataDir });
  assert.equal(keyless.code, 2);
  assert.match(keyless.stderr, /PARLEY_SECRET_KEY is required/);
});
