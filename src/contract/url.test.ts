import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseUrl } from './url.js';

test('reads a host with umlauts however often it is asked', () => {
  for (let i = 0; i < 20_000; i += 1)
    assert.equal(parseUrl('https://bücher.example/')?.hostname, 'xn--bcher-kva.example');
});

test('tells what is no URL', () => {
  for (const text of ['', 'shop.example', 'https://', 'https://a b/']) assert.equal(parseUrl(text), undefined, text);
});
