// Two readings of Meta's documents, made apart: whatever a type's schema accepts maps to a body that the sandbox's own schemas accept.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Compile } from 'typebox/compile';
import { isObject, itemsAt, objectAt, textAt } from '../../src/contract/json.js';
import { messageTypes } from '../../src/contract/messages/registry.js';
import { OUTBOUND_TYPES } from '../../src/sandbox/graph/messages/registry.js';
import { checkBody } from '../../src/sandbox/graph/schema.js';
import { fc } from '../support/property.js';
import { CONTENT_OVERRIDES, itemsOf } from './content-overrides.js';
import { type Overrides, valuesOf } from './schema-walk.js';

const NOW = 1_700_000_000_000;
const RUNS = 60;
const text = () => fc.constantFrom('a', 'Zoë', '日本 1', "it's {{fine}}");
const amount = () => fc.nat();
const reference = () => fc.stringMatching(/^[A-Za-z0-9_.-]{1,25}$/);

/** Where Meta asks for more than Infobip documents (docs/decisions/0017-message-types.md): Parley takes it and Meta refuses it. */
const META_LIMITS: Readonly<Record<string, Overrides>> = {
  IMAGE: { caption: text },
  VIDEO: { caption: text },
  DOCUMENT: { caption: text },
  INTERACTIVE_BUTTONS: {
    'action.buttons': (schema, make) =>
      fc.uniqueArray(make(itemsOf(schema), 'inside'), {
        minLength: 1,
        maxLength: 3,
        comparator: (a, b) => textAt(a, 'id') === textAt(b, 'id') || textAt(a, 'title') === textAt(b, 'title'),
      }),
  },
  INTERACTIVE_LIST: {
    'action.sections': (schema, make) =>
      fc.uniqueArray(make(itemsOf(schema), 'action.sections[]'), {
        minLength: 1,
        maxLength: 4,
        selector: (section) => textAt(itemsAt(section, 'rows')[0], 'id'),
      }),
  },
  INTERACTIVE_FLOW: { 'action.flowMessageVersion': () => fc.constant(3), 'action.callToActionButton': text },
  INTERACTIVE_MEDIA_CAROUSEL: {
    'body.text': text,
    'action.cards[].button.displayText': text,
    'action.cards': (schema, make) =>
      fc
        .array(make(itemsOf(schema), 'action.cards[]'), { minLength: 2, maxLength: 10 })
        .map((cards) => cards.map(withOwnButtons)),
  },
  INTERACTIVE_VOICE_BUTTON: { 'body.text': text },
  INTERACTIVE_ORDER_DETAILS: {
    'action.payment.id': reference,
    'action.payment.format.paymentLink': text,
    'action.payment.beneficiary.city': text,
    'action.payment.beneficiary.state': text,
    'action.payment.beneficiary.postalCode': () => fc.constant('411001'),
    'action.paymentConfiguration': text,
    'action.order.items[].amount.value': amount,
    'action.order.items[].saleAmount.value': amount,
    'action.order.items[].quantity': () => fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    'action.order.orderExpiration.description': text,
  },
  INTERACTIVE_ORDER_STATUS: { body: () => fc.record({ text: text() }), 'action.payment.id': reference },
};

/** The buttons of a card must differ in their ids. */
function withOwnButtons(card: unknown): unknown {
  const buttons = itemsAt(card, 'buttons');
  if (!isObject(card) || buttons.length === 0) return card;
  return { ...card, buttons: buttons.map((_, j) => ({ id: `b${j}`, title: `Button ${j}` })) };
}

for (const type of messageTypes) {
  const { content: schema } = type.schema.properties;
  if (!type.isSendable || schema === undefined) continue;
  const contents = valuesOf(schema, { ...CONTENT_OVERRIDES[type.type], ...META_LIMITS[type.type] });

  test(`${type.type}: maps any right content to a body that the sandbox accepts`, () => {
    fc.assert(
      fc.property(contents, (content) => {
        const result = type.validate({ ...type.example, content: JSON.parse(JSON.stringify(content)) });
        if (!result.ok) assert.fail(JSON.stringify(result.violations));
        const body: unknown = JSON.parse(JSON.stringify(type.toWire(result.value.content, { acceptedAt: NOW })));
        assert.equal(refusalOf(body), null, JSON.stringify(body));
      }),
      { numRuns: RUNS },
    );
  });
}

test('the sandbox accepts every type that has no content', () => {
  const bare = messageTypes.filter(({ isSendable, schema }) => isSendable && schema.properties.content === undefined);
  assert.equal(bare.length, 1);
  for (const type of bare)
    assert.equal(refusalOf(JSON.parse(JSON.stringify(type.toWire({}, { acceptedAt: NOW })))), null);
});

const compiled = new Map(OUTBOUND_TYPES.map((known) => [known, Compile(known.schema)]));

/** What the sandbox would say to the part of a body that depends on the type. */
function refusalOf(body: unknown): unknown {
  const name = textAt(body, 'type');
  const variant = textAt(objectAt(body, 'interactive'), 'type');
  const found = OUTBOUND_TYPES.find((known) => known.name === name && known.variant === variant);
  const checker = found && compiled.get(found);
  if (found === undefined || checker === undefined) return `no type ${name} ${variant}`;
  const value: unknown = isObject(body) ? body[found.name] : undefined;
  return checkBody(checker, value) ?? found.check?.(value, NOW) ?? null;
}
