import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lintTemplate } from './lint.js';

function lint(text: string, category = 'UTILITY', more: object = {}): { errors: string[]; warnings: string[] } {
  const examples = [...text.matchAll(/\{\{/g)].map(() => 'x');
  const body = examples.length === 0 ? { text } : { text, examples };
  const found = lintTemplate({ name: 'a', language: 'en', category, structure: { body, ...more } });
  return { errors: found.errors.map(({ field }) => field), warnings: found.warnings.map(({ field }) => field) };
}

test('says nothing to a template that is right', () => {
  assert.deepEqual(lint('Your order {{1}} left our depot today.'), { errors: [], warnings: [] });
});

test('tells what would be refused by its field', () => {
  assert.deepEqual(lint('{{1}} left our depot.').errors, ['structure.body.text']);
  assert.deepEqual(lintTemplate(null).errors.length > 0, true);
});

test('warns of what is likely to be refused or to become another category', () => {
  assert.deepEqual(lint('Save 20 % on order {{1}} with us today.').warnings, ['structure.body.text']);
  assert.deepEqual(lint('Save 20 % on order {{1}} with us today.', 'MARKETING').warnings, []);
  assert.deepEqual(lint('We moved to another street.').warnings, ['category']);
  assert.deepEqual(lint('Your verification code is {{1}} for today.').warnings, ['category']);
  assert.deepEqual(lint('A {{1}} b {{2}} c {{3}} d.').warnings, ['structure.body.text']);
  const header = { format: 'TEXT', text: '*News* for {{1}}', example: 'you' };
  assert.deepEqual(lint('Hello, it is here.', 'MARKETING', { header }).warnings, ['structure.header.text']);
  const offer = { limitedTimeOffer: { text: 'Now' }, buttons: [{ type: 'COPY_CODE', example: 'MAY10' }] };
  assert.deepEqual(lint('Hello, it is here.', 'MARKETING', offer).warnings, ['structure.buttons']);
  const buttons = [{ type: 'URL', text: 'Open', url: 'https://bit.ly/abc' }];
  assert.deepEqual(lint('Your order {{1}} left our depot today.', 'UTILITY', { buttons }).warnings, [
    'structure.buttons[0].url',
  ]);
});
