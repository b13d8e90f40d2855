import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventTypes, inboundFromWire, inboundToReport } from './events/registry.js';
import { isObject, itemsAt, type JsonObject } from './json.js';
import { inboundToPull } from './messages-api.js';

function pulled(fragment: JsonObject): JsonObject {
  const message = { from: '441134960001', id: 'wamid.A', timestamp: '1767225600', ...fragment };
  const event = inboundFromWire({ message, phoneNumberId: '1' });
  assert.ok(event);
  const report: unknown = JSON.parse(
    JSON.stringify(
      inboundToReport(event, { eventId: 'e', to: '441134960000', media: { url: 'https://files.example/1' } }),
    ),
  );
  assert.ok(isObject(report));
  const result: unknown = JSON.parse(JSON.stringify(inboundToPull(report)));
  assert.ok(isObject(result));
  return result;
}

test('every inbound type has its content in the Messages API, or none where that has no such type', () => {
  const types = new Map(
    eventTypes.map(({ type, example }) => {
      const [content] = itemsAt(pulled(example), 'content');
      return [type, isObject(content) ? content.type : undefined];
    }),
  );
  assert.deepEqual(Object.fromEntries(types), {
    TEXT: 'TEXT',
    IMAGE: 'IMAGE',
    VIDEO: 'VIDEO',
    AUDIO: 'AUDIO',
    VOICE: 'AUDIO',
    DOCUMENT: 'DOCUMENT',
    STICKER: 'IMAGE',
    LOCATION: 'LOCATION',
    CONTACT: undefined,
    BUTTON: 'BUTTON_REPLY',
    INTERACTIVE_BUTTON_REPLY: 'BUTTON_REPLY',
    INTERACTIVE_LIST_REPLY: 'LIST_REPLY',
    INTERACTIVE_FLOW_REPLY: 'FLOW_RESPONSE',
    INTERACTIVE_PAYMENT_CONFIRMATION: 'PAYMENT_RESPONSE',
    INTERACTIVE_CALL_PERMISSION_REPLY: undefined,
    ORDER: undefined,
    REACTION: 'REACTION',
  });
});

test('what that API has no type for is still there as the message of a webhook', () => {
  const result = pulled({
    type: 'order',
    order: {
      catalog_id: '7',
      product_items: [{ product_retailer_id: 'a', quantity: 1, item_price: 2, currency: 'EUR' }],
    },
  });
  assert.deepEqual(result.content, []);
  assert.ok(isObject(result.message));
  assert.equal(result.message.type, 'ORDER');
});

test('texts, replies, files and payments have the fields of that API', () => {
  assert.deepEqual(pulled({ type: 'text', text: { body: 'Hi' } }).content, [
    { type: 'TEXT', text: 'Hi', cleanText: 'Hi' },
  ]);
  const image = pulled({ type: 'image', image: { id: '5', mime_type: 'image/jpeg', caption: 'Cat' } });
  assert.deepEqual(image.content, [{ type: 'IMAGE', url: 'https://files.example/1', text: 'Cat' }]);
  const payment = {
    reference_id: 'r',
    amount: { value: 1550, offset: 100 },
    currency: 'INR',
    transaction: { id: 't', type: 'upi', status: 'success' },
  };
  assert.deepEqual(pulled({ type: 'payment', payment }).content, [
    {
      type: 'PAYMENT_RESPONSE',
      referenceId: 'r',
      status: 'SUCCESS',
      total: { value: 15.5, currency: 'INR' },
      transaction: { id: 't', type: 'UPI' },
    },
  ]);
});
