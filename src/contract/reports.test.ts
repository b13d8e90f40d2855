import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiError, sendAnswer, serviceException } from './answers.js';
import { formatDate } from './dates.js';
import { deliveryResult, inboundEnvelope, reportEnvelope, seenResult } from './reports.js';

const at = Date.UTC(2026, 4, 4, 9, 0, 0, 120);
const facts = {
  eventId: 'e-1',
  messageId: 't-1',
  to: '441134960001',
  from: '441134960000',
  sentAt: at,
  callbackData: 'ord=77',
  applicationId: 'crm',
  entityId: 'shop-3',
};

function json(value: object): unknown {
  return JSON.parse(JSON.stringify(value));
}

test('writes dates with a colon-less offset', () => {
  assert.equal(formatDate(at), '2026-05-04T09:00:00.120+0000');
  assert.throws(() => formatDate(Number.NaN), RangeError);
});

test('reports a delivery in the shape of Infobip 4.1 and its superset', () => {
  assert.deepEqual(json(deliveryResult({ ...facts, doneAt: at + 2887, statusId: 5 })), {
    bulkId: '',
    messageId: 't-1',
    to: '441134960001',
    from: '441134960000',
    sender: '441134960000',
    sentAt: '2026-05-04T09:00:00.120+0000',
    doneAt: '2026-05-04T09:00:03.007+0000',
    messageCount: 1,
    price: { pricePerMessage: 0, currency: 'EUR' },
    status: {
      groupId: 3,
      groupName: 'DELIVERED',
      id: 5,
      name: 'DELIVERED_TO_HANDSET',
      description: 'Message delivered to handset',
    },
    error: { groupId: 0, groupName: 'OK', id: 0, name: 'NO_ERROR', description: 'No Error', permanent: false },
    callbackData: 'ord=77',
    platform: { applicationId: 'crm', entityId: 'shop-3' },
    applicationId: 'crm',
    entityId: 'shop-3',
    channel: 'WHATSAPP',
    eventId: 'e-1',
  });
});

test("shows Meta's own code beside the error of a failure, and no platform when none was given", () => {
  const failure = {
    eventId: 'e',
    messageId: 'm',
    to: '1',
    from: '2',
    sentAt: at,
    doneAt: at,
    statusId: 9,
    errorId: 7002,
    metaCode: 131026,
  };
  const result = json(deliveryResult(failure));
  assert.ok(typeof result === 'object' && result !== null);
  assert.deepEqual(Reflect.get(result, 'error'), {
    groupId: 1,
    groupName: 'HANDSET_ERRORS',
    id: 7002,
    name: 'EC_UNKNOWN_USER',
    description: 'Recipient cannot be reached on WhatsApp',
    permanent: true,
    metaCode: 131026,
  });
  assert.equal('platform' in result || 'callbackData' in result || 'mccMnc' in result, false);
});

test('reports a read from the end user to the sender', () => {
  assert.deepEqual(json(seenResult({ ...facts, seenAt: at + 70_000 })), {
    messageId: 't-1',
    from: '441134960001',
    to: '441134960000',
    sentAt: '2026-05-04T09:00:00.120+0000',
    seenAt: '2026-05-04T09:01:10.120+0000',
    callbackData: 'ord=77',
    applicationId: 'crm',
    entityId: 'shop-3',
    channel: 'WHATSAPP',
    eventId: 'e-1',
  });
});

test('wraps results in the envelope of their kind', () => {
  assert.deepEqual(JSON.parse(reportEnvelope(['{"a":1}', '{"a":2}'])), { results: [{ a: 1 }, { a: 2 }] });
  assert.deepEqual(JSON.parse(inboundEnvelope(['{"a":1}'], 4)), {
    results: [{ a: 1 }],
    messageCount: 1,
    pendingMessageCount: 4,
  });
});

test('answers a send with its status', () => {
  assert.deepEqual(json(sendAnswer('1', 'm', 11)), {
    to: '1',
    messageCount: 1,
    messageId: 'm',
    status: {
      groupId: 5,
      groupName: 'REJECTED',
      id: 11,
      name: 'REJECTED_SOURCE',
      description: 'Sender is not registered on this account',
      action: 'Send from a sender of this account.',
    },
  });
});

test('writes both error envelopes', () => {
  assert.deepEqual(serviceException(400, { validationErrors: { 'content.text': ['must not be blank'] } }), {
    requestError: {
      serviceException: {
        messageId: 'BAD_REQUEST',
        text: 'Bad request',
        validationErrors: { 'content.text': ['must not be blank'] },
      },
    },
  });
  assert.deepEqual(serviceException(401), {
    requestError: { serviceException: { messageId: 'UNAUTHORIZED', text: 'Unauthorized' } },
  });
  assert.deepEqual(apiError(400, { description: 'No.', action: 'Fix.', violations: { name: ['a', 'b'] } }), {
    errorCode: 'E400',
    description: 'No.',
    action: 'Fix.',
    violations: [
      { property: 'name', violation: 'a' },
      { property: 'name', violation: 'b' },
    ],
    resources: [],
  });
});
