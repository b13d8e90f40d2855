// URLs by which a customer might reach what is not theirs: refused for the same reason when they are given, when they are tested, and when a
// report would be posted to them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { dayOf } from '../../src/lib/day.js';
import { createSafeFetch, SafeFetchError } from '../../src/lib/safe-fetch.js';
import { startReceiver } from '../support/receiver.js';
import { type Scene, startScene } from '../support/scene.js';
import { until } from '../support/until.js';

/** What the text of a URL alone gives away, and what is said of it. */
const HOSTILE: Readonly<Record<string, readonly string[]>> = {
  'loopback address': [
    'http://127.0.0.1/',
    'http://127.0.0.1:5432/',
    'https://127.0.0.1/',
    'http://127.1/',
    'http://127.0.1/',
    'http://127.255.255.254/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0x7f.0.0.1/',
    'http://0x7F.0x0.0x0.0x1/',
    'http://017700000001/',
    'http://0177.0.0.1/',
    'http://0177.0x0.0.1/',
    'http://00000177.00000000.0.1/',
    'http://127.0.0.1./',
    'http://%31%32%37.0.0.1/',
    'http://127%2e0%2e0%2e1/',
    'http://127。0。0。1/',
    'http://１２７.0.0.1/',
    'http://①②⑦.0.0.1/',
    'http:\\\\127.0.0.1\\',
    'http:/127.0.0.1/',
    'http:127.0.0.1',
    'http://\t127.0.0.1/',
    'http://[::1]/',
    'http://[0:0:0:0:0:0:0:1]/',
    'http://[0000:0000::0001]:8080/',
    'http://localhost/',
    'http://LocalHost:8080/',
    'http://localhost./',
    'http://db.localhost/',
    'http://ｌocalhost/',
  ],
  'private address': [
    'http://10.0.0.1/',
    'http://10.1/',
    'http://167772161/',
    'http://0xa.0.0.1/',
    'http://012.0.0.1/',
    'http://172.16.0.1/',
    'http://172.31.255.255/',
    'http://192.168.0.1/',
    'http://192.168.257/',
    'http://0xc0a80001/',
    'http://3232235521/',
  ],
  'linkLocal address': ['http://169.254.1.1/', 'http://[fe80::1]/', 'http://[febf::1]/'],
  'metadata address': [
    'http://169.254.169.254/latest/meta-data/',
    'http://2852039166/',
    'http://0xa9fea9fe/',
    'http://0251.0376.0251.0376/',
    'http://[::ffff:169.254.169.254]/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://[64:ff9b::a9fe:a9fe]/',
    'http://[2002:a9fe:a9fe::1]/',
    'http://[fd00:ec2::254]/',
    'http://169.254.170.2/v2/credentials',
    'http://168.63.129.16/',
    'http://100.100.100.200/',
    'http://metadata.google.internal/computeMetadata/v1/',
    'http://METADATA.google.internal./',
  ],
  'unspecified address': ['http://0.0.0.0/', 'http://0/', 'http://[::]/', 'http://0x0/'],
  'carrierGradeNat address': ['http://100.64.0.1/'],
  'broadcast address': ['http://255.255.255.255/'],
  'multicast address': ['http://224.0.0.1/', 'http://[ff02::1]/'],
  'reserved address': [
    'http://240.0.0.1/',
    'http://192.0.2.1/',
    'http://198.51.100.1/',
    'http://203.0.113.7/',
    'http://[2001:db8::1]/',
  ],
  'uniqueLocal address': ['http://[fc00::1]/', 'http://[fd12:3456::1]/'],
  'ipv4Mapped address': ['http://[::ffff:127.0.0.1]/', 'http://[::ffff:7f00:1]/', 'http://[::ffff:10.0.0.1]/'],
  'rfc6052 address': ['http://[64:ff9b::7f00:1]/', 'http://[64:ff9b::10.0.0.1]/'],
  '6to4 address': ['http://[2002:7f00:1::]/', 'http://[2002:0a00:0001::]/'],
  'teredo address': ['http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/'],
  'not http or https': [
    'file:///etc/passwd',
    'ftp://hooks.example/',
    'gopher://127.0.0.1:6379/_FLUSHALL',
    'javascript:alert(1)',
    'data:text/plain,x',
    'unix:/run/postgresql',
  ],
  'credentials in the URL': [
    'http://user:password@hooks.example/',
    'http://hooks.example@127.0.0.1/',
    'http://a@b@127.0.0.1/',
  ],
  'not a URL': [
    'http://',
    'http://[::1',
    'http://256.256.256.256/',
    'http://[fe80::1%25eth0]/',
    '//127.0.0.1/',
    'http://hooks.example:99999/',
  ],
};
const all = Object.entries(HOSTILE).flatMap(([reason, urls]) => urls.map((url) => ({ url, reason })));
/** What is said of a URL whose form is wrong already, before anybody asks where it leads. */
const FORM = /is not a valid url|must be an absolute http or https URL/;

let scene: Scene;

before(async () => {
  // As in production: nothing private may be reached.
  scene = await startScene({ PARLEY_ALLOW_NETWORKS: '192.88.99.0/24' });
});
after(() => scene.stop());

