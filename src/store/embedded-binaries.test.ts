import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { canTraverse, prepareBinaries } from './embedded-binaries.js';

const SELF = { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };
const STRANGER = { uid: 64_001, gid: 64_001 };
const LINKS = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }];

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-binaries-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A package as npm unpacks it when install scripts are off. */
function unpack(): string {
  const root = join(folder, 'package');
  for (const part of ['native/bin', 'native/lib']) mkdirSync(join(root, part), { recursive: true });
  writeFileSync(join(root, 'package.json'), JSON.stringify({ version: '18.4.0' }));
  writeFileSync(join(root, 'native/pg-symlinks.json'), JSON.stringify(LINKS));
  writeFileSync(join(root, 'native/lib/libpq.so.5.18'), 'library');
  writeFileSync(join(root, 'native/bin/postgres'), 'program', { mode: 0o700 });
  return root;
}

test('links the libraries where npm put them when the folder is ours', () => {
  const root = unpack();
  const binaries = prepareBinaries(SELF, join(folder, 'copies'), root);
  assert.deepEqual(binaries, {
    postgres: join(root, 'native/bin/postgres'),
    initdb: join(root, 'native/bin/initdb'),
    version: '18.4.0',
    major: '18',
  });
  assert.equal(readlinkSync(join(root, 'native/lib/libpq.so.5')), 'libpq.so.5.18');
});

test('copies what the user cannot reach, once, linked and readable by all', () => {
  const root = unpack();
  const copies = join(folder, 'copies');
  const binaries = prepareBinaries(STRANGER, copies, root);
  assert.equal(binaries.postgres, join(copies, 'bin-18.4.0/bin/postgres'));
  assert.equal(readlinkSync(join(copies, 'bin-18.4.0/lib/libpq.so.5')), 'libpq.so.5.18');
  assert.equal(statSync(binaries.postgres).mode & 0o777, 0o755);
  assert.equal(statSync(join(copies, 'bin-18.4.0/lib')).mode & 0o777, 0o755);
  const made = statSync(binaries.postgres).mtimeMs;
  prepareBinaries(STRANGER, copies, root);
  assert.equal(statSync(binaries.postgres).mtimeMs, made);
});

test('a private folder anywhere above keeps a stranger out, and its owner not', () => {
  const inner = join(folder, 'open');
  mkdirSync(inner, { mode: 0o755 });
  assert.equal(canTraverse(inner, STRANGER), false);
  assert.equal(canTraverse(inner, SELF), true);
  chmodSync(folder, 0o711);
  assert.equal(canTraverse(inner, STRANGER), canTraverse(tmpdir(), STRANGER));
});
