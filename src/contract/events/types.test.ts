import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isObject } from '../json.js';
import type { InboundFacts } from './envelope.js';
import { eventTypes, inboundFromWire, inboundToReport, mediaOfInbound } from './registry.js';
import { isSystem, systemFromWire } from './system.js';

const base = { from: '441134960001', id: 'wamid.B', timestamp: '1760000000' };
const media = { id: '77', mime_type: 'image/jpeg', sha256: 'aGFzaA==' };
const URL = 'https://parley.example/whatsapp/1/senders/441134960000/media/m-1';

function read(fragment: Readonly<Record<string, unknown>>, facts: Partial<InboundFacts> = {}): unknown {
  const event = inboundFromWire({ phoneNumberId: '106', message: { ...base, ...fragment } });
  assert.ok(event !== undefined);
  const stored: typeof event = JSON.parse(JSON.stringify(event));
  const report: unknown = JSON.parse(
    JSON.stringify(inboundToReport(stored, { eventId: 'e-1', to: '441134960000', ...facts })),
  );
  assert.ok(isObject(report));
  return report.message;
}

/** What Meta sends, and Infobip's `message` of it. */
const CASES: readonly [string, Readonly<Record<string, unknown>>, unknown][] = [
  ['an image', { type: 'image', image: { ...media, caption: 'hi' } }, { type: 'IMAGE', url: URL, caption: 'hi' }],
  ['a video', { type: 'video', video: media }, { type: 'VIDEO', url: URL }],
  ['an audio file', { type: 'audio', audio: { ...media, voice: false } }, { type: 'AUDIO', url: URL }],
  ['a voice message', { type: 'audio', audio: { ...media, voice: true } }, { type: 'VOICE', url: URL }],
  [
    'a document',
    { type: 'document', document: { ...media, filename: 'a.pdf', caption: 'c' } },
    { type: 'DOCUMENT', url: URL, caption: 'c' },
  ],
  ['a sticker', { type: 'sticker', sticker: { ...media, animated: true } }, { type: 'STICKER', url: URL }],
  [
    'a bare location',
    { type: 'location', location: { latitude: 1.5, longitude: -2 } },
    { type: 'LOCATION', latitude: 1.5, longitude: -2 },
  ],
  [
    'a chosen place',
    { type: 'location', location: { latitude: 1, longitude: 2, name: 'N', address: 'A', url: 'https://u.example' } },
    { type: 'LOCATION', latitude: 1, longitude: 2, name: 'N', address: 'A', url: 'https://u.example' },
  ],
  [
    'a contact card',
    {
      type: 'contacts',
      contacts: [
        {
          name: { formatted_name: 'Iva K', first_name: 'Iva', prefix: 'Dr' },
          addresses: [{ street: 'S', country_code: 'HR', type: 'Home' }],
          phones: [{ phone: '+1', wa_id: '1', type: 'CELL' }],
          org: { company: 'C' },
          emails: [{ email: 'i@k.example', type: 'Work' }],
          urls: [{ url: 'https://k.example', type: 'Work' }],
          birthday: '1988-02-29',
        },
      ],
    },
    {
      type: 'CONTACT',
      contacts: [
        {
          name: { formattedName: 'Iva K', firstName: 'Iva', namePrefix: 'Dr' },
          addresses: [{ street: 'S', countryCode: 'HR', type: 'Home' }],
          phones: [{ phone: '+1', waId: '1', type: 'CELL' }],
          org: { company: 'C' },
          emails: [{ email: 'i@k.example', type: 'Work' }],
          urls: [{ url: 'https://k.example', type: 'Work' }],
          birthday: '1988-02-29',
        },
      ],
    },
  ],
  [
    'a quick reply of a template',
    { type: 'button', button: { text: 'Stop', payload: 'stop77' }, context: { from: '1', id: 'wamid.A' } },
    { type: 'BUTTON', text: 'Stop', payload: 'stop77', context: { from: '1', id: 'wamid.A' } },
  ],
  [
    'a reply button',
    { type: 'interactive', interactive: { type: 'button_reply', button_reply: { id: 'y', title: 'Yes' } } },
    { type: 'INTERACTIVE_BUTTON_REPLY', id: 'y', title: 'Yes' },
  ],
  [
    'a row of a list',
    {
      type: 'interactive',
      interactive: { type: 'list_reply', list_reply: { id: 'r', title: 'R', description: 'D' } },
    },
    { type: 'INTERACTIVE_LIST_REPLY', id: 'r', title: 'R', description: 'D' },
  ],
  [
    'a completed Flow',
    {
      type: 'interactive',
      interactive: { type: 'nfm_reply', nfm_reply: { body: 'Sent', response_json: '{"flow_token":"t","n":[1]}' } },
    },
    { type: 'INTERACTIVE_FLOW_REPLY', text: 'Sent', response: { flow_token: 't', n: [1] } },
  ],
  [
    'a Flow whose JSON is broken',
    { type: 'interactive', interactive: { type: 'nfm_reply', nfm_reply: { body: 'Sent', response_json: '{' } } },
    { type: 'INTERACTIVE_FLOW_REPLY', text: 'Sent' },
  ],
  [
    'a Flow whose JSON nests too deep',
    {
      type: 'interactive',
      interactive: {
        type: 'nfm_reply',
        nfm_reply: { body: 'Sent', response_json: `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}` },
      },
    },
    { type: 'INTERACTIVE_FLOW_REPLY', text: 'Sent' },
  ],
  [
    'a permission to call for some days',
    {
      type: 'interactive',
      interactive: {
        type: 'call_permission_reply',
        call_permission_reply: { response: 'accept', expiration_timestamp: '1760000000' },
      },
    },
    {
      type: 'INTERACTIVE_CALL_PERMISSION_REPLY',
      callPermissionReply: { response: 'ACCEPT', expirationTimestamp: '2025-10-09T08:53:20.000+0000' },
    },
  ],
  [
    'a refusal of calls',
    {
      type: 'interactive',
      interactive: { type: 'call_permission_reply', call_permission_reply: { response: 'reject' } },
    },
    { type: 'INTERACTIVE_CALL_PERMISSION_REPLY', callPermissionReply: { response: 'REJECT' } },
  ],
  [
    'a captured payment',
    {
      type: 'payment',
      payment: {
        reference_id: 'r',
        amount: { value: 900, offset: 100 },
        currency: 'INR',
        transaction: { id: 'tx', pg_transaction_id: 'pg', type: 'upi', status: 'success' },
      },
    },
    {
      type: 'INTERACTIVE_PAYMENT_CONFIRMATION',
      referenceId: 'r',
      paymentId: 'pg',
      status: 'SUCCESS',
      currency: 'INR',
      totalAmount: { value: 900, offset: 100 },
      transactionId: 'tx',
      transactionType: 'UPI',
    },
  ],
  [
    'an order',
    {
      type: 'order',
      order: {
        catalog_id: '7',
        text: 'x',
        product_items: [{ product_retailer_id: 's', quantity: '2', item_price: 9.5, currency: 'EUR' }],
      },
    },
    {
      type: 'ORDER',
      catalogId: '7',
      text: 'x',
      productItems: [{ currency: 'EUR', itemPrice: 9.5, productRetailerId: 's', quantity: 2 }],
    },
  ],
  [
    'a reaction',
    { type: 'reaction', reaction: { message_id: 'wamid.A', emoji: '👍' } },
    { type: 'REACTION', emoji: '👍', action: 'ADDED', context: { id: 'wamid.A' } },
  ],
  [
    'a reaction taken off, without emoji',
    { type: 'reaction', reaction: { message_id: 'wamid.A' } },
    { type: 'REACTION', action: 'REMOVED', context: { id: 'wamid.A' } },
  ],
  [
    'a reaction taken off, with an empty emoji',
    { type: 'reaction', reaction: { message_id: 'wamid.A', emoji: '' } },
    { type: 'REACTION', action: 'REMOVED', context: { id: 'wamid.A' } },
  ],
  [
    'a forwarded text',
    { type: 'text', text: { body: 'x' }, context: { forwarded: true } },
    { type: 'TEXT', text: 'x', context: { forwarded: true } },
  ],
  [
    'a reply that was forwarded often, in a group',
    {
      type: 'text',
      group_id: 'G',
      text: { body: 'x' },
      context: { id: 'wamid.A', forwarded: true, frequently_forwarded: true },
    },
    {
      type: 'TEXT',
      text: 'x',
      context: { id: 'wamid.A', groupId: 'G', forwarded: true, frequentlyForwarded: true },
    },
  ],
  [
    'a poll',
    { type: 'unsupported', unsupported: { type: 'poll' }, errors: [{ code: 131051 }] },
    { type: 'UNSUPPORTED' },
  ],
  ['the legacy unknown', { type: 'unknown', errors: [{ code: 501 }] }, { type: 'UNSUPPORTED' }],
  ['an edit', { type: 'edit', edit: { original_message_id: 'wamid.A', message: {} } }, { type: 'UNSUPPORTED' }],
  ['a revoked message', { type: 'revoke', revoke: { original_message_id: 'wamid.A' } }, { type: 'UNSUPPORTED' }],
  ['an opened chat', { type: 'request_welcome' }, { type: 'UNSUPPORTED' }],
  ['media that Meta could not take', { type: 'image', errors: [{ code: 131052 }] }, { type: 'UNSUPPORTED' }],
  [
    'an interactive kind of the future',
    { type: 'interactive', interactive: { type: 'dream_reply', dream_reply: { id: 'x' } } },
    { type: 'UNSUPPORTED' },
  ],
  [
    'an order with an odd item',
    { type: 'order', order: { catalog_id: '7', product_items: [{}] } },
    { type: 'UNSUPPORTED' },
  ],
];

