// Short links, clicks and domains as the database keeps them, without a gateway.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { createLog } from '../../src/lib/log.js';
import { createLinkIds } from '../../src/links/link-id.js';
import { insertAccount } from '../../src/store/accounts.js';
import { forgetClicks, type NewClick, readClicks, recordClicks, saltOfDay } from '../../src/store/clicks.js';
import { type Database, openDatabase } from '../../src/store/database.js';
import { ensureEndpoint } from '../../src/store/depths.js';
import { openDomainDirectory } from '../../src/store/domain-directory.js';
import { registerDomain, removeDomain, settleDomain } from '../../src/store/domains.js';
import { type EmbeddedPostgres, startEmbedded } from '../../src/store/embedded.js';
import {
  failOrder,
  hastenOrder,
  keepCertificate,
  readCertificateHealth,
  readCertificateOf,
  readCertificateStatuses,
  releaseOrder,
  takeOrders,
} from '../../src/store/host-certificates.js';
import { addLinks, forgetLinks, type NewLink, readLinks } from '../../src/store/links.js';
import { migrate } from '../../src/store/migrate.js';
import { ensurePartitions } from '../../src/store/partitions.js';
import { temporaryFolder } from '../support/dev-world.js';

const NOW = Date.UTC(2026, 4, 4, 12);
const TODAY = 20_260_504;
const DAY_MS = 86_400_000;
const log = createLog('silent');
const idOf = createLinkIds(Buffer.alloc(32, 1));

