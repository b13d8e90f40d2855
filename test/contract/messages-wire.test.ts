// What Meta is sent of each type: bodies written by hand from Meta 1.4, 1.5 and 1.7, not from the mappings.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageTypeByName, messageTypes } from '../../src/contract/messages/registry.js';

const ACCEPTED_AT = 1_700_000_000_999;
const link = (name: string) => ({ link: `https://cdn.example/${name}` });
const interactive = (value: object) => ({ type: 'interactive', interactive: value });
const amount = (value: number) => ({ value, offset: 100 });

function wireOf(type: string, content: unknown): unknown {
  const found = messageTypeByName(type);
  assert.ok(found !== undefined);
  return JSON.parse(JSON.stringify(found.toWire(content, { acceptedAt: ACCEPTED_AT })));
}

/** Of the examples in the registry. */
const EXPECTED: Readonly<Record<string, object>> = {
  TEXT: { type: 'text', text: { body: 'Your parcel is on its way: https://shop.example/t/77', preview_url: true } },
  IMAGE: { type: 'image', image: { ...link('a.png'), caption: 'Fit?' } },
  VIDEO: { type: 'video', video: { ...link('a.mp4'), caption: 'How it folds' } },
  AUDIO: { type: 'audio', audio: { ...link('a.ogg'), voice: true } },
  DOCUMENT: { type: 'document', document: { ...link('a.pdf'), caption: 'Our offer', filename: 'offer.pdf' } },
  STICKER: { type: 'sticker', sticker: link('s.webp') },
  LOCATION: { type: 'location', location: { latitude: 45.8, longitude: 15.97, name: 'Depot', address: 'Quay 7' } },
  CONTACT: {
    type: 'contacts',
    contacts: [
      {
        name: { formatted_name: 'Iva K', first_name: 'Iva', last_name: 'K' },
        birthday: '1988-02-29',
        emails: [{ email: 'iva@shop.example', type: 'WORK' }],
        org: { company: 'Shop', title: 'Buyer' },
        phones: [{ phone: '+441134960002', type: 'CELL', wa_id: '441134960002' }],
      },
    ],
  },
  INTERACTIVE_BUTTONS: interactive({
    type: 'button',
    header: { type: 'image', image: link('slot.png') },
    body: { text: 'Keep your slot?' },
    footer: { text: 'Depot' },
    action: {
      buttons: [
        { type: 'reply', reply: { id: 'y', title: 'Yes' } },
        { type: 'reply', reply: { id: 'n', title: 'No' } },
      ],
    },
  }),
  INTERACTIVE_LIST: interactive({
    type: 'list',
    header: { type: 'text', text: 'Slots' },
    body: { text: 'Pick one' },
    footer: { text: 'Depot' },
    action: {
      button: 'Slots',
      sections: [
        { title: 'Monday', rows: [{ id: 'm9', title: '09:00', description: 'free' }] },
        { title: 'Tuesday', rows: [{ id: 't9', title: '09:00' }] },
      ],
    },
  }),
  INTERACTIVE_PRODUCT: interactive({
    type: 'product',
    body: { text: 'Back in stock' },
    footer: { text: 'While it lasts' },
    action: { catalog_id: '77', product_retailer_id: 'sku1' },
  }),
  INTERACTIVE_MULTI_PRODUCT: interactive({
    type: 'product_list',
    header: { type: 'text', text: 'New' },
    body: { text: 'See what came in' },
    footer: { text: 'Prices include tax' },
    action: {
      catalog_id: '77',
      sections: [
        { title: 'Pens', product_items: [{ product_retailer_id: 'sku1' }, { product_retailer_id: 'sku2' }] },
        { title: 'Paper', product_items: [{ product_retailer_id: 'sku3' }] },
      ],
    },
  }),
  INTERACTIVE_URL_BUTTON: interactive({
    type: 'cta_url',
    header: { type: 'document', document: { ...link('bill.pdf'), filename: 'bill.pdf' } },
    body: { text: 'Your bill' },
    footer: { text: 'Due in 14 days' },
    action: { name: 'cta_url', parameters: { display_text: 'Open', url: 'https://shop.example/b/1' } },
  }),
  INTERACTIVE_LOCATION_REQUEST: interactive({
    type: 'location_request_message',
    body: { text: 'Where shall we deliver?' },
    action: { name: 'send_location' },
  }),
  INTERACTIVE_REQUEST_CONTACT_INFO: interactive({
    type: 'request_contact_info',
    body: { text: 'Share your number?' },
    action: { name: 'request_contact_info' },
  }),
  INTERACTIVE_FLOW: interactive({
    type: 'flow',
    header: { type: 'text', text: 'Booking' },
    body: { text: 'Book a slot' },
    footer: { text: 'Depot' },
    action: {
      name: 'flow',
      parameters: {
        flow_message_version: '3',
        flow_id: '8801',
        flow_cta: 'Start',
        flow_token: 'u1',
        mode: 'published',
        flow_action: 'navigate',
        flow_action_payload: { screen: 'ONE', data: { slots: ['m9', 't9'] } },
      },
    },
  }),
  INTERACTIVE_MEDIA_CAROUSEL: interactive({
    type: 'carousel',
    body: { text: 'Looks of the week' },
    action: { cards: [urlCard(0, 'One'), urlCard(1, 'Two')] },
  }),
  INTERACTIVE_VOICE_BUTTON: interactive({
    type: 'voice_call',
    body: { text: 'Questions?' },
    action: { name: 'voice_call', parameters: { display_text: 'Call us', ttl_minutes: 120, payload: 'order-77' } },
  }),
  INTERACTIVE_CALL_PERMISSION_REQUEST: interactive({
    type: 'call_permission_request',
    action: { name: 'call_permission_request' },
  }),
  INTERACTIVE_ORDER_DETAILS: interactive({
    type: 'order_details',
    header: { type: 'image', image: link('pen.png') },
    body: { text: 'Your order' },
    footer: { text: 'Thank you' },
    action: {
      name: 'review_and_pay',
      parameters: {
        reference_id: 'p1',
        type: 'digital-goods',
        payment_type: 'br',
        payment_settings: [{ type: 'payment_link', payment_link: { uri: 'https://pay.example/1' } }],
        currency: 'BRL',
        total_amount: amount(1600),
        order: {
          status: 'pending',
          items: [{ retailer_id: '1', name: 'Pen', amount: amount(750), quantity: 2 }],
          subtotal: amount(1500),
          tax: { ...amount(100), description: 'VAT' },
        },
      },
    },
  }),
  INTERACTIVE_ORDER_STATUS: interactive({
    type: 'order_status',
    body: { text: 'Your order is on its way' },
    footer: { text: 'Thank you' },
    action: {
      name: 'review_order',
      parameters: { reference_id: 'p1', order: { status: 'partially-shipped', description: 'Pen 2 follows' } },
    },
  }),
};

