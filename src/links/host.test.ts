import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHost } from './host.js';

test('reads a host as DNS has it', () => {
  assert.equal(readHost('Go.Shop.Example.'), 'go.shop.example');
  assert.equal(readHost('bücher.example'), 'xn--bcher-kva.example');
  for (const text of [
    '',
    'localhost',
    '127.0.0.1',
    '[::1]',
    'a.example:80',
    'https://a.example',
    'a.example/x',
    'a b.example',
    '-a.example',
    'a..example',
    '*.a.example',
    `${'a'.repeat(64)}.example`,
    'a@b.example',
    '0x7f.1',
  ])
    assert.equal(readHost(text), undefined, text);
});
