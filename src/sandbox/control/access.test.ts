import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { test } from 'node:test';
import { createAccess } from './access.js';

function answer(token: string | undefined, headers: IncomingHttpHeaders, url = '/_sandbox/state'): number | undefined {
  return createAccess(token)({ headers, url })?.httpStatus;
}

test('without a token, only who calls this machine by its own name is let in', () => {
  for (const host of ['localhost:8090', '127.0.0.1:8090', '127.0.0.2', '[::1]:8090', 'phone.localhost:80'])
    assert.equal(answer(undefined, { host }), undefined, host);
  // A page of somebody's whose name leads here is of the same site for the browser.
  for (const host of ['evil.example:8090', '10.0.0.7:8090', '127.0.0.1.evil.example', '', undefined])
    assert.equal(answer(undefined, { host }), 403, host);
});

test('with a token, the name does not matter, and a page of another site is never let in', () => {
  const host = 'box.example';
  assert.equal(answer('sesame', { host, authorization: 'Bearer sesame' }), undefined);
  assert.equal(answer('sesame', { host }, '/_sandbox/events?token=sesame'), undefined);
  assert.equal(answer('sesame', { host, authorization: 'Bearer sesam' }), 401);
  assert.equal(answer('sesame', { host }), 401);
  const headers = { host, authorization: 'Bearer sesame', 'sec-fetch-site': 'cross-site' };
  assert.equal(answer('sesame', headers), 403);
});
