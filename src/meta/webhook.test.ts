import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/property.js';
import { inboundFromWire } from '../contract/events/registry.js';
import { objectAt } from '../contract/json.js';
import { parseWebhook } from './webhook.js';

const metadata = { display_phone_number: '441134960000', phone_number_id: '106' };
const sent = {
  id: 'wamid.C',
  status: 'sent',
  timestamp: '1760000005',
  recipient_id: '441134960001',
  biz_opaque_callback_data: 'p1:x',
};
const text = { from: '441134960001', id: 'wamid.B', timestamp: '1760000000', type: 'text', text: { body: 'Hi' } };
const contacts = [{ profile: { name: 'Ana' }, wa_id: '441134960001' }];

function webhook(...values: object[]): object {
  return {
    object: 'whatsapp_business_account',
    entry: values.map((value) => ({ id: '1020', changes: [{ field: 'messages', value }] })),
  };
}

test('reads a status with everything that travels with it', () => {
  const pricing = { billable: true, category: 'service' };
  assert.deepEqual(parseWebhook(webhook({ metadata, statuses: [{ ...sent, pricing }] })), [
    {
      kind: 'status',
      phoneNumberId: '106',
      wamid: 'wamid.C',
      status: 'sent',
      at: 1_760_000_005_000,
      recipient: '441134960001',
      bizOpaque: 'p1:x',
      error: undefined,
      pricing,
    },
  ]);
});

test('reads the error of a failed status, in the older form without details too', () => {
  const failed = { ...sent, status: 'failed' };
  const events = parseWebhook(
    webhook({
      metadata,
      statuses: [
        {
          ...failed,
          errors: [{ code: 131026, title: 'Undeliverable', message: 'Undeliverable', error_data: { details: 'why' } }],
        },
        { ...failed, errors: [{ code: '131047', title: 'Re-engagement', href: 'x' }] },
        failed,
      ],
    }),
  );
  assert.deepEqual(
    events.map((event) => (event.kind === 'status' ? event.error : event)),
    [
      { code: 131026, title: 'Undeliverable', details: 'why' },
      { code: 131047, title: 'Re-engagement', details: undefined },
      undefined,
    ],
  );
});

test('reads every entry, change, message and status of a batch, in order', () => {
  const body = {
    entry: [
      {
        id: '1',
        changes: [
          { field: 'messages', value: { metadata, statuses: [sent, { ...sent, status: 'read' }] } },
          { field: 'account_update', value: { event: 'X' } },
        ],
      },
      {
        id: '2',
        changes: [{ field: 'messages', value: { metadata, contacts, messages: [text, { ...text, id: 'wamid.D' }] } }],
      },
    ],
  };
  assert.deepEqual(
    parseWebhook(body).map((event) =>
      event.kind === 'status' ? event.status : event.kind === 'inbound' ? event.wamid : event.kind,
    ),
    ['sent', 'read', 'other', 'wamid.B', 'wamid.D'],
  );
});

test('gives a message its own contact, ready to be stored', () => {
  const two = [{ profile: { name: 'Bo' }, wa_id: '441134960002' }, ...contacts];
  const [event] = parseWebhook(webhook({ metadata, contacts: two, messages: [text] }));
  assert.ok(event?.kind === 'inbound');
  assert.equal(inboundFromWire(event)?.contact.name, 'Ana');
  assert.equal(event.at, 1_760_000_000_000);
});

test('costs the rest of a batch nothing when one element is odd', () => {
  const events = parseWebhook(
    webhook(
      { metadata, statuses: [null, 7, {}, { ...sent, timestamp: 'soon' }, { ...sent, id: 'a\0b' }, sent] },
      { metadata, messages: ['x', { ...text, from: undefined }, text], contacts: [] },
    ),
  );
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['malformed', 'malformed', 'malformed', 'malformed', 'malformed', 'status', 'malformed', 'malformed', 'inbound'],
  );
});

test("takes the payload of the dashboard's Test button", () => {
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '16505551111', phone_number_id: '123456123' },
    contacts: [{ profile: { name: 'test user name' }, wa_id: '16315551181' }],
    messages: [
      {
        from: '16315551181',
        id: 'ABGGFlA5Fpa',
        timestamp: '1504902988',
        type: 'text',
        text: { body: 'this is a text message' },
      },
    ],
  };
  const [event] = parseWebhook({
    object: 'whatsapp_business_account',
    entry: [{ id: '0', changes: [{ field: 'messages', value }] }],
  });
  assert.ok(event?.kind === 'inbound');
  assert.equal(event.phoneNumberId, '123456123');
  assert.equal(event.wamid, 'ABGGFlA5Fpa');
});

test('keeps account errors, payment statuses and other fields as other', () => {
  const payment = { ...sent, type: 'payment', status: 'captured' };
  const events = parseWebhook(
    webhook({ metadata, errors: [{ code: 130429 }] }, { metadata, statuses: [payment] }, { metadata }),
  );
  assert.deepEqual(
    events.map((event) => (event.kind === 'other' ? event.field : event.kind)),
    ['messages', 'messages.payment', 'messages'],
  );
});

test('makes a captured payment a message of the payer that quotes the order, beside keeping the status', () => {
  const payment = { reference_id: 'r', transaction: { id: 't' } };
  const statuses = ['pending', 'captured', 'failed'].map((status) => ({ ...sent, type: 'payment', status, payment }));
  const events = parseWebhook(webhook({ metadata, statuses }));
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['other', 'other', 'inbound', 'other'],
  );
  const message = events.flatMap((event) => (event.kind === 'inbound' ? [event.message] : []))[0];
  assert.deepEqual([message?.id, message?.from, message?.type], [sent.id, sent.recipient_id, 'payment']);
  assert.equal(objectAt(message, 'context')?.id, sent.id);
});

test('calls an alien body malformed', () => {
  for (const body of [
    null,
    1,
    'x',
    [],
    {},
    { entry: {} },
    { entry: [] },
    { entry: [null] },
    { entry: [{ changes: [1] }] },
  ]) {
    assert.deepEqual(
      parseWebhook(body).map(({ kind }) => kind),
      ['malformed'],
    );
  }
});

test('never throws and always finds the good status beside whatever else is there', () => {
  const odd = fc.oneof(
    fc.jsonValue(),
    fc.dictionary(fc.constantFrom('id', 'timestamp', 'from', 'status', 'errors'), fc.jsonValue()),
  );
  fc.assert(
    fc.property(fc.array(odd), odd, (elements, oddContacts) => {
      const events = parseWebhook(
        webhook({ metadata, contacts: oddContacts, messages: elements, statuses: [...elements, sent] }),
      );
      assert.ok(events.some((event) => event.kind === 'status' && event.wamid === 'wamid.C'));
      assert.ok(events.length >= 2 * elements.length + 1);
    }),
  );
});
