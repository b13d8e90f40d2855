// Client certificates: uploaded, shown without their keys, tested against a real server, and used by deliveries (Infobip 5).
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { encryptedKey, newAuthority, toPkcs12 } from '../support/certificates.js';
import { temporaryFolder } from '../support/dev-world.js';
import { type Management, managementOf } from '../support/management.js';
import { type ReceivedRequest, type Receiver, startReceiver } from '../support/receiver.js';
import { type Scene, startScene, type Tenant } from '../support/scene.js';

const PATH = '/subscriptions/1/certificates';
const PASSPHRASE = 'open sesame';
const authority = newAuthority('Test authority');

let scene: Scene;
let hook: Receiver;
let ann: Tenant;
let api: Management;
let bobApi: Management;
before(async () => {
  const ca = join(temporaryFolder('certificates'), 'ca.pem');
  writeFileSync(ca, authority.ca);
  scene = await startScene({ NODE_EXTRA_CA_CERTS: ca });
  const { cert, key } = authority.issue('server');
  hook = await startReceiver(0, { cert, key, ca: authority.ca, requestCert: true, rejectUnauthorized: true });
  ann = await scene.newTenant();
  [api, bobApi] = [managementOf(scene, ann.key), managementOf(scene, (await scene.newTenant()).key)];
});
after(async () => {
  await hook.stop();
  await scene.stop();
});

const base64 = (content: string | Buffer): string => Buffer.from(content).toString('base64');

test('PEM, PEM with an encrypted key and PKCS#12 are taken, tested and used; their keys never come back', async () => {
  const [plain, locked, p12] = [authority.issue('plain'), authority.issue('locked'), authority.issue('p12')];
  const passphrase = base64(PASSPHRASE);
  for (const [name, content] of [
    ['plain', { certificateContent: base64(plain.cert + plain.key) }],
    ['locked', { certificateContent: base64(encryptedKey(locked, PASSPHRASE) + locked.cert), passphrase }],
    ['p12', { certificateContent: base64(toPkcs12(p12, PASSPHRASE)), passphrase }],
  ] as const) {
    const made = await api.call('POST', PATH, { certificateId: name, ...content });
    assert.deepEqual([made.status, made.body], [201, { certificateId: name, status: 'READY' }]);
    const details = await api.expect(200, 'GET', made.headers.get('location') ?? '');
    assert.equal(details.issuedTo, `CN=${name}`);
    assert.deepEqual(Object.keys(details).sort(), [
      'certificateId',
      'certificateStatus',
      'issuedBy',
      'issuedTo',
      'serialNumber',
      'validFrom',
      'validUntil',
    ]);
    const shown = { certificateId: name, webhookUrl: `${hook.url}/test` };
    const tested = await api.expect(200, 'POST', `${PATH}/test/webhook`, shown);
    assert.deepEqual(tested, { ...shown, result: 'SUCCESS', failReasons: [] });
  }
  assert.deepEqual(
    hook.requests.map(({ tls }) => tls?.clientName),
    ['plain', 'locked', 'p12'],
  );
});

test('lists are by id, searched and in either direction; statuses have a list of their own', async () => {
  const ids = async (query: string): Promise<string[]> => {
    const { results } = await api.expect<{ results: { certificateId: string }[] }>(200, 'GET', `${PATH}${query}`);
    return results.map(({ certificateId }) => certificateId);
  };
  assert.deepEqual(await ids(''), ['locked', 'p12', 'plain']);
  assert.deepEqual(await ids('?direction=DESC&sortBy=CERTIFICATE_ID&size=2'), ['plain', 'p12']);
  assert.deepEqual(await ids('/status?search=P'), ['p12', 'plain']);
  assert.deepEqual(await api.expect(200, 'GET', `${PATH}/status/p12`), { certificateId: 'p12', status: 'READY' });
  assert.deepEqual(await api.blamed('GET', `${PATH}?direction=UP&sortBy=AGE`), ['direction', 'sortBy']);
});

test('a test that fails says why, and what can be done', async () => {
  const stranger = newAuthority('Stranger').issue('stranger');
  await api.expect(201, 'POST', PATH, {
    certificateId: 'stranger',
    certificateContent: base64(stranger.cert + stranger.key),
  });
  const request = { certificateId: 'stranger', webhookUrl: hook.url };
  const refused = await api.expect<{ result: string; failReasons: string[] }>(
    200,
    'POST',
    `${PATH}/test/webhook`,
    request,
  );
  assert.deepEqual([refused.result, refused.failReasons.length], ['FAIL', 1]);
  const plain = { ...request, webhookUrl: 'http://127.0.0.1:9/' };
  assert.equal((await api.expect(200, 'POST', `${PATH}/test/webhook`, plain)).result, 'FAIL');
  assert.deepEqual(
    await api.blamed('POST', `${PATH}/test/webhook`, { ...request, webhookUrl: 'https://169.254.169.254/' }),
    ['webhookUrl'],
  );
});

