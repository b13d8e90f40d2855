import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createSecretBox, equalBytes, newToken, sha256 } from './secrets.js';

test('opens what it sealed and never seals the same way twice', () => {
  const box = createSecretBox(randomBytes(32));
  for (const text of ['', 'EAAG-token', 'é😀']) assert.equal(box.open(box.seal(text)), text);
  assert.notDeepEqual(box.seal('x'), box.seal('x'));
  assert.equal(box.seal('EAAG-token').includes('EAAG'), false);
});

test('refuses what was altered, cut, or sealed with another key', () => {
  const box = createSecretBox(randomBytes(32));
  const sealed = box.seal('token');
  for (let i = 0; i < sealed.length; i += 1) {
    const altered = Buffer.from(sealed);
    altered[i] = (altered[i] ?? 0) ^ 1;
    assert.throws(() => box.open(altered), Error, `byte ${i}`);
  }
  assert.throws(() => box.open(sealed.subarray(0, 10)), Error);
  assert.throws(() => box.open(Buffer.alloc(0)), Error);
  assert.throws(() => createSecretBox(randomBytes(32)).open(sealed), Error);
});

test('takes keys of 32 bytes only', () => {
  for (const length of [0, 16, 31, 33]) assert.throws(() => createSecretBox(Buffer.alloc(length)), RangeError);
});

test('makes tokens of 256 bits, never the same, that a command line takes as a value', () => {
  const tokens = new Set(Array.from({ length: 1000 }, newToken));
  assert.equal(tokens.size, 1000);
  for (const token of tokens) {
    assert.equal(Buffer.from(token, 'base64url').length, 32);
    assert.doesNotMatch(token, /^-/);
  }
});

test('hashes and compares bytes', () => {
  assert.equal(sha256('abc').toString('hex'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.equal(equalBytes(sha256('a'), sha256(Buffer.from('a'))), true);
  assert.equal(equalBytes(sha256('a'), sha256('b')), false);
  assert.equal(equalBytes(sha256('a'), Buffer.alloc(1)), false);
});

test('a box with several keys seals with the first and opens what any of them sealed', () => {
  const [oldKey, newKey, strangeKey] = [randomBytes(32), randomBytes(32), randomBytes(32)];
  const box = createSecretBox(newKey, [oldKey]);
  assert.equal(box.open(createSecretBox(oldKey).seal('token')), 'token');
  assert.equal(createSecretBox(newKey).open(box.seal('token')), 'token');
  assert.throws(() => box.open(createSecretBox(strangeKey).seal('token')), /none of 2 secret keys/);
});
