// Who is told what: (request URL, number's configuration, subscriptions) -> target, decided by the transaction that commits the event.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { upsertConfiguration } from '../../src/manage/inbound-configurations.js';
import { associate, createPlatform } from '../../src/manage/platforms.js';
import { isRefusal } from '../../src/manage/refusal.js';
import { type ReplayPlace, replay } from '../../src/manage/replay.js';
import { createSubscription } from '../../src/manage/subscriptions.js';
import { fuzzSeed } from '../support/fuzz.js';
import { fc } from '../support/property.js';
import {
  type Outbound,
  type RoutingWorld,
  type Subscribed,
  startRoutingWorld,
  type Tenant,
} from '../support/routing-world.js';

let world: RoutingWorld;
before(async () => {
  world = await startRoutingWorld();
});
after(() => world.stop());

const url = (name: string): string => `https://${name}.example/hook`;

interface Row {
  title: string;
  /** What the message says. */
  outbound?: Outbound;
  forwardUrl?: string;
  subscriptions?: Record<string, Omit<Subscribed, 'url'>>;
  delivery: string | null;
  seen: string | null;
  inbound: string | null;
}

const OWN_SENDER = 'own sender';
const nobody = { delivery: null, seen: null, inbound: null };
const TABLE: readonly Row[] = [
  { title: 'nothing at all: nobody is told, the delivery can be pulled', ...nobody },
  {
    title: 'a request URL gets both reports',
    outbound: { notifyUrl: url('request') },
    delivery: 'request',
    seen: 'request',
    inbound: null,
  },
  { title: 'a number’s URL gets what is written to it', forwardUrl: url('number'), ...nobody, inbound: 'number' },
  {
    title: 'a request URL and a number’s URL beat any subscription',
    outbound: { notifyUrl: url('request'), applicationId: 'crm', entityId: 'shop' },
    forwardUrl: url('number'),
    subscriptions: {
      all: {},
      best: { criteria: [{ applicationId: 'crm', entityId: 'shop' }], resources: [OWN_SENDER] },
    },
    delivery: 'request',
    seen: 'request',
    inbound: 'number',
  },
  {
    title: 'without either a subscription to the whole channel gets all',
    subscriptions: { all: {} },
    delivery: 'all',
    seen: 'all',
    inbound: 'all',
  },
  {
    title: 'a subscription gets only the events that it names',
    subscriptions: { all: { events: ['SEEN', 'NOT_KNOWN'] } },
    ...nobody,
    seen: 'all',
  },
  {
    title: 'each event by itself goes to the best that names it',
    subscriptions: { all: {}, seen: { events: ['SEEN'], resources: [OWN_SENDER] } },
    delivery: 'all',
    seen: 'seen',
    inbound: 'all',
  },
  {
    title: 'a named sender outweighs application and entity together',
    outbound: { applicationId: 'crm', entityId: 'shop' },
    subscriptions: {
      pair: { criteria: [{ applicationId: 'crm', entityId: 'shop' }] },
      sender: { resources: [OWN_SENDER] },
    },
    delivery: 'sender',
    seen: 'sender',
    inbound: 'sender',
  },
  {
    title: 'an entity outweighs an application',
    outbound: { applicationId: 'crm', entityId: 'shop' },
    subscriptions: {
      entity: { criteria: [{ entityId: 'shop' }] },
      application: { criteria: [{ applicationId: 'crm' }] },
    },
    delivery: 'entity',
    seen: 'entity',
    inbound: null,
  },
  {
    title: 'a pair must match as a pair',
    outbound: { applicationId: 'crm', entityId: 'other' },
    subscriptions: {
      pair: { criteria: [{ applicationId: 'crm', entityId: 'shop' }] },
      rest: { criteria: [{ applicationId: 'crm' }] },
    },
    delivery: 'rest',
    seen: 'rest',
    inbound: null,
  },
  {
    title: 'any of several criteria is enough',
    outbound: { entityId: 'shop' },
    subscriptions: { any: { criteria: [{ applicationId: 'crm' }, { entityId: 'shop' }] } },
    delivery: 'any',
    seen: 'any',
    inbound: null,
  },
  {
    title: 'a named user must be the one who sent',
    outbound: { user: 'ann' },
    subscriptions: { all: {}, ann: { users: ['ann', 'eve'] }, bob: { users: ['bob'] } },
    delivery: 'ann',
    seen: 'ann',
    inbound: 'all',
  },
  {
    title: 'of equals the newest',
    subscriptions: { older: { resources: [OWN_SENDER] }, newer: { resources: [OWN_SENDER, '4477'] } },
    delivery: 'newer',
    seen: 'newer',
    inbound: 'newer',
  },
  {
    title: 'another sender, another application, a criterion for calls: no match',
    outbound: { applicationId: 'crm' },
    subscriptions: {
      sender: { resources: ['447700900000'] },
      application: { criteria: [{ applicationId: 'crm2' }] },
      calls: { criteria: [{ callsConfigurationId: 'c' }] },
    },
    ...nobody,
  },
];

