// Rules between fields, and what some types lack: each with a request that keeps it and one that breaks it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageTypeByName } from '../../src/contract/messages/registry.js';

function violationsOf(type: string, fields: object): Record<string, string[]> {
  const found = messageTypeByName(type);
  assert.ok(found !== undefined, type);
  const result = found.validate({ from: '441134960000', to: '441134960001', ...fields });
  return result.ok ? {} : result.violations;
}

const rows = (count: number) => Array.from({ length: count }, (_, i) => ({ id: `r${i}`, title: 'Row' }));
const list = (...sections: object[]) => ({ content: { body: { text: 'b' }, action: { title: 'Pick', sections } } });

test('takes ten rows in all sections of a list and refuses the eleventh', () => {
  assert.deepEqual(
    violationsOf('INTERACTIVE_LIST', list({ title: 'A', rows: rows(5) }, { title: 'B', rows: rows(5) })),
    {},
  );
  assert.deepEqual(
    violationsOf('INTERACTIVE_LIST', list({ title: 'A', rows: rows(5) }, { title: 'B', rows: rows(6) })),
    { 'content.action.sections': ['must not have more than 10 rows in all'] },
  );
  assert.deepEqual(Object.keys(violationsOf('INTERACTIVE_LIST', list({ rows: rows(10_000) }))), [
    'content.action.sections',
  ]);
});

test('asks for section titles only where there is more than one section', () => {
  assert.deepEqual(violationsOf('INTERACTIVE_LIST', list({ rows: rows(1) })), {});
  assert.deepEqual(
    Object.keys(violationsOf('INTERACTIVE_LIST', list({ rows: rows(1) }, { title: '', rows: rows(1) }))),
    ['content.action.sections[0].title', 'content.action.sections[1].title'],
  );
  const products = (...sections: object[]) => ({
    content: { header: { type: 'TEXT', text: 'h' }, body: { text: 'b' }, action: { catalogId: '1', sections } },
  });
  assert.deepEqual(violationsOf('INTERACTIVE_MULTI_PRODUCT', products({ productRetailerIds: ['a'] })), {});
  assert.deepEqual(
    Object.keys(
      violationsOf(
        'INTERACTIVE_MULTI_PRODUCT',
        products({ title: 'A', productRetailerIds: ['a'] }, { productRetailerIds: ['b'] }),
      ),
    ),
    ['content.action.sections[1].title'],
  );
});

test('refuses two buttons of one id', () => {
  const buttons = (...ids: string[]) => ({
    content: { body: { text: 'b' }, action: { buttons: ids.map((id) => ({ type: 'REPLY', id, title: id })) } },
  });
  assert.deepEqual(violationsOf('INTERACTIVE_BUTTONS', buttons('a', 'b', 'c')), {});
  assert.deepEqual(violationsOf('INTERACTIVE_BUTTONS', buttons('a', 'b', 'a')), {
    'content.action.buttons[2].id': ['must be unique among the buttons'],
  });
});

test('takes the payload of a flow only for NAVIGATE', () => {
  const flow = (action: object) => ({
    content: {
      body: { text: 'b' },
      action: { flowToken: 't', flowId: '1', callToActionButton: 'Go', flowActionPayload: { screen: 'A' }, ...action },
    },
  });
  assert.deepEqual(violationsOf('INTERACTIVE_FLOW', flow({})), {});
  assert.deepEqual(violationsOf('INTERACTIVE_FLOW', flow({ flowAction: 'NAVIGATE' })), {});
  assert.deepEqual(Object.keys(violationsOf('INTERACTIVE_FLOW', flow({ flowAction: 'DATA_EXCHANGE' }))), [
    'content.action.flowActionPayload',
  ]);
});

test('keeps data of a flow as it came, but not without end and not with broken text', () => {
  const flow = (data: unknown) => ({
    content: {
      body: { text: 'b' },
      action: { flowToken: 't', flowId: '1', callToActionButton: 'Go', flowActionPayload: { screen: 'A', data } },
    },
  });
  const path = 'content.action.flowActionPayload.data';
  assert.deepEqual(violationsOf('INTERACTIVE_FLOW', flow({ a: null, b: [1, { c: false }] })), {});
  assert.deepEqual(Object.keys(violationsOf('INTERACTIVE_FLOW', flow({}))), [path]);
  const deep: unknown = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
  assert.deepEqual(violationsOf('INTERACTIVE_FLOW', flow({ deep })), {
    [`${path}.deep`]: ['must not be nested deeper than 32'],
  });
  assert.deepEqual(Object.keys(violationsOf('INTERACTIVE_FLOW', flow({ a: ['x\0'] }))), [`${path}.a`]);
  assert.deepEqual(Object.keys(violationsOf('INTERACTIVE_FLOW', flow({ 'k\ud800': 1 }))), [path]);
  const named: unknown = JSON.parse('{"__proto__":{"x":1}}');
  const type = messageTypeByName('INTERACTIVE_FLOW');
  const result = type?.validate({ from: '1', to: '2', ...flow(named) });
  assert.ok(result?.ok === true);
  assert.match(JSON.stringify(result.value), /"__proto__":\{"x":1\}/);
});

