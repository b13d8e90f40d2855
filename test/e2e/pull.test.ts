// Pulling what has no webhook: GET /messages-api/1/reports and /messages-api/1/inbound (Infobip 11).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { resultsUntil, type Scene, startScene, type Tenant } from '../support/scene.js';
import { until } from '../support/until.js';

const HOUR_S = 3_600;

interface Item {
  event: string;
  channel: string;
  sender: string;
  destination: string;
  messageId: string;
  messageCount: number;
  bulkId?: string;
  callbackData?: string;
  status?: { name: string };
  error?: { id: number };
  platform?: { entityId?: string; applicationId?: string };
  content?: { type: string; text?: string; url?: string }[];
  eventId: string;
}

let scene: Scene;
let hook: Receiver;
let ann: Tenant;
let bob: Tenant;
before(async () => {
  scene = await startScene();
  hook = await startReceiver();
  ann = await scene.newTenant();
  bob = await scene.newTenant({ sender: { forwardUrl: `${hook.url}/inbound` } });
});
after(async () => {
  await hook.stop();
  await scene.stop();
});

async function pull(kind: 'reports' | 'inbound', tenant: Tenant, query = ''): Promise<Item[]> {
  const path = `/messages-api/1/${kind}?${query}`;
  const { status, body } = await scene.world.api<{ results: Item[] }>(path, { key: tenant.key });
  assert.equal(status, 200, JSON.stringify(body));
  return body.results;
}

/** Pulls until something is there. */
function pulled(kind: 'reports' | 'inbound', tenant: Tenant, query = ''): Promise<Item[]> {
  return until(`${kind} to pull`, async () => {
    const items = await pull(kind, tenant, query);
    return items.length > 0 && items;
  });
}

async function send(tenant: Tenant, fields: Record<string, unknown> = {}): Promise<string> {
  const to = scene.newUser();
  const { messageId } = await scene.send({ to, from: tenant.sender, ...fields }, { key: tenant.key });
  return messageId;
}

async function delivered(messageId: string): Promise<void> {
  await scene.lifeUntil('it is read', messageId, ({ state }) => state === 'read');
}

async function speak(tenant: Tenant, fragment: object): Promise<string> {
  const path = `/_sandbox/users/${scene.newUser()}/messages`;
  const json = { ...fragment, phoneNumberId: tenant.phoneNumberId };
  const { status, body } = await scene.world.sandbox<{ id: string }>(path, { json });
  assert.equal(status, 201, JSON.stringify(body));
  return body.id;
}

test('a delivery report without a target is pulled once, in the form of the Messages API', async () => {
  const messageId = await send(ann, {
    messageId: 'pull-1',
    callbackData: 'mine',
    entityId: 'shop',
    applicationId: 'app',
  });
  await delivered(messageId);
  const [item, ...others] = await pulled('reports', ann);
  assert.ok(item);
  assert.deepEqual(others, []);
  const { event, channel, sender, status, error, bulkId, callbackData, platform, messageCount } = item;
  assert.deepEqual(
    { event, channel, sender, messageId: item.messageId, messageCount, bulkId, callbackData, platform },
    {
      ...{ event: 'DELIVERY', channel: 'WHATSAPP', sender: ann.sender, messageId, messageCount: 1, bulkId: '' },
      ...{ callbackData: 'mine', platform: { entityId: 'shop', applicationId: 'app' } },
    },
  );
  assert.deepEqual([status?.name, error?.id], ['DELIVERED_TO_HANDSET', 0]);
  assert.deepEqual(await pull('reports', ann), []);
});

test('what has a notifyUrl is pushed and not pulled; what is refused at once can be pulled', async () => {
  const pushed = await send(ann, { notifyUrl: `${hook.url}/reports` });
  await resultsUntil('both reports', hook, (all) => all.filter((result) => result.messageId === pushed).length === 2);
  const refused = await send(ann, { from: '441134968888' });
  const items = await pulled('reports', ann);
  assert.deepEqual(
    items.map(({ messageId, status }) => [messageId, status?.name]),
    [[refused, 'REJECTED_SOURCE']],
  );
});

test('filters leave the rest for later, and another channel has nothing', async () => {
  const ids = [
    await send(ann, { messageId: 'filter-1', entityId: 'one' }),
    await send(ann, { messageId: 'filter-2', entityId: 'two', applicationId: 'app' }),
    await send(ann),
  ];
  for (const id of ids) await delivered(id);
  for (const query of ['channel=SMS', 'campaignReferenceId=c', 'bulkId=none', 'messageId=none', 'entityId=none'])
    assert.deepEqual(await pull('reports', ann, query), [], query);
  const idsOf = (items: Item[]): string[] => items.map(({ messageId }) => messageId);
  assert.deepEqual(idsOf(await pull('reports', ann, 'entityId=two&applicationId=app&channel=WHATSAPP')), ['filter-2']);
  assert.deepEqual(idsOf(await pull('reports', ann, 'messageId=filter-1')), ['filter-1']);
  assert.deepEqual(idsOf(await pull('reports', ann, 'messageId=filter-1')), []);
  assert.deepEqual(idsOf(await pull('reports', ann, `messageId=${ids[2]}&limit=1`)), [ids[2]]);
});

