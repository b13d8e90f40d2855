// Short links in messages: what Meta gets in place of URLs, on which domain, and what is told of clicks (Infobip 7).
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import pg from 'pg';
import type { Reply } from '../support/dev-world.js';
import { parley as runParley } from '../support/parley.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { type Result, resultsAt, type Scene, type SendAnswer, startScene, type Tenant } from '../support/scene.js';
import { approved, templatesOf } from '../support/template-scene.js';
import { until } from '../support/until.js';

const DOMAIN = 'go.shop.example';
const ID = '[0-9a-z]{12}';

let scene: Scene;
let hook: Receiver;
let ann: Tenant;
let database: pg.Client;
before(async () => {
  scene = await startScene();
  hook = await startReceiver();
  ann = await scene.newTenant();
  database = new pg.Client({ connectionString: scene.world.info.database });
  await database.connect();
  await database.query(
    `INSERT INTO domains (account, host, token, state, created_at)
      SELECT id, unnest($2::text[]), '', unnest($3::text[]), 0 FROM accounts WHERE account_id = $1`,
    [ann.accountId, [DOMAIN, 'new.shop.example'], ['verified', 'unverified']],
  );
});
after(async () => {
  await database.end();
  await hook.stop();
  await scene.stop();
});

interface Sent {
  direction: string;
  payload: object;
  rendered?: { buttons?: object[]; cards?: object[] };
}

interface StoredLink {
  id: string;
  target: string;
  is_tracked: boolean;
}

async function send(path: string, to: string, fields: object): Promise<string> {
  const json = { from: ann.sender, to, notifyUrl: hook.url, ...fields };
  const { status, body } = await scene.world.api<SendAnswer>(`/whatsapp/1/message/${path}`, { key: ann.key, json });
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.status.groupName, 'PENDING');
  return body.messageId;
}

/** Sends one, and what Meta has of it. */
async function sentOf(
  path: string,
  fields: object,
): Promise<{ messageId: string; payload: string; links: StoredLink[] }> {
  const user = scene.newUser();
  const messageId = await send(path, user, fields);
  const [at] = await scene.atMetaUntil(user, 1);
  return { messageId, payload: JSON.stringify(at?.payload), links: await linksOf(messageId) };
}

async function linksOf(messageId: string): Promise<StoredLink[]> {
  const text = 'SELECT id, target, is_tracked FROM links WHERE message_id = $1 OR message::text = $1 ORDER BY place';
  return (await database.query<StoredLink>(text, [messageId])).rows;
}

function reportOf(messageId: string | undefined): Promise<Result> {
  return until(`the report of ${messageId}`, () =>
    resultsAt(hook).find((result) => result.messageId === messageId && result.status !== undefined),
  );
}

test('sends texts with a link for each URL, at the public URL where no domain is named', async () => {
  const text = 'Parcel (https://shop.example/t/77?a=1), terms: https://bücher.example/ä!';
  const { payload, links } = await sentOf('text', { content: { text }, urlOptions: {} });
  const base = scene.world.info.api;
  assert.deepEqual(
    links.map(({ target, is_tracked }) => [target, is_tracked]),
    [
      ['https://shop.example/t/77?a=1', true],
      ['https://bücher.example/ä', true],
    ],
  );
  const [one, two] = links.map(({ id }) => `${base}/${id}`);
  assert.ok(payload.includes(JSON.stringify({ body: `Parcel (${one}), terms: ${two}!` })), payload);
});

test('sends links on a verified domain, without protocol when that is asked for', async () => {
  const { payload, links } = await sentOf('image', {
    content: { mediaUrl: 'https://cdn.example/a.png', caption: 'Buy: https://shop.example/a-very-long-path' },
    urlOptions: { customDomain: DOMAIN.toUpperCase(), removeProtocol: true, trackClicks: false },
  });
  assert.match(payload, new RegExp(`"caption":"Buy: go\\.shop\\.example/${ID}"`));
  assert.match(payload, /"link":"https:\/\/cdn\.example\/a\.png"/);
  assert.equal(`${DOMAIN}/${links[0]?.id}`.length, DOMAIN.length + 13);
  assert.equal(links[0]?.is_tracked, false);
});

