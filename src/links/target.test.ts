import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkTarget, locationOf, TARGET_LENGTH_MAX } from './target.js';

test('lets links lead to http and https only', () => {
  for (const url of [
    'https://shop.example/t/77?a=1&b=%20#x',
    'HTTP://shop.example',
    'https://bücher.example/ä',
    'http://[::1]:8080/',
  ])
    assert.equal(checkTarget(url), undefined, url);
  for (const url of [
    'javascript:alert(1)',
    'data:text/html,x',
    'ftp://a.example/',
    '//a.example',
    'shop.example',
    'https://',
    'http:shop.example',
  ])
    assert.match(checkTarget(url) ?? '', /http/, url);
});

test('refuses what could end a header or hide in a URL', () => {
  for (const url of [
    'https://a.example/\r\nSet-Cookie: a=b',
    'https://a.example/\u2028',
    ' https://a.example',
    'https://a.example/\0',
    'java\tscript:x',
    'https://a.example/\ud800',
  ])
    assert.match(checkTarget(url) ?? '', /spaces or control/, JSON.stringify(url));
  assert.match(checkTarget(`https://a.example/${'x'.repeat(TARGET_LENGTH_MAX)}`) ?? '', /longer/);
});

test('sends people exactly to what was registered, in ASCII', () => {
  for (const url of ['https://shop.example', 'https://shop.example/%7e/../a?b=c|d', 'HTTPS://Shop.example/A'])
    assert.equal(locationOf(url), url);
  assert.equal(locationOf('https://bücher.example/ä?ö=1'), 'https://xn--bcher-kva.example/%C3%A4?%C3%B6=1');
});
