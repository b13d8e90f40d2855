import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/property.js';
import { expandUrls, findUrls, shortenUrls } from './find.js';

const HOST = 'go.shop.example';

function urlsOf(text: string): string[] {
  return findUrls(text).map(({ url }) => url);
}

function linkOf(_: string, i: number): string {
  return `https://${HOST}/${String(i).padStart(12, 'k')}`;
}

const CASES: readonly [what: string, text: string, urls: readonly string[]][] = [
  ['alone', 'https://shop.example/t/77', ['https://shop.example/t/77']],
  ['a bare host', 'see http://shop.example', ['http://shop.example']],
  ['capitals', 'HTTPS://SHOP.EXAMPLE/A', ['HTTPS://SHOP.EXAMPLE/A']],
  ['the end of a sentence', 'Go to https://shop.example/a. Now!', ['https://shop.example/a']],
  ['a question', 'Did you see https://shop.example/a?q=1?', ['https://shop.example/a?q=1']],
  ['an ellipsis', 'More at https://shop.example/a... soon', ['https://shop.example/a']],
  ['a query with marks', 'https://a.example/?q=a,b;c:d!e&f=(g)#h', ['https://a.example/?q=a,b;c:d!e&f=(g)#h']],
  ['round brackets', '(https://shop.example/a)', ['https://shop.example/a']],
  ['brackets in the path', 'https://wiki.example/Cat_(animal) here', ['https://wiki.example/Cat_(animal)']],
  ['brackets in brackets', '(see https://wiki.example/Cat_(animal))', ['https://wiki.example/Cat_(animal)']],
  ['markdown', '[shop](https://shop.example/a)', ['https://shop.example/a']],
  ['square brackets', '[https://shop.example/a?b[]=1]', ['https://shop.example/a?b[]=1']],
  ['angle brackets', '<https://shop.example/a>', ['https://shop.example/a']],
  ['quotation marks', '"https://a.example/1", “https://a.example/2”', ['https://a.example/1', 'https://a.example/2']],
  ['bold', '*https://shop.example/a*', ['https://shop.example/a']],
  ['bold at the end', '*buy at https://shop.example/a*', ['https://shop.example/a']],
  ['italic', '_https://shop.example/a_', ['https://shop.example/a']],
  ['italic at the end', '_buy at https://shop.example/a_', ['https://shop.example/a']],
  ['an underscore of its own', 'buy at https://shop.example/a_', ['https://shop.example/a_']],
  ['code', '`https://shop.example/a`', ['https://shop.example/a']],
  ['IDN', 'https://bücher.example/große', ['https://bücher.example/große']],
  ['IDN in another script', 'https://пример.example/путь?ключ=да', ['https://пример.example/путь?ключ=да']],
  ['Chinese punctuation', '请看https://shop.example/路径。谢谢', ['https://shop.example/路径']],
  ['full-width brackets', '（https://shop.example/a）', ['https://shop.example/a']],
  ['an emoji in the path', 'https://shop.example/🎁!', ['https://shop.example/🎁']],
  ['percent signs', 'https://shop.example/%E2%82%AC%20x', ['https://shop.example/%E2%82%AC%20x']],
  ['a port', 'http://127.0.0.1:8080/a', ['http://127.0.0.1:8080/a']],
  ['an IPv6 host', 'http://[::1]:8080/a]', ['http://[::1]:8080/a']],
  ['line breaks', 'https://a.example/1\nhttps://a.example/2', ['https://a.example/1', 'https://a.example/2']],
  ['back to back', 'https://a.example/1https://a.example/2', ['https://a.example/1', 'https://a.example/2']],
  ['a comma between', 'https://a.example/1,https://a.example/2', ['https://a.example/1', 'https://a.example/2']],
  ['a bar between', 'https://a.example/1|http://a.example/2', ['https://a.example/1', 'http://a.example/2']],
  ['a URL as parameter', 'https://a.example/?u=https://b.example/x', ['https://a.example/?u=https://b.example/x']],
  ['a URL in the path', 'https://web.example/2026/http://b.example', ['https://web.example/2026/http://b.example']],
  ['a doubled scheme', 'https://https://a.example/', ['https://a.example/']],
  ['a letter before', 'Shop:https://a.example/ or xhttps://b.example/', ['https://a.example/', 'https://b.example/']],
  ['a bidi mark behind', 'https://a.example/1\u200f ok', ['https://a.example/1']],
  ['a scheme alone', 'https:// and http://', []],
  ['a port that is none', 'https://a.example:port/', []],
  ['other schemes', 'ftp://a.example mailto:a@b.example javascript:alert(1) a.example/x', []],
  ['nothing', '', []],
];