function urlCard(index: number, text: string): object {
  const n = index + 1;
  return {
    card_index: index,
    type: 'cta_url',
    header: { type: 'image', image: link(`${n}.png`) },
    body: { text },
    action: { name: 'cta_url', parameters: { display_text: 'Buy', url: `https://shop.example/${n}` } },
  };
}

test('knows by hand what every type that can be sent becomes', () => {
  const sendable = messageTypes.filter(({ isSendable }) => isSendable).map(({ type }) => type);
  assert.deepEqual(Object.keys(EXPECTED).sort(), [...sendable].sort());
  assert.equal(messageTypes.length - sendable.length, 1);
});

for (const [type, expected] of Object.entries(EXPECTED)) {
  test(`${type}: becomes the message that Meta documents`, () => {
    assert.deepEqual(wireOf(type, messageTypeByName(type)?.example.content ?? {}), expected);
  });
}

test('INTERACTIVE_BUTTONS: takes a header of each kind', () => {
  const headers: [object, object][] = [
    [
      { type: 'TEXT', text: 'Hi' },
      { type: 'text', text: 'Hi' },
    ],
    [
      { type: 'VIDEO', mediaUrl: 'https://cdn.example/a.mp4' },
      { type: 'video', video: link('a.mp4') },
    ],
    [
      { type: 'DOCUMENT', mediaUrl: 'https://cdn.example/a.pdf' },
      { type: 'document', document: link('a.pdf') },
    ],
  ];
  for (const [header, expected] of headers) {
    const content = { header, body: { text: 'b' }, action: { buttons: [{ type: 'REPLY', id: 'y', title: 'Yes' }] } };
    assert.deepEqual(wireOf('INTERACTIVE_BUTTONS', content), {
      type: 'interactive',
      interactive: {
        type: 'button',
        header: expected,
        body: { text: 'b' },
        action: { buttons: [{ type: 'reply', reply: { id: 'y', title: 'Yes' } }] },
      },
    });
  }
});