test('sends URL buttons with links, and bodies', async () => {
  const content = {
    body: { text: 'See https://shop.example/1' },
    action: { displayText: 'Open', url: 'https://shop.example/2' },
  };
  const { payload, links } = await sentOf('interactive/url-button', { content, urlOptions: { customDomain: DOMAIN } });
  assert.deepEqual(
    links.map(({ target }) => target),
    ['https://shop.example/1', 'https://shop.example/2'],
  );
  assert.ok(payload.includes(`"text":"See https://${DOMAIN}/${links[0]?.id}"`), payload);
  assert.ok(payload.includes(`"url":"https://${DOMAIN}/${links[1]?.id}"`), payload);
});

test('leaves messages alone that ask for no links, or are of types without any', async () => {
  const text = 'See https://shop.example/1';
  for (const more of [{}, { urlOptions: { shortenUrl: false } }]) {
    const { payload, links } = await sentOf('text', { content: { text }, ...more });
    assert.ok(payload.includes(JSON.stringify({ body: text })), payload);
    assert.deepEqual(links, []);
  }
});

test('sends a message again with the links it had', async () => {
  const user = scene.newUser();
  const id = await scene.fault({ on: 'graph', match: { user }, effect: { httpStatus: 500 }, when: { next: 1 } });
  const messageId = await send('text', user, { content: { text: 'https://shop.example/1' }, urlOptions: {} });
  const before = await until('its link', async () =>
    (await linksOf(messageId)).length > 0 ? linksOf(messageId) : undefined,
  );
  await until('the fault', async () => (await scene.hits(id)) === 1 || undefined);
  const [at] = await until('it is sent again', async () => {
    await scene.advance(30);
    const sent = await scene.atMeta(user);
    return sent.length === 1 ? sent : undefined;
  });
  assert.equal(at?.payload.text?.body, `${scene.world.info.api}/${before[0]?.id}`);
  assert.deepEqual(await linksOf(messageId), before);
});

test('rejects by report what names a domain that is not verified, and what gets too long', async () => {
  const content = { text: 'https://shop.example/1' };
  for (const customDomain of ['new.shop.example', 'unknown.example', 'no host']) {
    const messageId = await send('text', scene.newUser(), { content, urlOptions: { customDomain } });
    const { status, error } = await reportOf(messageId);
    assert.deepEqual([status?.groupName, error?.name], ['REJECTED', 'EC_CONFIGURATION_ERROR'], customDomain);
  }
  const urls = `${'http://a.io '.repeat(340)}end`;
  const long = await send('text', scene.newUser(), { content: { text: urls }, urlOptions: { customDomain: DOMAIN } });
  assert.equal((await reportOf(long)).status?.name, 'REJECTED_MESSAGE_TOO_LONG');
});

test('refuses url options that contradict each other', async () => {
  const json = { from: ann.sender, to: scene.newUser(), content: { text: 'https://shop.example' } };
  for (const urlOptions of [
    { trackClicks: true },
    { removeProtocol: true },
    { customDomain: DOMAIN },
    { trackingUrl: hook.url },
  ]) {
    const call = { key: ann.key, json: { ...json, urlOptions: { shortenUrl: false, ...urlOptions } } };
    const { status, body } = await scene.world.api('/whatsapp/1/message/text', call);
    assert.equal(status, 400);
    assert.match(JSON.stringify(body), /"urlOptions\.shortenUrl"/);
  }
  const urlOptions = { trackingUrl: 'http://169.254.169.254/' };
  const { status, body } = await scene.world.api('/whatsapp/1/message/text', {
    key: ann.key,
    json: { ...json, urlOptions },
  });
  assert.equal(status, 400);
  assert.match(JSON.stringify(body), /"urlOptions\.trackingUrl"/);
});

