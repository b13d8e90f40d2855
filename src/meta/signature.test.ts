import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { isSignedByMeta } from './signature.js';

const body = Buffer.from('{"object":"whatsapp_business_account","text":"\\u00e9"}');
const sign = (secret: string, bytes = body): string =>
  `sha256=${createHmac('sha256', secret).update(bytes).digest('hex')}`;

test('accepts a body signed with any of the secrets', () => {
  assert.equal(isSignedByMeta(body, sign('old'), ['new', 'old']), true);
  assert.equal(isSignedByMeta(body, sign('new'), ['new', 'old']), true);
  assert.equal(isSignedByMeta(body, sign('new').toUpperCase().replace('SHA256', 'sha256'), ['new']), true);
});

test('refuses another secret, another body, and a missing or malformed header', () => {
  assert.equal(isSignedByMeta(body, sign('other'), ['new', 'old']), false);
  assert.equal(isSignedByMeta(Buffer.concat([body, Buffer.from(' ')]), sign('new'), ['new']), false);
  assert.equal(isSignedByMeta(body, sign('new'), []), false);
  for (const header of [
    undefined,
    '',
    'sha256=',
    sign('new').slice(0, -1),
    `${sign('new')}0`,
    sign('new').slice(7),
    `sha1=${sign('new').slice(7)}`,
  ]) {
    assert.equal(isSignedByMeta(body, header, ['new']), false, header);
  }
});