test('INTERACTIVE_FLOW: asks for version 3 when the request names none, and leaves what is absent to Meta', () => {
  const action = { flowToken: 'u1', flowId: '8801', callToActionButton: 'Go' };
  assert.deepEqual(wireOf('INTERACTIVE_FLOW', { body: { text: 'b' }, action }), {
    type: 'interactive',
    interactive: {
      type: 'flow',
      body: { text: 'b' },
      action: {
        name: 'flow',
        parameters: { flow_message_version: '3', flow_id: '8801', flow_cta: 'Go', flow_token: 'u1' },
      },
    },
  });
});

test('INTERACTIVE_MEDIA_CAROUSEL: gives each card its quick replies, and no body when it is empty', () => {
  const card = {
    header: { type: 'VIDEO', url: 'https://cdn.example/a.mp4' },
    body: { text: '' },
    buttons: [{ id: 'more', title: 'More' }],
  };
  const content = { body: { text: 'b' }, action: { type: 'QUICK_REPLY', cards: [card, card] } };
  const expected = (index: number) => ({
    card_index: index,
    type: 'cta_url',
    header: { type: 'video', video: link('a.mp4') },
    action: { buttons: [{ type: 'quick_reply', quick_reply: { id: 'more', title: 'More' } }] },
  });
  assert.deepEqual(wireOf('INTERACTIVE_MEDIA_CAROUSEL', content), {
    type: 'interactive',
    interactive: { type: 'carousel', body: { text: 'b' }, action: { cards: [expected(0), expected(1)] } },
  });
});

const beneficiary = {
  name: 'Asha',
  firstAddressLine: '1 Road',
  city: 'Pune',
  state: 'MH',
  country: 'INDIA',
  postalCode: '411001',
};
const beneficiaries = [
  { name: 'Asha', address_line1: '1 Road', city: 'Pune', state: 'MH', country: 'India', postal_code: '411001' },
];
const pix = {
  type: 'BRAZIL_PIX_DC',
  id: 'p1',
  code: '000201',
  merchantName: 'Shop',
  keyType: 'EMAIL',
  key: 'pay@shop.example',
  flowType: 'COPYPASTE',
};
const pixSetting = {
  type: 'pix_dynamic_code',
  pix_dynamic_code: {
    code: '000201',
    merchant_name: 'Shop',
    key: 'pay@shop.example',
    key_type: 'EMAIL',
    flow_type: 'copypaste',
  },
};
const boletoSetting = { type: 'boleto', boleto: { digitable_line: '0339' } };
const gateway = (type: string, fields: object) => ({
  type: 'payment_gateway',
  payment_gateway: { type, configuration_name: 'main', [type]: fields },
});

/** Payments with a configuration `main`, and the parameters that Meta gets of them. */
const PAYMENTS: readonly [object, object][] = [
  [
    { type: 'BRAZIL', id: 'p1' },
    { reference_id: 'p1', payment_type: 'br', payment_configuration: 'main' },
  ],
  [pix, { reference_id: 'p1', payment_type: 'br', payment_configuration: 'main', payment_settings: [pixSetting] }],
  [
    { type: 'BRAZIL_BOLETO', id: 'p1', code: '0339' },
    { reference_id: 'p1', payment_type: 'br', payment_configuration: 'main', payment_settings: [boletoSetting] },
  ],
  [
    { type: 'BRAZIL_PAYMENTS', payments: [pix, { type: 'BRAZIL_BOLETO', id: 'p1', code: '0339' }] },
    {
      reference_id: 'p1',
      payment_type: 'br',
      payment_configuration: 'main',
      payment_settings: [pixSetting, boletoSetting],
    },
  ],
  [
    { type: 'UPI_LINK', id: 'p1', beneficiary, paymentLink: 'https://pay.example/1' },
    {
      reference_id: 'p1',
      payment_configuration: 'main',
      payment_settings: [{ type: 'payment_link', payment_link: { uri: 'https://pay.example/1' } }],
      beneficiaries,
    },
  ],
  [
    { type: 'UPI_INTENT', id: 'p1', format: { type: 'LINK', paymentLink: 'upi://pay?pa=a&tr=p1' } },
    {
      reference_id: 'p1',
      payment_configuration: 'main',
      payment_settings: [{ type: 'upi_intent_link', upi_intent_link: { link: 'upi://pay?pa=a&tr=p1' } }],
    },
  ],
  [
    { type: 'PG_RAZORPAY', id: 'p1', callbackData: { order: '77' } },
    { reference_id: 'p1', payment_settings: [gateway('razorpay', { notes: { order: '77' } })] },
  ],
  [
    { type: 'PG_PAYU', id: 'p1', beneficiary, callbackData: ['a', 'b'] },
    { reference_id: 'p1', payment_settings: [gateway('payu', { udf1: 'a', udf2: 'b' })], beneficiaries },
  ],
  [
    {
      type: 'UPI_PAYU',
      id: 'p1',
      productDescription: 'Pen',
      customerFirstName: 'Asha',
      customerEmail: 'asha@shop.example',
      callbackData: ['a'],
    },
    {
      reference_id: 'p1',
      payment_type: 'upi',
      payment_configuration: 'main',
      payment_settings: [
        gateway('payu', { productinfo: 'Pen', firstname: 'Asha', email: 'asha@shop.example', udf1: 'a' }),
      ],
    },
  ],
];