for (const [name, fragment, expected] of CASES) {
  test(`reports ${name} as Infobip does`, () => {
    const event = inboundFromWire({ phoneNumberId: '106', message: { ...base, ...fragment } });
    const hasFile = event !== undefined && mediaOfInbound(event) !== undefined;
    assert.deepEqual(read(fragment, hasFile ? { media: { url: URL } } : {}), expected);
  });
}

test('the cases name every registered type', () => {
  const named = new Set(CASES.map(([, , expected]) => (isObject(expected) ? expected.type : undefined)));
  assert.deepEqual(
    eventTypes.map(({ type }) => type).filter((type) => !named.has(type)),
    [],
  );
});

test('reports an infected file as INFECTED_CONTENT without url and caption, context and referral kept', () => {
  const fragment = {
    type: 'document',
    document: { ...media, caption: 'open me' },
    context: { id: 'wamid.A' },
    referral: { source_url: 'https://fb.example', source_type: 'post', source_id: '1' },
  };
  assert.deepEqual(read(fragment, { media: { malware: 'Eicar' } }), {
    type: 'INFECTED_CONTENT',
    malware: 'Eicar',
    context: { id: 'wamid.A' },
    referral: { sourceType: 'POST', sourceId: '1', sourceUrl: 'https://fb.example' },
  });
});

