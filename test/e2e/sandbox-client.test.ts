// @kapso/whatsapp-cloud-api, unmodified, drives the sandbox: every message type and every media call that it offers.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WhatsAppClient } from '@kapso/whatsapp-cloud-api';
import { until } from '../support/until.js';
import { JPEG, MP4, oggOf, PDF, webpOf } from './sandbox-files.js';
import { dig, type Fixture, list, startFixture, TOKEN, USER } from './sandbox-fixture.js';

let sandbox: Fixture;
let client: WhatsAppClient;
let base: { phoneNumberId: string; to: string };
const media: Record<string, string> = {};
before(async () => {
  sandbox = await startFixture();
  client = new WhatsAppClient({ accessToken: TOKEN, baseUrl: sandbox.url, graphVersion: 'v25.0' });
  base = { phoneNumberId: sandbox.phoneNumberId, to: USER };
  const files = {
    image: [JPEG, 'image/jpeg'],
    video: [MP4, 'video/mp4'],
    audio: [oggOf(1), 'audio/ogg'],
    document: [PDF, 'application/pdf'],
    sticker: [webpOf(512, 512), 'image/webp'],
  } as const;
  for (const [kind, [bytes, type]] of Object.entries(files)) {
    const file = new Blob([new Uint8Array(bytes)], { type });
    const { phoneNumberId } = base;
    media[kind] = (await client.media.upload({ phoneNumberId, type, file, fileName: `a.${kind}` })).id;
  }
});
after(() => sandbox.stop());

const bodyText = 'What would you like?';
const idOf = (kind: string): { id: string } => ({ id: media[kind] ?? '' });
const header = () => ({ type: 'image' as const, image: idOf('image') });

type Send = () => Promise<{ messages: { id: string }[] }>;
const SENDS: Record<string, Send> = {
  text: () => client.messages.sendText({ ...base, body: 'hi', previewUrl: true }),
  image: () => client.messages.sendImage({ ...base, image: { ...idOf('image'), caption: 'c' } }),
  audio: () => client.messages.sendAudio({ ...base, audio: { ...idOf('audio'), voice: true } }),
  video: () => client.messages.sendVideo({ ...base, video: idOf('video') }),
  document: () => client.messages.sendDocument({ ...base, document: { ...idOf('document'), filename: 'a.pdf' } }),
  sticker: () => client.messages.sendSticker({ ...base, sticker: idOf('sticker') }),
  location: () =>
    client.messages.sendLocation({ ...base, location: { latitude: 45, longitude: 15, name: 'n', address: 'a' } }),
  contacts: () =>
    client.messages.sendContacts({
      ...base,
      contacts: [{ name: { formattedName: 'Ana', firstName: 'Ana' }, phones: [{ phone: '+1', waId: '1' }] }],
    }),
  buttons: () =>
    client.messages.sendInteractiveButtons({
      ...base,
      bodyText,
      header: header(),
      buttons: [{ id: 'a', title: 'Yes' }],
    }),
  list: () =>
    client.messages.sendInteractiveList({
      ...base,
      bodyText,
      buttonText: 'Choose',
      sections: [{ title: 's', rows: [{ id: 'a', title: 'A', description: 'd' }] }],
    }),
  product: () => client.messages.sendInteractiveProduct({ ...base, catalogId: 'c', productRetailerId: 'p' }),
  'product list': () =>
    client.messages.sendInteractiveProductList({
      ...base,
      bodyText,
      header: { type: 'text', text: 'h' },
      catalogId: 'c',
      sections: [{ title: 's', productItems: [{ productRetailerId: 'p' }] }],
    }),
  flow: () =>
    client.messages.sendInteractiveFlow({
      ...base,
      bodyText,
      parameters: {
        flowId: '1',
        flowCta: 'Book',
        flowToken: 't',
        flowAction: 'navigate',
        flowActionPayload: { screen: 'A' },
      },
    }),
  address: () =>
    client.messages.sendInteractiveAddress({
      ...base,
      bodyText,
      parameters: { country: 'IN', values: { name: 'Asha', inPinCode: '400063' } },
    }),
  'location request': () =>
    client.messages.sendInteractiveLocationRequest({ ...base, bodyText, parameters: { requestMessage: 'Where?' } }),
  'call permission': () =>
    client.messages.sendInteractiveCallPermission({ ...base, bodyText, parameters: { phoneNumber: '+441134960000' } }),
  'cta url': () =>
    client.messages.sendInteractiveCtaUrl({
      ...base,
      bodyText,
      parameters: { displayText: 'Open', url: 'https://example.com/' },
    }),
  carousel: () =>
    client.messages.sendInteractiveCarousel({
      ...base,
      bodyText,
      cards: [0, 1].map((cardIndex) => ({
        cardIndex,
        header: header(),
        bodyText: 'b',
        action: { displayText: 'Open', url: 'https://example.com/' },
      })),
    }),
  'carousel of replies': () =>
    client.messages.sendInteractiveCarousel({
      ...base,
      bodyText,
      cards: [0, 1].map((cardIndex) => ({
        cardIndex,
        header: header(),
        action: { buttons: [{ id: `b${cardIndex}`, title: 'Yes' }] },
      })),
    }),
  catalog: () =>
    client.messages.sendInteractiveCatalogMessage({
      ...base,
      bodyText,
      parameters: { thumbnailProductRetailerId: 'p' },
    }),
  raw: () =>
    client.messages.sendInteractiveRaw({
      ...base,
      interactive: { type: 'request_contact_info', body: { text: bodyText }, action: { name: 'request_contact_info' } },
    }),
};
for (const [what, send] of Object.entries(SENDS)) {
  test(`sends ${what}, which is delivered and read`, async () => {
    const wamid = (await send()).messages[0]?.id ?? '';
    await until('an end', () => /failed|read/.test(sandbox.callback.statuses(wamid).join()));
    assert.deepEqual(sandbox.callback.statuses(wamid), ['sent', 'delivered', 'read']);
  });
}

