import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJson } from './json.js';

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

test('parses what nests 200 deep and refuses what nests deeper, wherever that is', () => {
  assert.deepEqual(parseJson(`{"a":${nested(199)},"b":1}`), JSON.parse(`{"a":${nested(199)},"b":1}`));
  assert.throws(() => parseJson(`{"a":${nested(200)},"b":1}`), SyntaxError);
  assert.throws(() => parseJson(`[1,{"a":${nested(100_000)}}]`), SyntaxError);
  assert.throws(() => parseJson('{"a":'.repeat(201) + '1'.repeat(300) + '}'.repeat(201)), SyntaxError);
});

test('refuses what is no JSON and takes long values that are flat', () => {
  assert.throws(() => parseJson('{'), SyntaxError);
  assert.deepEqual(
    parseJson(JSON.stringify(Array.from({ length: 1_000 }, () => []))),
    Array.from({ length: 1_000 }, () => []),
  );
});