test('names the file of each type that has one, and of no other', () => {
  for (const type of eventTypes) {
    const event = inboundFromWire({ phoneNumberId: '106', message: { ...base, ...type.example } });
    assert.ok(event !== undefined);
    assert.equal(mediaOfInbound(event) !== undefined, type.isMedia === true, type.type);
  }
});

test('refuses a media id that could lead elsewhere in Graph', () => {
  assert.deepEqual(read({ type: 'image', image: { ...media, id: '../me?fields=x' } }), { type: 'UNSUPPORTED' });
});

test("hands on the user's identity when Meta names it", () => {
  const message = {
    ...base,
    type: 'text',
    text: { body: 'x' },
    identity: { acknowledged: true, created_timestamp: '1760000000', hash: 'Qx1=' },
  };
  const event = inboundFromWire({ phoneNumberId: '106', message });
  assert.deepEqual(event?.identity, {
    acknowledged: true,
    hash: 'Qx1=',
    createdAt: '2025-10-09T08:53:20.000+0000',
  });
});

test('brings the system messages of all ages into one shape', () => {
  const facts = { wamid: 'wamid.S', phoneNumberId: '106', at: 1_760_000_000_000 };
  for (const key of ['wa_id', 'new_wa_id']) {
    const message = { ...base, type: 'system', system: { type: 'user_changed_number', body: 'b', [key]: '44113' } };
    assert.ok(isSystem(message));
    const { kind, user, newNumber, description } = systemFromWire(message, facts);
    assert.deepEqual([kind, user, newNumber, description], ['user_changed_number', base.from, '44113', 'b']);
  }
  const identity = { acknowledged: false, created_timestamp: 1_760_000_000, hash: 'Qx1=' };
  const changed = { ...base, type: 'system', system: { type: 'customer_identity_changed' }, identity };
  assert.equal(systemFromWire(changed, facts).kind, 'user_identity_changed');
  assert.equal(systemFromWire(changed, facts).hash, 'Qx1=');
  const system = { type: 'user_changed_user_id', user_id: 'HR.2', previous_user_id: 'HR.1' };
  const { userId, previousUserId } = systemFromWire({ ...base, type: 'system', system }, facts);
  assert.deepEqual([userId, previousUserId], ['HR.2', 'HR.1']);
});