test('the guard itself names the reason, before any connection', async (t) => {
  assert.ok(all.length >= 90, `${all.length} URLs`);
  const safeFetch = createSafeFetch({ allowNetworks: [] });
  t.after(() => safeFetch.close());
  for (const { url, reason } of all) {
    assert.equal(safeFetch.check(url), reason, url);
    const error: unknown = await safeFetch.post(url, { headers: {}, body: '{}', timeoutMs: 1_000 }).catch((e) => e);
    assert.ok(error instanceof SafeFetchError, url);
    assert.deepEqual([error.kind, error.message], ['blocked', `blocked: ${reason}`], url);
  }
});

test('names that lead to private addresses, at once or after a while, are blocked when a connection is made', async (t) => {
  const inner = await startReceiver();
  t.after(() => inner.stop());
  const { port } = new URL(inner.url);
  for (const addresses of [
    ['127.0.0.1'],
    ['::1'],
    ['10.0.0.1', '192.168.1.1'],
    ['::ffff:127.0.0.1'],
    ['64:ff9b::7f00:1'],
    ['fe80::1'],
    ['0.0.0.0'],
    ['169.254.169.254'],
    ['100.100.100.200'],
    ['fd00:ec2::254'],
  ]) {
    const safeFetch = createSafeFetch({
      allowNetworks: [],
      resolve: (_, __, done) =>
        done(
          null,
          addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
        ),
    });
    t.after(() => safeFetch.close());
    // Public today as far as anybody can see: the text says nothing.
    for (const url of [`http://hooks.example:${port}/`, `http://127.0.0.1.nip.io:${port}/`, `https://a.b:${port}/`]) {
      assert.equal(safeFetch.check(url), undefined);
      const error: unknown = await safeFetch.post(url, { headers: {}, body: '{}', timeoutMs: 5_000 }).catch((e) => e);
      assert.ok(error instanceof SafeFetchError && error.kind === 'blocked', `${url} ${addresses} ${error}`);
    }
  }
  assert.equal(inner.requests.length, 0);
});

test('each is refused where it is given: notifyUrl, a profile, a token URL, a sender', async () => {
  const { sender } = scene.world.info;
  let made = 0;
  let told = 0;
  for (const { url, reason } of all) {
    made += 1;
    const sent = await scene.world.api('/whatsapp/1/message/text', {
      json: { from: sender, to: scene.newUser(), content: { text: 'x' }, notifyUrl: url },
    });
    const profile = await scene.world.api('/subscriptions/1/profiles', {
      json: { profileId: `hostile-${made}`, webhook: { notifyUrl: url } },
    });
    const credentials = { tokenUrl: url, grantType: 'client_credentials' };
    const security = await scene.world.api('/subscriptions/1/security', {
      json: { authId: `hostile-${made}`, type: 'OAUTH', credentials },
    });
    const forwarding = await scene.world.api(`/parley/1/senders/${sender}`, {
      method: 'PATCH',
      json: { forwardUrl: url },
    });
    for (const [what, { status, body }] of Object.entries({ sent, profile, security, forwarding })) {
      assert.equal(status, 400, `${what} ${url}: ${status} ${JSON.stringify(body)}`);
      const text = JSON.stringify(body);
      assert.ok(text.includes(reason) || FORM.test(text), `${what} ${url}: ${text}`);
      if (text.includes(reason)) told += 1;
    }
  }
  assert.ok(told >= 240, `the reason was told ${told} times only`);
});

test('each is refused by a test', async () => {
  for (const { url, reason } of all) {
    const { status, body } = await scene.world.api('/parley/1/deliveries/test', { json: { url } });
    assert.equal(status, 400, url);
    const text = JSON.stringify(body);
    assert.ok(text.includes(`blocked: ${reason}`) || FORM.test(text), `${url}: ${text}`);
  }
});

test('a report that has come to wait for one all the same is not posted, and its attempt says why', async (t) => {
  const database = new pg.Client({ connectionString: scene.world.info.database });
  await database.connect();
  t.after(() => database.end());
  const { rows } = await database.query<{ id: number }>('SELECT id FROM accounts WHERE account_id = $1', [
    scene.world.info.accountId,
  ]);
  const now = Date.now();
  const expected = new Map<number, string>();
  for (const [i, { url, reason }] of all.entries()) {
    // Only what the database itself can hold.
    const made = await database.query<{ id: number }>(`SELECT ensure_endpoint($1, $2, '', $3) AS id`, [
      rows[0]?.id,
      `hostile ${i}`,
      now,
    ]);
    const id = made.rows[0]?.id ?? 0;
    await database.query(
      `WITH moved AS (UPDATE tails SET next = 2, day = $2::integer WHERE stream = endpoint_stream($1))
       INSERT INTO reports (day, endpoint, seq, ref, ref_day, kind, at, url) VALUES ($2, $1, 1, gen_random_uuid(), $2, 30, $3, $4)`,
      [id, dayOf(now), now, url],
    );
    expected.set(id, `blocked: ${reason}`);
  }
  const told = await until(
    'an attempt of each',
    async () => {
      const { rows: attempts } = await database.query<{ endpoint: number; error: string; verdict: string }>(
        'SELECT DISTINCT endpoint, error, verdict FROM attempts WHERE endpoint = ANY ($1)',
        [[...expected.keys()]],
      );
      return attempts.length >= expected.size ? attempts : undefined;
    },
    60_000,
  );
  for (const { endpoint, error, verdict } of told) assert.deepEqual([error, verdict], [expected.get(endpoint), 'down']);
});
