// The bodies of events beside messages and statuses (Infobip 4.4).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/property.js';
import { EVENT_KINDS } from '../routes.js';
import { noticeToReport } from './notice.js';
import { noticesFromWire, noticeTypes } from './registry.js';

const AT = Date.parse('2026-01-01T00:00:00Z');

function toldOf(event: keyof typeof EVENT_KINDS): unknown {
  const example = noticeTypes.find((type) => type.event === event)?.example;
  assert.ok(example);
  const [notice] = noticesFromWire(example.field, example.value, AT);
  assert.ok(notice);
  assert.equal(notice.kind, EVENT_KINDS[event]);
  const body = JSON.stringify(notice.body);
  const facts = { eventId: 'e', sender: '441134960000', applicationId: 'crm', entityId: null, body };
  return JSON.parse(noticeToReport(facts));
}

const around = { from: '441134960000', applicationId: 'crm', eventId: 'e' };

test('a payment’s status has Infobip’s fields, its data for the caller and its transaction', () => {
  assert.deepEqual(toldOf('PAYMENT_STATUS'), {
    ...around,
    content: {
      from: '441134960001',
      type: 'payment',
      referenceId: 'order-7',
      paymentId: 'pg-1',
      paymentStatus: 'CAPTURED',
      currency: 'INR',
      totalAmountValue: 1500,
      totalAmountOffset: 100,
      callbackData: { ticket: '7' },
      transactions: [
        {
          id: 'tx-1',
          type: 'UPI',
          status: 'SUCCESS',
          createdTimestamp: '2025-12-31T23:59:58.000+0000',
          updatedTimestamp: '2025-12-31T23:59:58.000+0000',
        },
      ],
    },
    createdAt: '2026-01-01T00:00:00.000+0000',
  });
});

test('a stop of marketing and a change of identity have Infobip’s fields', () => {
  const { meta, ...stop } = Object(toldOf('MARKETING_SUBSCRIPTION_UPDATE'));
  assert.equal(meta.value, 'stop');
  assert.deepEqual(stop, {
    ...around,
    content: {
      sender: '441134960000',
      from: '441134960001',
      notificationMessagesStatus: 'stop',
      description: 'User requested to stop marketing messages',
    },
    createdAt: '2026-01-01T00:00:00.000+0000',
  });
  assert.deepEqual(toldOf('IDENTITY_CHANGE'), {
    ...around,
    content: {
      type: 'user_identity_changed',
      userNumber: '441134960001',
      hash: 'Qx1=',
      description: 'Security code changed',
    },
    createdAt: '2026-01-01T00:00:00.000+0000',
  });
});

test('events whose body is not published say which they are and keep Meta’s JSON beside', () => {
  for (const type of noticeTypes) {
    const [notice, ...more] = noticesFromWire(type.example.field, type.example.value, AT);
    assert.equal(notice?.kind, EVENT_KINDS[type.event], type.event);
    assert.deepEqual(more, [], `${type.event} is one event`);
    const text = JSON.stringify(notice?.body);
    if (text.includes('eventType')) assert.match(text, new RegExp(`"eventType":"${type.event}"`));
  }
  assert.match(JSON.stringify(toldOf('ACCOUNT_REGISTRATION')), /"meta":\{"event":"PARTNER_ADDED"/);
});

test('system messages that change no identity, and fields of others, are told to nobody', () => {
  assert.deepEqual(noticesFromWire('messages.system', { kind: 'user_changed_number' }, AT), []);
  assert.deepEqual(noticesFromWire('flows', { event: 'FLOW_STATUS_CHANGE' }, AT), []);
});

test('no JSON under any field makes it throw, or a body that cannot be written', () => {
  const fields = noticeTypes.flatMap((type) => type.fields);
  fc.assert(
    fc.property(fc.constantFrom(...fields), fc.object({ maxDepth: 4 }), (field, value) => {
      for (const { body } of noticesFromWire(field, value, AT)) JSON.stringify(body);
    }),
  );
});