for (const { title, outbound = {}, forwardUrl, subscriptions = {}, ...expected } of TABLE) {
  test(`targets: ${title}`, async () => {
    const tenant = await world.tenant(forwardUrl === undefined ? {} : { forwardUrl });
    for (const [name, subscribed] of Object.entries(subscriptions)) {
      const resources = (subscribed.resources ?? []).map((text) => (text === OWN_SENDER ? tenant.sender : text));
      await world.subscribe(tenant, name, { url: url(name), ...subscribed, resources });
    }
    const { delivery, seen, isPullable } = await world.deliverAndRead(tenant, outbound);
    const inbound = await world.receive(tenant, 'Hello');
    const named = (name: string | null): string | null => (name === null ? null : url(name));
    assert.deepEqual(
      { delivery, seen, inbound },
      { delivery: named(expected.delivery), seen: named(expected.seen), inbound: named(expected.inbound) },
    );
    // Who is pushed to cannot pull, and the other way round.
    assert.equal(isPullable, delivery === null);
  });
}

test('what is quoted lends its application and entity to the answer, before the number’s own', async () => {
  const tenant = await world.tenant();
  await world.subscribe(tenant, 'crm', { url: url('crm'), criteria: [{ applicationId: 'crm' }] });
  await world.subscribe(tenant, 'desk', { url: url('desk'), criteria: [{ applicationId: 'desk', entityId: 'e' }] });
  const configuration = { channel: 'WHATSAPP' as const, number: tenant.sender };
  const platform = { applicationId: 'desk', entityId: 'e' };
  assert.ok(
    !isRefusal(
      await upsertConfiguration(world.parts, { account: tenant.account, platform: [] }, { ...configuration, platform }),
    ),
  );
  const { message } = await world.deliverAndRead(tenant, { applicationId: 'crm' });
  assert.equal(await world.receive(tenant, 'Yes', `wamid.${message}`), url('crm'));
  assert.equal(await world.receive(tenant, 'Yes'), url('desk'));
  const { message: plain } = await world.deliverAndRead(tenant, {});
  assert.equal(await world.receive(tenant, 'Yes', `wamid.${plain}`), url('desk'));
});

test('a keyword’s configuration comes before the number’s, whatever its case, and only for its first word', async () => {
  const tenant = await world.tenant({ forwardUrl: url('number') });
  const configuration = { channel: 'WHATSAPP' as const, number: tenant.sender };
  const forwarding = { type: 'HTTP_FORWARD' as const, url: url('stop') };
  assert.ok(
    !isRefusal(
      await upsertConfiguration(
        world.parts,
        { account: tenant.account, platform: [] },
        { ...configuration, keyword: 'Stop', forwarding },
      ),
    ),
  );
  assert.equal(await world.receive(tenant, 'stop it'), url('stop'));
  assert.equal(await world.receive(tenant, 'do stop'), url('number'));
});

