import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFields } from './fields.js';

test('reads names up to braces, dots and parentheses, once each, with id', () => {
  assert.deepEqual(parseFields('name,health_status{entities{id,errors}}, quality.score ,name,x.limit(2){a,b}'), [
    'name',
    'health_status',
    'quality',
    'x',
    'id',
  ]);
  assert.equal(parseFields(' '), undefined);
  assert.equal(parseFields(undefined), undefined);
});