const items = [{ retailerId: '1', name: 'Pen', amount: { value: 10 }, quantity: 1 }];
const order = { items, subtotal: { value: 10 }, tax: { value: 0 } };

function orderContent(payment: object, ordered: object, total: number): object {
  return {
    body: { text: 'b' },
    action: {
      payment,
      paymentConfiguration: 'main',
      orderCurrency: 'INR',
      orderType: 'PHYSICAL_GOODS',
      totalAmount: { value: total },
      order: ordered,
    },
  };
}

function orderBody(payment: object, ordered: object, total: number): object {
  const parameters = {
    ...payment,
    type: 'physical-goods',
    currency: 'INR',
    total_amount: amount(total),
    order: { status: 'pending', ...ordered },
  };
  return interactive({ type: 'order_details', body: { text: 'b' }, action: { name: 'review_and_pay', parameters } });
}

for (const [payment, expected] of PAYMENTS) {
  test(`INTERACTIVE_ORDER_DETAILS: pays by ${JSON.stringify(Reflect.get(payment, 'type'))}`, () => {
    const validated = messageTypeByName('INTERACTIVE_ORDER_DETAILS')?.validate({
      from: '1',
      to: '2',
      content: orderContent(payment, order, 10),
    });
    assert.ok(validated?.ok === true, JSON.stringify(validated));
    assert.deepEqual(
      wireOf('INTERACTIVE_ORDER_DETAILS', validated.value.content),
      orderBody(
        expected,
        {
          items: [{ retailer_id: '1', name: 'Pen', amount: amount(10), quantity: 1 }],
          subtotal: amount(10),
          tax: amount(0),
        },
        10,
      ),
    );
  });
}

test('INTERACTIVE_ORDER_DETAILS: carries every part of an order, the time to pay from its acceptance on', () => {
  const importer = {
    firstAddressLine: 'Quay 1',
    city: 'Pune',
    zoneCode: 'MH',
    postalCode: '411001',
    countryCode: 'IN',
  };
  const full = {
    catalogId: '77',
    items: [
      {
        retailerId: '1',
        name: 'Pen',
        amount: { value: 500 },
        saleAmount: { value: 400 },
        quantity: 2,
        originCountry: 'India',
        importerName: 'Shop',
        importerAddress: importer,
      },
    ],
    subtotal: { value: 800 },
    tax: { value: 80, description: 'GST' },
    shipping: { value: 50, description: 'Post' },
    discount: { amount: { value: 30, description: 'Loyal' }, programName: 'Club' },
    orderExpiration: { expirationSeconds: 360, description: 'Offer ends' },
    orderDetailsType: 'QUICK_PAY',
  };
  const content = orderContent({ type: 'UPI_LINK', id: 'p1', paymentLink: 'https://pay.example/1' }, full, 900);
  assert.deepEqual(
    wireOf('INTERACTIVE_ORDER_DETAILS', content),
    orderBody(
      {
        reference_id: 'p1',
        payment_configuration: 'main',
        payment_settings: [{ type: 'payment_link', payment_link: { uri: 'https://pay.example/1' } }],
      },
      {
        type: 'quick_pay',
        catalog_id: '77',
        expiration: { timestamp: '1700000360', description: 'Offer ends' },
        items: [
          {
            retailer_id: '1',
            name: 'Pen',
            amount: amount(500),
            sale_amount: amount(400),
            quantity: 2,
            country_of_origin: 'India',
            importer_name: 'Shop',
            importer_address: {
              address_line1: 'Quay 1',
              city: 'Pune',
              zone_code: 'MH',
              postal_code: '411001',
              country_code: 'IN',
            },
          },
        ],
        subtotal: amount(800),
        tax: { ...amount(80), description: 'GST' },
        shipping: { ...amount(50), description: 'Post' },
        discount: { ...amount(30), description: 'Loyal', discount_program_name: 'Club' },
      },
      900,
    ),
  );
});
