// Certificates of domains of short links, from a real CA (Debian's pebble) that finds the hosts through a real DNS server (dnsmasq).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request as startRequest } from 'node:https';
import { after, before, test } from 'node:test';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { newAccountKey, OrderRefused, openAcme } from '../../src/links/acme.js';
import { type DnsServer, startDns } from '../support/dns.js';
import { ask, type LinkBox, openLinkBox } from '../support/links.js';
import { parley } from '../support/parley.js';
import { type Pebble, preparePebble } from '../support/pebble.js';
import { type Scene, startScene } from '../support/scene.js';
import { until } from '../support/until.js';

const PUBLIC_HOST = 'parley.operator.example';
const [HOST, FAR_HOST] = ['go.shop.example', 'far.shop.example'];
const [KEY, NEXT_KEY] = [1, 2].map((byte) => Buffer.alloc(32, byte).toString('base64'));
const LIFE_HOURS = 24;
const ORDER_TIMEOUT_MS = 60_000;
/** Processes look for changes twice a second; the machine may be busy. */
const SHOWN_TIMEOUT_MS = 30_000;

interface DomainView {
  id: string;
  host: string;
  state: string;
  records: { type: string; name: string; value: string }[];
  certificate: {
    state: string;
    validUntil: string | null;
    nextOrderAt: string;
    failures: number;
    reason: string | null;
  } | null;
}

let dns: DnsServer;
let pebble: Pebble;
let scene: Scene;
let box: LinkBox;
/** Where links are over TLS. */
let tls: URL;
let root = '';
const records = new Set([`address=/${PUBLIC_HOST}/127.0.0.1`]);

before(async () => {
  dns = await startDns();
  pebble = await preparePebble({ lifeSeconds: LIFE_HOURS * 3_600 });
  scene = await startScene({
    PARLEY_SECRET_KEY: `${KEY},${NEXT_KEY}`,
    PARLEY_PUBLIC_URL: `http://${PUBLIC_HOST}`,
    PARLEY_DNS_SERVERS: dns.address,
    PARLEY_ACME_DIRECTORY: pebble.directory,
    PARLEY_ACME_TERMS: 'agreed',
    PARLEY_ACME_EMAIL: 'ops@operator.example',
    PARLEY_ACME_CA_FILE: pebble.caFile,
    PARLEY_ACME_PORT: '0',
    PARLEY_ACME_PUBLIC_HOST: 'on',
    PARLEY_LOG_LEVEL: 'info',
  });
  const [, url = ''] = await until('the port is told', () =>
    /"event":"links.listening","url":"(https:[^"]+)"/.exec(scene.world.output()),
  );
  tls = new URL(url);
  box = await openLinkBox(scene.world.info.database);
});
after(async () => {
  await box.close();
  await scene.stop();
  await pebble.stop();
  await dns.stop();
});

const read = (id: string): Promise<DomainView> => scene.admin<DomainView>(`/domains/${id}`);
const orders = (outcome: string): Promise<number> =>
  scene.metric('parley_certificate_orders_total', `outcome="${outcome}"`);

/** A domain of the demo account that is proved by its TXT record, and whose host is at `address`. */
async function proved(host: string, address: string): Promise<DomainView> {
  const domain = await scene.admin<DomainView>('/domains', { json: { host }, key: scene.world.info.apiKey });
  const { name, value } = domain.records.find(({ type }) => type === 'TXT') ?? { name: '', value: '' };
  records.add(`txt-record=${name},"${value}"`).add(`address=/${host}/${address}`);
  await dns.serve([...records]);
  const { state } = await scene.admin<DomainView>(`/domains/${domain.id}/verify`, { method: 'POST' });
  assert.equal(state, 'verified');
  return domain;
}

/** Waits for a certificate other than `before`. */
function certified(id: string, before?: string | null): Promise<NonNullable<DomainView['certificate']>> {
  return until(
    'a certificate',
    async () => {
      const { certificate } = await read(id);
      if (certificate?.state === 'valid' && certificate.validUntil !== before) return certificate;
      throw new Error(JSON.stringify(certificate));
    },
    ORDER_TIMEOUT_MS,
  );
}

interface Clicked {
  status: number;
  location: string | undefined;
  peer: DetailedPeerCertificate;
}

/** Opens a link over TLS as a browser does that trusts the CA. `servername` '' names no host. */
function click(servername: string, path: string): Promise<Clicked> {
  return new Promise((resolve, reject) => {
    const asked = startRequest(
      { host: tls.hostname, port: tls.port, path, servername, ca: root, agent: false, timeout: 10_000 },
      (response) => {
        // The parse boundary: a response of node:https came over a TLS socket.
        const peer = (response.socket as TLSSocket).getPeerCertificate(true);
        response
          .resume()
          .on('end', () => resolve({ status: response.statusCode ?? 0, location: response.headers.location, peer }));
      },
    );
    asked.setHeader('host', servername);
    asked.setHeader(
      'user-agent',
      'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36',
    );
    asked.on('error', reject).on('timeout', () => asked.destroy(new Error('no answer')));
    asked.end();
  });
}