test('wants one kind of header and as many buttons on every card', () => {
  const image = { type: 'IMAGE', url: 'https://a.example/1.png' };
  const video = { type: 'VIDEO', url: 'https://a.example/1.mp4' };
  const reply = { id: 'a', title: 'A' };
  const card = (header: object, ...buttons: object[]) => ({ header, body: { text: '' }, buttons });
  const carousel = (...cards: object[]) => ({
    content: { body: { text: '' }, action: { type: 'QUICK_REPLY', cards } },
  });
  const named = (fields: object) => Object.keys(violationsOf('INTERACTIVE_MEDIA_CAROUSEL', fields));
  assert.deepEqual(named(carousel(card(image, reply), card(image, reply))), []);
  assert.deepEqual(named(carousel(card(image, reply), card(video, reply))), ['content.action.cards[1].header.type']);
  assert.deepEqual(named(carousel(card(image, reply), card(image, reply, reply))), ['content.action.cards[1].buttons']);
  const button = { displayText: 'Buy', url: 'https://a.example' };
  assert.deepEqual(named(carousel(card(image, reply), { header: image, body: { text: '' }, button })), [
    'content.action.cards[1].buttons',
  ]);
});

test('refuses a birthday that is no day', () => {
  const born = (birthday: string) => ({
    content: { contacts: [{ name: { firstName: 'I', formattedName: 'I K' }, birthday }] },
  });
  assert.deepEqual(violationsOf('CONTACT', born('2024-02-29')), {});
  for (const wrong of ['2023-02-29', '2024-13-01', '29.02.2024', '2024-2-9']) {
    assert.deepEqual(Object.keys(violationsOf('CONTACT', born(wrong))), ['content.contacts[0].birthday'], wrong);
  }
});

const link = (id: string) => ({ type: 'BRAZIL_LINK', id, paymentLink: 'https://pay.example' });
function order(payment: object, totalAmount: number): object {
  return {
    content: {
      body: { text: 'b' },
      action: {
        payment,
        orderCurrency: 'BRL',
        orderType: 'DIGITAL_GOODS',
        totalAmount: { value: totalAmount },
        order: {
          items: [{ retailerId: '1', name: 'Pen', amount: { value: 100 }, quantity: 1 }],
          subtotal: { value: 100 },
          tax: { value: 10 },
          shipping: { value: 5 },
          discount: { amount: { value: 15 } },
        },
      },
    },
  };
}

test('wants the total of an order to be the sum of its parts', () => {
  assert.deepEqual(violationsOf('INTERACTIVE_ORDER_DETAILS', order(link('p1'), 100)), {});
  assert.deepEqual(violationsOf('INTERACTIVE_ORDER_DETAILS', order(link('p1'), 115)), {
    'content.action.totalAmount.value': ['must be subtotal + tax + shipping - discount'],
  });
});

test('takes one or two payments of one id', () => {
  const payments = (...ids: string[]) => order({ type: 'BRAZIL_PAYMENTS', payments: ids.map(link) }, 100);
  const named = (fields: object) => Object.keys(violationsOf('INTERACTIVE_ORDER_DETAILS', fields));
  assert.deepEqual(named(payments('p1')), []);
  assert.deepEqual(named(payments('p1', 'p1')), []);
  assert.deepEqual(named(payments('p1', 'p2')), ['content.action.payment.payments']);
  assert.deepEqual(named(payments()), ['content.action.payment.payments']);
  assert.deepEqual(named(payments('p1', 'p1', 'p1')), ['content.action.payment.payments']);
});

test('reads only the parts of the common request that a type has', () => {
  const urlOptions = { shortenUrl: true };
  const context = { replyToMessageId: 'wamid.A' };
  const withoutUrlOptions = ['AUDIO', 'STICKER', 'LOCATION', 'CONTACT'];
  for (const name of [
    ...withoutUrlOptions,
    'IMAGE',
    'INTERACTIVE_VOICE_BUTTON',
    'INTERACTIVE_CALL_PERMISSION_REQUEST',
  ]) {
    const type = messageTypeByName(name);
    const result = type?.validate({ ...type.example, urlOptions, context });
    assert.ok(result?.ok === true, name);
    assert.deepEqual(result.value.urlOptions, withoutUrlOptions.includes(name) ? undefined : urlOptions, name);
    assert.deepEqual(result.value.context, name === 'INTERACTIVE_VOICE_BUTTON' ? undefined : context, name);
  }
});

test('needs no content where a type has none, and ignores one', () => {
  for (const name of ['INTERACTIVE_CALL_PERMISSION_REQUEST', 'INTERACTIVE_IN_THREAD_AUTHENTICATION_REQUEST']) {
    const type = messageTypeByName(name);
    assert.deepEqual(type?.validate({ from: '1', to: '2', content: { body: 'x' } }), {
      ok: true,
      value: { from: '1', to: '2' },
    });
  }
});
