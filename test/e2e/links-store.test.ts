// Short links, clicks and domains as the database keeps them, without a gateway.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { createLog } from '../../src/lib/log.js';
import { createLinkIds } from '../../src/links/link-id.js';
import { insertAccount } from '../../src/store/accounts.js';
import {
  type ClickReport,
  followLinks,
  forgetClicks,
  type NewClick,
  readClicks,
  saltOfDay,
} from '../../src/store/clicks.js';
import { type Database, openDatabase } from '../../src/store/database.js';
import { ensureEndpoint } from '../../src/store/depths.js';
import { openDomainDirectory } from '../../src/store/domain-directory.js';
import { registerDomain, removeDomain, settleDomain } from '../../src/store/domains.js';
import { type EmbeddedPostgres, startEmbedded } from '../../src/store/embedded.js';
import { eraseOthers } from '../../src/store/erase.js';
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
import { countLinks } from '../../src/store/link-numbers.js';
import { addLinks, countLinkDay, countLinkDays, forgetLinks, type NewLink } from '../../src/store/links.js';
import { migrate } from '../../src/store/migrate.js';
import { ensurePartitions } from '../../src/store/partitions.js';
import { personOf } from '../../src/store/persons.js';
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
    template: null,
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
    domain: null,
    at: NOW + 5,
    bot: null,
    deviceType: 'Phone',
    os: 'Android 15',
    deviceName: 'Pixel 9',
    browser: 'Chrome',
    country: 'Germany',
    city: 'Berlin',
    address: '0102',
    ...more,
  };
}

/** Follows links as one group; the reports. */
async function record(clicks: readonly NewClick[], isRepeated = false): Promise<ClickReport[]> {
  const followed = await followLinks(database, NOW, TODAY, clicks, isRepeated);
  assert.equal(followed.length, clicks.length);
  return followed.flatMap(({ report }) => report ?? []);
}

function linksIn(ids: readonly string[]): Promise<{ id: string; target: string }[]> {
  return database.run({ name: '', text: 'SELECT id, target FROM links WHERE id = ANY ($1::text[])' }, [ids]);
}

test('adds a link once, and tells when its id belongs to another message', async () => {
  const link = newLink();
  assert.deepEqual(await addLinks(database, [link]), []);
  assert.deepEqual(await addLinks(database, [{ ...link, target: 'https://elsewhere.example' }]), []);
  assert.deepEqual(await linksIn([link.id]), [{ id: link.id, target: link.target }]);
  const other = newLink();
  assert.deepEqual(await addLinks(database, [other, newLink({ id: link.id })]), [link.id]);
  assert.equal((await linksIn([other.id])).length, 1);
});

test('says of each request where it leads, and keeps clicks on what is found and tracked', async () => {
  const [here, there, old, gone, plain] = [
    newLink(),
    newLink({ domain: 7 }),
    newLink({ expiresAt: NOW + 5 }),
    newLink(),
    newLink({ isTracked: false }),
  ];
  await addLinks(database, [here, there, old, gone, plain]);
  await database.run({ name: '', text: 'UPDATE links SET deleted_at = $2 WHERE id = $1' }, [gone.id, NOW]);
  const clicks = [
    newClick(here.id),
    newClick(here.id, { domain: 7 }),
    newClick(there.id),
    newClick(there.id, { domain: 7 }),
    newClick(old.id),
    newClick(gone.id),
    newClick('000000000000'),
    newClick(plain.id),
  ];
  const followed = await followLinks(database, NOW, TODAY, clicks, false);
  assert.deepEqual(
    followed.map(({ outcome, target, expiresAt }) => [outcome, target, expiresAt]),
    [
      ['found', here.target, null],
      ['unknown', null, null],
      ['unknown', null, null],
      ['found', there.target, null],
      ['gone', null, null],
      ['gone', null, null],
      ['unknown', null, null],
      ['found', plain.target, plain.expiresAt],
    ],
  );
  const ids = clicks.map(({ id }) => id);
  assert.deepEqual((await readClicks(database, TODAY, ids)).map(({ id }) => id).sort(), [ids[0], ids[3]].sort());
});

