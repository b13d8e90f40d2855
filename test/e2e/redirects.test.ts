// Short links followed: what a browser, a machine or somebody hostile gets, at which host, and what is on disk then.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { LINK_PATH } from '../../src/api/redirects.js';
import { registerDomain, removeDomain, settleDomain } from '../../src/store/domains.js';
import { ask, type LinkBox, openLinkBox, PHONE } from '../support/links.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { type Scene, startScene } from '../support/scene.js';
import { until } from '../support/until.js';

let scene: Scene;
let box: LinkBox;
let receiver: Receiver;
let base = '';
before(async () => {
  scene = await startScene({
    PARLEY_LINKS_PORT: '0',
    PARLEY_DNS_SERVERS: '127.0.0.1:1',
    PARLEY_TRUSTED_PROXIES: '127.0.0.1/32',
    PARLEY_LOG_LEVEL: 'info',
  });
  box = await openLinkBox(scene.world.info.database);
  receiver = await startReceiver();
  base = scene.world.info.api;
});
after(async () => {
  await box.close();
  await scene.stop();
  await receiver.stop();
});

/** Everything a server answers to bytes on one connection, until it closes it. */
function talk(text: string): Promise<string> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let answer = '';
    socket.setTimeout(10_000, () => socket.destroy(new Error('the connection stays open')));
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', reject).on('end', () => resolve(answer));
  });
}

test('leads a person exactly where the link says, and nobody may keep it', async () => {
  const target = 'https://shop.example/t/77?a=b%20c&u=https://x.example/|#top';
  const [id = ''] = await box.add(1, { target });
  for (const path of [`/${id}`, `/${id.toUpperCase()}?utm=1`, `/${id}/`]) {
    const { status, headers, body } = await ask(base, path);
    assert.deepEqual(
      [status, headers.location, headers['cache-control'], headers['content-length'], body],
      [302, target, 'no-store', '0', ''],
      path,
    );
    await scene.advance(1);
  }
  const clicks = await box.clicksOn(id);
  assert.deepEqual(
    clicks.map(({ is_first, bot }) => [is_first, bot]),
    [
      [true, null],
      [false, null],
      [false, null],
    ],
  );
  const [{ device_type, os, device_name } = {}] = clicks;
  assert.deepEqual([device_type, os, device_name], ['Phone', 'Android 15', 'Pixel 9']);
});

test('leads to a target in Unicode in the form of a header', async () => {
  const [id = ''] = await box.add(1, { target: 'https://bücher.example/ä' });
  assert.equal((await ask(base, `/${id}`)).headers.location, 'https://xn--bcher-kva.example/%C3%A4');
});

test('answers HEAD, ranges and machines like everybody, and keeps them apart from people', async () => {
  const [id = ''] = await box.add(1);
  const preview = { 'user-agent': 'facebookexternalhit/1.1', range: 'bytes=0-524287' };
  for (const [method, headers] of [
    ['HEAD', {}],
    ['GET', preview],
    ['GET', { 'sec-purpose': 'prefetch' }],
    ['GET', {}],
  ] as const) {
    const answer = await ask(base, `/${id}`, { method, headers });
    assert.deepEqual([answer.status, answer.headers.location, answer.body], [302, 'https://shop.example/t/77', '']);
    await scene.advance(1);
  }
  const clicks = await box.clicksOn(id);
  assert.deepEqual(
    clicks.map(({ bot, is_first }) => [bot, is_first]),
    [
      ['HEAD', false],
      ['facebookexternalhit/1.1', false],
      ['prefetch', false],
      [null, true],
    ],
  );
});

test('records no click on a link that is not tracked', async () => {
  const [id = ''] = await box.add(1, { isTracked: false });
  assert.equal((await ask(base, `/${id}`)).status, 302);
  assert.deepEqual(await box.clicksOn(id), []);
});