let dataDir = '';
let server: EmbeddedPostgres;
let database: Database;
let account = 0;
let endpoint = 0;
let messages = 0;
before(async () => {
  dataDir = temporaryFolder('links-store');
  server = await startEmbedded({ dataDir, log });
  await migrate(server.url, log);
  database = openDatabase({ url: server.url, log });
  await ensurePartitions(database, TODAY);
  account = (await insertAccount(database, 'shop', { name: 'Shop' }, NOW))?.id ?? 0;
  endpoint = await ensureEndpoint(database, account, 'https://hooks.example', NOW);
});
after(async () => {
  await database.stop();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

function newUuid(): string {
  messages += 1;
  return `01999999-0000-7000-8000-${String(messages).padStart(12, '0')}`;
}

/** The link of a new message. */
function newLink(more: Partial<NewLink> = {}): NewLink {
  const message = newUuid();
  return {
    id: idOf(message, 0),
    account,
    domain: null,
    target: 'https://shop.example/t/77',
    isTracked: true,
    endpoint,
    trackingUrl: 'https://hooks.example/clk',
    day: TODAY,
    message,
    place: 0,
    messageId: 'ord-77',
    sender: '441134960000',
    recipient: '441134960001',
    envelope: JSON.stringify({ callbackData: 'ord=77' }),
    createdAt: NOW,
    expiresAt: NOW + 90 * DAY_MS,
    ...more,
  };
}

function newClick(link: string, more: Partial<NewClick> = {}): NewClick {
  return {
    id: newUuid(),
    link,
    at: NOW + 5,
    bot: null,
    deviceType: 'Phone',
    os: 'Android 15',
    deviceName: 'Pixel 9',
    browser: 'Chrome',
    country: 'Germany',
    city: 'Berlin',
    address: Buffer.from([1, 2]),
    ...more,
  };
}

test('adds a link once, and tells when its id belongs to another message', async () => {
  const link = newLink();
  assert.deepEqual(await addLinks(database, [link]), []);
  assert.deepEqual(await addLinks(database, [{ ...link, target: 'https://elsewhere.example' }]), []);
  const [read] = await readLinks(database, [link.id, '000000000000']);
  assert.deepEqual(read, {
    id: link.id,
    account,
    domain: null,
    target: link.target,
    isTracked: true,
    expiresAt: link.expiresAt,
    deletedAt: null,
  });
  const other = newLink();
  assert.deepEqual(await addLinks(database, [other, newLink({ id: link.id })]), [link.id]);
  assert.equal((await readLinks(database, [other.id])).length, 1);
});

test('tells each click of a person once, and which was the first', async () => {
  const link = newLink();
  const quiet = newLink({ endpoint: null, trackingUrl: null });
  await addLinks(database, [link, quiet]);
  const bot = newClick(link.id, { bot: 'WhatsApp' });
  const [first, second] = [newClick(link.id), newClick(link.id)];
  const clicks = [bot, first, second, newClick(quiet.id), newClick('000000000000')];
  const reports = await recordClicks(database, NOW, TODAY, clicks);
  assert.deepEqual(
    reports.map(({ id, seq, url, day }) => [id, seq, url, day]),
    [
      [first.id, 1, 'https://hooks.example/clk', TODAY],
      [second.id, 2, 'https://hooks.example/clk', TODAY],
    ],
  );
  assert.deepEqual(await recordClicks(database, NOW, TODAY, clicks), []);
  const later = newClick(link.id);
  assert.equal((await recordClicks(database, NOW, TODAY, [later]))[0]?.seq, 3);
  const facts = await readClicks(database, TODAY, [bot.id, first.id, second.id, later.id]);
  const isFirst = new Map(facts.map((fact) => [fact.id, fact.isFirst]));
  assert.deepEqual(
    [bot, first, second, later].map(({ id }) => isFirst.get(id)),
    [false, true, false, false],
  );
  const { target, message, messageId, recipient, deviceName, city } = facts[0] ?? {};
  assert.deepEqual(
    [target, message, messageId, recipient, deviceName, city],
    [link.target, link.message, 'ord-77', '441134960001', 'Pixel 9', 'Berlin'],
  );
});

test('counts one first click when many processes record clicks of the same links at once', async () => {
  const links = Array.from({ length: 5 }, () => newLink());
  await addLinks(database, links);
  const ids = links.map(({ id }) => id);
  const groups = Array.from({ length: 8 }, (_, i) =>
    (i % 2 === 0 ? ids : [...ids].reverse()).map((id) => newClick(id)),
  );
  await Promise.all(groups.map((clicks) => recordClicks(database, NOW, TODAY, clicks)));
  const facts = await readClicks(
    database,
    TODAY,
    groups.flat().map(({ id }) => id),
  );
  assert.equal(facts.length, 40);
  assert.equal(facts.filter(({ isFirst }) => isFirst).length, 5);
});

test('keeps clicks as long as their account says, and links past their expiry', async () => {
  const short = (await insertAccount(database, 'short', { name: 'Short', clickDays: 8 }, NOW))?.id ?? 0;
  const links = [newLink(), newLink({ account: short })];
  await addLinks(database, links);
  const clicks = links.map(({ id }) => newClick(id));
  await recordClicks(database, NOW, TODAY, clicks);
  await saltOfDay(database, TODAY, Buffer.from('a'));
  assert.deepEqual(await saltOfDay(database, TODAY, Buffer.from('b')), Buffer.from('a'));
  await forgetClicks(database, NOW + 9 * DAY_MS, TODAY + 1, 30);
  const left = await readClicks(
    database,
    TODAY,
    clicks.map(({ id }) => id),
  );
  assert.deepEqual(
    left.map(({ id }) => id),
    [clicks[0]?.id],
  );
  assert.deepEqual(await saltOfDay(database, TODAY, Buffer.from('b')), Buffer.from('b'));
  await forgetLinks(database, NOW + 90 * DAY_MS + 1);
  assert.deepEqual(
    await readLinks(
      database,
      links.map(({ id }) => id),
    ),
    [],
  );
});

test('remembers whose links are served at a host: of who is verified, else of who was', async () => {
  const directory = await openDomainDirectory(database);
  const other = (await insertAccount(database, 'other', { name: 'Other' }, NOW))?.id ?? 0;
  const host = 'go.shop.example';
  const claim = (owner: number, token: string) =>
    registerDomain(database, { account: owner, host, token, createdAt: NOW });
  const mine = await claim(account, 'a');
  const theirs = await claim(other, 'b');
  assert.ok(mine !== undefined && theirs !== undefined);
  assert.equal(await claim(account, 'c'), undefined);
  await directory.refresh();
  assert.equal(directory.domainOf(account, host)?.state, 'unverified');
  assert.equal(directory.ownerOf(host), undefined);
  const found = { proof: 'txt', reason: null, checkedAt: NOW } as const;
  await settleDomain(database, mine.id, { ...found, state: 'verified' });
  await assert.rejects(settleDomain(database, theirs.id, { ...found, state: 'verified' }), { kind: 'data' });
  await directory.refresh();
  assert.equal(directory.ownerOf(host)?.id, mine.id);
  await settleDomain(database, mine.id, { ...found, proof: null, reason: 'no record', state: 'failed' });
  await directory.refresh();
  assert.deepEqual([directory.ownerOf(host)?.id, directory.domainOf(account, host)?.state], [mine.id, 'failed']);
  await settleDomain(database, theirs.id, { ...found, state: 'verified' });
  await directory.refresh();
  assert.equal(directory.ownerOf(host)?.id, theirs.id);
  assert.equal(await removeDomain(database, theirs.id, account, NOW), false);
  assert.equal(await removeDomain(database, theirs.id, null, NOW), true);
  await directory.refresh();
  assert.equal(directory.ownerOf(host)?.id, mine.id);
  assert.equal((await claim(other, 'd'))?.id, theirs.id);
});

test('a certificate is ordered by one taker at a time, kept only for who holds the order, and gone with its domain', async () => {
  const limits = { leaseSeconds: 60, atOnce: 2, hourlyMax: 3 };
  const host = 'tls.shop.example';
  const domain = await registerDomain(database, { account, host, token: 't', createdAt: NOW });
  assert.ok(domain !== undefined);
  const take = (publicHost: string | null = null, now = NOW) => takeOrders(database, publicHost, now, limits);
  assert.deepEqual(await take(), []);
  await settleDomain(database, domain.id, { state: 'verified', proof: 'txt', reason: null, checkedAt: NOW });
  const [order, ...others] = (await Promise.all([take(), take(), take()])).flat();
  assert.ok(order !== undefined);
  assert.deepEqual([order, others], [{ host, attempt: 1, failures: 0 }, []]);

  // Given back, it is taken again; who held it before has nothing to say.
  await releaseOrder(database, order);
  const [again] = await take();
  assert.ok(again !== undefined);
  const kept = { content: Buffer.from('sealed'), validFrom: NOW, validUntil: NOW + DAY_MS, dueAt: NOW + DAY_MS / 2 };
  assert.equal(await keepCertificate(database, order, kept), false);
  await failOrder(database, again, { reason: 'no answer', dueAt: NOW + 3 * 3_600_000 });
  const statusOf = async () => (await readCertificateStatuses(database, [host])).get(host);
  assert.deepEqual(await statusOf(), {
    host,
    validUntil: null,
    dueAt: NOW + 10_800_000,
    failures: 1,
    reason: 'no answer',
  });
  assert.deepEqual(await readCertificateHealth(database, null), { firstEnd: null, failing: 1 });
  assert.deepEqual(await take(), []);
  await hastenOrder(database, host, NOW + 1_000, 60_000);
  assert.equal((await statusOf())?.dueAt, NOW + 60_000);

  const directory = await openDomainDirectory(database);
  const version = directory.version();
  const [third] = await take(null, NOW + 60_000);
  assert.deepEqual(third, { host, attempt: 3, failures: 1 });
  assert.equal(await keepCertificate(database, { host, attempt: 3, failures: 1 }, kept), true);
  await directory.refresh();
  assert.notEqual(directory.version(), version);
  assert.deepEqual(await statusOf(), {
    host,
    validUntil: kept.validUntil,
    dueAt: kept.dueAt,
    failures: 0,
    reason: null,
  });
  assert.equal((await readCertificateOf(database, host))?.toString(), 'sealed');

  // Hosts in an hour are limited, whoever takes them.
  for (const name of ['a', 'b', 'c'])
    await registerDomain(database, { account, host: `${name}.tls.example`, token: name, createdAt: NOW });
  await database.run({ name: '', text: `UPDATE domains SET state = 'verified' WHERE host LIKE '%.tls.example'` }, []);
  const soon = [await take('public.example', NOW + 60_000), await take('public.example', NOW + 60_000)].flat();
  assert.equal(soon.length, 2);
  assert.equal((await take('public.example', NOW + 2 * 3_600_000)).length, 2);

  await removeDomain(database, domain.id, account, NOW);
  assert.deepEqual([await statusOf(), await readCertificateOf(database, host)], [undefined, undefined]);
  await database.run({ name: '', text: `DELETE FROM domains WHERE host LIKE '%.tls.example'` }, []);
  assert.deepEqual([...(await readCertificateStatuses(database, ['a.tls.example', 'b.tls.example'])).keys()], []);
});