test('what is no certificate is refused, and what belongs to another account is not there', async () => {
  for (const certificateContent of ['!', base64('no certificate'), base64(authority.issue('keyless').cert)])
    assert.deepEqual(await api.blamed('POST', PATH, { certificateId: 'wrong', certificateContent }), [
      'certificateContent',
    ]);
  const other = authority.issue('other');
  await api.expect(409, 'POST', PATH, { certificateId: 'plain', certificateContent: base64(other.cert + other.key) });
  for (const path of [`${PATH}/plain`, `${PATH}/status/plain`]) await bobApi.expect(404, 'GET', path);
  await bobApi.expect(404, 'DELETE', `${PATH}/plain`);
  await bobApi.expect(404, 'POST', `${PATH}/test/webhook`, { certificateId: 'plain', webhookUrl: hook.url });
  const profile = { profileId: 'stolen', clientCertificateId: 'plain' };
  assert.deepEqual(await bobApi.blamed('POST', '/subscriptions/1/profiles', profile), ['clientCertificateId']);
});

test('a profile’s reports show its certificate, of whichever form, and it cannot be deleted meanwhile', async () => {
  for (const clientCertificateId of ['plain', 'locked', 'p12']) {
    const webhook = { notifyUrl: `${hook.url}/mutual-${clientCertificateId}` };
    await api.expect(201, 'POST', '/subscriptions/1/subscription/WHATSAPP', {
      subscriptionId: `mutual-${clientCertificateId}`,
      events: ['DELIVERY'],
      criteria: [{ applicationId: clientCertificateId }],
      profile: { profileId: `mutual-${clientCertificateId}`, webhook, clientCertificateId },
    });
    await api.expect(409, 'DELETE', `${PATH}/${clientCertificateId}`);
    const sent = { to: scene.newUser(), from: ann.sender, applicationId: clientCertificateId };
    const { messageId } = await scene.send(sent, { key: ann.key });
    const isIt = ({ path, body }: ReceivedRequest): boolean =>
      path === `/mutual-${clientCertificateId}` && body.includes(messageId);
    const { tls } = await hook.next(isIt);
    assert.equal(tls?.clientName, clientCertificateId);
  }
  await api.expect(200, 'DELETE', '/subscriptions/1/subscription/WHATSAPP/mutual-p12');
  await api.expect(200, 'DELETE', '/subscriptions/1/profiles/mutual-p12');
  await api.expect(200, 'DELETE', `${PATH}/p12`);
});

test('OAUTH over the API: the token of a TLS endpoint is fetched once, shown with the certificate, and replaced when it is refused', async () => {
  const { cert, key } = authority.issue('tokens');
  const tokens = await startReceiver(0, { cert, key });
  try {
    const good = new Set<string>();
    tokens.answer(() => {
      const token = `token-${tokens.requests.length}`;
      good.add(`Bearer ${token}`);
      return { body: JSON.stringify({ access_token: token, token_type: 'bearer', expires_in: 3600 }) };
    });
    hook.answer(({ headers }) => ({ status: good.has(headers.authorization ?? '') ? 200 : 401 }));
    const credentials = {
      tokenUrl: `${tokens.url}/token`,
      grantType: 'client_credentials',
      clientId: 'shop',
      clientSecret: 's&cret',
      scope: 'hooks',
    };
    await api.expect(201, 'POST', '/subscriptions/1/subscription/WHATSAPP', {
      subscriptionId: 'oauth',
      events: ['DELIVERY'],
      criteria: [{ applicationId: 'oauth' }],
      profile: {
        profileId: 'oauth',
        webhook: { notifyUrl: `${hook.url}/oauth` },
        clientCertificateId: 'plain',
        security: { authId: 'oauth', type: 'OAUTH', credentials },
      },
    });
    const reported = async (): Promise<ReceivedRequest> => {
      const sent = { to: scene.newUser(), from: ann.sender, applicationId: 'oauth' };
      const { messageId } = await scene.send(sent, { key: ann.key });
      const isIt = ({ path, body, headers }: ReceivedRequest): boolean =>
        path === '/oauth' && body.includes(messageId) && good.has(headers.authorization ?? '');
      return hook.next(isIt);
    };
    const first = await reported();
    assert.deepEqual([first.headers.authorization, first.tls?.clientName], ['Bearer token-1', 'plain']);
    assert.equal((await reported()).headers.authorization, 'Bearer token-1');
    assert.deepEqual(Object.fromEntries(new URLSearchParams(tokens.requests[0]?.body)), {
      grant_type: 'client_credentials',
      client_id: 'shop',
      client_secret: 's&cret',
      scope: 'hooks',
    });
    good.clear();
    assert.equal((await reported()).headers.authorization, 'Bearer token-2');
    assert.equal(tokens.requests.length, 2);
  } finally {
    hook.answer({ status: 200 });
    await tokens.stop();
  }
});
