import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { S3_KEYS, startS3Stub } from '../../test/support/s3-stub.js';
import type { BlobStore, FinishedFile } from './blob-store.js';
import { createFolderStore } from './folder.js';
import { createS3Store, S3Error } from './s3.js';

const idOf = (n: number): string => `018f3c5e-7b1a-7000-8000-${String(n).padStart(12, '0')}`;

interface World {
  blobs: BlobStore;
  finish(text: string): FinishedFile;
}

async function inFolder(work: (world: World) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'parley-blobs-'));
  const blobs = createFolderStore(join(root, 'media'));
  mkdirSync(join(root, 'media'));
  try {
    await work({ blobs, finish: (text) => finished(join(root, 'media', 'part'), text) });
  } finally {
    rmSync(root, { recursive: true });
  }
}

async function inS3(work: (world: World) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'parley-blobs-'));
  const stub = await startS3Stub();
  const blobs = createS3Store({ url: `${stub.url}/some/prefix`, ...S3_KEYS });
  try {
    await work({ blobs, finish: (text) => finished(join(root, 'part'), text) });
    assert.deepEqual(stub.refused, []);
  } finally {
    await blobs.stop();
    await stub.stop();
    rmSync(root, { recursive: true });
  }
}

function finished(path: string, text: string): FinishedFile {
  writeFileSync(path, text);
  return { path, bytes: Buffer.byteLength(text), sha256: createHash('sha256').update(text).digest('hex') };
}

async function textOf(stream: Readable | undefined): Promise<string | undefined> {
  if (stream === undefined) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

for (const [name, run] of [['folder', inFolder] as const, ['bucket', inS3] as const]) {
  test(`a ${name} keeps a file whole, gives all or a part of it, and forgets it`, () =>
    run(async ({ blobs, finish }) => {
      const file = finish('0123456789');
      await blobs.keep(idOf(1), file);
      assert.equal(existsSync(file.path), false, 'the unfinished file is gone');
      assert.equal(await blobs.size(idOf(1)), 10);
      assert.equal(await textOf(await blobs.read(idOf(1))), '0123456789');
      assert.equal(await textOf(await blobs.read(idOf(1), { start: 2, end: 4 })), '234');
      await blobs.remove(idOf(1));
      await blobs.remove(idOf(1));
      assert.equal(await blobs.size(idOf(1)), undefined);
      assert.equal(await blobs.read(idOf(1)), undefined);
    }));

  test(`a ${name} lists every file, and none that is not there`, () =>
    run(async ({ blobs, finish }) => {
      const ids = Array.from({ length: 8 }, (_, i) => idOf(i));
      for (const id of ids) await blobs.keep(id, finish(id));
      const listed: string[] = [];
      for await (const { id, at } of blobs.list()) {
        assert.ok(Math.abs(Date.now() - at) < 60_000);
        listed.push(id);
      }
      assert.deepEqual(listed.sort(), ids);
    }));

  test(`a ${name} takes the same file twice`, () =>
    run(async ({ blobs, finish }) => {
      await blobs.keep(idOf(1), finish('one'));
      await blobs.keep(idOf(1), finish('two!'));
      assert.equal(await textOf(await blobs.read(idOf(1))), 'two!');
    }));
}

test('an empty folder that was never written to lists nothing', async () => {
  const blobs = createFolderStore(join(tmpdir(), 'parley-blobs-never'));
  for await (const { id } of blobs.list()) assert.fail(id);
  assert.equal(await blobs.size(idOf(1)), undefined);
});

test('a bucket that refuses throws, and never calls a file absent that it did not look for', async () => {
  const stub = await startS3Stub();
  const blobs = createS3Store({ url: stub.url, ...S3_KEYS, secretKey: 'wrong' });
  try {
    await assert.rejects(blobs.size(idOf(1)), S3Error);
    await assert.rejects(blobs.read(idOf(1)), /SignatureDoesNotMatch/);
    await assert.rejects(blobs.remove(idOf(1)), S3Error);
    assert.deepEqual([...new Set(stub.refused)], ['SignatureDoesNotMatch']);
  } finally {
    await blobs.stop();
    await stub.stop();
  }
});
