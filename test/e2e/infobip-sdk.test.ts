// @infobip-api/sdk, unmodified, drives the gateway: every message type that it offers beside templates, files, read marks, identities.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { AuthType, Infobip } from '@infobip-api/sdk';
import { messageTypeByPath } from '../../src/contract/messages/registry.js';
import { type InboundScene, startInboundScene } from '../support/inbound-scene.js';
import { until } from '../support/until.js';
import { jpegOf } from './sandbox-files.js';

let inbound: InboundScene;
let whatsapp: InstanceType<typeof Infobip>['channels']['whatsapp'];
before(async () => {
  inbound = await startInboundScene();
  const { scene } = inbound;
  const { api, apiKey, accountId, sender } = scene.world.info;
  whatsapp = new Infobip({ baseUrl: api, apiKey, authType: AuthType.ApiKey }).channels.whatsapp;
  await scene.admin(`/accounts/${accountId}`, { method: 'PATCH', json: { readMarks: true } });
  await scene.admin(`/senders/${sender}`, { method: 'PATCH', json: { identityCheck: true } });
});
after(() => inbound.stop());

/** The SDK's name of a type, and the path after /whatsapp/1/message/. */
const TYPES: readonly [name: string, path: string][] = [
  ...['text', 'document', 'image', 'audio', 'video', 'sticker', 'location', 'contact'].map((name): [string, string] => [
    name,
    name,
  ]),
  ...['buttons', 'list', 'product', 'multi-product'].map((name): [string, string] => [
    `interactive-${name}`,
    `interactive/${name}`,
  ]),
];
for (const [type, path] of TYPES) {
  test(`sends ${type}`, async () => {
    const { scene } = inbound;
    const to = scene.newUser();
    const { content } = messageTypeByPath(path)?.example ?? {};
    const sent = await whatsapp.send({ type, from: scene.world.info.sender, to, messageId: `sdk-${type}`, content });
    assert.equal(sent.status, 200, String(sent));
    assert.deepEqual([sent.data.messageId, sent.data.status.name], [`sdk-${type}`, 'PENDING_ENROUTE']);
    await scene.atMetaUntil(to, 1);
  });
}

test('downloads, describes and deletes the file of a user', async () => {
  const { sender } = inbound.scene.world.info;
  const file = jpegOf(5_000);
  const image = { data: file.toString('base64'), mime_type: 'image/jpeg' };
  const { message } = await inbound.resultOf(await inbound.say({ type: 'image', image }));
  const { url = '' } = message;
  const id = url.slice(url.lastIndexOf('/') + 1);
  const metadata = await until('the file is there', async () => {
    const answer = await whatsapp.media.metadata(sender, id);
    return answer.status === 200 ? answer : undefined;
  });
  assert.deepEqual([metadata.headers['content-type'], metadata.headers['content-length']], ['image/jpeg', '5000']);
  const { status, data } = await whatsapp.media.download(sender, id);
  assert.equal(status, 200);
  assert.ok(data instanceof Readable && file.equals(await buffer(data)));
  assert.equal((await whatsapp.media.delete(sender, url)).status, 204);
  assert.equal((await whatsapp.media.metadata(sender, id)).response.status, 404);
});

test('marks a message as read', async () => {
  const { scene } = inbound;
  const user = scene.newUser();
  const id = await inbound.say({ type: 'text', text: { body: 'Hi' } }, user);
  await inbound.resultOf(id);
  assert.equal((await whatsapp.markAsRead(scene.world.info.sender, id)).status, 204);
  const [message] = await scene.atMeta(user);
  assert.deepEqual(
    message?.statuses.map(({ status }) => status),
    ['read'],
  );
});

test('reads and confirms the identity of a user', async () => {
  const { scene } = inbound;
  const { sender } = scene.world.info;
  const user = scene.newUser();
  const speak = async (identityHash: string): Promise<void> => {
    await scene.world.sandbox(`/_sandbox/users/${user}`, { method: 'PUT', json: { identityHash } });
    await inbound.resultOf(await inbound.say({ type: 'text', text: { body: 'Hi' } }, user));
  };
  await speak('one=');
  await scene.world.sandbox('/_sandbox/clock', { json: { advanceSeconds: 2 } });
  await speak('two=');
  // The identity is written beside the message, which may be told first.
  const { status, data } = await until('the identity', async () => {
    const got = await whatsapp.identity.get(sender, user);
    return got.data.hash === 'two=' ? got : undefined;
  });
  assert.deepEqual([status, data.acknowledged], [200, false]);
  assert.equal((await whatsapp.identity.confirm(sender, user, 'two=')).status, 204);
  assert.equal((await whatsapp.identity.get(sender, user)).data.acknowledged, true);
});