/** What a handshake ends with. */
async function refusal(servername: string): Promise<string> {
  const error: unknown = await click(servername, '/').catch((reason: unknown) => reason);
  return error instanceof Error ? error.message : 'no error';
}

const ALERT = /alert handshake failure/;

test('a CA that is away costs nothing but the certificate, which comes when it is back', async () => {
  // The order for the public host was tried before the CA was there.
  await until('it fails', async () => (await scene.metric('parley_certificates_failing')) === 1, ORDER_TIMEOUT_MS);
  const line = /"event":"certificate.failed","host":"parley.operator.example","reason":"the CA cannot be reached/;
  await until('the log says so', () => line.test(scene.world.output()));
  assert.match(await refusal(PUBLIC_HOST), ALERT);
  await dns.serve([...records]);
  await pebble.start({ httpPort: Number(new URL(scene.world.info.api).port), dns: dns.address });
  root = await pebble.root();
  await scene.advance(20 * 60);
  await until('the public host has one', async () => (await orders('issued')) === 1, ORDER_TIMEOUT_MS);
  const [id = ''] = await box.add(1);
  const { status } = await until('it is shown', () => click(PUBLIC_HOST, `/${id}`), SHOWN_TIMEOUT_MS);
  assert.deepEqual([status, await scene.metric('parley_certificates_failing')], [302, 0]);
});

let domain: DomainView;
let link = '';

test('a domain that is proved has a certificate soon, and its links are opened over TLS', async () => {
  domain = await proved(HOST, '127.0.0.1');
  const { validUntil, nextOrderAt, failures, reason } = await certified(domain.id);
  assert.deepEqual([failures, reason], [0, null]);
  const [lifeMs, untilOrderMs] = [validUntil, nextOrderAt].map((text) => Date.parse(text ?? '') - Date.now());
  assert.ok(Math.abs((lifeMs ?? 0) / 3_600_000 - LIFE_HOURS) < 1, validUntil ?? '');
  assert.ok((untilOrderMs ?? 0) / 3_600_000 > 15 && (untilOrderMs ?? 0) / 3_600_000 < 19, nextOrderAt);

  [link = ''] = await box.add(1, { domain: Number(domain.id) });
  const { status, location, peer } = await until('it is shown', () => click(HOST, `/${link}`), SHOWN_TIMEOUT_MS);
  assert.deepEqual([status, location, peer.subjectaltname], [302, 'https://shop.example/t/77', `DNS:${HOST}`]);
  assert.equal((await click(HOST.toUpperCase(), `/${link}`)).status, 302);
  assert.equal((await click(HOST, '/parley/1/accounts')).status, 404);
});

test('a host without a certificate, and none, are refused in the handshake, and others go on', async () => {
  for (const name of ['other.example', 'api.shop.example', '']) assert.match(await refusal(name), ALERT, name);
  assert.equal((await click(HOST, `/${link}`)).status, 302);
});

test('what the CA looks for is answered at its host alone, and forgotten afterwards', async () => {
  const { database } = box;
  const rows = (): Promise<object[]> => database.run({ name: '', text: 'SELECT * FROM acme_challenges' }, []);
  await until('it is forgotten', async () => (await rows()).length === 0);
  const text = 'INSERT INTO acme_challenges (token, host, answer, expires_at) VALUES ($1, $2, $3, $4)';
  await database.run({ name: '', text }, ['token-1', HOST, 'token-1.thumb', Date.now() + 86_400_000]);
  const at = async (path: string, host: string): Promise<[number, string]> => {
    const { status, body } = await ask(scene.world.info.api, `/.well-known/acme-challenge/${path}`, {
      headers: { host },
    });
    return [status, body];
  };
  assert.deepEqual(await at('token-1', `${HOST}:8080`), [200, 'token-1.thumb']);
  assert.deepEqual(await at('token-1', 'other.example'), [404, '']);
  assert.deepEqual(await at('token-2', HOST), [404, '']);
  assert.equal((await at('../token-1', HOST))[0], 404);
});

