// Files in a bucket of S3 instead of a folder, looked at by a scanner: both stand-ins of ours, strict ones.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type InboundScene, startInboundScene } from '../support/inbound-scene.js';
import { S3_KEYS, type S3Stub, startS3Stub } from '../support/s3-stub.js';
import { MALWARE, type ScannerStub, startScannerStub } from '../support/scanner-stub.js';
import { until } from '../support/until.js';
import { PDF } from './sandbox-files.js';

let s3: S3Stub;
let scanner: ScannerStub;
let inbound: InboundScene;
before(async () => {
  s3 = await startS3Stub();
  scanner = await startScannerStub();
  inbound = await startInboundScene({
    PARLEY_MEDIA_STORE: `${s3.url}/inbound`,
    PARLEY_MEDIA_S3_REGION: S3_KEYS.region,
    PARLEY_MEDIA_S3_ACCESS_KEY: S3_KEYS.accessKey,
    PARLEY_MEDIA_S3_SECRET_KEY: S3_KEYS.secretKey,
    PARLEY_MEDIA_SCANNER: scanner.address,
  });
});
after(async () => {
  await inbound.stop();
  await s3.stop();
  await scanner.stop();
});

function sayDocument(bytes: Buffer): Promise<string> {
  const document = { data: bytes.toString('base64'), mime_type: 'application/pdf', caption: 'read me' };
  return inbound.say({ type: 'document', document });
}

test('a clean file is kept in the bucket, served whole and in parts, and removed', async () => {
  const { resultOf, getFile, scene } = inbound;
  const { message, eventId } = await resultOf(await sayDocument(PDF));
  const url = message.url ?? '';
  const key = `inbound/${eventId.slice(-2)}/${eventId}`;
  assert.deepEqual([...s3.objects.keys()], [key]);
  assert.ok((await getFile(url)).bytes.equals(PDF));
  const part = await getFile(url, { headers: { range: 'bytes=5-7' } });
  assert.deepEqual([part.status, part.bytes.toString()], [206, PDF.subarray(5, 8).toString()]);
  const call = { method: 'DELETE', json: { url } };
  assert.equal((await scene.world.api(`/whatsapp/1/senders/${scene.world.info.sender}/media`, call)).status, 204);
  assert.equal(s3.objects.size, 0);
  assert.deepEqual(s3.refused, []);
  assert.equal(scanner.scanned.at(-1), PDF.length);
});

test('an infected file is reported as such without a url, is kept nowhere, and stays so when replayed', async () => {
  const { resultOf, resultsOf, receiver, scene } = inbound;
  const wamid = await sayDocument(Buffer.concat([PDF, Buffer.from(MALWARE.text)]));
  const first = await resultOf(wamid);
  assert.deepEqual(first.message, { type: 'INFECTED_CONTENT', malware: MALWARE.name });
  assert.equal(s3.objects.size, 0);
  const { accountId } = scene.world.info;
  await scene.admin('/replays', { json: { accountId, eventIds: [first.eventId] } });
  await receiver.next(() => resultsOf(wamid).length === 2);
  assert.deepEqual(resultsOf(wamid)[1], first);
});

test('no file is handed out that the scanner did not look at', async () => {
  const { resultOf, resultsOf, scene, say } = inbound;
  const before = await scene.metric('parley_media_fetches_total', 'outcome="failed"');
  scanner.answer('stream: cannot tell ERROR');
  const wamid = await sayDocument(PDF);
  await until(
    'a failed try',
    async () => (await scene.metric('parley_media_fetches_total', 'outcome="failed"')) > before,
  );
  await resultOf(await say({ type: 'text', text: { body: 'later' } }));
  assert.deepEqual([resultsOf(wamid), s3.objects.size], [[], 0]);
  scanner.answer(undefined);
  assert.equal((await resultOf(wamid, 20_000)).message.type, 'DOCUMENT');
});

test('a bucket that is away delays files and loses none', async () => {
  const { resultOf, scene, getFile } = inbound;
  const before = await scene.metric('parley_media_fetches_total', 'outcome="failed"');
  s3.fail(503);
  const wamid = await sayDocument(PDF);
  await until(
    'a failed try',
    async () => (await scene.metric('parley_media_fetches_total', 'outcome="failed"')) > before,
  );
  s3.fail(undefined);
  const { message } = await resultOf(wamid, 20_000);
  assert.ok((await getFile(message.url ?? '')).bytes.equals(PDF));
});