const structure = {
  body: { text: 'Order {{1}} is out.', examples: ['77'] },
  buttons: [
    { type: 'URL', text: 'Shop', url: 'https://shop.example/home' },
    { type: 'URL', text: 'Track', url: 'https://shop.example/t/{{1}}', example: 'https://shop.example/t/77' },
  ],
  shorteningOptions: { customDomain: DOMAIN },
};
const data = { body: { placeholders: ['78'] }, buttons: [{ type: 'URL', parameter: 'x78' }] };

async function sendTemplates(messages: object[], bulkId = 'b-9'): Promise<SendAnswer[]> {
  const { status, body } = await scene.world.api<{ messages: SendAnswer[] }>('/whatsapp/1/message/template', {
    key: ann.key,
    json: { bulkId, messages },
  });
  assert.equal(status, 200, JSON.stringify(body));
  return body.messages;
}

test('registers URL buttons by the short domain, fills them for each user, and shows where they lead', async () => {
  const template = await approved(scene, ann, { name: 'tracked', structure });
  const shown = (await templatesOf(scene, ann, `/${template.id}`)).body.structure;
  assert.deepEqual(shown.buttons, [
    { type: 'URL', text: 'Shop', url: `https://${DOMAIN}/`, destinationUrl: 'https://shop.example/home' },
    { type: 'URL', text: 'Track', url: `https://${DOMAIN}/{{1}}`, destinationUrl: 'https://shop.example/t/{{1}}' },
  ]);
  assert.deepEqual(shown.shorteningOptions, structure.shorteningOptions);
  const users = [scene.newUser(), scene.newUser()];
  const content = { templateName: 'tracked', language: 'en_GB', templateData: data };
  const answers = await sendTemplates(
    users.map((to) => ({ from: ann.sender, to, content, urlOptions: { customDomain: DOMAIN } })),
  );
  const links =
    (await Promise.all(users.map((user) => scene.atMetaUntil(user, 1)))) &&
    (await linksOf(answers[0]?.messageId ?? ''));
  assert.deepEqual(
    links.map(({ target }) => target),
    ['https://shop.example/home', 'https://shop.example/t/x78'],
  );
  const others = await linksOf(answers[1]?.messageId ?? '');
  assert.equal(new Set([...links, ...others].map(({ id }) => id)).size, 4);
  const { body } = await scene.world.sandbox<{ messages: Sent[] }>(`/_sandbox/messages?user=${users[0]}`);
  const rendered = JSON.stringify(body.messages.find(({ direction }) => direction === 'out')?.rendered);
  for (const { id } of links) assert.ok(rendered.includes(`https://${DOMAIN}/${id}`), rendered);
});

test('rejects a template message that names another domain than its template', async () => {
  await approved(scene, ann, { name: 'plain', structure: { body: structure.body } });
  const fits = { templateName: 'tracked', language: 'en_GB', templateData: data };
  const plain = { templateName: 'plain', language: 'en_GB', templateData: { body: data.body } };
  const message = { from: ann.sender, notifyUrl: hook.url, urlOptions: { customDomain: 'new.shop.example' } };
  const answers = await sendTemplates([
    { ...message, to: scene.newUser(), content: fits },
    { ...message, to: scene.newUser(), content: plain },
  ]);
  for (const { messageId, status } of answers) {
    assert.equal(status.groupName, 'REJECTED');
    assert.equal((await reportOf(messageId)).error?.name, 'EC_INVALID_TEMPLATE_ARGS');
  }
});

test('sends a template with short links also when a message says nothing of links', async () => {
  const user = scene.newUser();
  const content = { templateName: 'tracked', language: 'en_GB', templateData: data };
  const [answer] = await sendTemplates([{ from: ann.sender, to: user, content }]);
  await scene.atMetaUntil(user, 1);
  assert.deepEqual(
    (await linksOf(answer?.messageId ?? '')).map(({ is_tracked }) => is_tracked),
    [true, true],
  );
});

