// Each way in which a POST proves whose it is, against real receivers over loopback that check it by themselves.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { type DeliveryProfile, HMAC_ALGORITHMS, type OauthSecurity } from '../../src/contract/delivery-profile.js';
import { newSigningSecret } from '../../src/customer/signing.js';
import type { WebhookAnswer } from '../../src/customer/verdict.js';
import { createWebhookClient } from '../../src/customer/webhook-client.js';
import { createSafeFetch } from '../../src/lib/safe-fetch.js';
import { encryptedKey, newAuthority, toPkcs12 } from '../support/certificates.js';
import { type ReceivedRequest, type Receiver, startReceiver } from '../support/receiver.js';

const LOOPBACK = ['127.0.0.0/8', '::1'];
const BODY = '{"results":[{"messageId":"m-1","text":"Grüße 👋"}]}';
const authority = newAuthority('Test authority');

type Post = (
  url: string,
  profile: DeliveryProfile,
  more?: { now?: number; account?: number },
) => Promise<WebhookAnswer>;

function client(t: TestContext, secrets: readonly string[] = []): Post {
  const safeFetch = createSafeFetch({ allowNetworks: LOOPBACK, ca: authority.ca });
  t.after(() => safeFetch.close());
  const { post } = createWebhookClient(safeFetch, '1');
  return (url, profile, { now = Date.now(), account = 1 } = {}) =>
    post({ account, url, id: 'batch-1', body: BODY, secrets, profile, now });
}

async function receiver(t: TestContext, ...options: Parameters<typeof startReceiver>): Promise<Receiver> {
  const started = await startReceiver(...options);
  t.after(() => started.stop());
  return started;
}

function statusOf(answer: WebhookAnswer): number | string {
  return answer.kind === 'answered' ? answer.status : answer.reason;
}

function only(requests: readonly ReceivedRequest[]): ReceivedRequest {
  const [request, ...others] = requests;
  assert.ok(request !== undefined && others.length === 0, `${requests.length} requests`);
  return request;
}

const HASHES = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'];

for (const [i, algorithm] of HMAC_ALGORITHMS.entries()) {
  test(`${algorithm} signs the exact bytes of the body, in hex or base64, under the name that was chosen`, async (t) => {
    const post = client(t);
    const at = await receiver(t);
    const secretKey = 'schlüssel 1';
    await post(at.url, { security: { type: 'HMAC', secretKey, algorithm } });
    const security = { type: 'HMAC', secretKey, algorithm, headerName: 'X-Own', encoding: 'base64' } as const;
    await post(at.url, { security });
    const [hex, base64] = at.requests;
    const expected = (): ReturnType<typeof createHmac> =>
      createHmac(HASHES[i] ?? '', Buffer.from(secretKey, 'utf8')).update(Buffer.from(hex?.body ?? '', 'utf8'));
    assert.equal(hex?.headers['x-ib-hmac-signature'], expected().digest('hex'));
    assert.equal(base64?.headers['x-own'], expected().digest('base64'));
    assert.equal(base64?.headers['x-ib-hmac-signature'], undefined);
  });
}

test('BASIC sends name and password in UTF-8, over whatever the profile’s headers say', async (t) => {
  const at = await receiver(t);
  const profile: DeliveryProfile = {
    security: { type: 'BASIC', username: 'jörg', password: 'a:b' },
    headers: { Authorization: 'Other', 'X-Env': 'prod', Host: 'elsewhere.example', 'Content-Length': '3' },
    contentType: 'application/vnd.shop+json',
  };
  assert.equal(statusOf(await client(t)(at.url, profile)), 200);
  const { headers, body } = only(at.requests);
  assert.equal(Buffer.from(headers.authorization?.split(' ')[1] ?? '', 'base64').toString('utf8'), 'jörg:a:b');
  assert.equal(headers['x-env'], 'prod');
  assert.equal(headers['content-type'], 'application/vnd.shop+json');
  assert.equal(headers.host, new URL(at.url).host);
  assert.equal(body, BODY);
});

test('the standardwebhooks package verifies what the account’s secrets, or the profile’s own, have signed', async (t) => {
  const [ofAccount, older, ofProfile] = [newSigningSecret(), newSigningSecret(), newSigningSecret()];
  const post = client(t, [ofAccount, older]);
  const at = await receiver(t);
  await post(at.url, {});
  await post(at.url, { signingSecrets: [ofProfile] });
  const verify = (request: ReceivedRequest | undefined, secret: string): unknown =>
    new Webhook(secret).verify(request?.body ?? '', {
      'webhook-id': String(request?.headers['webhook-id']),
      'webhook-timestamp': String(request?.headers['webhook-timestamp']),
      'webhook-signature': String(request?.headers['webhook-signature']),
    });
  const [first, second] = at.requests;
  assert.deepEqual(verify(first, ofAccount), JSON.parse(BODY));
  assert.deepEqual(verify(first, older), JSON.parse(BODY));
  assert.deepEqual(verify(second, ofProfile), JSON.parse(BODY));
  assert.throws(() => verify(second, ofAccount));
  assert.throws(() => verify(first, newSigningSecret()));
});

