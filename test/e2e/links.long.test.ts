// Short links from the domain's proof to the report of a click: a real DNS server, a real browser, curl, a hundred users (Infobip 7).
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createServer, type Server } from 'node:https';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { type Browser, startBrowser } from '../support/browser.js';
import { type Identity, newAuthority } from '../support/certificates.js';
import { type DnsServer, startDns } from '../support/dns.js';
import { PHONE } from '../support/links.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { type Result, resultsAt, type Scene, type SendAnswer, startScene } from '../support/scene.js';
import { approved } from '../support/template-scene.js';
import { until } from '../support/until.js';

const DOMAIN = 'go.shop.example';
const SHOP = 'shop.example';
const USERS = 100;
/** Chromium without a screen says so, and is a machine. */
const DESKTOP = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
const MACHINES = ['WhatsApp/2.23.20.0', 'facebookexternalhit/1.1', 'curl/8.5.0'];

interface Domain {
  id: string;
  state: string;
  records: { type: string; name: string; value: string }[];
}

interface Click {
  notificationType: string;
  recipient: string;
  url: string;
  messageId: string;
  bulkId: string;
  callbackData: string;
  applicationId: string;
  entityId: string;
  isFirstClick: boolean;
  eventId: string;
  recipientInfo: { deviceType?: string };
}

interface Link {
  messageId: string;
  url: string;
  destinationUrl: string;
}

