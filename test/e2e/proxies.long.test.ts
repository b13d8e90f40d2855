// The configurations that pages show for Caddy and nginx, run in front of a real gateway.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { registerDomain, settleDomain } from '../../src/store/domains.js';
import { type InboundScene, startInboundScene } from '../support/inbound-scene.js';
import { type LinkBox, openLinkBox, PHONE } from '../support/links.js';
import { signedByMeta } from '../support/scene.js';
import { PUBLIC_HOST, startCaddy, startNginx, type TlsProxy } from '../support/tls-proxies.js';
import { until } from '../support/until.js';
import { PDF } from './sandbox-files.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const CALLER = '127.0.0.2';
const STRANGER = '127.0.0.3';
const BODY_BYTES_MAX = 32 * 1024 * 1024;
const FILE_BYTES = 12_000_000;
const SLOW_MS = 2_000;
const LINK_HOST = 'go.shop.example';
/** Nothing listens here: the second gateway of the Caddyfile is the one that is being replaced. */
const DEAD_GATEWAY = '127.0.0.1:1';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** The block of a page under a heading. */
function shown(path: string, heading: string): string {
  const lines = read(path).split('\n');
  const start = lines.indexOf('```', lines.indexOf(heading));
  const block = lines.slice(start + 1, lines.indexOf('```', start + 1)).join('\n');
  assert.ok(lines.includes(heading) && block.length > 100, `${path} shows nothing under ${heading}`);
  return `${block}\n`;
}

/** Each as it is given to operators; `gateway` is `host:port`. */
const SITES: Readonly<Record<string, (gateway: string) => Promise<TlsProxy>>> = {
  'Caddy of the page': (gateway) => startCaddy(shown('docs/operating/proxy.md', '## Caddy'), gateway),
  'nginx of the page': (gateway) => startNginx(shown('docs/operating/proxy.md', '## nginx'), gateway),
  'Caddy of compose.yaml': (gateway) =>
    startCaddy(
      read('deploy/Caddyfile').replace('gateway-1:8080', gateway).replace('gateway-2:8080', DEAD_GATEWAY),
      gateway,
    ),
};

let inbound: InboundScene;
let box: LinkBox;
const sites = new Map<string, TlsProxy>();
let onDemand: TlsProxy;
before(async () => {
  inbound = await startInboundScene({
    PARLEY_PUBLIC_URL: `https://${PUBLIC_HOST}`,
    PARLEY_TRUSTED_PROXIES: '127.0.0.1/32',
    PARLEY_DNS_SERVERS: '127.0.0.1:1',
  });
  box = await openLinkBox(inbound.scene.world.info.database);
  const gateway = new URL(inbound.scene.world.info.api).host;
  const starting = Object.entries(SITES).map(async ([name, start]) => void sites.set(name, await start(gateway)));
  onDemand = await startCaddy(shown('docs/operating/short-links.md', '### TLS'), gateway);
  await Promise.all(starting);
});
after(async () => {
  await Promise.all([...sites.values(), onDemand].map((proxy) => proxy.stop()));
  await box.close();
  await inbound.stop();
});

function siteOf(name: string): TlsProxy {
  const site = sites.get(name);
  assert.ok(site !== undefined);
  return site;
}

const json = (key: string): Record<string, string> => ({
  authorization: `App ${key}`,
  'content-type': 'application/json',
});

/** A gateway that is too busy to say in time that it is ready is away for the next 2 s, and clients try again. */
function askUntil(site: TlsProxy, ...args: Parameters<TlsProxy['ask']>): ReturnType<TlsProxy['ask']> {
  return until('an answer', async () => {
    const answer = await site.ask(...args);
    return answer.status === 503 ? undefined : answer;
  });
}