/** Records a click of a person, as the redirect server does. */
async function click(link: string | undefined, bot: string | null = null): Promise<string> {
  const id = randomUUID();
  const now = Date.now();
  const today = Number(new Date(now).toISOString().slice(0, 10).replaceAll('-', ''));
  const domain = await database.query<{ domain: number | null }>('SELECT domain FROM links WHERE id = $1', [link]);
  await database.query('SELECT follow_links($1,$2,false,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)', [
    ...[now, today, [id], [link], [domain.rows[0]?.domain ?? null], [now]],
    ...[[bot], ['Phone'], ['Android 15'], ['Pixel'], ['Chrome'], ['Germany'], ['Berlin'], [null]],
  ]);
  return id;
}

interface LinkPage {
  results: {
    id: string;
    url: string;
    destinationUrl: string;
    messageId: string;
    clicks: number;
    deletedAt: string | null;
  }[];
  paging: { next: string | null };
}

function admin<T>(path: string, call: object = {}): Promise<Reply<T>> {
  return scene.world.api<T>(`/parley/1/links${path}`, { key: ann.key, ...call });
}

test('lists links, shows one with its clicks, and counts by template, bulk and day', async () => {
  await approved(scene, ann, { name: 'counted', structure });
  const users = [scene.newUser(), scene.newUser()];
  const content = { templateName: 'counted', language: 'en_GB', templateData: data };
  const answers = await sendTemplates(
    users.map((to) => ({ from: ann.sender, to, content, notifyUrl: `${hook.url}/counted` })),
    'b-"10"',
  );
  for (const { messageId } of answers) await scene.lifeUntil('it is read', messageId, ({ state }) => state === 'read');
  const first = answers[0]?.messageId ?? '';
  const listed = (await admin<LinkPage>(`?messageId=${first}`)).body.results;
  assert.deepEqual(
    listed.map(({ destinationUrl, url }) => [destinationUrl, url.startsWith(`https://${DOMAIN}/`)]).sort(),
    [
      ['https://shop.example/home', true],
      ['https://shop.example/t/x78', true],
    ],
  );
  await click(listed[0]?.id);
  await click(listed[1]?.id);
  await click(listed[1]?.id, 'facebookexternalhit');
  const shown = (await admin<{ clicks: number; lastClicks: { bot: string | null }[] }>(`/${listed[1]?.id}`)).body;
  assert.equal(shown.clicks, 1);
  assert.deepEqual(shown.lastClicks.map(({ bot }) => bot).sort(), [null, 'facebookexternalhit'].sort());
  const counts = { messages: 2, sent: 2, delivered: 2, seen: 2, clicked: 2, unique: 1 };
  const byBulk = (await admin<{ results: object[] }>('/numbers?by=bulk,template')).body.results;
  assert.deepEqual(byBulk.at(0), { template: 'counted', bulkId: 'b-"10"', ...counts });
  const csv = (await admin<string>('/numbers?by=template,bulk&format=csv')).body.split('\r\n');
  assert.equal(csv[0], 'template,bulkId,messages,sent,delivered,seen,clicked,unique');
  assert.ok(csv.includes('counted,"b-""10""",2,2,2,2,2,1'), csv.join('\n'));
  const [today] = (await admin<{ results: { day: string; clicked: number }[] }>('/numbers')).body.results;
  assert.match(today?.day ?? '', /^\d{4}-\d{2}-\d{2}$/);
  const pages = await admin<LinkPage>('?size=1');
  const { body: next } = await admin<LinkPage>(`?size=1&after=${pages.body.paging.next}`);
  assert.notEqual(next.results[0]?.id, pages.body.results[0]?.id);
});

test('removes a link, and shows links to nobody else', async () => {
  const { links, messageId } = await sentOf('text', { content: { text: 'https://shop.example/1' }, urlOptions: {} });
  const id = links[0]?.id ?? '';
  const other = await scene.newTenant();
  for (const call of [{}, { method: 'DELETE' }])
    assert.equal((await admin(`/${id}`, { ...call, key: other.key })).status, 404);
  assert.deepEqual((await admin<LinkPage>(`?messageId=${messageId}`, { key: other.key })).body.results, []);
  assert.equal((await admin(`/${id}`, { method: 'DELETE' })).status, 204);
  assert.notEqual((await admin<LinkPage>(`?messageId=${messageId}`)).body.results[0]?.deletedAt, null);
  for (const query of [
    '?from=2026-02-31T00:00:00Z',
    '?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z',
    '/numbers?by=hour',
  ])
    assert.equal((await admin(query)).status, 400, query);
  assert.equal((await admin('/000000000000')).status, 404);
});

