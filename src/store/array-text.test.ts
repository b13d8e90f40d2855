import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/property.js';
import { arrayText } from './array-text.js';

/** Reads the text form back, written from PostgreSQL's documentation of array literals. */
function readBack(text: string): (string | null)[] {
  const elements: (string | null)[] = [];
  let i = 1;
  while (text[i] !== '}') {
    if (text[i] === ',') i += 1;
    if (text[i] === '"') {
      let element = '';
      for (i += 1; text[i] !== '"'; i += 1) {
        if (text[i] === '\\') i += 1;
        element += text[i];
      }
      i += 1;
      elements.push(element);
    } else {
      const end = text.slice(i).search(/[,}]/) + i;
      const element = text.slice(i, end);
      elements.push(element === 'NULL' ? null : element);
      i = end;
    }
  }
  assert.equal(i, text.length - 1);
  return elements;
}

test('writes strings so that an array literal gives them back, whatever they hold', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', 'NULL', '"', '\\', '{},'))),
      (strings) => {
        assert.deepEqual(readBack(arrayText(strings)), strings);
      },
    ),
  );
});

test('writes numbers, booleans, null and bytes in their SQL forms', () => {
  assert.equal(arrayText([1, -2.5, true, false, null, Buffer.from([0, 255])]), '{1,-2.5,t,f,NULL,"\\\\x00ff"}');
  assert.equal(arrayText([]), '{}');
  assert.throws(() => arrayText([Number.NaN]), RangeError);
});
