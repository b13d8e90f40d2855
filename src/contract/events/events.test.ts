import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/property.js';
import { isObject } from '../json.js';
import { eventTypes, inboundFromWire, inboundToReport } from './registry.js';

const base = { from: '441134960001', id: 'wamid.B', timestamp: '1760000000' };
const fragment = {
  phoneNumberId: '106',
  displayPhoneNumber: '441134960000',
  contact: { profile: { name: 'Ana' }, wa_id: '441134960001', user_id: 'HR.1' },
};
const facts = { eventId: 'e-1', to: '441134960000' };

function read(message: Readonly<Record<string, unknown>>) {
  const event = inboundFromWire({ ...fragment, message });
  assert.ok(event !== undefined);
  // What is stored goes through JSON.
  return { event, report: JSON.parse(JSON.stringify(inboundToReport(JSON.parse(JSON.stringify(event)), facts))) };
}

for (const type of eventTypes) {
  test(`${type.type}: reads its example and reports it as ${type.type}`, () => {
    const { event, report } = read({ ...base, ...type.example });
    assert.equal(event.type, type.type);
    assert.equal(event.raw, undefined);
    assert.equal(report.message.type, type.type);
    assert.equal(report.integrationType, 'WHATSAPP');
  });

  test(`${type.type}: becomes UNSUPPORTED when its object is missing or odd`, () => {
    for (const odd of [undefined, null, 7, [], {}]) {
      const message = { ...base, type: type.wireType, [type.wireType]: odd };
      const { event, report } = read(message);
      assert.equal(event.type, 'UNSUPPORTED');
      assert.deepEqual(event.raw, message);
      assert.deepEqual(report.message, { type: 'UNSUPPORTED' });
    }
  });
}

test('reports a text in the shape of Infobip 4.3', () => {
  assert.deepEqual(read({ ...base, type: 'text', text: { body: 'Hi' } }).report, {
    from: '441134960001',
    to: '441134960000',
    integrationType: 'WHATSAPP',
    receivedAt: '2025-10-09T08:53:20.000+0000',
    messageId: 'wamid.B',
    message: { type: 'TEXT', text: 'Hi' },
    price: { pricePerMessage: 0, currency: 'EUR' },
    contact: { name: 'Ana', phoneNumber: '441134960001', userId: 'HR.1' },
    channel: 'WHATSAPP',
    eventId: 'e-1',
  });
});

test('keeps an unknown fragment whole and reports it as UNSUPPORTED with its context', () => {
  const message = {
    ...base,
    type: 'hologram',
    hologram: { depth: 3 },
    context: { from: '441134960000', id: 'wamid.A' },
  };
  const { event, report } = read(message);
  assert.deepEqual(event.raw, message);
  assert.deepEqual(report.message, { type: 'UNSUPPORTED', context: { from: '441134960000', id: 'wamid.A' } });
});

test('names our own message in the context when it was matched, with its callback data', () => {
  const event = inboundFromWire({
    ...fragment,
    message: { ...base, type: 'text', text: { body: 'ok' }, context: { from: '441134960000', id: 'wamid.A' } },
  });
  assert.ok(event !== undefined);
  const report: unknown = JSON.parse(
    JSON.stringify(
      inboundToReport(event, {
        ...facts,
        applicationId: 'crm',
        entityId: 's',
        paired: { messageId: 't-1', callbackData: 'c' },
      }),
    ),
  );
  assert.ok(isObject(report));
  assert.equal(report.pairedMessageId, 't-1');
  assert.equal(report.callbackData, 'c');
  assert.equal(report.applicationId, 'crm');
  assert.deepEqual(report.message, { type: 'TEXT', text: 'ok', context: { from: '441134960000', id: 't-1' } });
});

test('maps a referral and a referred product', () => {
  const { report } = read({
    ...base,
    type: 'text',
    text: { body: 'x' },
    context: { referred_product: { catalog_id: 77, product_retailer_id: 'sku' } },
    referral: {
      source_url: 'https://fb.example',
      source_type: 'ad',
      source_id: '1',
      headline: 'H',
      body: 'B',
      media_type: 'video',
      video_url: 'https://v.example',
      ctwa_clid: 'c',
    },
  });
  assert.deepEqual(report.message, {
    type: 'TEXT',
    text: 'x',
    context: { referredProduct: { catalogId: '77', productRetailerId: 'sku' } },
    referral: {
      sourceType: 'AD',
      sourceId: '1',
      sourceUrl: 'https://fb.example',
      headline: 'H',
      body: 'B',
      referralMedia: { type: 'VIDEO', url: 'https://v.example' },
      ctwaClickId: 'c',
    },
  });
});

test('takes the user id as author when the number is hidden', () => {
  const event = inboundFromWire({
    phoneNumberId: '106',
    message: { id: 'wamid.B', timestamp: 1_760_000_000, from_user_id: 'HR.9', type: 'text', text: { body: 'x' } },
  });
  assert.equal(event?.from, 'HR.9');
  assert.deepEqual(event?.contact, { userId: 'HR.9' });
});

test('takes nothing for a message that lacks id, author or time', () => {
  for (const name of ['id', 'from', 'timestamp']) {
    const message = Object.fromEntries(Object.entries(base).filter(([key]) => key !== name));
    assert.equal(inboundFromWire({ phoneNumberId: '106', message }), undefined, name);
  }
});

test('never throws and always yields a reportable event, whatever the fragment', () => {
  let events = 0;
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('type', 'text', 'context', 'referral', 'from_user_id', 'group_id'), fc.jsonValue()),
      (odd) => {
        const event = inboundFromWire({ ...fragment, message: { ...odd, ...base } });
        assert.ok(event !== undefined);
        JSON.stringify(inboundToReport(event, facts));
        events += 1;
      },
    ),
  );
  assert.ok(events > 0);
});