test('holds a key that is bound to an application to the links of that application', async () => {
  const make = (applicationId: string) =>
    sentOf('text', { content: { text: 'https://shop.example/own' }, urlOptions: {}, applicationId });
  const [own, other] = [await make('crm-links'), await make('shop-links')];
  const none = await sentOf('text', { content: { text: 'https://shop.example/none' }, urlOptions: {} });
  const bound = { name: 'bound', platform: [{ applicationId: 'crm-links' }] };
  const made = await scene.admin<{ apiKeySecret: string }>(`/accounts/${ann.accountId}/keys`, { json: bound });
  const call = <T>(path: string, more: object = {}) => admin<T>(path, { ...more, key: made.apiKeySecret });
  const { results } = (await call<LinkPage>('')).body;
  assert.deepEqual(
    results.map(({ messageId }) => messageId),
    [own.messageId],
  );
  assert.deepEqual((await call<LinkPage>(`?messageId=${other.messageId}`)).body.results, []);
  const counted = (await call<{ results: { messages: number }[] }>('/numbers')).body.results;
  assert.deepEqual(
    counted.map(({ messages }) => messages),
    [1],
  );
  for (const { links } of [other, none])
    for (const more of [{}, { method: 'DELETE' }]) assert.equal((await call(`/${links[0]?.id}`, more)).status, 404);
  assert.equal((await call(`/${own.links[0]?.id}`)).status, 200);
  assert.equal((await call(`/${own.links[0]?.id}`, { method: 'DELETE' })).status, 204);
});

test('parley links lists, shows, counts and removes', async () => {
  const { links, messageId } = await sentOf('text', { content: { text: 'https://shop.example/cli' }, urlOptions: {} });
  const id = links[0]?.id ?? '';
  const parley = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runParley([
      'links',
      ...args,
      '--api',
      scene.world.info.api,
      '--key',
      ann.key,
    ]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  assert.match(await parley('list', '--message', messageId), new RegExp(`${id}.*https://shop\\.example/cli`));
  assert.match(await parley('show', id), /"destinationUrl": "https:\/\/shop\.example\/cli"/);
  assert.match(await parley('numbers', '--by', 'day,template'), /day +template +messages +sent/);
  assert.match(await parley('remove', id), /leads nowhere/);
});

test('tells clicks in a body of their own, to the tracking URL, and says what the message said', async () => {
  const messageId = `click-${randomUUID()}`;
  const { links } = await sentOf('text', {
    content: { text: 'https://shop.example/t/77' },
    messageId,
    callbackData: 'ord=77',
    applicationId: 'crm',
    entityId: 'shop-3',
    urlOptions: { trackingUrl: `${hook.url}/clk?a=1` },
  });
  await click(links[0]?.id, 'WhatsApp');
  const eventId = await click(links[0]?.id);
  const { json, headers } = await hook.next(({ path }) => path === '/clk?a=1');
  const { sendDateTime, recipient, ...rest }: Record<string, unknown> = JSON.parse(JSON.stringify(json));
  assert.ok(Number.isInteger(sendDateTime) && typeof recipient === 'string');
  assert.deepEqual(rest, {
    notificationType: 'CLICKED',
    url: 'https://shop.example/t/77',
    messageId,
    bulkId: '',
    callbackData: 'ord=77',
    recipientInfo: { deviceType: 'Phone', os: 'Android 15', deviceName: 'Pixel' },
    geoLocationInfo: { countryName: 'Germany', city: 'Berlin' },
    applicationId: 'crm',
    entityId: 'shop-3',
    isFirstClick: true,
    eventId,
  });
  assert.equal(typeof headers['webhook-id'], 'string');
});
