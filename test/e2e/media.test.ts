// Files that users send: fetched, kept, read by their owner only, removed; and what is told while they cannot be had.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type InboundScene, startInboundScene } from '../support/inbound-scene.js';
import { until } from '../support/until.js';
import { jpegOf, PDF } from './sandbox-files.js';

let inbound: InboundScene;
before(async () => {
  inbound = await startInboundScene();
});
after(() => inbound.stop());

const FILE = jpegOf(200_000);

function sayImage(bytes = FILE): Promise<string> {
  return inbound.say({ type: 'image', image: { data: bytes.toString('base64'), mime_type: 'image/jpeg' } });
}

async function urlOf(wamid: string): Promise<string> {
  const { url } = (await inbound.resultOf(wamid)).message;
  assert.ok(url !== undefined);
  return url;
}

function kept(id: string): string {
  return join(inbound.scene.world.dataDir, 'media', id.slice(-2), id);
}

test('a reported file is there: bytes, type and length are what the user sent', async () => {
  const url = await urlOf(await sayImage());
  const { status, headers, bytes } = await inbound.getFile(url);
  assert.equal(status, 200);
  assert.ok(bytes.equals(FILE));
  assert.deepEqual([headers.get('content-type'), headers.get('content-length')], ['image/jpeg', '200000']);
  assert.equal(headers.get('accept-ranges'), 'bytes');
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  const head = await inbound.getFile(url, { method: 'HEAD' });
  assert.deepEqual([head.status, head.bytes.length], [200, 0]);
  assert.deepEqual([head.headers.get('content-type'), head.headers.get('content-length')], ['image/jpeg', '200000']);
});

test('a document is handed out under its name, whatever that holds', async () => {
  const filename = 'Račun "7"/é\r\n.pdf';
  const document = { data: PDF.toString('base64'), mime_type: 'application/pdf', filename };
  const url = await urlOf(await inbound.say({ type: 'document', document }));
  const { status, headers, bytes } = await inbound.getFile(url);
  assert.equal(status, 200);
  assert.ok(bytes.equals(PDF));
  assert.equal(headers.get('content-type'), 'application/pdf');
  const disposition = headers.get('content-disposition') ?? '';
  assert.match(disposition, /^attachment; filename="[ -!#-~]*"; filename\*=UTF-8''[\w%.~!-]+$/);
  assert.ok(disposition.endsWith(encodeURIComponent(filename)));
});

const RANGES: readonly [range: string, status: number, from: number, to: number][] = [
  ['bytes=0-99', 206, 0, 99],
  ['bytes=199990-', 206, 199_990, 199_999],
  ['bytes=-5', 206, 199_995, 199_999],
  ['bytes=100-999999', 206, 100, 199_999],
  ['bytes=-999999', 206, 0, 199_999],
  ['bytes=5-4', 200, 0, 199_999],
  ['bytes=0-1,3-4', 200, 0, 199_999],
  ['lines=1-2', 200, 0, 199_999],
];

test('serves the parts that Range names, and the whole where it names none', async () => {
  const url = await urlOf(await sayImage());
  for (const [range, expected, from, to] of RANGES) {
    const { status, headers, bytes } = await inbound.getFile(url, { headers: { range } });
    assert.equal(status, expected, range);
    assert.ok(bytes.equals(FILE.subarray(from, to + 1)), range);
    assert.equal(headers.get('content-length'), String(to - from + 1), range);
    assert.equal(headers.get('content-range'), expected === 206 ? `bytes ${from}-${to}/200000` : null, range);
  }
  for (const range of ['bytes=200000-', 'bytes=-0']) {
    const { status, headers } = await inbound.getFile(url, { headers: { range } });
    assert.deepEqual([status, headers.get('content-range')], [416, 'bytes */200000'], range);
  }
  const etag = (await inbound.getFile(url)).headers.get('etag') ?? '';
  const stale = await inbound.getFile(url, { headers: { range: 'bytes=0-1', 'if-range': '"other"' } });
  assert.deepEqual([stale.status, stale.bytes.length], [200, 200_000]);
  const fresh = await inbound.getFile(url, { headers: { range: 'bytes=0-1', 'if-range': etag } });
  assert.deepEqual([fresh.status, fresh.bytes.length], [206, 2]);
});

test('nobody but its account reads or removes a file: others learn nothing, not even that it is there', async () => {
  const { scene, getFile } = inbound;
  const url = await urlOf(await sayImage());
  const tenant = await scene.newTenant();
  assert.equal((await getFile(url, { key: null })).status, 401);
  assert.equal((await getFile(url, { key: scene.world.info.adminKey })).status, 403);
  const foreign = [url, url.replace(scene.world.info.sender, tenant.sender)];
  for (const address of foreign) {
    const { status, bytes } = await getFile(address, { key: tenant.key });
    assert.deepEqual([status, bytes.length], [404, 0], address);
    const call = { method: 'DELETE', json: { url: address }, key: tenant.key };
    const sender = address === url ? scene.world.info.sender : tenant.sender;
    assert.equal((await scene.world.api(`/whatsapp/1/senders/${sender}/media`, call)).status, 404);
  }
  assert.equal((await getFile(url)).status, 200);
});

