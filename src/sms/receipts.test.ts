import assert from 'node:assert/strict';
import { test } from 'node:test';
import { otherFormsOf, parseReceipt } from './receipts.js';

const NONE = { id: undefined, state: undefined };

test('reads the text that SMSCs write', () => {
  const text =
    'id:0123abc sub:001 dlvrd:001 submit date:2601011200 done date:2601011201 stat:DELIVRD err:000 text:Your order';
  assert.deepEqual(parseReceipt(text, NONE), { id: '0123abc', outcome: 'delivered', detail: 'DELIVRD 000' });
  assert.deepEqual(parseReceipt('id:7 stat:UNDELIV err:02c', NONE), {
    id: '7',
    outcome: 'failed',
    detail: 'UNDELIV 02c',
  });
  assert.equal(parseReceipt('id:7 stat:EXPIRED', NONE)?.outcome, 'expired');
});

test('fields win over the text', () => {
  assert.deepEqual(parseReceipt('id:1 stat:UNDELIV', { id: '9', state: 2 }), {
    id: '9',
    outcome: 'delivered',
    detail: 'DELIVRD',
  });
});

test('what is under way is not final, and what names nothing is none', () => {
  assert.equal(parseReceipt('id:1 stat:ENROUTE', NONE), null);
  assert.equal(parseReceipt('id:1 stat:ACCEPTD', NONE), null);
  assert.equal(parseReceipt('hello', NONE), undefined);
  assert.equal(parseReceipt('stat:DELIVRD', NONE), undefined);
});

test('an id is known in the other of hexadecimal and decimal, with zeros or without', () => {
  const finds = (receipt: string, submitted: string) => otherFormsOf(receipt).includes(submitted);
  assert.ok(finds('6699', '1a2b') && finds('6699', '1A2B') && finds('6699', '00001A2B') && finds('0000006699', '1a2b'));
  assert.ok(finds('1A2B', '6699') && finds('1a2b', '0000006699') && finds('1A2B', '1a2b'));
  assert.ok(!otherFormsOf('1A2B').includes('1A2B'));
  assert.deepEqual(otherFormsOf('not-a-number'), []);
  assert.ok(otherFormsOf('12').length <= 20);
});