for (const name of Object.keys(SITES)) {
  test(`${name}: the gateway sees the caller's own address, whatever the caller claims`, async () => {
    const { scene } = inbound;
    const { accountId, sender } = scene.world.info;
    const path = `/accounts/${accountId}/keys`;
    const made = await scene.admin<{ apiKeySecret: string }>(path, { json: { name: 'key', allowedIPs: [CALLER] } });
    const user = scene.newUser();
    const send = async (from: string, claim: Record<string, string> = {}): Promise<number> => {
      const body = JSON.stringify({ from: sender, to: user, content: { text: 'Grüße' } });
      const headers = { ...json(made.apiKeySecret), ...claim };
      const { status } = await askUntil(siteOf(name), '/whatsapp/1/message/text', { body, headers, from });
      return status;
    };
    assert.equal(await send(CALLER), 200);
    assert.equal(await send(STRANGER), 401);
    assert.equal(await send(STRANGER, { 'x-forwarded-for': CALLER }), 401);
    // Of the two gateways of the Caddyfile one is away, and its check has said so.
    const statuses = await Promise.all(Array.from({ length: 12 }, () => send(CALLER)));
    assert.deepEqual(statuses, Array(12).fill(200));
    await scene.atMetaUntil(user, 13);
  });

  test(`${name}: Meta's handshake and signed bytes come through; health and metrics stay inside`, async () => {
    const { info } = inbound.scene.world;
    const site = siteOf(name);
    const handshake = `hub.mode=subscribe&hub.challenge=77&hub.verify_token=${info.metaVerifyToken}`;
    assert.equal((await site.ask(`/meta/webhook?${handshake}`)).body.toString(), '77');
    const body = Buffer.from(
      `{"object":"whatsapp_business_account",  "entry":[], "x":"é\\u00e9${'x'.repeat(3_000_000)}"}`,
    );
    const headers = {
      'content-type': 'application/json',
      'x-hub-signature-256': signedByMeta(body, info.metaAppSecret),
    };
    assert.equal((await site.ask('/meta/webhook', { body, headers })).status, 200);
    for (const path of ['/metrics', '/healthz', '/readyz']) assert.equal((await site.ask(path)).status, 404, path);
  });

  test(`${name}: the largest body, a large file and a slow answer pass`, async () => {
    const { scene } = inbound;
    const { apiKey, sender, user, phoneNumberId, wabaId, graphToken } = scene.world.info;
    const site = siteOf(name);
    const fault = { on: 'graph', match: { path: 'debug_token' }, effect: { latencyMs: SLOW_MS } } as const;
    const id = await scene.fault({ ...fault, when: { always: true } });
    const connect = JSON.stringify({ phoneNumberId, wabaId, accessToken: graphToken });
    const slow = site.ask('/parley/1/senders/connect', { body: connect, headers: json(apiKey) });

    const content = { templateName: 'none', templateData: { body: { placeholders: [] } }, language: 'en' };
    const [head = '', tail = ''] = JSON.stringify({ messages: [{ from: sender, to: user, content }], x: '?' }).split(
      '?',
    );
    const bulk = head + 'x'.repeat(BODY_BYTES_MAX - head.length - tail.length) + tail;
    const largest = await askUntil(site, '/whatsapp/1/message/template', { body: bulk, headers: json(apiKey) });
    assert.equal(largest.status, 200, largest.body.toString('utf8', 0, 500));

    const bytes = Buffer.concat([PDF, Buffer.alloc(FILE_BYTES - PDF.length, 7)]);
    const document = { data: bytes.toString('base64'), mime_type: 'application/pdf', filename: 'a.pdf' };
    const { url = '' } = (await inbound.resultOf(await inbound.say({ type: 'document', document }))).message;
    assert.equal(new URL(url).origin, `https://${PUBLIC_HOST}`);
    const file = await askUntil(site, new URL(url).pathname, { headers: json(apiKey) });
    assert.deepEqual([file.status, file.body.equals(bytes)], [200, true]);
    const end = await askUntil(site, new URL(url).pathname, { headers: { ...json(apiKey), range: 'bytes=-100' } });
    assert.deepEqual([end.status, end.body.length], [206, 100]);

    assert.equal((await slow).status, 200);
    assert.ok((await scene.hits(id)) > 0);
    await scene.removeFault(id);
  });

  test(`${name}: a short link at the public host leads on`, async () => {
    const [id = ''] = await box.add(1, { target: 'https://shop.example/t/77' });
    const { status, headers } = await siteOf(name).ask(`/${id}`, { headers: { 'user-agent': PHONE }, from: CALLER });
    assert.deepEqual([status, headers.location], [302, 'https://shop.example/t/77']);
    assert.equal((await box.clicksOn(id)).length, 1);
  });
}

test('Caddy of the page on short links gets certificates for verified domains, after asking, and for no others', async () => {
  const { database, account } = box;
  const domain = await registerDomain(database, { account, host: LINK_HOST, token: 't', createdAt: Date.now() });
  assert.ok(domain !== undefined);
  const [id = ''] = await box.add(1, { domain: domain.id });
  await assert.rejects(onDemand.ask(`/${id}`, { host: LINK_HOST }), /SSL|TLS|alert/i);
  await settleDomain(database, domain.id, { state: 'verified', proof: 'txt', reason: null, checkedAt: Date.now() });
  const allowed = `/parley/1/domains/allowed?domain=${LINK_HOST}`;
  await until(
    'the gateway knows it',
    async () => (await inbound.scene.world.api(allowed, { key: null })).status === 200,
  );
  const headers = { 'user-agent': PHONE };
  const followed = await onDemand.ask(`/${id}`, { host: LINK_HOST, headers });
  assert.deepEqual([followed.status, followed.headers.location], [302, 'https://shop.example/t/77']);
  // The same link is nowhere else.
  assert.equal((await onDemand.ask(`/${id}`, { headers })).status, 404);
  assert.equal((await onDemand.ask('/parley/1/senders')).status, 401);
});
