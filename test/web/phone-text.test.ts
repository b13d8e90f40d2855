// What the phone makes of texts, numbers and long lists, without a browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstLink, parseMarkup, plainText } from '../../web/phone/src/pure/markup.js';
import { formatBytes, formatNumber, priceOf, randomOf } from '../../web/phone/src/pure/numbers.js';
import { quotedId, summaryOf } from '../../web/phone/src/pure/summary.js';
import { span } from '../../web/phone/src/pure/times.js';
import { offsetsOf, rangeOf, rowAt } from '../../web/phone/src/pure/window.js';

const text = (value: string) => ({ kind: 'text', text: value });

test('marks at the edges of words format, within words they do not', () => {
  assert.deepEqual(parseMarkup('*bold* _it_ ~gone~ snake_case_name 2*3*4'), [
    {
      kind: 'paragraph',
      parts: [
        { kind: 'bold', parts: [text('bold')] },
        text(' '),
        { kind: 'italic', parts: [text('it')] },
        text(' '),
        { kind: 'strike', parts: [text('gone')] },
        text(' snake_case_name 2*3*4'),
      ],
    },
  ]);
});

test('styles nest, and code keeps its marks', () => {
  assert.deepEqual(parseMarkup('*a _b_* `*c*`'), [
    {
      kind: 'paragraph',
      parts: [
        { kind: 'bold', parts: [text('a '), { kind: 'italic', parts: [text('b')] }] },
        text(' '),
        { kind: 'code', text: '*c*' },
      ],
    },
  ]);
});

test('lists, quotes and monospaced blocks are blocks', () => {
  const blocks = parseMarkup('Buy:\n- milk\n- *eggs*\n> he said\n1. one\n2. two\n```let x = *1*```');
  assert.deepEqual(
    blocks.map(({ kind }) => kind),
    ['paragraph', 'bullets', 'quote', 'numbers', 'pre'],
  );
  assert.deepEqual(blocks.at(-1), { kind: 'pre', text: 'let x = *1*' });
});

test('monospaced words in a line stay in it', () => {
  assert.deepEqual(parseMarkup('Run ```npm start``` now'), [
    { kind: 'paragraph', parts: [text('Run '), { kind: 'mono', text: 'npm start' }, text(' now')] },
  ]);
  const kinds = parseMarkup('Run:\n```a\nb```\nor ```c``` and\n```d```').map(({ kind }) => kind);
  assert.deepEqual(kinds, ['paragraph', 'pre', 'paragraph', 'pre']);
});

test('links end before punctuation, and need no scheme after www', () => {
  assert.equal(firstLink('See https://example.com/a?b=c.'), 'https://example.com/a?b=c');
  assert.equal(firstLink('(www.example.com)'), 'https://www.example.com');
  assert.equal(firstLink('Track: go.shop.example/7k2m9q4x5c8d.'), 'https://go.shop.example/7k2m9q4x5c8d');
  assert.equal(firstLink('example.com, and/or 1.5/2 or a@b.example/x'), undefined);
  assert.equal(firstLink('javascript:alert(1) and mail@example.com'), undefined);
});

test('a text of any shape is parsed, nothing of it lost', () => {
  const random = randomOf('markup');
  const pieces = ['*', '_', '~', '`', '```', '\n', '> ', '- ', '1. ', 'a', ' ', 'www.x.de', 'https://x.de/'];
  for (let run = 0; run < 300; run++) {
    const made = Array.from({ length: 12 }, () => pieces[Math.floor(random() * pieces.length)]).join('');
    assert.ok(JSON.stringify(parseMarkup(made)).replaceAll('"', '').length >= made.replace(/\W/g, '').length, made);
  }
});

test('a summary is one line without marks', () => {
  assert.equal(plainText('*Hello*\n_you_ `x` a*b'), 'Hello you x a*b');
  const words = {
    photo: 'Photo',
    video: '',
    audio: '',
    voice: 'Voice',
    document: '',
    sticker: '',
    location: '',
    contact: '',
    order: '',
    template: '',
    unsupported: 'Unknown',
    removed: '',
  };
  const out = (type: string, payload: unknown) => summaryOf({ direction: 'out', type, payload }, words);
  assert.equal(out('image', { image: { caption: 'Look' } }), 'Look');
  assert.equal(out('audio', { audio: { voice: true } }), 'Voice');
  assert.equal(out('interactive', { interactive: { type: 'button', body: { text: '*Which?*' } } }), 'Which?');
  assert.equal(out('sms', { sms: { from: 'Depot', text: 'Order *7*' } }), 'SMS: Order *7*');
  assert.equal(out('hologram', {}), 'Unknown');
  assert.equal(quotedId({ direction: 'in', type: 'text', payload: { context: { id: 'wamid.1' } } }), 'wamid.1');
  assert.equal(
    quotedId({ direction: 'out', type: 'text', payload: { context: { message_id: 'wamid.2' } } }),
    'wamid.2',
  );
});

test('numbers, sizes and spans are written for people', () => {
  assert.equal(formatNumber('441134960000'), '+44 113 496 0000');
  assert.equal(formatNumber('12025550123'), '+1 202 555 0123');
  assert.equal(formatNumber('35312345678'), '+353 123 456 78');
  assert.equal(formatBytes(1_234_567), '1.2 MB');
  assert.equal(span(23 * 3_600_000 + 59 * 60_000), '23 h 59 min');
  assert.equal(span(65_000), '1:05');
  assert.equal(priceOf('a'), priceOf('a'));
});

test('only the rows in view and a little more are drawn', () => {
  const offsets = offsetsOf(Array.from({ length: 5000 }, () => 50));
  assert.equal(offsets[5000], 250_000);
  assert.equal(rowAt(offsets, 0), 0);
  assert.equal(rowAt(offsets, 249_999), 4999);
  assert.deepEqual(rangeOf(offsets, { top: 100_000, height: 700, spare: 100 }), { start: 1998, end: 2017 });
  assert.deepEqual(rangeOf(offsetsOf([]), { top: 0, height: 700, spare: 100 }), { start: 0, end: 0 });
});