test('senders whose numbers begin alike, of one account and of another, get each its own', async () => {
  const short = await world.tenant({ sender: '44770090' });
  const long = await world.tenant({ sender: '447700901', account: short.account });
  const foreign = await world.tenant({ sender: '4477009012' });
  const owner = { account: short.account, platform: [] };
  const forwarding = { type: 'HTTP_FORWARD' as const, url: url('short-stop') };
  const keyword = { channel: 'WHATSAPP' as const, number: short.sender, keyword: 'STOP', forwarding };
  assert.ok(!isRefusal(await upsertConfiguration(world.parts, owner, keyword)));
  const toldOf = async (tenant: Tenant): Promise<(string | null)[]> => {
    const { delivery, seen } = await world.deliverAndRead(tenant, {});
    return [delivery, seen, await world.receive(tenant, 'Hello'), await world.receive(tenant, 'Stop')];
  };
  await world.subscribe(short, 'short', { url: url('short'), resources: [short.sender] });
  const ofShort = [url('short'), url('short'), url('short'), url('short-stop')];
  assert.deepEqual(await toldOf(short), ofShort);
  assert.deepEqual([await toldOf(long), await toldOf(foreign)], [Array(4).fill(null), Array(4).fill(null)]);
  await world.subscribe(long, 'long', { url: url('long'), resources: [long.sender] });
  await world.subscribe(foreign, 'foreign', {
    url: url('foreign'),
    resources: [foreign.sender, short.sender, long.sender],
  });
  assert.deepEqual(
    [await toldOf(short), await toldOf(long), await toldOf(foreign)],
    [ofShort, Array(4).fill(url('long')), Array(4).fill(url('foreign'))],
  );
  const association = { resourceType: 'NUMBER', channel: 'WHATSAPP', applicationId: 'crm', entityId: null };
  const made = await createPlatform(world.parts, 'application', short.account, { id: 'crm', name: undefined });
  assert.ok(!isRefusal(made));
  assert.ok(!isRefusal(await associate(world.parts, short.account, { ...association, resourceId: short.sender })));
  const { database } = world;
  const text = 'SELECT sender, application_id AS app FROM senders WHERE sender = ANY ($1) ORDER BY length(sender)';
  const rows = await database.run<{ app: string | null }>({ name: '', text }, [
    [short.sender, long.sender, foreign.sender],
  ]);
  assert.deepEqual(
    rows.map(({ app }) => app),
    ['crm', null, null],
  );
});

test('a replay by subscription brings what that subscription is about, not what others send to the same profile', async () => {
  const tenant = await world.tenant();
  const owner = { account: tenant.account, platform: [] };
  await world.subscribe(tenant, 'crm', { url: url('crm'), criteria: [{ applicationId: 'crm' }] });
  const inbound = { subscriptionId: 'inbound', events: ['INBOUND_MESSAGE'], profile: { profileId: 'crm' } };
  const rest = { subscriptionId: 'rest', events: ['DELIVERY'], resources: ['1'], profile: { profileId: 'crm' } };
  for (const more of [inbound, rest])
    assert.ok(!isRefusal(await createSubscription(world.parts, owner, 'WHATSAPP', more)));
  await world.deliverAndRead(tenant, { applicationId: 'crm' });
  for (const word of ['Hello', 'again', 'more']) assert.equal(await world.receive(tenant, word), url('crm'));
  const { database, parts } = world;
  const run = (text: string) => database.run<{ seqs: number }>({ name: '', text }, [tenant.account]);
  await run(`UPDATE endpoint_heads SET position = 100 WHERE endpoint IN (SELECT id FROM endpoints WHERE account = $1)`);
  const replayed = async (place: ReplayPlace): Promise<unknown> => {
    const replaying = { ...parts, account: tenant.account, deadOnly: false, requestsPerSecond: 100 };
    const result = await replay(replaying, { place, from: 0, to: parts.clock.now() });
    const made = await run(`DELETE FROM batches b USING endpoints e WHERE e.id = b.endpoint AND e.account = $1
      RETURNING cardinality(seqs) AS seqs`);
    assert.equal(
      made.reduce((sum, { seqs }) => sum + seqs, 0),
      Reflect.get(result, 'reports'),
    );
    return result;
  };
  const all = async (reports: number, place: ReplayPlace) =>
    assert.deepEqual(await replayed(place), { reports, isComplete: true });
  await all(2, { subscriptionId: 'crm' });
  await all(3, { subscriptionId: 'inbound' });
  await all(0, { subscriptionId: 'rest' });
  await all(5, { profileId: 'crm' });
  const dead = { ...parts, account: tenant.account, deadOnly: true, requestsPerSecond: 100 };
  assert.deepEqual(await replay(dead, { place: { subscriptionId: 'crm' }, from: 0, to: parts.clock.now() }), {
    reports: 0,
    isComplete: true,
  });
});

