// Every outbound type: the documented example is accepted and delivered, each limit is refused with Meta's code.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../support/until.js';
import { formOf, JPEG } from './sandbox-files.js';
import { dig, type Fixture, startFixture, TOKEN, USER } from './sandbox-fixture.js';

let sandbox: Fixture;
let mediaId = '';
before(async () => {
  sandbox = await startFixture();
  const form = formOf({ messaging_product: 'whatsapp', type: 'image/jpeg' }, { bytes: JPEG, type: 'image/jpeg' });
  const response = await fetch(`${sandbox.url}/v25.0/${sandbox.phoneNumberId}/media`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}` },
    body: form,
  });
  mediaId = String(dig(await response.json(), 'id'));
});
after(() => sandbox.stop());

type Content = Record<string, unknown>;
/** The 45 messages of a pair's burst are soon used up. */
let users = 0;
async function post(content: Content): Promise<{ status: number; body: unknown }> {
  users += 1;
  const to = `44113497${String(users).padStart(4, '0')}`;
  const text = JSON.stringify(content).replaceAll('MEDIA_ID', mediaId);
  return sandbox.graph('POST', `/${sandbox.phoneNumberId}/messages`, {
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to,
    ...JSON.parse(text),
  });
}

const interactive = (object: Content): Content => ({ type: 'interactive', interactive: object });
const body = { text: 'What would you like?' };
const button = (id: string, title: string) => ({ type: 'reply', reply: { id, title } });
const buttons = (...list: unknown[]) => interactive({ type: 'button', body, action: { buttons: list } });
const row = (id: string) => ({ id, title: `Row ${id}`, description: 'A row' });
const rows = (count: number, from = 0) => Array.from({ length: count }, (_, i) => row(String(from + i)));
const sections = (...list: unknown[]) =>
  interactive({ type: 'list', body, action: { button: 'Choose', sections: list } });
const ctaUrl = (parameters: Content, extra: Content = {}) =>
  interactive({ type: 'cta_url', body, action: { name: 'cta_url', parameters }, ...extra });
const flow = (extra: Content) =>
  interactive({
    type: 'flow',
    body,
    action: { name: 'flow', parameters: { flow_message_version: '3', flow_cta: 'Book', flow_id: '1', ...extra } },
  });
const products = (count: number) => Array.from({ length: count }, (_, i) => ({ product_retailer_id: `sku${i}` }));
const productList = (extra: Content, ...list: unknown[]) =>
  interactive({
    type: 'product_list',
    header: { type: 'text', text: 'Ours' },
    body,
    action: { catalog_id: 'c1', sections: list },
    ...extra,
  });
const urlCard = (index: number, extra: Content = {}) => ({
  card_index: index,
  type: 'cta_url',
  header: { type: 'image', image: { id: 'MEDIA_ID' } },
  body: { text: 'A card' },
  action: { name: 'cta_url', parameters: { display_text: 'Open', url: 'https://example.com/' } },
  ...extra,
});
const replyCard = (index: number, ...ids: string[]) =>
  urlCard(index, { action: { buttons: ids.map((id) => ({ type: 'quick_reply', quick_reply: { id, title: id } })) } });
const productCard = (index: number, catalogId = 'c1') => ({
  card_index: index,
  type: 'product',
  action: { product_retailer_id: `sku${index}`, catalog_id: catalogId },
});
const carousel = (...cards: unknown[]) => interactive({ type: 'carousel', body, action: { cards } });
const order = {
  status: 'pending',
  items: [{ retailer_id: 'r1', name: 'Cake', amount: { value: 1000, offset: 100 }, quantity: 2 }],
  subtotal: { value: 2000, offset: 100 },
  tax: { value: 100, offset: 100, description: 'tax' },
  shipping: { value: 300, offset: 100 },
  discount: { value: 400, offset: 100, discount_program_name: 'Friends' },
};
const orderDetails = (extra: Content = {}) =>
  interactive({
    type: 'order_details',
    header: { type: 'image', image: { id: 'MEDIA_ID' } },
    body,
    action: {
      name: 'review_and_pay',
      parameters: {
        reference_id: 'order-1.a_b',
        type: 'digital-goods',
        payment_settings: [
          { type: 'payment_gateway', payment_gateway: { type: 'razorpay', configuration_name: 'shop' } },
        ],
        currency: 'INR',
        total_amount: { value: 2000, offset: 100 },
        order,
        ...extra,
      },
    },
  });
const orderStatus = (status: string) =>
  interactive({
    type: 'order_status',
    body,
    action: { name: 'review_order', parameters: { reference_id: 'order-1', order: { status, description: 'soon' } } },
  });
const address = (parameters: Content) =>
  interactive({ type: 'address_message', body, action: { name: 'address_message', parameters } });
const contact = { name: { formatted_name: 'Ana Anić', first_name: 'Ana' } };

const ACCEPTED: [what: string, content: Content][] = [
  ['image by id', { type: 'image', image: { id: 'MEDIA_ID', caption: 'x'.repeat(1024) } }],
  ['document', { type: 'document', document: { id: 'MEDIA_ID', filename: 'a.jpg', caption: 'c' } }],
  [
    'location as numbers',
    { type: 'location', location: { latitude: 45.8, longitude: -180, name: 'Zagreb', address: 'Ilica 1' } },
  ],
  ['location as text', { type: 'location', location: { latitude: '45.8', longitude: '15.97' } }],
  [
    'contacts',
    {
      type: 'contacts',
      contacts: [
        {
          ...contact,
          addresses: [
            { street: 'Ilica 1', city: 'Zagreb', zip: '10000', country: 'Croatia', country_code: 'hr', type: 'HOME' },
          ],
          birthday: '2000-02-29',
          emails: [{ email: 'ana@example.com', type: 'WORK' }],
          org: { company: 'Ours', department: 'Cakes', title: 'Baker' },
          phones: [{ phone: '+385911234567', type: 'CELL', wa_id: '385911234567' }],
          urls: [{ url: 'https://example.com', type: 'WORK' }],
        },
      ],
    },
  ],
  ['257 contacts', { type: 'contacts', contacts: Array(257).fill(contact) }],
  ['buttons', buttons(button('a', 'Yes'), button('b', 'No'), button('c', 'x'.repeat(20)))],
  [
    'buttons with header and footer',
    interactive({
      type: 'button',
      header: { type: 'document', document: { id: 'MEDIA_ID', filename: 'a.pdf' } },
      body,
      footer: { text: 'f'.repeat(60) },
      action: { buttons: [button('a', 'Yes')] },
    }),
  ],
  ['list', sections({ title: 'One', rows: rows(5) }, { title: 'Two', rows: rows(5, 5) })],
  ['list of one section without title', sections({ rows: rows(10) })],
  [
    'cta_url',
    ctaUrl({ display_text: 'Open', url: 'https://example.com/?a=b' }, { header: { type: 'text', text: 'h' } }),
  ],
  [
    'voice_call',
    interactive({
      type: 'voice_call',
      body,
      action: { name: 'voice_call', parameters: { display_text: 'Call', ttl_minutes: 43200, payload: 'p' } },
    }),
  ],
  [
    'location_request_message',
    interactive({ type: 'location_request_message', body, action: { name: 'send_location' } }),
  ],
  [
    'call_permission_request',
    interactive({ type: 'call_permission_request', action: { name: 'call_permission_request' } }),
  ],
  [
    'request_contact_info',
    interactive({ type: 'request_contact_info', body, action: { name: 'request_contact_info' } }),
  ],
  [
    'address_message',
    address({
      country: 'IN',
      values: { name: 'Asha', in_pin_code: '400063' },
      saved_addresses: [{ id: 'a1', value: { city: 'Mumbai' } }],
      validation_errors: { city: 'unknown' },
    }),
  ],
  [
    'flow',
    flow({
      mode: 'draft',
      flow_token: 't',
      flow_action: 'navigate',
      flow_action_payload: { screen: 'FIRST', data: { a: 1 } },
    }),
  ],
  [
    'catalog_message',
    interactive({
      type: 'catalog_message',
      body,
      action: { name: 'catalog_message', parameters: { thumbnail_product_retailer_id: 'sku1' } },
    }),
  ],
  ['product', interactive({ type: 'product', action: { catalog_id: 'c1', product_retailer_id: 'sku1' } })],
  [
    'product_list',
    productList({}, { title: 'One', product_items: products(15) }, { title: 'Two', product_items: products(15) }),
  ],
  ['carousel of links', carousel(urlCard(0), urlCard(1))],
  ['carousel of replies', carousel(replyCard(0, 'a', 'b'), replyCard(1, 'c', 'd'))],
  ['carousel whose cards share their buttons', carousel(replyCard(0, 'a', 'b'), replyCard(1, 'a', 'b'))],
  ['carousel of products', carousel(productCard(0), productCard(1))],
  ['order_details', orderDetails()],
  [
    'order_details paid by UPI intent',
    orderDetails({
      payment_settings: [{ type: 'upi_intent_link', upi_intent_link: { link: 'upi://pay?pa=a&tr=1' } }],
    }),
  ],
  ['order_status', orderStatus('partially-shipped')],
];
for (const [what, content] of ACCEPTED) {
  test(`accepts ${what}`, async () => {
    const answer = await post(content);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.match(String(dig(answer.body, 'messages', 0, 'id')), /^wamid\./);
  });
}

const REFUSED: [what: string, content: Content, code: number, detail: RegExp][] = [
  ['media without id and link', { type: 'image', image: { caption: 'c' } }, 131008, /image\['id'\]/],
  [
    'media with id and link',
    { type: 'image', image: { id: 'MEDIA_ID', link: 'https://example.com/a.jpg' } },
    131009,
    /Only one/,
  ],
  ['a link that is no URL', { type: 'video', video: { link: 'example.com/a.mp4' } }, 131009, /video\['link'\]/],
  [
    'a link of another scheme',
    { type: 'audio', audio: { link: 'ftp://example.com/a.mp3' } },
    131009,
    /audio\['link'\]/,
  ],
  ['media that does not exist', { type: 'sticker', sticker: { id: '12345' } }, 100, /sticker\['id'\] is not a valid/],
  [
    'header media that does not exist',
    interactive({
      type: 'button',
      header: { type: 'image', image: { id: '12345' } },
      body,
      action: { buttons: [button('a', 'b')] },
    }),
    100,
    /interactive\['header'\]\['image'\]\['id'\]/,
  ],
  ['a caption above 1024', { type: 'image', image: { id: 'MEDIA_ID', caption: 'x'.repeat(1025) } }, 131009, /caption/],
  ['a caption on audio', { type: 'audio', audio: { id: 'MEDIA_ID', caption: 'x' } }, 100, /caption/],
  ['a filename on an image', { type: 'image', image: { id: 'MEDIA_ID', filename: 'x' } }, 100, /filename/],
  ['no latitude', { type: 'location', location: { longitude: 1 } }, 131008, /location\['latitude'\]/],
  ['a latitude above 90', { type: 'location', location: { latitude: 90.1, longitude: 1 } }, 131009, /latitude/],
  [
    'a longitude that is no number',
    { type: 'location', location: { latitude: 1, longitude: 'east' } },
    131009,
    /longitude/,
  ],
  ['a longitude as an object', { type: 'location', location: { latitude: 1, longitude: {} } }, 100, /longitude/],
  ['no contacts', { type: 'contacts', contacts: [] }, 131009, /contacts/],
  ['258 contacts', { type: 'contacts', contacts: Array(258).fill(contact) }, 131009, /contacts/],
  [
    'a contact without formatted_name',
    { type: 'contacts', contacts: [{ name: { first_name: 'A' } }] },
    131008,
    /contacts\[0\]\['name'\]\['formatted_name'\]/,
  ],
  [
    'a contact with formatted_name only',
    { type: 'contacts', contacts: [contact, { name: { formatted_name: 'A' } }] },
    131009,
    /contacts\[1\]\['name'\]/,
  ],
  [
    'a birthday in another form',
    { type: 'contacts', contacts: [{ ...contact, birthday: '29.2.2000' }] },
    131009,
    /birthday/,
  ],
  [
    'a reaction of two emoji',
    { type: 'reaction', reaction: { message_id: 'wamid.x', emoji: '👍👍' } },
    131009,
    /emoji/,
  ],
  ['a reaction of letters', { type: 'reaction', reaction: { message_id: 'wamid.x', emoji: 'a' } }, 131009, /emoji/],
  ['a reaction without emoji', { type: 'reaction', reaction: { message_id: 'wamid.x' } }, 131008, /emoji/],
  [
    'a reaction with context',
    { type: 'reaction', context: { message_id: 'wamid.x' }, reaction: { message_id: 'wamid.x', emoji: '👍' } },
    100,
    /context/,
  ],
  ['no interactive', { type: 'interactive' }, 131008, /interactive/],
  ['an interactive without type', interactive({ body }), 131008, /interactive\['type'\]/],
  ['an interactive of an unknown type', interactive({ type: 'quiz', body }), 131009, /must be one of button, list/],
  ['an interactive as a list', { type: 'interactive', interactive: [] }, 100, /interactive/],
  [
    'buttons without body',
    interactive({ type: 'button', action: { buttons: [button('a', 'b')] } }),
    131008,
    /interactive\['body'\]/,
  ],
  [
    'a body above 1024',
    interactive({ type: 'button', body: { text: 'x'.repeat(1025) }, action: { buttons: [button('a', 'b')] } }),
    131009,
    /body/,
  ],
  [
    'a footer above 60',
    interactive({ type: 'button', body, footer: { text: 'x'.repeat(61) }, action: { buttons: [button('a', 'b')] } }),
    131009,
    /footer/,
  ],
  [
    'a header text above 60',
    interactive({
      type: 'button',
      header: { type: 'text', text: 'x'.repeat(61) },
      body,
      action: { buttons: [button('a', 'b')] },
    }),
    131009,
    /header/,
  ],
  [
    'a header without its part',
    interactive({ type: 'button', header: { type: 'text' }, body, action: { buttons: [button('a', 'b')] } }),
    131008,
    /interactive\['header'\]\['text'\]/,
  ],
  [
    'a header with two parts',
    interactive({
      type: 'button',
      header: { type: 'text', text: 'a', image: { id: 'MEDIA_ID' } },
      body,
      action: { buttons: [button('a', 'b')] },
    }),
    100,
    /image/,
  ],
  ['no buttons', buttons(), 131009, /buttons/],
  ['four buttons', buttons(...['a', 'b', 'c', 'd'].map((id) => button(id, id))), 131009, /buttons/],
  ['button ids twice', buttons(button('a', 'x'), button('a', 'y')), 131009, /distinct ids/],
  ['button titles twice', buttons(button('a', 'x'), button('b', 'x')), 131009, /distinct titles/],
  ['a button title above 20', buttons(button('a', 'x'.repeat(21))), 131009, /\['buttons'\]\[0\]\['reply'\]\['title'\]/],
  ['a button id above 256', buttons(button('x'.repeat(257), 'x')), 131009, /\['id'\]/],
  [
    'eleven rows over two sections',
    sections({ title: 'a', rows: rows(6) }, { title: 'b', rows: rows(5, 6) }),
    131009,
    /10 rows/,
  ],
  ['10,000 rows', sections({ title: 'a', rows: rows(10_000) }), 131009, /10 rows/],
  ['row ids twice', sections({ title: 'a', rows: rows(2) }, { title: 'b', rows: rows(2) }), 131009, /row ids/],
  [
    'several sections, one without title',
    sections({ title: 'a', rows: rows(1) }, { rows: rows(1, 1) }),
    131008,
    /sections'\]\[1\]\['title'\]/,
  ],
  ['a row title above 24', sections({ rows: [{ id: 'a', title: 'x'.repeat(25) }] }), 131009, /title/],
  [
    'a row description above 72',
    sections({ rows: [{ ...row('a'), description: 'x'.repeat(73) }] }),
    131009,
    /description/,
  ],
  ['a row id above 200', sections({ rows: [row('x'.repeat(201))] }), 131009, /\['id'\]/],
  [
    'a media header on a list',
    interactive({
      type: 'list',
      header: { type: 'image', image: { id: 'MEDIA_ID' } },
      body,
      action: { button: 'b', sections: [{ rows: rows(1) }] },
    }),
    100,
    /image/,
  ],
  ['a url button without url', ctaUrl({ display_text: 'Open' }), 131008, /\['url'\]/],
  ['a url button with a bad url', ctaUrl({ display_text: 'Open', url: 'javascript:alert(1)' }), 131009, /\['url'\]/],
  ['a label above 20', ctaUrl({ display_text: 'x'.repeat(21), url: 'https://example.com' }), 131009, /display_text/],
  [
    'another action name',
    interactive({ type: 'location_request_message', body, action: { name: 'send_pin' } }),
    131009,
    /\['name'\]/,
  ],
  [
    'a footer on call_permission_request',
    interactive({
      type: 'call_permission_request',
      footer: { text: 'f' },
      action: { name: 'call_permission_request' },
    }),
    100,
    /footer/,
  ],
  [
    'a call that lives 43201 minutes',
    interactive({ type: 'voice_call', body, action: { name: 'voice_call', parameters: { ttl_minutes: 43201 } } }),
    131009,
    /ttl_minutes/,
  ],
  ['an address outside India', address({ country: 'HR' }), 131009, /country/],
  ['a pin code of 5 digits', address({ country: 'IN', values: { in_pin_code: '40006' } }), 131009, /in_pin_code/],
  ['a flow with id and name', flow({ flow_name: 'n' }), 131009, /Only one/],
  ['a flow of another version', flow({ flow_message_version: '2' }), 131009, /flow_message_version/],
  ['a flow label with emoji', flow({ flow_cta: 'Go 🎂' }), 131009, /emoji/],
  ['a flow label above 30', flow({ flow_cta: 'x'.repeat(31) }), 131009, /flow_cta/],
  [
    'a payload with data_exchange',
    flow({ flow_action: 'data_exchange', flow_action_payload: { screen: 'A' } }),
    131009,
    /flow_action_payload/,
  ],
  ['empty flow data', flow({ flow_action_payload: { screen: 'A', data: {} } }), 131009, /data/],
  [
    'a header on product',
    interactive({
      type: 'product',
      header: { type: 'text', text: 'h' },
      action: { catalog_id: 'c', product_retailer_id: 'p' },
    }),
    100,
    /header/,
  ],
  [
    'a product list without header',
    productList({ header: undefined }, { product_items: products(1) }),
    131008,
    /header/,
  ],
  [
    '31 products',
    productList({}, { title: 'a', product_items: products(16) }, { title: 'b', product_items: products(15) }),
    131009,
    /30 products/,
  ],
  ['a carousel of one card', carousel(urlCard(0)), 131009, /cards/],
  ['a carousel of 11 cards', carousel(...Array.from({ length: 11 }, (_, i) => urlCard(i))), 131009, /cards/],
  ['cards not numbered from 0', carousel(urlCard(1), urlCard(2)), 131009, /numbered/],
  ['cards of different buttons', carousel(urlCard(0), replyCard(1, 'a')), 131009, /same kind/],
  ['a card with the same button ids', carousel(replyCard(0, 'a', 'a'), replyCard(1, 'b', 'c')), 131009, /distinct/],
  [
    'a card body of four lines',
    carousel(urlCard(0, { body: { text: 'a\nb\nc\nd' } }), urlCard(1)),
    131009,
    /line breaks/,
  ],
  ['a card body above 160', carousel(urlCard(0, { body: { text: 'x'.repeat(161) } }), urlCard(1)), 131009, /body/],
  [
    'a media card without header',
    carousel(urlCard(0, { header: undefined }), urlCard(1)),
    131008,
    /cards'\]\[0\]\['header'\]/,
  ],
  ['products of two catalogs', carousel(productCard(0), productCard(1, 'c2')), 131009, /same kind/],
  [
    'a header on a carousel',
    interactive({
      type: 'carousel',
      header: { type: 'text', text: 'h' },
      body,
      action: { cards: [urlCard(0), urlCard(1)] },
    }),
    100,
    /header/,
  ],
  ['a total that is not the sum', orderDetails({ total_amount: { value: 2001, offset: 100 } }), 131009, /total_amount/],
  ['another offset', orderDetails({ total_amount: { value: 2000, offset: 1 } }), 131009, /offset/],
  ['another currency', orderDetails({ currency: 'EUR' }), 131009, /currency/],
  ['a reference above 35 in India', orderDetails({ reference_id: 'x'.repeat(36) }), 131009, /reference_id/],
  [
    'a payment setting without its object',
    orderDetails({ payment_settings: [{ type: 'boleto' }] }),
    131008,
    /payment_settings'\]\[0\]\['boleto'\]/,
  ],
  [
    'an order that expires at once',
    orderDetails({ order: { ...order, expiration: { timestamp: '1700000000', description: 'gone' } } }),
    131009,
    /expiration/,
  ],
  ['another order status', orderStatus('lost'), 131009, /status/],
];
for (const [what, content, code, detail] of REFUSED) {
  test(`refuses ${what} with ${code}`, async () => {
    const answer = await post(content);
    assert.equal(answer.status, 400, JSON.stringify(answer.body));
    assert.equal(dig(answer.body, 'error', 'code'), code, JSON.stringify(answer.body));
    assert.match(String(dig(answer.body, 'error', 'error_data', 'details')), detail);
  });
}

test('accepts a Brazilian reference of 60 characters', async () => {
  const answer = await post(
    orderDetails({ currency: 'BRL', reference_id: 'x'.repeat(60), payment_settings: undefined }),
  );
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
});

test('a reaction reaches sent only; to an unknown message, a reaction or one over 30 days old it fails with 131009', async () => {
  await sandbox.control('PUT', '/window', { mode: 'open' });
  const react = (messageId: string, emoji = '👍🏽') =>
    sandbox.sent(USER, { type: 'reaction', text: undefined, reaction: { message_id: messageId, emoji } });
  const statuses = (wamid: string) => sandbox.callback.statuses(wamid).join();
  const text = await sandbox.sent();
  const inbound = await sandbox.control('POST', `/users/${USER}/messages`, { type: 'text', text: { body: 'hi' } });
  const reaction = await react(text);
  const [toInbound, back, toNothing, toReaction] = [
    await react(String(dig(inbound.body, 'id'))),
    await react(text, ''),
    await react('wamid.none'),
    await react(reaction),
  ];
  await sandbox.control('POST', '/clock', { advanceSeconds: 31 * 86_400 });
  const tooOld = await react(text);
  for (const failing of [toNothing, toReaction, tooOld]) {
    await until('failed', () => statuses(failing) === 'failed');
    const failed = sandbox.callback.posts().find((each) => each.body.includes(failing));
    assert.equal(dig(failed?.json, 'entry', 0, 'changes', 0, 'value', 'statuses', 0, 'errors', 0, 'code'), 131009);
  }
  for (const fine of [reaction, toInbound, back]) await until('sent', () => statuses(fine) === 'sent');
});