let dns: DnsServer;
let scene: Scene;
let hook: Receiver;
let shop: Receiver;
let front: Server;
let browser: Browser;
before(async () => {
  dns = await startDns();
  scene = await startScene({ PARLEY_DNS_SERVERS: dns.address });
  hook = await startReceiver();
  const { key, cert } = newAuthority('shop').issue(SHOP);
  shop = await startReceiver(0, { key, cert });
  shop.answer({ headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>Shop</title>' });
  front = await startFront(new URL(scene.world.info.api), { key, cert });
  const hosts = [`MAP ${DOMAIN} 127.0.0.1:${portOf(front)}`, `MAP ${SHOP} ${new URL(shop.url).host}`];
  const flags = ['--ignore-certificate-errors', `--host-resolver-rules=${hosts.join(',')}`, `--user-agent=${DESKTOP}`];
  browser = await startBrowser(flags);
});
after(async () => {
  await browser.stop();
  front.closeAllConnections();
  front.close();
  await shop.stop();
  await hook.stop();
  await scene.stop();
  await dns.stop();
});

/** What stands before the gateway at the domain: ends TLS and leaves Host as it is. */
async function startFront(to: URL, tls: Pick<Identity, 'key' | 'cert'>): Promise<Server> {
  const server = createServer(tls, ({ method, url, headers }, response) => {
    request({ host: to.hostname, port: to.port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return address.port;
}

/** Asks for links with curl at the domain, as `agent`; status and where each leads. */
async function curl(ids: readonly string[], agent: string, ...more: string[]): Promise<string[]> {
  const urls = ids.flatMap((id) => ['-o', '/dev/null', `${scene.world.info.api}/${id}`]);
  const format = '%{http_code} %{redirect_url}\\n';
  const args = ['-s', '-A', agent, '-H', `Host: ${DOMAIN}`, '-w', format, ...more, ...urls];
  const { stdout } = await promisify(execFile)('curl', args, { timeout: 60_000 });
  return stdout.trim().split('\n');
}

function clicksAt(): Click[] {
  return hook.requests.filter(({ path }) => path.startsWith('/clicks')).map(({ body }): Click => JSON.parse(body));
}

function idOf({ url }: Link): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

/** The links of a bulk; of each message in the order of its buttons. */
async function linksOf(bulkId: string): Promise<Link[]> {
  const path = `/parley/1/links?bulkId=${bulkId}&size=1000`;
  const { results } = (await scene.world.api<{ results: Link[] }>(path)).body;
  return results.sort((a, b) => a.destinationUrl.localeCompare(b.destinationUrl));
}

function demo(): { sender: string; key: string } {
  const { sender, apiKey: key } = scene.world.info;
  return { sender, key };
}

const structure = {
  body: { text: 'Order {{1}} is out.', examples: ['77'] },
  buttons: [
    { type: 'URL', text: 'Shop', url: `https://${SHOP}/home` },
    { type: 'URL', text: 'Track', url: `https://${SHOP}/t/{{1}}`, example: `https://${SHOP}/t/77` },
  ],
  shorteningOptions: { customDomain: DOMAIN },
};

function messageTo(to: string, i: number, more: object = {}): object {
  return {
    from: demo().sender,
    to,
    messageId: `order-${i}`,
    content: {
      templateName: 'order_out',
      language: 'en_GB',
      templateData: { body: { placeholders: [`${i}`] }, buttons: [{ type: 'URL', parameter: `p${i}` }] },
    },
    callbackData: `order=${i}`,
    applicationId: 'crm',
    entityId: 'shop-3',
    notifyUrl: `${hook.url}/reports`,
    ...more,
  };
}

async function send(messages: object[], bulkId: string): Promise<SendAnswer[]> {
  const { status, body } = await scene.world.api<{ messages: SendAnswer[] }>('/whatsapp/1/message/template', {
    json: { bulkId, messages },
  });
  assert.equal(status, 200, JSON.stringify(body));
  return body.messages;
}

test('a domain is proved, a template tracked, sent to 100 users, clicked by people and machines, and told', async () => {
  const domain = await scene.admin<Domain>('/domains', { json: { host: DOMAIN }, key: demo().key });
  const { name = '', value = '' } = domain.records.find(({ type }) => type === 'TXT') ?? {};
  await dns.serve([`txt-record=${name},"${value}"`]);
  assert.equal((await scene.admin<Domain>(`/domains/${domain.id}/verify`, { method: 'POST' })).state, 'verified');
  const { accountId, wabaId, phoneNumberId, graphToken } = scene.world.info;
  await approved(scene, { ...demo(), accountId, wabaId, phoneNumberId, graphToken }, { name: 'order_out', structure });
  const subscription = {
    subscriptionId: 'clicks',
    events: ['CLICK'],
    profile: { profileId: 'clicks', webhook: { notifyUrl: `${hook.url}/clicks/subscribed` } },
  };
  const made = await scene.world.api('/subscriptions/1/subscription/WHATSAPP', { json: subscription });
  assert.equal(made.status, 201, JSON.stringify(made.body));

  const { user } = scene.world.info;
  const users = [user, ...Array.from({ length: USERS - 1 }, () => scene.newUser())];
  const tracked = { urlOptions: { customDomain: DOMAIN, trackingUrl: `${hook.url}/clicks/own` } };
  await send(
    users.map((to, i) => messageTo(to, i, i % 2 === 0 ? tracked : {})),
    'bulk-1',
  );
  const links = await until(
    'all have their links',
    async () => {
      const all = await linksOf('bulk-1');
      return all.length === 2 * USERS
        ? users.map((_, i) => all.filter(({ messageId }) => messageId === `order-${i}`))
        : undefined;
    },
    60_000,
  );
  const ids = links.map((own) => own.map(idOf));
  assert.equal(new Set(ids.flat()).size, 2 * USERS);

  // Machines look first, and nobody is told.
  for (const agent of MACHINES)
    for (const line of await curl(ids.flat().slice(0, 20), agent)) assert.match(line, /^302 /);
  for (const line of await curl(ids.flat().slice(0, 20), PHONE, '--head')) assert.match(line, /^302 /);

  // The demo user clicks in the phone; the others' phones ask as curl can.
  const page = await browser.open(scene.world.info.sandbox);
  await page.locator('.chat-row').first().click();
  for (const [label, path] of [
    ['Track', '/t/p0'],
    ['Shop', '/home'],
  ]) {
    const link = page.locator('a.action', { hasText: label ?? '' }).last();
    assert.match((await link.getAttribute('href')) ?? '', new RegExp(`^https://${DOMAIN}/[0-9a-z]{12}$`));
    const [opened] = await Promise.all([page.waitForEvent('popup'), link.click()]);
    await opened.waitForURL(`https://${SHOP}${path}`);
    await opened.close();
  }
  const followed = await curl(
    ids.slice(1).map(([, second]) => second ?? ''),
    PHONE,
  );
  assert.deepEqual(
    followed,
    links.slice(1).map(([, second]) => `302 ${second?.destinationUrl}`),
  );

  const clicks = await until(
    'all clicks are told',
    () => {
      const told = clicksAt();
      if (told.length >= USERS + 1) return told;
      throw new Error(`${told.length} are`);
    },
    60_000,
  );
  // A later click of a person is told after everything before it: no machine's is among them.
  await curl([ids[1]?.[1] ?? ''], PHONE);
  const again = await until('the repeated click', () => clicksAt().find(({ isFirstClick }) => !isFirstClick));
  assert.equal(again.messageId, 'order-1');
  assert.equal(clicksAt().length, USERS + 2);
  assert.equal(new Set(clicksAt().map(({ eventId }) => eventId)).size, USERS + 2);
  for (const [i, recipient] of users.entries()) {
    const [own, ...more] = clicks.filter(({ messageId }) => messageId === `order-${i}`);
    assert.equal(more.length, i === 0 ? 1 : 0, `order-${i}`);
    const { notificationType, bulkId, callbackData, applicationId, entityId, isFirstClick } = own ?? {};
    assert.deepEqual(
      { notificationType, recipient: own?.recipient, bulkId, callbackData, applicationId, entityId, isFirstClick },
      {
        notificationType: 'CLICKED',
        recipient,
        bulkId: 'bulk-1',
        callbackData: `order=${i}`,
        applicationId: 'crm',
        entityId: 'shop-3',
        isFirstClick: true,
      },
    );
    assert.ok(links[i]?.some(({ destinationUrl }) => destinationUrl === own?.url));
    assert.equal(own?.recipientInfo.deviceType, i === 0 ? 'Desktop' : 'Phone');
  }
  const paths = hook.requests.filter(({ path }) => path.startsWith('/clicks/'));
  for (const { path, body } of paths) {
    const { messageId }: Click = JSON.parse(body);
    assert.equal(path, Number(messageId.slice(6)) % 2 === 0 ? '/clicks/own' : '/clicks/subscribed');
  }

  const counted = await until('all are read', async () => {
    const { body } = await scene.world.api<{ results: { seen: number }[] }>('/parley/1/links/numbers?by=template,bulk');
    return body.results[0]?.seen === USERS ? body.results : undefined;
  });
  assert.deepEqual(counted, [
    {
      template: 'order_out',
      bulkId: 'bulk-1',
      messages: USERS,
      sent: USERS,
      delivered: USERS,
      seen: USERS,
      clicked: USERS + 2,
      unique: USERS,
    },
  ]);
});

test('a message that names another domain than its template is rejected', async () => {
  const wrong = messageTo(scene.newUser(), 500, { urlOptions: { customDomain: 'other.shop.example' } });
  const [answer] = await send([wrong], 'bulk-2');
  assert.equal(answer?.status.groupName, 'REJECTED');
  const report = await until('its report', (): Result | undefined =>
    resultsAt(hook, '/reports').find(({ messageId }) => messageId === 'order-500'),
  );
  assert.equal(report.status?.groupName, 'REJECTED');
});
