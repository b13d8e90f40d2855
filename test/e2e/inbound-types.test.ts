// Every kind of message that a user can send, through the real sandbox to the customer's forward URL.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type InboundScene, inboundBody, startInboundScene } from '../support/inbound-scene.js';
import { until } from '../support/until.js';
import { JPEG, MP3, MP4, oggOf, PDF, webpOf } from './sandbox-files.js';

let inbound: InboundScene;
before(async () => {
  inbound = await startInboundScene();
});
after(() => inbound.stop());

const reply = (interactive: Record<string, unknown>) => ({ type: 'interactive', interactive });
const data = (bytes: Buffer): string => bytes.toString('base64');

/** What the user sends, and what the customer reads; `url` stands for the file's. */
const CASES: readonly [Record<string, unknown>, Record<string, unknown>][] = [
  [
    { type: 'text', text: { body: 'Žuta 🙂' } },
    { type: 'TEXT', text: 'Žuta 🙂' },
  ],
  [
    { type: 'image', image: { data: data(JPEG), mime_type: 'image/jpeg', caption: 'c' } },
    { type: 'IMAGE', url: '', caption: 'c' },
  ],
  [
    { type: 'video', video: { data: data(MP4), mime_type: 'video/mp4' } },
    { type: 'VIDEO', url: '' },
  ],
  [
    { type: 'audio', audio: { data: data(MP3), mime_type: 'audio/mpeg' } },
    { type: 'AUDIO', url: '' },
  ],
  [
    { type: 'audio', audio: { data: data(oggOf(1)), mime_type: 'audio/ogg', voice: true } },
    { type: 'VOICE', url: '' },
  ],
  [
    { type: 'document', document: { data: data(PDF), mime_type: 'application/pdf', filename: 'a.pdf', caption: 'd' } },
    { type: 'DOCUMENT', url: '', caption: 'd' },
  ],
  [
    { type: 'sticker', sticker: { data: data(webpOf(512, 512)), mime_type: 'image/webp' } },
    { type: 'STICKER', url: '' },
  ],
  [
    {
      type: 'location',
      location: { latitude: 45.8, longitude: 15.9, name: 'N', address: 'A', url: 'https://a.example' },
    },
    { type: 'LOCATION', latitude: 45.8, longitude: 15.9, name: 'N', address: 'A', url: 'https://a.example' },
  ],
  [
    { type: 'contacts', contacts: [{ name: { formatted_name: 'Ana' }, phones: [{ phone: '+1', wa_id: '1' }] }] },
    { type: 'CONTACT', contacts: [{ name: { formattedName: 'Ana' }, phones: [{ phone: '+1', waId: '1' }] }] },
  ],
  [
    { type: 'button', button: { payload: 'p', text: 'Yes' } },
    { type: 'BUTTON', payload: 'p', text: 'Yes' },
  ],
  [
    reply({ type: 'button_reply', button_reply: { id: 'a', title: 'Yes' } }),
    { type: 'INTERACTIVE_BUTTON_REPLY', id: 'a', title: 'Yes' },
  ],
  [
    reply({ type: 'list_reply', list_reply: { id: 'a', title: 'Row', description: 'd' } }),
    { type: 'INTERACTIVE_LIST_REPLY', id: 'a', title: 'Row', description: 'd' },
  ],
  [
    reply({ type: 'nfm_reply', nfm_reply: { name: 'flow', body: 'Sent', response_json: '{"flow_token":"t","n":1}' } }),
    { type: 'INTERACTIVE_FLOW_REPLY', text: 'Sent', response: { flow_token: 't', n: 1 } },
  ],
  [
    reply({ type: 'call_permission_reply', call_permission_reply: { response: 'accept', is_permanent: true } }),
    { type: 'INTERACTIVE_CALL_PERMISSION_REPLY', callPermissionReply: { response: 'ACCEPT' } },
  ],
  [
    {
      type: 'order',
      order: {
        catalog_id: 'c',
        text: 't',
        product_items: [{ product_retailer_id: 'p', quantity: 2, item_price: 1.5, currency: 'EUR' }],
      },
    },
    {
      type: 'ORDER',
      catalogId: 'c',
      text: 't',
      productItems: [{ productRetailerId: 'p', quantity: 2, itemPrice: 1.5, currency: 'EUR' }],
    },
  ],
  [
    { type: 'reaction', reaction: { message_id: 'wamid.X', emoji: '👍' } },
    { type: 'REACTION', emoji: '👍', action: 'ADDED', context: { id: 'wamid.X' } },
  ],
  [
    { type: 'reaction', reaction: { message_id: 'wamid.X' } },
    { type: 'REACTION', action: 'REMOVED', context: { id: 'wamid.X' } },
  ],
  [{ type: 'unsupported' }, { type: 'UNSUPPORTED' }],
  [{ type: 'request_welcome' }, { type: 'UNSUPPORTED' }],
];