test('what is not there answers 404 without a body', async () => {
  const { scene, getFile } = inbound;
  const base = `${scene.world.info.api}/whatsapp/1/senders`;
  for (const path of [
    `${scene.world.info.sender}/media/018f3c5e-7b1a-7000-8000-0123456789ab`,
    `${scene.world.info.sender}/media/nothing`,
    `${scene.world.info.sender}/media/..%2f..%2fdev.json`,
    'unknown/media/018f3c5e-7b1a-7000-8000-0123456789ab',
  ]) {
    const { status, bytes } = await getFile(`${base}/${path}`);
    assert.deepEqual([status, bytes.length], [404, 0], path);
  }
});

test('a removed file is gone from the API and from the disk, and cannot be removed twice', async () => {
  const { scene, getFile, resultOf } = inbound;
  const path = `/whatsapp/1/senders/${scene.world.info.sender}/media`;
  const remove = (json: unknown) => scene.world.api<string>(path, { method: 'DELETE', json });
  const wamid = await sayImage();
  const url = await urlOf(wamid);
  const id = (await resultOf(wamid)).eventId;
  assert.ok(existsSync(kept(id)));
  assert.deepEqual(await remove({ url }).then(({ status, body }) => [status, body]), [204, '']);
  assert.equal(existsSync(kept(id)), false);
  assert.equal((await getFile(url)).status, 404);
  assert.deepEqual(await remove({ url }).then(({ status, body }) => [status, body]), [404, '']);
  assert.equal((await remove({ url: 'https://elsewhere.example/x' })).status, 404);
  for (const odd of [{}, { url: '' }, { url: 7 }, { url: 'not a url' }, []])
    assert.equal((await remove(odd)).status, 400);
});

test('a text that comes after a file waits for nothing, and the file is reported once it can be had', async () => {
  const { scene, say, resultOf, resultsOf, getFile } = inbound;
  const fault = await scene.fault({
    on: 'graph',
    match: { method: 'GET' },
    effect: { httpStatus: 500 },
    when: { always: true },
  });
  const image = await sayImage();
  await until('a refused try', async () => (await scene.hits(fault)) > 0);
  const text = await say({ type: 'text', text: { body: 'after' } });
  await resultOf(text);
  assert.deepEqual(resultsOf(image), []);
  await scene.removeFault(fault);
  const result = await resultOf(image, 20_000);
  assert.equal((await getFile(result.message.url ?? '')).status, 200);
});

// Before the tests that move the clock, which a new process starts anew.
test('a kill in the middle of fetching costs no file and no report', async () => {
  const { scene, resultOf, resultsOf, getFile, say } = inbound;
  const fault = await scene.fault({
    on: 'graph',
    match: { method: 'GET' },
    effect: { latencyMs: 3_000 },
    when: { next: 3 },
  });
  const images = await Promise.all([FILE, jpegOf(1_000_000), jpegOf(50)].map((bytes) => sayImage(bytes)));
  await until('requests under way', async () => (await scene.hits(fault)) > 0);
  await scene.world.killGateway();
  for (const [i, image] of images.entries()) {
    const { message } = await resultOf(image, 30_000);
    const { status, bytes } = await getFile(message.url ?? '');
    assert.deepEqual([status, bytes.length], [200, [200_000, 1_000_000, 50][i]]);
  }
  await resultOf(await say({ type: 'text', text: { body: 'later' } }));
  for (const image of images) assert.equal(new Set(resultsOf(image).map(({ eventId }) => eventId)).size, 1);
  const unfinished = join(scene.world.dataDir, 'media', '.spool');
  await until('an empty spool', () => readdirSync(unfinished).length === 0);
});

test('after a minute without its file a message is reported all the same, once, and the file comes when it can', async () => {
  const { scene, say, resultOf, resultsOf, getFile } = inbound;
  const fault = await scene.fault({
    on: 'graph',
    match: { method: 'GET' },
    effect: { httpStatus: 500 },
    when: { always: true },
  });
  const image = await sayImage();
  await until('a refused try', async () => (await scene.hits(fault)) > 0);
  await scene.advance(61);
  const { message } = await resultOf(image);
  const early = await getFile(message.url ?? '');
  assert.deepEqual([early.status, early.bytes.length], [404, 0]);
  await scene.removeFault(fault);
  await scene.advance(600);
  await until('the file', async () => (await getFile(message.url ?? '')).status === 200);
  await resultOf(await say({ type: 'text', text: { body: 'later' } }));
  assert.equal(resultsOf(image).length, 1);
});

test('files go after 30 days, and so does what no message knows of', async () => {
  const { scene, resultOf, getFile } = inbound;
  const wamid = await sayImage();
  const url = await urlOf(wamid);
  const id = (await resultOf(wamid)).eventId;
  const orphan = kept('018f3c5e-7b1a-7000-8000-0123456789ab');
  mkdirSync(join(orphan, '..'), { recursive: true });
  writeFileSync(orphan, 'nobody knows me');
  utimesSync(orphan, new Date(0), new Date(0));
  const half = join(scene.world.dataDir, 'media', '.spool', '018f3c5e-7b1a-7000-8000-0123456789ab');
  writeFileSync(half, 'half');
  utimesSync(half, new Date(0), new Date(0));
  await scene.advance(29 * 86_400);
  await until('the orphans are gone', () => !existsSync(orphan) && !existsSync(half));
  assert.equal((await getFile(url)).status, 200, 'kept for 29 days');
  await scene.advance(2 * 86_400);
  await until('the file is gone', async () => (await getFile(url)).status === 404 && !existsSync(kept(id)));
});
