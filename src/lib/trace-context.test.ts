import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/property.js';
import { formatTraceparent, readTraceparent } from './trace-context.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

test('reads every traceparent that it writes', () => {
  const hex = (length: number) =>
    fc
      .array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length })
      .map((digits) => digits.join(''))
      .filter((text) => !/^0+$/.test(text));
  fc.assert(
    fc.property(hex(32), hex(16), fc.boolean(), (traceId, spanId, isSampled) => {
      const context = { traceId, spanId, isSampled };
      assert.deepEqual(readTraceparent(formatTraceparent(context)), context);
    }),
  );
});

test('reads what a later version says of the same, and flags that it does not know', () => {
  const read = { traceId: TRACE, spanId: SPAN, isSampled: true };
  assert.deepEqual(readTraceparent(`00-${TRACE}-${SPAN}-03`), read);
  assert.deepEqual(readTraceparent(` 00-${TRACE}-${SPAN}-01 `), read);
  assert.deepEqual(readTraceparent(`01-${TRACE}-${SPAN}-01-more-of-it`), read);
  assert.deepEqual(readTraceparent(`cc-${TRACE}-${SPAN}-00`), { ...read, isSampled: false });
});

test('ignores what is no traceparent', () => {
  const others = [
    undefined,
    '',
    [`00-${TRACE}-${SPAN}-01`],
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `01-${TRACE}-${SPAN}-01more`,
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-0`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
    `01-${TRACE}-${SPAN}-01-${'x'.repeat(600)}`,
  ];
  for (const header of others) assert.equal(readTraceparent(header), undefined, String(header));
});