/** A token endpoint that gives `token-1`, `token-2` ..., and a receiver that takes only those in `good`. */
async function oauth(
  t: TestContext,
): Promise<{ tokens: Receiver; at: Receiver; good: Set<string>; security: OauthSecurity }> {
  const tokens = await receiver(t);
  const at = await receiver(t);
  const good = new Set<string>();
  tokens.answer(() => {
    const token = `token-${tokens.requests.length}`;
    good.add(`Bearer ${token}`);
    return { body: JSON.stringify({ access_token: token, token_type: 'bearer', expires_in: 3600 }) };
  });
  at.answer(({ headers }) => ({ status: good.has(headers.authorization ?? '') ? 200 : 401 }));
  const security: OauthSecurity = {
    type: 'OAUTH',
    tokenUrl: `${tokens.url}/token`,
    grantType: 'client_credentials',
    clientId: 'shop',
    clientSecret: 's&cret',
    scope: 'hooks write',
    headers: { 'X-Tenant': '7' },
  };
  return { tokens, at, good, security };
}

test('OAUTH asks for a token as a form, once for many POSTs, and again shortly before it ends', async (t) => {
  const { tokens, at, security } = await oauth(t);
  const post = client(t);
  const now = Date.now();
  await Promise.all(Array.from({ length: 10 }, () => post(at.url, { security }, { now })));
  await post(at.url, { security: { ...security } }, { now: now + 3_500_000 });
  const asked = only(tokens.requests);
  assert.equal(asked.headers['content-type'], 'application/x-www-form-urlencoded');
  assert.equal(asked.headers['x-tenant'], '7');
  assert.deepEqual(Object.fromEntries(new URLSearchParams(asked.body)), {
    grant_type: 'client_credentials',
    client_id: 'shop',
    client_secret: 's&cret',
    scope: 'hooks write',
  });
  await post(at.url, { security }, { now: now + 3_550_000 });
  assert.equal(tokens.requests.length, 2);
  assert.deepEqual(
    new Set(at.requests.map(({ headers }) => headers.authorization)),
    new Set(['Bearer token-1', 'Bearer token-2']),
  );
  await post(at.url, { security }, { now, account: 2 });
  assert.equal(tokens.requests.length, 3, 'another account has another token');
});

test('OAUTH replaces a token that the receiver does not take any more, within the same attempt, and gives up after one', async (t) => {
  const { tokens, at, good, security } = await oauth(t);
  const post = client(t);
  assert.equal(statusOf(await post(at.url, { security })), 200);
  good.clear();
  assert.equal(statusOf(await post(at.url, { security })), 200);
  assert.equal(tokens.requests.length, 2);
  at.answer({ status: 401 });
  assert.equal(statusOf(await post(at.url, { security })), 401);
  assert.equal(tokens.requests.length, 3);
});

test('OAUTH says why there is no token, tells nothing of it to the receiver, and takes long tokens', async (t) => {
  const { tokens, at, security } = await oauth(t);
  const post = client(t);
  for (const [answer, reason] of [
    [{ status: 400, body: '{"error":"invalid_client"}' }, 'oauth: the token endpoint answered 400'],
    [{ body: 'no JSON' }, 'oauth: no token in the answer'],
    [{ body: '{"access_token":"two\\nlines"}' }, 'oauth: no token in the answer'],
    [{ reset: true }, /^oauth: other: /],
  ] as const) {
    tokens.answer(answer);
    const said = statusOf(await post(at.url, { security }));
    if (typeof reason === 'string') assert.equal(said, reason);
    else assert.match(String(said), reason);
  }
  const blocked = await post(at.url, { security: { ...security, tokenUrl: 'http://169.254.169.254/token' } });
  assert.equal(statusOf(blocked), 'oauth: blocked: metadata address');
  assert.equal(at.requests.length, 0);
  const long = 'x'.repeat(6_000);
  tokens.answer({ body: JSON.stringify({ access_token: long }) });
  await post(at.url, { security });
  assert.equal(only(at.requests).headers.authorization, `Bearer ${long}`);
});

test('TLS: a receiver whose certificate nobody vouches for gets nothing', async (t) => {
  const { cert, key } = newAuthority('Stranger').issue('stranger');
  const at = await receiver(t, 0, { cert, key });
  assert.match(String(statusOf(await client(t)(at.url, {}))), /^connect: /);
  assert.equal(at.requests.length, 0);
});