test('keys are sealed, sealed anew with another secret key, and nowhere in the log', async () => {
  const { database } = box;
  const sealed = await database.run<{ bytes: Buffer }>(
    { name: '', text: 'SELECT key AS bytes FROM acme_accounts UNION ALL SELECT content FROM host_certificates' },
    [],
  );
  assert.equal(sealed.length, 3);
  assert.deepEqual(
    sealed.filter(({ bytes }) => bytes.includes('BEGIN')),
    [],
  );
  const env = { PARLEY_DATA_DIR: scene.world.dataDir, PARLEY_SECRET_KEY: `${NEXT_KEY},${KEY}` };
  const rotated = await parley(['secrets', 'rotate'], env);
  assert.equal(rotated.code, 0, rotated.stderr);
  const checked = await parley(['secrets', 'check'], { ...env, PARLEY_SECRET_KEY: `${NEXT_KEY}` });
  assert.deepEqual([checked.code, checked.stderr], [0, '']);
  assert.equal((await click(HOST, `/${link}`)).status, 302);
  assert.doesNotMatch(scene.world.output(), /PRIVATE KEY/);
});

test('a certificate is renewed once in the last third of its life, with another key', async () => {
  const before = await certified(domain.id);
  const old = await click(HOST, `/${link}`);
  await scene.advance(19 * 3_600);
  const { nextOrderAt } = await certified(domain.id, before.validUntil);
  const shown = await until(
    'the new one is shown',
    async () => {
      const { status, peer } = await click(HOST, `/${link}`);
      return status === 302 && peer.fingerprint256 !== old.peer.fingerprint256 ? peer : undefined;
    },
    SHOWN_TIMEOUT_MS,
  );
  assert.notEqual(shown.pubkey?.toString('hex'), old.peer.pubkey?.toString('hex'));
  // The test's clock runs ahead of the CA's: the new one seems old, and is left alone for an hour all the same.
  const { now } = await scene.admin<{ now: string }>('/dev/clock');
  assert.ok(Date.parse(nextOrderAt) > Date.parse(now) + 50 * 60_000, `${nextOrderAt} ${now}`);
});

test('why an order failed is told, and it is tried again later', async () => {
  // The record proves the host, but nobody answers there.
  const { id } = await proved(FAR_HOST, '127.0.0.2');
  const failed = await until(
    'the order fails',
    async () => {
      const { certificate } = await read(id);
      return certificate !== null && certificate.failures > 0 ? certificate : undefined;
    },
    ORDER_TIMEOUT_MS,
  );
  assert.deepEqual([failed.state, failed.validUntil, failed.failures], ['waiting', null, 1]);
  assert.match(failed.reason ?? '', /127\.0\.0\.2.*refused/);
  const listed = await parley(['domains', 'list'], { PARLEY_DATA_DIR: scene.world.dataDir });
  assert.match(listed.stdout, /far\.shop\.example .* waiting: .*refused/, listed.stderr);
  assert.match(listed.stdout, /go\.shop\.example .* valid until /);

  records.delete(`address=/${FAR_HOST}/127.0.0.2`);
  records.add(`address=/${FAR_HOST}/127.0.0.1`);
  await dns.serve([...records]);
  await scene.advance(20 * 60);
  assert.deepEqual((await certified(id)).failures, 0);
});

test('a certificate goes with its domain', async () => {
  await scene.admin(`/domains/${domain.id}`, { method: 'DELETE' });
  await until('the host is refused', async () => ALERT.test(await refusal(HOST)), SHOWN_TIMEOUT_MS);
  const kept = await box.database.run<{ host: string }>(
    { name: '', text: 'SELECT host FROM host_certificates ORDER BY host' },
    [],
  );
  assert.deepEqual(
    kept.map(({ host }) => host),
    [FAR_HOST, PUBLIC_HOST],
  );
});

test('a CA that wants to know whose account it is is told', async () => {
  const binding = { keyId: 'kid-1', hmacKey: 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W' };
  const strict = await preparePebble({ lifeSeconds: 3_600, binding, isTrusting: true });
  try {
    await strict.start({ httpPort: 1, dns: dns.address });
    const settings = { directory: strict.directory, email: undefined, ca: readFileSync(strict.caFile, 'utf8') };
    const published: string[] = [];
    const order = {
      host: HOST,
      accountKey: newAccountKey(),
      signal: AbortSignal.timeout(ORDER_TIMEOUT_MS),
      publish: async (token: string, answer: string) => void published.push(`${token} ${answer}`),
    };
    const unknown = await openAcme({ ...settings, binding: undefined });
    await assert.rejects(
      unknown.order(order),
      (error) => error instanceof OrderRefused && /external/i.test(error.message),
    );
    await unknown.close();
    const known = await openAcme({ ...settings, binding });
    const { chain, validFrom, validUntil } = await known.order(order);
    await known.close();
    assert.match(chain, /^-----BEGIN CERTIFICATE-----/);
    assert.equal(Math.round((validUntil - validFrom) / 60_000), 60);
    assert.match(published.join(), /^([\w-]+) \1\.[\w-]{43}$/);
  } finally {
    await strict.stop();
  }
});