async function lastReport(): Promise<number> {
  const [row] = await database.run<{ seq: number }>(
    { name: '', text: 'SELECT coalesce(max(seq), 0) AS seq FROM reports WHERE endpoint = $1' },
    [endpoint],
  );
  return row?.seq ?? 0;
}

test('tells each click of a person once, and which was the first', async () => {
  const link = newLink();
  const quiet = newLink({ endpoint: null, trackingUrl: null });
  await addLinks(database, [link, quiet]);
  const bot = newClick(link.id, { bot: 'WhatsApp' });
  const [first, second] = [newClick(link.id), newClick(link.id)];
  const clicks = [bot, first, second, newClick(quiet.id), newClick('000000000000')];
  const before = await lastReport();
  const reports = await record(clicks);
  assert.deepEqual(
    reports.map(({ facts: { id }, seq, url, day }) => [id, seq, url, day]),
    [
      [first.id, before + 1, 'https://hooks.example/clk', TODAY],
      [second.id, before + 2, 'https://hooks.example/clk', TODAY],
    ],
  );
  assert.deepEqual(
    reports.map(({ facts }) => facts.isFirst),
    [true, false],
  );
  assert.deepEqual(await record(clicks, true), []);
  const later = newClick(link.id);
  assert.equal((await record([later]))[0]?.seq, before + 3);
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
  await Promise.all(groups.map((clicks) => record(clicks)));
  const facts = await readClicks(
    database,
    TODAY,
    groups.flat().map(({ id }) => id),
  );
  assert.equal(facts.length, 40);
  assert.equal(facts.filter(({ isFirst }) => isFirst).length, 5);
  const counts = await database.run<{ clicks: number }>(
    { name: '', text: 'SELECT clicks FROM link_clicks WHERE link = ANY ($1::text[])' },
    [ids],
  );
  assert.deepEqual(
    counts.map(({ clicks }) => clicks),
    [8, 8, 8, 8, 8],
  );
});

test('a click that waited in memory while its person was erased leaves nothing', async () => {
  const link = newLink({ recipient: '447712345678' });
  await addLinks(database, [link]);
  const click = newClick(link.id);
  assert.ok((await eraseOthers(database, personOf(account, ['447712345678']))).others >= 1);
  assert.deepEqual(await record([click]), []);
  assert.deepEqual(await readClicks(database, TODAY, [click.id]), []);
});

test('keeps clicks as long as their account says, and links past their expiry', async () => {
  const short = (await insertAccount(database, 'short', { name: 'Short', clickDays: 8 }, NOW))?.id ?? 0;
  const links = [newLink(), newLink({ account: short })];
  await addLinks(database, links);
  const clicks = links.map(({ id }) => newClick(id));
  await record(clicks);
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
  await forgetLinks(database, NOW + 90 * DAY_MS + 1, TODAY);
  assert.deepEqual(await linksIn(links.map(({ id }) => id)), []);
});