test('pulls at the same moment share what is there: each report once, none left', async () => {
  const count = 120;
  const sent = new Set(await Promise.all(Array.from({ length: count }, () => send(ann))));
  for (const id of sent) await delivered(id);
  const shares = await Promise.all(Array.from({ length: 12 }, () => pull('reports', ann, 'limit=20')));
  const got = shares.flat().map(({ messageId }) => messageId);
  for (const share of shares) assert.ok(share.length <= 20);
  assert.equal(new Set(got).size, got.length);
  const rest = await pull('reports', ann, 'limit=1000');
  assert.deepEqual([...got, ...rest.map(({ messageId }) => messageId)].sort(), [...sent].sort());
});

test('an inbound message is pulled once if its sender does not forward, and pushed if it does', async () => {
  const wamid = await speak(ann, { type: 'text', text: { body: 'Hello' } });
  const [item, ...others] = await pulled('inbound', ann);
  assert.deepEqual(others, []);
  assert.deepEqual([item?.event, item?.messageId, item?.destination], ['MO', wamid, ann.sender]);
  assert.deepEqual(item?.content, [{ type: 'TEXT', text: 'Hello', cleanText: 'Hello' }]);
  assert.deepEqual(await pull('inbound', ann), []);
  const forwarded = await speak(bob, { type: 'text', text: { body: 'Hello' } });
  await hook.next(({ body }) => body.includes(forwarded));
  assert.deepEqual(await pull('inbound', bob), []);
});

test('a file comes with a URL that gives its bytes', async () => {
  const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
  await speak(ann, { type: 'image', image: { data: pixel, mime_type: 'image/png' } });
  const [item] = await pulled('inbound', ann);
  const [content] = item?.content ?? [];
  assert.equal(content?.type, 'IMAGE');
  const file = await fetch(content.url ?? '', { headers: { authorization: `App ${ann.key}` } });
  assert.deepEqual(Buffer.from(await file.arrayBuffer()).toString('base64'), pixel);
});

test('wrong parameters are named, and only keys of accounts may pull', async () => {
  const path = '/messages-api/1/reports?limit=1001&channel=PIGEON&messageId=a&messageId=b';
  const { status, body } = await scene.world.api<{ errorCode: string; violations: { property: string }[] }>(path);
  assert.equal(status, 400);
  assert.equal(body.errorCode, 'E400');
  assert.deepEqual(body.violations.map(({ property }) => property).sort(), ['channel', 'limit', 'messageId']);
  for (const kind of ['reports', 'inbound']) {
    assert.equal((await scene.world.api(`/messages-api/1/${kind}?limit=0`)).status, 400);
    assert.equal((await scene.world.api(`/messages-api/1/${kind}`, { key: null })).status, 401);
    assert.equal((await scene.world.api(`/messages-api/1/${kind}`, { key: scene.world.info.adminKey })).status, 403);
  }
});

test('nobody pulls another account’s, and nothing older than 48 hours', async () => {
  await delivered(await send(ann));
  const wamid = await speak(ann, { type: 'text', text: { body: 'Late' } });
  await until('both are there', async () => {
    const { isOpen } = await scene.admin<{ isOpen: boolean }>(
      `/conversations/${ann.sender}/${(await writerOf(wamid)) ?? ''}`,
    );
    return isOpen;
  });
  assert.deepEqual(await pull('reports', bob), []);
  assert.deepEqual(await pull('inbound', bob), []);
  await scene.advance(49 * HOUR_S);
  assert.deepEqual(await pull('reports', ann), []);
  assert.deepEqual(await pull('inbound', ann), []);
  const messageId = await send(ann);
  await delivered(messageId);
  assert.deepEqual(
    (await pulled('reports', ann)).map((item) => item.messageId),
    [messageId],
  );
});

async function writerOf(wamid: string): Promise<string | undefined> {
  const { body } = await scene.world.sandbox<{ messages: { id: string; from: string }[] }>(
    `/_sandbox/messages?phoneNumberId=${ann.phoneNumberId}&limit=1000`,
  );
  return body.messages.find(({ id }) => id === wamid)?.from;
}