test('has a plain page for what is unknown, expired or deleted', async () => {
  const [expired = '', deleted = ''] = [...(await box.add(1, { expiresAt: Date.now() - 1 })), ...(await box.add(1))];
  await box.database.run({ name: '', text: 'UPDATE links SET deleted_at = $2 WHERE id = $1' }, [deleted, Date.now()]);
  for (const [id, status] of [
    ['000000000000', 404],
    [expired, 410],
    [deleted, 410],
  ] as const) {
    const answer = await ask(base, `/${id}`);
    assert.deepEqual([answer.status, answer.headers['content-type']], [status, 'text/html; charset=utf-8']);
    assert.match(answer.body, /<p>[A-Z]/);
    assert.deepEqual([answer.headers['cache-control'], answer.headers.location], ['no-store', undefined]);
    const head = await ask(base, `/${id}`, { method: 'HEAD' });
    assert.deepEqual([head.status, head.body], [status, '']);
  }
  assert.deepEqual(await box.clicksOn(expired), []);
});

test('stops at the expiry of a link that it remembers', async () => {
  const [id = ''] = await box.add(1, { expiresAt: Date.now() + 3_600_000 });
  assert.equal((await ask(base, `/${id}`)).status, 302);
  await scene.advance(3_601);
  assert.equal((await ask(base, `/${id}`)).status, 410);
});

test('answers HTTP/1.0 and pipelined clients in their order', async () => {
  const ids = await box.add(3);
  const heads = ids.map(
    (id, i) =>
      `GET /${id} HTTP/1.1\r\nHost: x\r\nUser-Agent: ${PHONE}\r\n${i === 2 ? 'Connection: close\r\n' : ''}\r\n`,
  );
  const pipelined = await talk(heads.join(''));
  assert.equal(pipelined.match(/HTTP\/1\.1 302 Found/g)?.length, 3);
  const old = await talk(`GET /${ids[0]} HTTP/1.0\r\nUser-Agent: ${PHONE}\r\n\r\n`);
  assert.match(old, /^HTTP\/1\.1 302 Found\r\n/);
  assert.match(old, /connection: close/i);
  assert.equal((await box.clicksOn(ids[0] ?? '')).length, 2);
});

test('serves links of a domain at its host alone, and nothing but links there', async () => {
  const { database, account } = box;
  const domain = await registerDomain(database, {
    account,
    host: 'go.shop.example',
    token: 't',
    createdAt: Date.now(),
  });
  assert.ok(domain !== undefined);
  await settleDomain(database, domain.id, { state: 'verified', proof: 'txt', reason: null, checkedAt: Date.now() });
  const [own = ''] = await box.add(1, { domain: domain.id });
  const [other = ''] = await box.add(1);
  const at = (path: string, host: string, method = 'GET') => ask(base, path, { method, headers: { host } });
  await until(
    'the host is known',
    async () => (await at(`/${own}`, 'Go.Shop.Example.:8080')).status === 302 || undefined,
  );
  assert.equal((await at(`/${own}`, new URL(base).host)).status, 404);
  assert.equal((await at(`/${other}`, 'go.shop.example')).status, 404);
  for (const path of ['/', '/healthz', '/parley/1/accounts', '/whatsapp/1/senders', '/robots.txt', '/%zz', '/../x'])
    assert.match((await at(path, 'go.shop.example')).body, /no such link/, path);
  const post = await at('/whatsapp/1/message/text', 'go.shop.example', 'POST');
  assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD']);
  await removeDomain(database, domain.id, account, Date.now());
  await until(
    'the host is forgotten',
    async () => (await at(`/${own}`, 'go.shop.example')).status === 404 || undefined,
  );
});

test('serves links and nothing else on a port of its own', async () => {
  const line = await until('the port is told', () =>
    /"event":"links.listening","url":"([^"]+)"/.exec(scene.world.output()),
  );
  const [id = ''] = await box.add(1);
  assert.equal((await ask(line[1] ?? '', `/${id}`)).status, 302);
  for (const path of ['/', '/healthz', '/parley/1/accounts'])
    assert.equal((await ask(line[1] ?? '', path)).status, 404);
});

