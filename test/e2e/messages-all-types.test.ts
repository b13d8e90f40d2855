// Every type of message through the public API: Meta gets the documented body, fetches what it links to, and the reports come back.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { after, before, test } from 'node:test';
import { isObject } from '../../src/contract/json.js';
import { messageTypes } from '../../src/contract/messages/registry.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { resultsUntil, type Scene, type SendAnswer, startScene } from '../support/scene.js';
import { MP4, oggOf, PDF, pngOf, webpOf } from './sandbox-files.js';

const FILES: Readonly<Record<string, { type: string; bytes: Buffer }>> = {
  png: { type: 'image/png', bytes: pngOf(8, 2) },
  mp4: { type: 'video/mp4', bytes: MP4 },
  ogg: { type: 'audio/ogg; codecs=opus', bytes: oggOf(1) },
  pdf: { type: 'application/pdf', bytes: PDF },
  webp: { type: 'image/webp', bytes: webpOf(512, 512) },
};

let scene: Scene;
let customer: Receiver;
let cdn: Server;
let cdnUrl = '';

before(async () => {
  cdn = createServer(({ url = '' }, response) => {
    const file = FILES[url.slice(url.lastIndexOf('.') + 1)];
    if (file === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': file.type, 'content-length': file.bytes.length }).end(file.bytes);
  });
  cdn.listen(0, '127.0.0.1');
  await once(cdn, 'listening');
  const address = cdn.address();
  assert.ok(isObject(address));
  cdnUrl = `http://127.0.0.1:${address.port}`;
  scene = await startScene();
  customer = await startReceiver();
});

after(async () => {
  await customer?.stop();
  await scene?.stop();
  cdn?.close();
});

/** A type's example, its files on our own server. */
function exampleOf(example: object): object {
  const value: unknown = JSON.parse(JSON.stringify(example).replaceAll('https://cdn.example', cdnUrl));
  assert.ok(isObject(value));
  return value;
}

for (const type of messageTypes.filter(({ isSendable }) => isSendable)) {
  test(`${type.path}: is taken by Meta as documented, delivered and seen`, async () => {
    const { world } = scene;
    const to = scene.newUser();
    const example = exampleOf(type.example);
    const path = `/${type.path}`;
    const json = { ...example, from: world.info.sender, to, messageId: type.path, notifyUrl: `${customer.url}${path}` };
    const { status, body } = await world.api<SendAnswer>(`/whatsapp/1/message${path}`, { json });
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.status.name, 'PENDING_ENROUTE');
    const [message] = await scene.atMetaUntil(to, 1);
    const content = 'content' in example ? example.content : {};
    const wire: unknown = JSON.parse(JSON.stringify(type.toWire(content, { acceptedAt: 0 })));
    assert.ok(message !== undefined && isObject(wire));
    assert.deepEqual({ ...message.payload, ...wire }, message.payload);
    const results = await resultsUntil(
      `${type.path} delivered and seen`,
      customer,
      (all) => all.filter(({ messageId }) => messageId === type.path).length === 2,
    );
    const own = results.filter(({ messageId }) => messageId === type.path);
    assert.deepEqual(own.map((result) => result.status?.name ?? 'seen').sort(), ['DELIVERED_TO_HANDSET', 'seen']);
  });
}

test('a type that Meta does not have is refused at once, with a report and without a send', async () => {
  const { world } = scene;
  const to = scene.newUser();
  const json = { from: world.info.sender, to, messageId: 'auth', notifyUrl: `${customer.url}/auth` };
  const path = '/whatsapp/1/message/interactive/in-thread-authentication-request';
  const { status, body } = await world.api<SendAnswer>(path, { json });
  assert.equal(status, 200);
  assert.equal(body.status.name, 'REJECTED_ROUTE_NOT_AVAILABLE');
  assert.equal(body.status.groupName, 'REJECTED');
  const results = await resultsUntil('the report', customer, (all) =>
    all.some(({ messageId }) => messageId === 'auth'),
  );
  const [report] = results.filter(({ messageId }) => messageId === 'auth');
  assert.equal(report?.error?.name, 'EC_SERVICE_NOT_ACTIVATED');
  await scene.send({ to });
  assert.equal((await scene.atMetaUntil(to, 1)).length, 1);
});

test('a caption that only Meta finds too long is reported as its refusal', async () => {
  const { world } = scene;
  const content = { mediaUrl: `${cdnUrl}/a.png`, caption: 'x'.repeat(1025) };
  const json = { from: world.info.sender, to: scene.newUser(), messageId: 'long', content, notifyUrl: customer.url };
  const { status, body } = await world.api<SendAnswer>('/whatsapp/1/message/image', { json });
  assert.equal(status, 200, JSON.stringify(body));
  const results = await resultsUntil('the report', customer, (all) =>
    all.some(({ messageId }) => messageId === 'long'),
  );
  const [report] = results.filter(({ messageId }) => messageId === 'long');
  assert.equal(report?.error?.metaCode, 131009);
});

test('wrong fields of an order are all named, and nothing is sent', async () => {
  const { world } = scene;
  const to = scene.newUser();
  const json = { from: world.info.sender, to, content: { body: {}, action: { payment: { type: 'CASH' }, order: {} } } };
  const { status, body } = await world.api<{
    requestError: { serviceException: { validationErrors: Record<string, string[]> } };
  }>('/whatsapp/1/message/interactive/order-details', { json });
  assert.equal(status, 400);
  assert.deepEqual(Object.keys(body.requestError.serviceException.validationErrors).sort(), [
    'content.action.order.items',
    'content.action.order.subtotal',
    'content.action.order.tax',
    'content.action.orderCurrency',
    'content.action.orderType',
    'content.action.payment.type',
    'content.action.totalAmount',
    'content.body.text',
  ]);
  await scene.send({ to });
  assert.equal((await scene.atMetaUntil(to, 1)).length, 1);
});
