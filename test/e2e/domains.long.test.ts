// Domains of short links against a real DNS server (Debian's dnsmasq), and places from a real file (Debian's MaxMind::DB::Writer).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type DnsServer, startDns } from '../support/dns.js';
import { ask, type LinkBox, openLinkBox } from '../support/links.js';
import { type Scene, startScene } from '../support/scene.js';
import { until } from '../support/until.js';

const PUBLIC_HOST = 'parley.operator.example';

interface DomainView {
  id: string;
  host: string;
  state: string;
  proof: string | null;
  reason: string | null;
  records: { type: string; name: string; value: string }[];
}

let folder = '';
let dns: DnsServer;
let scene: Scene;
let box: LinkBox;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parley-domains-'));
  dns = await startDns();
  makePlaces(join(folder, 'places.mmdb'));
  scene = await startScene({
    PARLEY_PUBLIC_URL: `http://${PUBLIC_HOST}`,
    PARLEY_DNS_SERVERS: dns.address,
    PARLEY_GEO_FILE: join(folder, 'places.mmdb'),
    PARLEY_TRUSTED_PROXIES: '127.0.0.1/32',
  });
  box = await openLinkBox(scene.world.info.database);
});
after(async () => {
  await box.close();
  await scene.stop();
  await dns.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A file of cities with one network, written by the program that MaxMind publishes. */
function makePlaces(file: string): void {
  const program = `
    use MaxMind::DB::Writer::Tree;
    my %types = (country => 'map', city => 'map', names => 'map', en => 'utf8_string');
    my $tree = MaxMind::DB::Writer::Tree->new(
      ip_version => 6, record_size => 24, database_type => 'GeoLite2-City', languages => ['en'],
      description => { en => 'test' }, remove_reserved_networks => 0, map_key_type_callback => sub { $types{$_[0]} });
    $tree->insert_network('203.0.113.0/24', { country => { names => { en => 'Germany' } }, city => { names => { en => 'Berlin' } } });
    $tree->insert_network('2001:db8::/32', { country => { names => { en => 'Norway' } } });
    open my $out, '>:raw', $ARGV[0] or die; $tree->write_tree($out); close $out;`;
  execFileSync('perl', ['-e', program, file], { stdio: ['ignore', 'ignore', 'pipe'] });
}

const claim = (host: string, key?: string): Promise<DomainView> =>
  scene.admin<DomainView>('/domains', { json: { host }, key: key ?? scene.world.info.apiKey });
const verify = (id: string): Promise<DomainView> =>
  scene.admin<DomainView>(`/domains/${id}/verify`, { method: 'POST' });
const read = (id: string): Promise<DomainView> => scene.admin<DomainView>(`/domains/${id}`);
const allowed = async (domain: string, headers: Record<string, string> = {}): Promise<number> =>
  (await scene.world.api(`/parley/1/domains/allowed?domain=${domain}`, { key: null, headers })).status;

function txtRecord({ records }: DomainView): string {
  const { name, value } = records.find(({ type }) => type === 'TXT') ?? { name: '', value: '' };
  return `txt-record=${name},"${value}"`;
}

test('a domain is verified by its TXT record or by a CNAME of the public host, served, and failed when the record goes', async () => {
  const byText = await claim('Go.Shop.Example');
  const byName = await claim('links.shop.example');
  const byBoth = await claim('far.shop.example');
  assert.deepEqual([byText.host, byText.state, byText.reason], ['go.shop.example', 'unverified', null]);
  const unproved = await verify(byText.id);
  assert.deepEqual(
    [unproved.state, /neither has _parley\.go\.shop\.example/.test(unproved.reason ?? '')],
    ['unverified', true],
  );
  assert.equal(await allowed('go.shop.example'), 404);

  const names = [`cname=links.shop.example,${PUBLIC_HOST}`, `address=/${PUBLIC_HOST}/192.0.2.1`];
  const chain = ['cname=far.shop.example,middle.shop.example', `cname=middle.shop.example,${PUBLIC_HOST}`];
  await dns.serve([txtRecord(byText), ...names, ...chain]);
  for (const [domain, proof] of [
    [byText, 'txt'],
    [byName, 'cname'],
    [byBoth, 'cname'],
  ] as const) {
    const { state, proof: found, reason } = await verify(domain.id);
    assert.deepEqual([state, found, reason], ['verified', proof, null], domain.host);
  }
  assert.deepEqual(
    [
      await allowed('go.shop.example'),
      await allowed('GO.shop.example.'),
      await allowed(PUBLIC_HOST),
      await allowed('other.example'),
    ],
    [200, 200, 200, 404],
  );
  assert.equal(await allowed('go.shop.example', { 'x-forwarded-for': '198.51.100.1' }), 403);

  const [id = ''] = await box.add(1, { domain: Number(byText.id) });
  const followed = await ask(scene.world.info.api, `/${id}`, { headers: { host: 'go.shop.example' } });
  assert.equal(followed.status, 302);

  // A day later the TXT record is gone, and the other host is as it was.
  await dns.serve(names);
  await scene.advance(25 * 3_600);
  const failed = await until('the record is missed', async () => {
    const domain = await read(byText.id);
    return domain.state === 'failed' ? domain : undefined;
  });
  assert.match(failed.reason ?? '', /neither/);
  assert.equal((await read(byName.id)).state, 'verified');
  await until('it may have no certificate', async () => (await allowed('go.shop.example')) === 404);
  // Who has a link in a message is still led on.
  const late = await ask(scene.world.info.api, `/${id}`, { headers: { host: 'go.shop.example' } });
  assert.equal(late.status, 302);
});

test('a host is taken from who only has the CNAME by who has the TXT record', async () => {
  const { key } = await scene.newTenant();
  const first = await claim('shared.shop.example');
  const second = await claim('shared.shop.example', key);
  const cname = `cname=shared.shop.example,${PUBLIC_HOST}`;
  const address = `address=/${PUBLIC_HOST}/192.0.2.1`;
  await dns.serve([cname, address]);
  assert.equal((await verify(first.id)).state, 'verified');
  const refused = await verify(second.id);
  assert.deepEqual([refused.state, /another account/.test(refused.reason ?? '')], ['unverified', true]);
  await dns.serve([cname, address, txtRecord(second)]);
  assert.deepEqual([(await verify(second.id)).state, (await read(first.id)).state], ['verified', 'failed']);
  assert.match((await read(first.id)).reason ?? '', /another account/);
});

test('a resolver that is down fails nothing for three days', async () => {
  const domain = await claim('steady.shop.example');
  await dns.serve([txtRecord(domain)]);
  assert.equal((await verify(domain.id)).state, 'verified');
  await dns.pause();
  const silent = await verify(domain.id);
  assert.deepEqual([silent.state, /did not answer/.test(silent.reason ?? '')], ['verified', true]);
  await scene.advance(73 * 3_600);
  await until('it fails', async () => (await read(domain.id)).state === 'failed' || undefined, 60_000);
  await dns.serve([]);
});

test('clicks have the country and city that the file knows', async () => {
  const [id = ''] = await box.add(1, { expiresAt: Date.now() + 1_000 * 86_400_000 });
  for (const address of ['203.0.113.9', '2001:db8::1', '198.51.100.1']) {
    await ask(scene.world.info.api, `/${id}`, { headers: { 'x-forwarded-for': address } });
    await scene.advance(1);
  }
  const clicks = await box.clicksOn(id);
  assert.deepEqual(
    clicks.map(({ country, city }) => [country, city]),
    [
      ['Germany', 'Berlin'],
      ['Norway', null],
      [null, null],
    ],
  );
});