test('TLS: only the versions of the profile are spoken', async (t) => {
  const { cert, key } = authority.issue('server');
  const post = client(t);
  const at = await receiver(t, 0, { cert, key });
  await post(at.url, { enabledSSLProtocols: ['TLSv1.2'] });
  await post(at.url, { enabledSSLProtocols: ['TLSv1.3'] });
  await post(at.url, { enabledSSLProtocols: ['TLSv1.3', 'TLSv1.2'] });
  assert.deepEqual(
    at.requests.map(({ tls }) => tls?.version),
    ['TLSv1.2', 'TLSv1.3', 'TLSv1.3'],
  );
  const old = await receiver(t, 0, { cert, key, maxVersion: 'TLSv1.2' });
  assert.match(String(statusOf(await post(old.url, { enabledSSLProtocols: ['TLSv1.3'] }))), /^connect: /);
  assert.equal(old.requests.length, 0);
});

test('mutual TLS: the certificate of the profile is shown, from PEM, encrypted PEM and PKCS#12', async (t) => {
  const { cert, key } = authority.issue('server');
  const at = await receiver(t, 0, { cert, key, ca: authority.ca, requestCert: true, rejectUnauthorized: true });
  const post = client(t);
  const [one, two, three] = [authority.issue('pem'), authority.issue('encrypted'), authority.issue('p12')];
  const certificates: DeliveryProfile['clientCertificate'][] = [
    { content: Buffer.from(one.cert + one.key) },
    { content: Buffer.from(encryptedKey(two, 'geheim') + two.cert), passphrase: 'geheim' },
    { content: toPkcs12(three, 'geheim'), passphrase: 'geheim' },
  ];
  for (const clientCertificate of certificates) {
    assert.equal(statusOf(await post(at.url, { clientCertificate })), 200);
    // A second one over the same connections.
    assert.equal(statusOf(await post(at.url, { clientCertificate })), 200);
  }
  assert.deepEqual(
    at.requests.map(({ tls }) => tls?.clientName),
    ['pem', 'pem', 'encrypted', 'encrypted', 'p12', 'p12'],
  );
});

test('mutual TLS: without a certificate, with a stranger’s, or with one that cannot be read, nothing is taken', async (t) => {
  const { cert, key } = authority.issue('server');
  const at = await receiver(t, 0, { cert, key, ca: authority.ca, requestCert: true, rejectUnauthorized: true });
  const post = client(t);
  const stranger = newAuthority('Stranger').issue('stranger');
  const locked = authority.issue('locked');
  const profiles: DeliveryProfile[] = [
    {},
    { clientCertificate: { content: Buffer.from(stranger.cert + stranger.key) } },
    { clientCertificate: { content: Buffer.from(encryptedKey(locked, 'geheim') + locked.cert), passphrase: 'falsch' } },
    { clientCertificate: { content: Buffer.from('neither') } },
  ];
  for (const profile of profiles) assert.equal((await post(at.url, profile)).kind, 'failed');
  assert.equal(at.requests.length, 0);
});

test('what counts as success can be said by expressions over the status and the body', async (t) => {
  const at = await receiver(t);
  const post = client(t);
  async function isSuccess(profile: DeliveryProfile, status: number, body: string): Promise<boolean> {
    at.answer({ status, body });
    const answer = await post(at.url, profile);
    assert.equal(answer.kind, 'answered');
    return answer.isSuccess;
  }
  assert.equal(await isSuccess({ responseRegex: '2..|404' }, 404, ''), true);
  assert.equal(await isSuccess({ responseRegex: '20' }, 200, ''), false, 'the whole status must match');
  assert.equal(await isSuccess({ responseBodyRegex: '"ok":\\s*true' }, 200, `${' '.repeat(9_000)}{"ok": true}`), true);
  assert.equal(await isSuccess({ responseBodyRegex: '"ok":\\s*true' }, 200, '{"ok":false}'), false);
  assert.equal(await isSuccess({ responseBodyRegex: 'ok' }, 500, 'ok'), false);
  assert.equal(await isSuccess({ responseRegex: '5..', responseBodyRegex: 'ok' }, 500, 'ok'), true);
  assert.equal(await isSuccess({ responseBodyRegex: '(' }, 200, '('), false);
});

test('an expression that needs for ever is stopped, and is no success', async (t) => {
  const at = await receiver(t);
  at.answer({ body: `${'a'.repeat(60)}!` });
  const startedAt = performance.now();
  const post = client(t);
  for (let i = 0; i < 5; i += 1) {
    const answer = await post(at.url, { responseBodyRegex: '^(a+)+$' });
    assert.equal(answer.kind === 'answered' && answer.isSuccess, false);
  }
  assert.ok(performance.now() - startedAt < 5_000);
});

test('a profile’s timeouts bound the answer', async (t) => {
  const at = await receiver(t);
  at.answer({ delayMs: 4_000 });
  const said = statusOf(await client(t)(at.url, { connectTimeout: 300, readTimeout: 1_000 }));
  assert.equal(said, 'timeout: no answer in time');
});