for (const [fragment, expected] of CASES) {
  const name = `${String(expected.type)} from ${JSON.stringify(fragment).slice(0, 60)}`;
  test(`reports ${name}`, async () => {
    const { scene, say, resultOf } = inbound;
    const wamid = await say({ ...fragment, profileName: 'Ana' });
    const result = await resultOf(wamid);
    assert.deepEqual([result.from, result.to], [scene.world.info.user, scene.world.info.sender]);
    assert.equal(result.integrationType, 'WHATSAPP');
    assert.deepEqual([result.contact.name, result.contact.phoneNumber], ['Ana', scene.world.info.user]);
    const { url, ...message } = result.message;
    if ('url' in expected && expected.url === '') {
      const base = `${scene.world.info.api}/whatsapp/1/senders/${scene.world.info.sender}/media/`;
      assert.ok(url?.startsWith(base), url);
      assert.deepEqual({ ...message, url: '' }, expected);
    } else assert.deepEqual(result.message, expected);
  });
}

test('carries referral, referred product, forward flags and group of whatever type has them', async () => {
  const { scene, resultOf } = inbound;
  const context = { forwarded: true, referred_product: { catalog_id: '7', product_retailer_id: 's' } };
  const referral = { source_url: 'https://fb.example', source_id: '1', source_type: 'ad', ctwa_clid: 'c' };
  const message = { id: 'wamid.referral', type: 'text', text: { body: 'x' }, context, referral, group_id: 'G' };
  assert.equal((await scene.postWebhook(inboundBody(scene, message))).status, 200);
  const result = await resultOf('wamid.referral');
  assert.deepEqual(result.message, {
    type: 'TEXT',
    text: 'x',
    context: { groupId: 'G', referredProduct: { catalogId: '7', productRetailerId: 's' }, forwarded: true },
    referral: { sourceType: 'AD', sourceId: '1', sourceUrl: 'https://fb.example', ctwaClickId: 'c' },
  });
});

test('names a user who hides the number by the user id', async () => {
  const { scene, resultOf } = inbound;
  const message = { id: 'wamid.hidden', from: undefined, from_user_id: 'HR.77', type: 'text', text: { body: 'x' } };
  const contact = { profile: { name: 'Ana', username: 'ana' }, user_id: 'HR.77' };
  assert.equal((await scene.postWebhook(inboundBody(scene, message, contact))).status, 200);
  const result = await resultOf('wamid.hidden');
  assert.equal(result.from, 'HR.77');
  assert.deepEqual(result.contact, { name: 'Ana', userId: 'HR.77', username: 'ana' });
});

test('reports a captured payment as a confirmation that quotes the order', async () => {
  const { scene, resultOf } = inbound;
  const { info } = scene.world;
  const payment = {
    reference_id: 'order-7',
    amount: { value: 900, offset: 100 },
    currency: 'INR',
    transaction: { id: 'tx', type: 'upi', status: 'success' },
  };
  const timestamp = String(Math.floor(Date.now() / 1000));
  const status = {
    id: 'wamid.order',
    recipient_id: info.user,
    type: 'payment',
    status: 'captured',
    timestamp,
    payment,
  };
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: info.sender, phone_number_id: info.phoneNumberId },
    statuses: [{ ...status, id: 'wamid.other', status: 'pending' }, status, status],
  };
  const body = { object: 'x', entry: [{ id: info.wabaId, changes: [{ field: 'messages', value }] }] };
  assert.equal((await scene.postWebhook(body)).status, 200);
  const result = await resultOf('wamid.order');
  assert.equal(result.from, info.user);
  assert.deepEqual(result.message, {
    type: 'INTERACTIVE_PAYMENT_CONFIRMATION',
    referenceId: 'order-7',
    status: 'SUCCESS',
    currency: 'INR',
    totalAmount: { value: 900, offset: 100 },
    transactionId: 'tx',
    transactionType: 'UPI',
    context: { from: info.sender, id: 'wamid.order' },
  });
});

test('counts what it cannot express, and reports it once all the same', async () => {
  const { scene, resultOf, resultsOf, say } = inbound;
  const before = await scene.metric('parley_received_total', 'what="unsupported"');
  const message = { id: 'wamid.hologram', type: 'hologram', hologram: { depth: [3] }, context: { id: 'wamid.Q' } };
  for (let i = 0; i < 2; i += 1) assert.equal((await scene.postWebhook(inboundBody(scene, message))).status, 200);
  const result = await resultOf('wamid.hologram');
  assert.deepEqual(result.message, { type: 'UNSUPPORTED', context: { id: 'wamid.Q' } });
  assert.equal(await scene.metric('parley_received_total', 'what="unsupported"'), before + 2);
  await resultOf(await say({ type: 'text', text: { body: 'later' } }));
  assert.equal(resultsOf('wamid.hologram').length, 1);
});

test('keeps system messages without reporting them as messages', async () => {
  const { scene, resultOf, resultsOf, say } = inbound;
  const before = await scene.metric('parley_received_total', 'what="system"');
  const system = { body: 'changed', type: 'user_changed_number', wa_id: '441134969999' };
  const message = { id: 'wamid.system', type: 'system', system };
  assert.equal((await scene.postWebhook(inboundBody(scene, message))).status, 200);
  await until('the count', async () => (await scene.metric('parley_received_total', 'what="system"')) === before + 1);
  await resultOf(await say({ type: 'text', text: { body: 'later' } }));
  assert.deepEqual(resultsOf('wamid.system'), []);
});
