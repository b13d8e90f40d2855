import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeToAscii } from './updates.js';

test('writes every unit outside ASCII as a lower-case escape and changes no value', () => {
  const value = { text: 'Zoë 😀 \u0080\uffff\ud800 ~', ключ: ['ÿ'] };
  const text = escapeToAscii(JSON.stringify(value));
  assert.match(text, /^[\x20-\x7e]*$/);
  assert.ok(text.includes('\\u00eb \\ud83d\\ude00'));
  assert.deepEqual(JSON.parse(text), value);
});