// ------------------------------------------------------------- any subscriptions, two accounts

const APPLICATIONS = ['', 'crm', 'desk'];
const ENTITIES = ['', 'shop', 'depot'];
const USERS = ['', 'ann', 'bob'];
const RUNS = 40;

interface Facts {
  applicationId: string;
  entityId: string;
  user: string;
}

interface Wanted {
  name: string;
  isOfAnn: boolean;
  events: string[];
  criteria: { applicationId: string; entityId: string }[];
  ownSender: boolean;
  users: string[];
}

const wantedOf = (i: number): fc.Arbitrary<Wanted> =>
  fc.record({
    name: fc.constant(`s${i}`),
    isOfAnn: fc.boolean(),
    events: fc.subarray(['DELIVERY', 'SEEN', 'INBOUND_MESSAGE']),
    criteria: fc.array(
      fc.record({ applicationId: fc.constantFrom(...APPLICATIONS), entityId: fc.constantFrom(...ENTITIES) }),
      { maxLength: 3 },
    ),
    ownSender: fc.boolean(),
    users: fc.subarray(['ann', 'bob']),
  });
const facts = fc.record({
  applicationId: fc.constantFrom(...APPLICATIONS),
  entityId: fc.constantFrom(...ENTITIES),
  user: fc.constantFrom(...USERS),
});

/** The rule of the table, spelt out for one account: sender, then entity, then application, then user, then the newest. */
function expectedOf(event: string, wanted: readonly Wanted[], { applicationId, entityId, user }: Facts): string | null {
  let best: { name: string; score: number } | undefined;
  for (const { name, events, criteria, ownSender, users } of wanted) {
    if (!events.includes(event) || (users.length > 0 && !users.includes(user))) continue;
    const pairs = criteria.length === 0 ? [{ applicationId: '', entityId: '' }] : criteria;
    for (const pair of pairs) {
      if (pair.applicationId !== '' && pair.applicationId !== applicationId) continue;
      if (pair.entityId !== '' && pair.entityId !== entityId) continue;
      const named = [ownSender, pair.entityId !== '', pair.applicationId !== '', users.length > 0];
      const score = named.reduce((sum, isNamed) => sum * 2 + Number(isNamed), 0);
      if (best === undefined || score >= best.score) best = { name, score };
    }
  }
  return best?.name ?? null;
}

function present({ applicationId, entityId, user }: Facts): Outbound {
  const fields = Object.entries({ applicationId, entityId, user }).filter(([, text]) => text !== '');
  return Object.fromEntries(fields);
}

test('whatever two accounts with the same names subscribe to, each event goes where the rule says and never to the other', async (t) => {
  const [ann, bob] = [await world.tenant(), await world.tenant()];
  const lists = fc
    .integer({ min: 0, max: 8 })
    .chain((n) => fc.tuple(...Array.from({ length: n }, (_, i) => wantedOf(i))));
  await fc.assert(
    fc.asyncProperty(lists, facts, async (wanted, fact) => {
      await world.clear();
      const tenants: [Tenant, Wanted[]][] = [
        [ann, wanted.filter(({ isOfAnn }) => isOfAnn)],
        [bob, wanted.filter(({ isOfAnn }) => !isOfAnn)],
      ];
      for (const [tenant, own] of tenants) {
        for (const { name, events, criteria, ownSender, users } of own) {
          const resources = ownSender ? [tenant.sender] : [];
          await world.subscribe(tenant, name, {
            url: `https://${tenant.account}-${name}.example/`,
            events,
            criteria,
            resources,
            users,
          });
        }
      }
      for (const [tenant, own] of tenants) {
        const named = (name: string | null) => (name === null ? null : `https://${tenant.account}-${name}.example/`);
        const told = await world.deliverAndRead(tenant, present(fact));
        assert.equal(told.delivery, named(expectedOf('DELIVERY', own, fact)));
        assert.equal(told.seen, named(expectedOf('SEEN', own, fact)));
        const quoting = await world.receive(tenant, 'Hi', `wamid.${told.message}`);
        assert.equal(quoting, named(expectedOf('INBOUND_MESSAGE', own, { ...fact, user: '' })));
      }
    }),
    { numRuns: RUNS, seed: fuzzSeed(t) },
  );
});
