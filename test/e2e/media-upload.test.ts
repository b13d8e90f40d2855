// Accounts with `media: upload`: Parley fetches the files of messages and Meta gets ids instead of links.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { type Result, resultsAt, type Scene, startScene, type Tenant } from '../support/scene.js';
import { JPEG, jpegOf, sha256 } from './sandbox-files.js';

const MB = 1024 * 1024;

interface Host {
  url: string;
  requests: { path: string; headers: IncomingHttpHeaders }[];
  /** Decides what a path gives; what is not here is 404. */
  files: Map<string, (response: ServerResponse, headers: IncomingHttpHeaders) => void>;
  asked(path: string): IncomingHttpHeaders[];
}

interface MetaImage {
  direction: string;
  payload: { image?: { id?: string; link?: string; caption?: string } };
}

let scene: Scene;
let hook: Receiver;
let host: Host;
let server: Server;
let ann: Tenant;
let bob: Tenant;

before(async () => {
  scene = await startScene();
  hook = await startReceiver();
  [host, server] = await startHost();
  ann = await scene.newTenant({ account: { media: 'upload' } });
  bob = await scene.newTenant();
});
after(async () => {
  server.closeAllConnections();
  server.close();
  await hook.stop();
  await scene.stop();
});

async function startHost(): Promise<[Host, Server]> {
  const files: Host['files'] = new Map();
  const requests: Host['requests'] = [];
  const listening = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push({ path, headers: request.headers });
    const file = files.get(path);
    if (file === undefined) response.writeHead(404).end();
    else file(response, request.headers);
  });
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const address = listening.address();
  assert.ok(address !== null && typeof address === 'object');
  const asked = (path: string) => requests.filter((request) => request.path === path).map(({ headers }) => headers);
  return [{ url: `http://127.0.0.1:${address.port}`, requests, files, asked }, listening];
}

function serve(path: string, type: string, bytes: Buffer, etag?: string): void {
  host.files.set(path, (response, headers) => {
    if (etag !== undefined && headers['if-none-match'] === etag) {
      response.writeHead(304, { etag }).end();
      return;
    }
    const length = { 'content-type': type, 'content-length': bytes.length };
    response.writeHead(200, etag === undefined ? length : { ...length, etag }).end(bytes);
  });
}

let sends = 0;

/** Sends an image and returns the user it goes to and its messageId. */
async function sendImage(mediaUrl: string, tenant = ann, type = 'image'): Promise<{ to: string; messageId: string }> {
  sends += 1;
  const [to, messageId] = [scene.newUser(), `upload-${sends}`];
  const json = { from: tenant.sender, to, messageId, content: { mediaUrl }, notifyUrl: `${hook.url}/${messageId}` };
  const { status, body } = await scene.world.api(`/whatsapp/1/message/${type}`, { json, key: tenant.key });
  assert.equal(status, 200, JSON.stringify(body));
  return { to, messageId };
}

async function reportOf(messageId: string, timeoutMs?: number): Promise<Result> {
  await hook.next(({ path }) => path === `/${messageId}`, timeoutMs);
  const [result] = resultsAt(hook, `/${messageId}`);
  assert.ok(result);
  return result;
}

async function errorOf(mediaUrl: string, type?: string): Promise<number | undefined> {
  const { messageId } = await sendImage(mediaUrl, ann, type);
  return (await reportOf(messageId)).error?.id;
}

async function imageAtMeta(to: string): Promise<MetaImage['payload']['image']> {
  const { body } = await scene.world.sandbox<{ messages: MetaImage[] }>(`/_sandbox/messages?user=${to}`);
  return body.messages.find(({ direction }) => direction === 'out')?.payload.image;
}

/** Sends an image that arrives, and returns the id that Meta got. */
async function idOf(path: string): Promise<string | undefined> {
  const { to, messageId } = await sendImage(`${host.url}${path}`);
  const { status, error } = await reportOf(messageId);
  assert.equal(status?.groupName, 'DELIVERED', JSON.stringify(error));
  return (await imageAtMeta(to))?.id;
}

test('Meta gets the id of the uploaded file, uploaded once; after 10 minutes the host is asked by ETag', async () => {
  serve('/cat.jpg', 'image/jpeg', JPEG, '"v1"');
  const id = await idOf('/cat.jpg');
  assert.ok(id !== undefined);
  const node = await scene.world.sandbox<{ sha256: string; mime_type: string }>(`/v23.0/${id}`, {
    headers: { authorization: `Bearer ${ann.graphToken}` },
  });
  assert.deepEqual([node.body.mime_type, node.body.sha256], ['image/jpeg', sha256(JPEG)]);
  assert.equal(await idOf('/cat.jpg'), id);
  assert.equal(host.asked('/cat.jpg').length, 1);
  await scene.advance(11 * 60);
  assert.equal(await idOf('/cat.jpg'), id);
  assert.deepEqual(
    host.asked('/cat.jpg').map((headers) => headers['if-none-match']),
    [undefined, '"v1"'],
  );
  serve('/cat.jpg', 'image/jpeg', jpegOf(2000), '"v2"');
  await scene.advance(11 * 60);
  const next = await idOf('/cat.jpg');
  assert.notEqual(next, id);
  await scene.advance(29 * 86_400);
  const last = await idOf('/cat.jpg');
  assert.notEqual(last, next);
  assert.equal(host.asked('/cat.jpg').at(-1)?.['if-none-match'], undefined);
});

