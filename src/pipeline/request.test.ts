import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../meta/address.js';
import type { LaneMessage } from '../store/lanes.js';
import { writeEnvelope } from './envelope.js';
import { metaRequest } from './request.js';

const MESSAGE: LaneMessage = {
  lane: 1,
  seq: 1,
  day: 20_240_229,
  id: '018f3c5e-7b1a-7000-8000-0123456789ab',
  recipient: '441134960001',
  type: 'TEXT',
  content: '{"text":"Hello"}',
  envelope: null,
  acceptedAt: 0,
};

test('asks Meta for what was asked of us, with the address that statuses bring back', () => {
  assert.deepEqual(JSON.parse(metaRequest(MESSAGE, 3)), {
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to: '441134960001',
    type: 'text',
    text: { body: 'Hello' },
    biz_opaque_callback_data: 'p1:20240229:018f3c5e-7b1a-7000-8000-0123456789ab:3',
  });
});

test('every attempt has an address of its own, which leads back to the message', () => {
  const { biz_opaque_callback_data: address } = JSON.parse(metaRequest(MESSAGE, 2));
  assert.deepEqual(parseAddress(address), { day: '20240229', id: MESSAGE.id, attempt: 2 });
});

test('quotes the message that was replied to', () => {
  const body = JSON.parse(metaRequest({ ...MESSAGE, envelope: writeEnvelope({ replyTo: 'wamid.X' }) }, 1));
  assert.deepEqual(body.context, { message_id: 'wamid.X' });
});

test('a user id goes to Meta as a recipient', () => {
  const body = JSON.parse(metaRequest({ ...MESSAGE, recipient: 'GB.1a2b' }, 1));
  assert.equal(body.recipient, 'GB.1a2b');
  assert.equal(body.to, undefined);
});

test('content of a type that nobody knows is a bug, not a request', () => {
  assert.throws(() => metaRequest({ ...MESSAGE, type: 'SMELL' }, 1), TypeError);
  assert.throws(() => metaRequest({ ...MESSAGE, content: '{"nothing":1}' }, 1), TypeError);
});