test('keeps the numbers of messages with links when events, clicks and links are forgotten', async () => {
  const own = (await insertAccount(database, 'counted', { name: 'Counted', clickDays: 8 }, NOW))?.id ?? 0;
  const DAY = 20_260_430;
  const named = (applicationId: string) => JSON.stringify({ bulkId: 'spring', applicationId, entityId: 'north' });
  const shared = { account: own, day: DAY, template: 'order_out', createdAt: NOW - 4 * DAY_MS };
  const first = newLink({ ...shared, envelope: named('crm') });
  const links = [
    first,
    newLink({ ...shared, message: first.message, place: 1, envelope: named('crm') }),
    newLink({ ...shared, envelope: named('crm') }),
    newLink({ ...shared, envelope: named('shop') }),
    newLink({ ...shared, template: null, envelope: null }),
  ];
  await addLinks(database, links);
  await ensurePartitions(database, DAY);
  const kinds: [number, number[]][] = [
    [0, [1, 2, 5, 6]],
    [2, [2, 5]],
    [3, [2]],
  ];
  for (const [i, steps] of kinds)
    for (const kind of steps)
      await database.run(
        {
          name: '',
          text: 'INSERT INTO events (day, message, attempt, kind, at, recorded_at) VALUES ($1, $2, 1, $3, $4, $4)',
        },
        [DAY, links[i]?.message ?? '', kind, NOW],
      );
  await record([0, 1, 1, 2, 3].map((i) => newClick(links[i]?.id ?? '')));
  const range = { account: own, from: NOW - 10 * DAY_MS, to: NOW };
  const everything = { template: true, bulk: true, day: true };
  const count = (grouping = everything, applicationId?: string) =>
    countLinks(database, { ...range, platform: applicationId === undefined ? [] : [{ applicationId }] }, grouping, 100);
  const order = { template: 'order_out', bulkId: 'spring', day: DAY };
  const before = await count();
  assert.deepEqual(before, [
    { ...order, messages: 3, sent: 3, delivered: 2, seen: 1, clicked: 5, unique: 3 },
    { template: null, bulkId: null, day: DAY, messages: 1, sent: 0, delivered: 0, seen: 0, clicked: 0, unique: 0 },
  ]);
  const ofShop = await count(everything, 'shop');
  assert.deepEqual(ofShop, [{ ...order, messages: 1, sent: 1, delivered: 0, seen: 0, clicked: 1, unique: 1 }]);
  const byDay = await count({ template: false, bulk: false, day: true });

  await countLinkDay(database, own, DAY);
  await database.run({ name: '', text: 'DELETE FROM events WHERE day = $1' }, [DAY]);
  await forgetClicks(database, NOW + 9 * DAY_MS, TODAY, 30);
  assert.deepEqual(await count(), before);
  await countLinkDays(database, DAY);
  await record([newClick(links[2]?.id ?? '')]);
  assert.deepEqual((await count())[0], { ...before[0], clicked: 6 });

  await forgetLinks(database, NOW + 91 * DAY_MS, DAY);
  assert.deepEqual(await linksIn(links.map(({ id }) => id)), []);
  assert.deepEqual((await count())[0], { ...before[0], clicked: 6 });
  assert.deepEqual(await count(everything, 'shop'), ofShop);
  assert.deepEqual(await count({ template: false, bulk: false, day: true }), [{ ...byDay[0], clicked: 6 }]);
  assert.deepEqual(await countLinks(database, { ...range, platform: [], to: NOW - 5 * DAY_MS }, everything, 100), []);

  await forgetLinks(database, NOW, DAY + 1);
  assert.deepEqual(await count(), []);
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

  // Who else has proved the host keeps it.
  const rival = (await insertAccount(database, 'rival', { name: 'Rival' }, NOW))?.id ?? 0;
  const theirs = await registerDomain(database, { account: rival, host, token: 'r', createdAt: NOW });
  assert.ok(theirs !== undefined);
  const found = { proof: 'txt', reason: null, checkedAt: NOW } as const;
  await settleDomain(database, domain.id, { ...found, state: 'failed' });
  await settleDomain(database, theirs.id, { ...found, state: 'verified' });
  await removeDomain(database, domain.id, account, NOW);
  assert.equal((await statusOf())?.validUntil, kept.validUntil);
  await removeDomain(database, theirs.id, rival, NOW);
  assert.deepEqual([await statusOf(), await readCertificateOf(database, host)], [undefined, undefined]);
  await database.run({ name: '', text: `DELETE FROM domains WHERE host LIKE '%.tls.example'` }, []);
  assert.deepEqual([...(await readCertificateStatuses(database, ['a.tls.example', 'b.tls.example'])).keys()], []);
});