test('a domain is claimed, read and given up by its account alone', async () => {
  const { key } = await scene.newTenant();
  const call = (path: string, more: object = {}) =>
    scene.world.api<Record<string, unknown>>(`/parley/1/domains${path}`, more);
  const made = await call('', { json: { host: 'Links.Bücher.Example' } });
  const { id, host, state, records } = made.body;
  assert.deepEqual([made.status, host, state], [201, 'links.xn--bcher-kva.example', 'unverified']);
  assert.match(
    JSON.stringify(records),
    /"TXT","name":"_parley\.links\.xn--bcher-kva\.example","value":"parley-verification=/,
  );
  assert.equal((await call('', { json: { host: 'links.bücher.example' } })).status, 409);
  for (const wrong of ['localhost', '127.0.0.1', 'a.example/x', ''])
    assert.equal((await call('', { json: { host: wrong } })).status, 400, wrong);
  assert.equal((await call('', { json: { host: 'links.bücher.example' }, key })).status, 201);
  const foreign = [{}, { method: 'DELETE' }].map((more) => call(`/${String(id)}`, { ...more, key }));
  assert.deepEqual(
    (await Promise.all(foreign)).map(({ status }) => status),
    [404, 404],
  );
  assert.equal((await call('/x')).status, 404);
  const asked = await call(`/${String(id)}/verify`, { method: 'POST' });
  assert.deepEqual([asked.status, asked.body.state], [200, 'unverified']);
  assert.match(String(asked.body.reason), /DNS did not answer/);
  assert.equal((await call(`/${String(id)}`, { method: 'DELETE' })).status, 204);
  assert.equal((await call(`/${String(id)}`)).status, 404);
});

test('no path of the APIs has the form of a link', async () => {
  const { body } = await scene.world.api<{ paths: Record<string, unknown> }>('/openapi.json', { key: null });
  const paths = [...Object.keys(body.paths), '/healthz', '/readyz', '/metrics', '/openapi.json', '/docs'];
  assert.ok(paths.length > 50);
  assert.deepEqual(
    paths.filter((path) => LINK_PATH.test(path)),
    [],
  );
});

test('keeps the hashed address of a click where its account wants it, never the address', async () => {
  const [id = ''] = await box.add(1);
  const from = (address: string) => ask(base, `/${id}`, { headers: { 'x-forwarded-for': address } });
  for (const address of ['192.0.2.1', '192.0.2.1', '192.0.2.2']) {
    await from(address);
    await scene.advance(1);
  }
  await scene.admin('/accounts/demo', { method: 'PATCH', json: { clickAddresses: false } });
  await until('addresses are no longer kept', async () => {
    await from('192.0.2.1');
    return (await box.clicksOn(id)).some(({ address }) => address === null) || undefined;
  });
  const hashes = (await box.clicksOn(id)).slice(0, 3).map(({ address }) => address?.toString('hex') ?? '');
  assert.equal(hashes[0]?.length, 32);
  assert.deepEqual([hashes[0] === hashes[1], hashes[0] === hashes[2]], [true, false]);
});

test('tells clicks of people to the tracking URL of the link, each once', async () => {
  const [id = ''] = await box.add(1, { trackingUrl: `${receiver.url}/clk?x=1` });
  await ask(base, `/${id}`, { headers: { 'user-agent': 'WhatsApp/2.24 A' } });
  await Promise.all([ask(base, `/${id}`), ask(base, `/${id}`)]);
  const posts = await until('two reports', () => (receiver.requests.length >= 2 ? receiver.requests : undefined));
  const clicks = await box.clicksOn(id);
  assert.deepEqual([clicks.length, posts.length], [3, 2]);
  assert.deepEqual(
    posts.map(({ path }) => path),
    ['/clk?x=1', '/clk?x=1'],
  );
});
