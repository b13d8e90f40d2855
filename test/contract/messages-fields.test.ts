// Properties of every type's content: what its schema accepts reaches Meta whole, and what it refuses is named.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isObject, textAt } from '../../src/contract/json.js';
import { messageTypes } from '../../src/contract/messages/registry.js';
import { toMetaBody } from '../../src/contract/messages/wire.js';
import { fieldName, freeLeavesOf, leavesOf, type Overrides, spoilersOf, valuesOf, withSpoiled } from './schema-walk.js';

const RUNS = 60;
/** The one leaf that Meta gets in another form: as a time. */
const EXPIRATION_SECONDS = 987_654;
const nothing = () => fc.constant(0);
const title = () => fc.constant('Title');
const exactly = (count: number) => (schema: object, make: (schema: object, path: string) => fc.Arbitrary<unknown>) =>
  fc.array(make(itemsOf(schema), 'inside'), { minLength: count, maxLength: count });

/** Content in which the rules between fields hold; each rule has a test of its own. */
const OVERRIDES: Readonly<Record<string, Overrides>> = {
  TEXT: { previewUrl: () => fc.constant(false) },
  CONTACT: { 'contacts[].birthday': () => fc.constant('1999-12-31') },
  INTERACTIVE_BUTTONS: {
    'action.buttons': (schema, make) =>
      fc.uniqueArray(make(itemsOf(schema), 'inside'), {
        minLength: 1,
        maxLength: 3,
        selector: (button) => textAt(button, 'id'),
      }),
  },
  INTERACTIVE_LIST: { 'action.sections[].title': title, 'action.sections[].rows': exactly(1) },
  INTERACTIVE_MULTI_PRODUCT: { 'action.sections[].title': title },
  INTERACTIVE_FLOW: { 'action.flowAction': () => fc.constant('NAVIGATE') },
  INTERACTIVE_MEDIA_CAROUSEL: {
    'action.cards[].header.type': () => fc.constant('VIDEO'),
    'action.cards[].buttons': exactly(2),
  },
  INTERACTIVE_ORDER_DETAILS: {
    'action.payment.payments[].id': () => fc.constant('p1'),
    'action.totalAmount.value': nothing,
    'action.order.subtotal.value': nothing,
    'action.order.tax.value': nothing,
    'action.order.shipping.value': nothing,
    'action.order.discount.amount.value': nothing,
    'action.order.orderExpiration.expirationSeconds': () => fc.constant(EXPIRATION_SECONDS),
  },
};

function itemsOf(schema: object): object {
  const items: unknown = Reflect.get(schema, 'items');
  if (!isObject(items)) throw new TypeError('no array');
  return items;
}

for (const type of messageTypes) {
  const { content: schema } = type.schema.properties;
  if (schema === undefined) continue;
  const contents = valuesOf(schema, OVERRIDES[type.type]).map((value): unknown => JSON.parse(JSON.stringify(value)));

  test(`${type.type}: brings all of any right content to Meta`, () => {
    fc.assert(
      fc.property(contents, (content) => {
        const result = type.validate({ ...type.example, content });
        if (!result.ok) assert.fail(JSON.stringify(result.violations));
        const wire = type.toWire(result.value.content, { acceptedAt: 0 });
        const body: unknown = JSON.parse(toMetaBody({ to: '441134960001', bizOpaque: 'p1:x', wire }));
        const arrived = new Set(leavesOf(body));
        for (const leaf of freeLeavesOf(schema, result.value.content)) {
          if (leaf === '' || leaf === String(EXPIRATION_SECONDS)) continue;
          assert.ok(arrived.has(leaf), `${JSON.stringify(leaf)} is not in ${JSON.stringify(body)}`);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test(`${type.type}: names any single field of the content that is wrong, and no other`, () => {
    let spoiled = 0;
    fc.assert(
      fc.property(contents, fc.nat(), (content, n) => {
        const spoilers = spoilersOf(schema, content);
        const spoiler = spoilers[n % spoilers.length];
        if (spoiler === undefined) return;
        const { path, how, value } = spoiler;
        const result = type.validate({ ...type.example, content: withSpoiled(content, path, value) });
        if (result.ok) assert.fail(`${fieldName(path)} accepted though ${how}`);
        assert.deepEqual(Object.keys(result.violations), [fieldName(path)], how);
        spoiled += 1;
      }),
      { numRuns: RUNS * 3 },
    );
    assert.ok(spoiled > 0);
  });
}
