// Flow files written for this project: valid ones of every version and component, and wrong ones, each with its one error and where it is.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkFlow } from '../../src/flows/check.js';
import { COMPONENTS } from '../../src/flows/components.js';
import type { FlowError } from '../../src/flows/findings.js';
import { VERSIONS } from '../../src/flows/versions.js';

const CORPUS = fileURLToPath(new URL('../../../test/flows', import.meta.url));

function filesIn(folder: 'valid' | 'invalid'): { name: string; text: string }[] {
  return readdirSync(join(CORPUS, folder))
    .sort()
    .map((file) => ({ name: file.replace(/\.json$/, ''), text: readFileSync(join(CORPUS, folder, file), 'utf8') }));
}

const valid = filesIn('valid');
const invalid = filesIn('invalid');

/** By file: the code, the position (from 1, columns in UTF-16 units, ends inclusive) and the path of its one error. */
const expected = new Map(Object.entries<unknown>(JSON.parse(readFileSync(join(CORPUS, 'expected.json'), 'utf8'))));

function summaryOf({ error, line_start, line_end, column_start, column_end, pointers }: FlowError): object {
  return { error, line_start, line_end, column_start, column_end, path: pointers[0]?.path };
}

test('finds nothing wrong with 40 valid flows or more, of every version, with every component', () => {
  assert.ok(valid.length >= 40, `only ${valid.length} files`);
  for (const { name, text } of valid) assert.deepEqual(checkFlow(text).errors, [], name);
  const all = valid.map(({ text }) => text).join('\n');
  for (const type of COMPONENTS.keys()) assert.ok(all.includes(`"type": "${type}"`), type);
  assert.deepEqual(new Set(valid.map(({ text }) => checkFlow(text).version)), new Set(VERSIONS));
});

test('has an expectation for each of 60 wrong flows or more, and no other', () => {
  assert.ok(invalid.length >= 60, `only ${invalid.length} files`);
  assert.deepEqual(invalid.map(({ name }) => name).sort(), [...expected.keys()].sort());
});

for (const { name, text } of invalid) {
  test(`finds the one error of ${name} where it is`, () => {
    const { errors } = checkFlow(text);
    assert.deepEqual(errors.map(summaryOf), [expected.get(name)]);
    for (const { error_type, message, pointers, ...position } of errors) {
      assert.equal(error_type, 'FLOW_JSON_ERROR');
      assert.match(message, /\.$/);
      assert.equal(pointers.length, 1);
      assert.equal(pointers[0]?.line_start, position.line_start);
    }
  });
}

test('reports several errors in the order of the text', () => {
  const text = readFileSync(join(CORPUS, 'valid', 'version-7-3.json'), 'utf8')
    .replace('"7.3"', '"7.3", "first": 1')
    .replace('"title": "Title"', '"second": 2')
    .replace('"label": "Done"', '"third": 3');
  const found = checkFlow(text).errors.map(({ error, message }) => `${error} ${message}`);
  assert.equal(found.length, 4);
  const [first = '', second = '', third = '', fourth = ''] = found;
  assert.match(first, /Property first/);
  assert.match(second, /Property second/);
  assert.match(third, /MISSING_REQUIRED_TYPE_PROPERTY .*'label'/);
  assert.match(fourth, /Property third/);
});
