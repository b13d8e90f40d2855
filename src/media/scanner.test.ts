import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MALWARE, type ScannerStub, startScannerStub } from '../../test/support/scanner-stub.js';
import { createClamavScan } from './scanner.js';

const never = new AbortController().signal;
let stub: ScannerStub;
let folder: string;
before(async () => {
  stub = await startScannerStub();
  folder = mkdtempSync(join(tmpdir(), 'parley-scan-'));
});
after(async () => {
  await stub.stop();
  rmSync(folder, { recursive: true });
});

function scan(bytes: string | Buffer): Promise<string | undefined> {
  const path = join(folder, 'file');
  writeFileSync(path, bytes);
  return createClamavScan(stub.address)(path, never);
}

test('finds nothing in a clean file of several chunks, and shows the scanner all of it', async () => {
  assert.equal(await scan(Buffer.alloc(3_000_001, 'a')), undefined);
  assert.equal(stub.scanned.at(-1), 3_000_001);
});

test('finds nothing in an empty file', async () => {
  assert.equal(await scan(''), undefined);
});

test('names what the scanner found', async () => {
  assert.equal(await scan(`${'x'.repeat(400_000)}${MALWARE.text}`), MALWARE.name);
});

test('throws rather than calling a file clean that was not looked at', async () => {
  await assert.rejects(scan(Buffer.alloc(9 * 1024 * 1024)), /size limit|EPIPE|ECONNRESET|hung up/);
  stub.answer('stream: something odd ERROR');
  await assert.rejects(scan('x'), /something odd ERROR/);
  stub.answer('');
  await assert.rejects(scan('x'), /the scanner says/);
  stub.answer(null);
  await assert.rejects(scan('x'));
  stub.answer(undefined);
  await assert.rejects(createClamavScan('127.0.0.1:1')(join(folder, 'file'), never), /ECONNREFUSED/);
  assert.equal(await scan('x'), undefined);
});

test('stops when told to', async () => {
  const path = join(folder, 'file');
  writeFileSync(path, 'x');
  await assert.rejects(createClamavScan(stub.address)(path, AbortSignal.abort()));
});