for (const [what, text, urls] of CASES) {
  test(`finds the URLs of a text: ${what}`, () => {
    assert.deepEqual(urlsOf(text), urls);
    for (const { start, end, url } of findUrls(text)) assert.equal(text.slice(start, end), url);
  });
}

test('replaces each URL by its own link and leaves the rest as it is', () => {
  const shortened = shortenUrls('(https://a.example/1), https://a.example/2!', { removeProtocol: false, linkOf });
  assert.equal(shortened, `(https://${HOST}/kkkkkkkkkkk0), https://${HOST}/kkkkkkkkkkk1!`);
});

test('a link is 13 characters longer than its host, and 8 more with its protocol', () => {
  const length = (removeProtocol: boolean): number =>
    shortenUrls('https://a.example/a/long/path', { removeProtocol, linkOf }).length;
  assert.equal(length(true), HOST.length + 13);
  assert.equal(length(false), HOST.length + 21);
});

test('keeps the protocol where the link would not be seen without it', () => {
  const shortened = shortenUrls('Shophttps://a.example/1 https://a.example/2https://a.example/3', {
    removeProtocol: true,
    linkOf,
  });
  assert.equal(shortened, `Shophttps://${HOST}/kkkkkkkkkkk0 ${HOST}/kkkkkkkkkkk1https://${HOST}/kkkkkkkkkkk2`);
});

test('leaves a URL that gets no link', () => {
  const text = 'https://a.example/1 and https://a.example/2';
  const shortened = shortenUrls(text, {
    removeProtocol: false,
    linkOf: (url, i) => (i === 0 ? undefined : linkOf(url, i)),
  });
  assert.equal(shortened, `https://a.example/1 and https://${HOST}/kkkkkkkkkkk1`);
});

test('a hostile text takes no more than moments', () => {
  for (const piece of ['https://', 'http://[/', 'https://a(', '!!!!', 'https://a!!!!!', '_ https://a_'])
    assert.ok(Array.isArray(findUrls(piece.repeat(4_096 / piece.length))));
});

const GLUE = [
  '',
  ' ',
  '\n',
  ', ',
  '. ',
  '(',
  ')',
  ' "',
  '" ',
  '*',
  '_',
  '~',
  ':',
  '。',
  '、',
  ' – ',
  '|',
  '👋',
  '\u200d',
  '{',
  '}',
  '`',
];
const HOSTS = [
  'shop.example',
  'bücher.example',
  'пример.example',
  '127.0.0.1:80',
  '[::1]',
  'a.b-c.example:8443',
  '例え.example',
];
const PATHS = [
  '',
  '/',
  '/t/77',
  '/große?x=ü',
  '/Cat_(animal)',
  '/?u=https://b.example/x&y=1',
  '/🎁',
  '/a_b_',
  '/%20#frag',
  '/a.b,c;d',
];
const urlArbitrary = fc
  .tuple(fc.constantFrom('http://', 'https://', 'HTTPS://'), fc.constantFrom(...HOSTS), fc.constantFrom(...PATHS))
  .map((parts) => parts.join(''));
const textArbitrary = fc
  .array(
    fc.oneof(
      urlArbitrary,
      fc.constantFrom(...GLUE),
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.webUrl({ withQueryParameters: true, withFragments: true }),
    ),
    { maxLength: 14 },
  )
  .map((parts) => parts.join(''));

test('replacing and then expanding gives the original, of 2,000 generated texts', () => {
  let found = 0;
  fc.assert(
    fc.property(textArbitrary, fc.boolean(), (text, removeProtocol) => {
      const urls = new Map<string, string>();
      const shortened = shortenUrls(text, {
        removeProtocol,
        linkOf(url, i) {
          const link = linkOf(url, i);
          urls.set(link, url);
          return link;
        },
      });
      found += urls.size;
      assert.equal(expandUrls(shortened, urls), text);
      // What is left has no URL but the links.
      for (const url of urls.values()) assert.ok(!urlsOf(shortened).includes(url));
    }),
    { numRuns: 2_000 },
  );
  assert.ok(found > 2_000, `only ${found} URLs were found`);
});

test('finds every URL that stands between spaces, of 1,000 generated lists', () => {
  fc.assert(
    fc.property(fc.array(urlArbitrary, { maxLength: 8 }), (urls) => {
      assert.deepEqual(urlsOf(urls.join(' ')), urls);
    }),
    { numRuns: 1_000 },
  );
});