test('reacts, answers with a quote, marks as read with typing', async () => {
  const said = await sandbox.control('POST', `/users/${USER}/messages`, { type: 'text', text: { body: 'x' } });
  const messageId = String(dig(said.body, 'id'));
  const reaction = await client.messages.sendReaction({ ...base, reaction: { messageId, emoji: '👍' } });
  const wamid = reaction.messages[0]?.id ?? '';
  await until('sent', () => sandbox.callback.statuses(wamid).join() === 'sent');
  const answer = await client.messages.sendText({ ...base, body: 'yes', contextMessageId: messageId });
  const seen = list((await sandbox.control('GET', '/messages?limit=1000')).body, 'messages');
  const quoting = seen.find((message) => dig(message, 'id') === answer.messages[0]?.id);
  assert.equal(dig(quoting, 'payload', 'context', 'message_id'), messageId);
  const marked = await client.messages.markRead({
    phoneNumberId: base.phoneNumberId,
    messageId,
    typingIndicator: { type: 'text' },
  });
  assert.equal(marked.success, true);
});

test('registers, lists, sends and deletes a template', async () => {
  const businessAccountId = sandbox.wabaId;
  const components = [{ type: 'BODY', text: 'Plain words.' }];
  const made = await client.templates.create({
    businessAccountId,
    name: 'from_client',
    language: 'en_US',
    category: 'UTILITY',
    components,
  });
  await sandbox.control('POST', `/templates/${made.id}/review`, { decision: 'approve' });
  const { data } = await client.templates.list({ businessAccountId, status: 'APPROVED' });
  assert.deepEqual(
    data.map(({ name, status }) => [name, status]),
    [['from_client', 'APPROVED']],
  );
  const template = { name: 'from_client', language: { code: 'en_US' } };
  const sent = await client.messages.sendTemplate({ ...base, template });
  await until('read', () => sandbox.callback.statuses(sent.messages[0]?.id).includes('read'));
  await client.templates.delete({ businessAccountId, name: 'from_client' });
  await assert.rejects(client.messages.sendTemplate({ ...base, template }), (error) => dig(error, 'code') === 132001);
});

test('reads, downloads and deletes media', async () => {
  const { phoneNumberId } = base;
  const mediaId = media.document ?? '';
  const read = await client.media.get({ mediaId, phoneNumberId });
  assert.equal(dig(read, 'mimeType') ?? dig(read, 'mime_type'), 'application/pdf');
  const bytes = await client.media.download({ mediaId, phoneNumberId, auth: 'always' });
  assert.ok(bytes instanceof ArrayBuffer);
  assert.deepEqual(Buffer.from(bytes), PDF);
  await client.media.delete({ mediaId, phoneNumberId });
  await assert.rejects(client.media.get({ mediaId }));
});
