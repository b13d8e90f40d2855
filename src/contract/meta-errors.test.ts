import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorId, errorObject } from './errors.js';
import { errorOf, metaCodes } from './meta-errors.js';
import { statusObject } from './statuses.js';

test('maps every code to an error and a status that exist', () => {
  assert.ok(metaCodes.length > 100);
  for (const code of metaCodes) {
    const { errorId, statusId, retry, waitSeconds } = errorOf(code);
    assert.equal(errorObject(errorId).id, errorId);
    assert.equal(statusObject(statusId).groupId === 2 || statusObject(statusId).groupId === 5, true, String(code));
    assert.equal(waitSeconds > 0, retry === 'wait' || retry === 'lane', String(code));
  }
});

test('names each code once', () => {
  assert.equal(new Set(metaCodes).size, metaCodes.length);
});

test('pauses the lane for whatever every message of the sender would meet', () => {
  for (const code of [0, 3, 4, 10, 104, 190, 200, 250, 299, 368, 80007, 131005, 131031, 131042, 131048, 133010]) {
    assert.equal(errorOf(code).retry, 'lane', String(code));
  }
});

test('retries throttles and outages, and never what would fail again', () => {
  assert.equal(errorOf(2).retry, 'retry');
  assert.equal(errorOf(131016).retry, 'retry');
  assert.equal(errorOf(130429).retry, 'number');
  assert.equal(errorOf(131056).retry, 'pair');
  assert.equal(errorOf(1).retry, 'retry-once');
  for (const code of [100, 131008, 131009, 131026, 131047, 131049, 132001])
    assert.equal(errorOf(code).retry, 'never', String(code));
});

test('says that the recipient is unknown, the window closed or the user opted out in the words of Infobip', () => {
  assert.equal(errorObject(errorOf(131026).errorId).name, 'EC_UNKNOWN_USER');
  assert.equal(errorObject(errorOf(131047).errorId).name, 'EC_NO_SESSION');
  assert.equal(errorObject(errorOf(131050).errorId).name, 'EC_MARKETING_OPT_OUT');
});

test('takes 100 with subcode 33 as a missing number, and 100 alone as a bad request', () => {
  assert.equal(errorOf(100, 33).retry, 'lane');
  assert.equal(errorOf(100, 2494010).retry, 'never');
});

test('gives unknown codes a safe default', () => {
  for (const code of [-1, 999_999, Number.NaN, 300]) assert.equal(errorOf(code).retry, 'retry-once');
});

test('gives error objects in the form of Infobip', () => {
  assert.deepEqual(errorObject(ErrorId.none), {
    groupId: 0,
    groupName: 'OK',
    id: 0,
    name: 'NO_ERROR',
    description: 'No Error',
    permanent: false,
  });
  for (const id of Object.values(ErrorId)) assert.equal(errorObject(id).id, id);
  assert.throws(() => errorObject(1), RangeError);
});
