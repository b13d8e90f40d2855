import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/property.js';
import { countParts, toSms } from './text.js';

const CASES: [what: string, text: string, coding: string, sizes: number[]][] = [
  ['160 GSM characters are one message', 'a'.repeat(160), 'gsm7', [160]],
  ['161 are two of 153 and 8', 'a'.repeat(161), 'gsm7', [153, 8]],
  ['306 are two', 'a'.repeat(306), 'gsm7', [153, 153]],
  ['307 are three', 'a'.repeat(307), 'gsm7', [153, 153, 1]],
  ['a euro sign takes two septets', '€'.repeat(80), 'gsm7', [160]],
  ['81 of them are two messages, none split', '€'.repeat(81), 'gsm7', [152, 10]],
  ['70 other characters are one message', 'ж'.repeat(70), 'ucs2', [140]],
  ['71 are two of 67 and 4', 'ж'.repeat(71), 'ucs2', [134, 8]],
  ['one foreign character makes the whole text UCS-2', `${'a'.repeat(70)}ж`, 'ucs2', [134, 8]],
  ['an emoji takes two units and is never split', '😀'.repeat(36), 'ucs2', [132, 12]],
];

for (const [what, text, coding, sizes] of CASES) {
  test(what, () => {
    const sms = toSms(text);
    assert.equal(sms.coding, coding);
    assert.deepEqual(
      sms.parts.map((part) => part.length),
      sizes,
    );
    assert.equal(countParts(text), sizes.length);
  });
}

test('knows the places of the GSM alphabet', () => {
  assert.deepEqual([...(toSms('@Δ_¡à[').parts[0] ?? [])], [0x00, 0x10, 0x11, 0x40, 0x7f, 0x1b, 0x3c]);
});

test('the parts of a text that is not of the GSM alphabet are the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 400 }), (text) => {
      const { parts } = toSms(`${text}ж`);
      const swapped = parts.map((part) => Buffer.from(part).swap16().toString('utf16le'));
      assert.equal(swapped.join(''), `${text}ж`);
      assert.ok(parts.length === 1 || parts.every((part) => part.length <= 134));
    }),
  );
});