test('what is known of uploads outlives the process', async () => {
  serve('/kept.jpg', 'image/jpeg', JPEG, '"k"');
  const id = await idOf('/kept.jpg');
  await scene.world.killGateway();
  assert.equal(await idOf('/kept.jpg'), id);
  assert.equal(host.asked('/kept.jpg').length, 1);
});

test('many messages with one new file fetch and upload it once', async () => {
  serve('/many.jpg', 'image/jpeg', JPEG);
  const sent = await Promise.all(Array.from({ length: 30 }, () => sendImage(`${host.url}/many.jpg`)));
  for (const { messageId } of sent) assert.equal((await reportOf(messageId)).status?.groupName, 'DELIVERED');
  assert.equal(host.asked('/many.jpg').length, 1);
});

test('an account that leaves it to Meta sends the link as it is', async () => {
  serve('/link.jpg', 'image/jpeg', JPEG);
  const { to, messageId } = await sendImage(`${host.url}/link.jpg`, bob);
  await reportOf(messageId);
  assert.deepEqual(await imageAtMeta(to), { link: `${host.url}/link.jpg` });
});

test('a redirect is followed, but not to a place that must not be reached', async () => {
  serve('/there.jpg', 'image/jpeg', JPEG);
  host.files.set('/away.jpg', (response) => response.writeHead(302, { location: '/there.jpg' }).end());
  assert.ok((await idOf('/away.jpg')) !== undefined);
  host.files.set('/inside', (response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end());
  assert.equal(await errorOf(`${host.url}/inside`), 7014);
  assert.equal(await errorOf('http://169.254.169.254/latest/meta-data'), 7014);
});

test('7014 for what cannot be fetched, 7015 for a wrong type or size, said or found while it streams', async () => {
  assert.equal(await errorOf(`${host.url}/none.jpg`), 7014);
  serve('/page.jpg', 'text/html', Buffer.from('<html>'));
  assert.equal(await errorOf(`${host.url}/page.jpg`), 7015);
  serve('/wrong.webp', 'image/webp', Buffer.alloc(100));
  assert.equal(await errorOf(`${host.url}/wrong.webp`), 7015);
  serve('/empty.jpg', 'image/jpeg', Buffer.alloc(0));
  assert.equal(await errorOf(`${host.url}/empty.jpg`), 7015);
  serve('/large.jpg', 'image/jpeg', jpegOf(5 * MB + 1));
  assert.equal(await errorOf(`${host.url}/large.jpg`), 7015);
  host.files.set('/endless.jpg', (response) => {
    response.writeHead(200, { 'content-type': 'image/jpeg' });
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(256 * 1024)));
    };
    response.on('drain', more);
    more();
  });
  assert.equal(await errorOf(`${host.url}/endless.jpg`), 7015);
  serve('/fake.jpg', 'image/jpeg', Buffer.from('no picture at all'));
  assert.equal(await errorOf(`${host.url}/fake.jpg`), 7015);
  serve('/101.pdf', 'application/pdf', Buffer.alloc(101 * MB));
  assert.equal(await errorOf(`${host.url}/101.pdf`, 'document'), 7015);
});

test('a host that fails for a moment is asked again; an upload that Meta refuses is 7013', async () => {
  let fails = 1;
  host.files.set('/shaky.jpg', (response) => {
    fails -= 1;
    if (fails >= 0) response.writeHead(503).end();
    else response.writeHead(200, { 'content-type': 'image/jpeg' }).end(JPEG);
  });
  assert.ok((await idOf('/shaky.jpg')) !== undefined);
  assert.equal(host.asked('/shaky.jpg').length, 2);
  serve('/refused.jpg', 'image/jpeg', JPEG);
  const match = { path: `${ann.phoneNumberId}/media` };
  const id = await scene.fault({ on: 'graph', match, effect: { code: 131_009 }, when: { always: true } });
  assert.equal(await errorOf(`${host.url}/refused.jpg`), 7013);
  await scene.removeFault(id);
  assert.ok((await idOf('/refused.jpg')) !== undefined);
});

test('a host that does not answer holds up neither the other messages of its lane nor other lanes', async () => {
  const hanging: ServerResponse[] = [];
  const paths = ['/slow.jpg?0', '/slow.jpg?1'];
  for (const path of paths) host.files.set(path, (response) => void hanging.push(response));
  const slow = await Promise.all(Array.from({ length: 100 }, (_, i) => sendImage(`${host.url}${paths[i % 2]}`)));
  for (const tenant of [ann, bob]) {
    const { messageId } = await scene.send({ to: scene.newUser(), from: tenant.sender }, { key: tenant.key });
    await scene.lifeUntil('the text goes on', messageId, ({ state }) => state === 'read', 5_000);
  }
  for (const { messageId } of slow) assert.ok(!hook.requests.some(({ path }) => path === `/${messageId}`));
  assert.equal(hanging.length, 2);
  for (const response of hanging) response.writeHead(200, { 'content-type': 'image/jpeg' }).end(JPEG);
  for (const { messageId } of slow) assert.equal((await reportOf(messageId)).status?.groupName, 'DELIVERED');
});
