// P3 and P4 against the real append_events: whatever order, number and grouping Meta's webhooks come in, and whatever we decide
// ourselves meanwhile, a message ends in the same state and its customer is told the same.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { createClock } from '../../src/lib/clock.js';
import { dayOf } from '../../src/lib/day.js';
import { uuidv7 } from '../../src/lib/id.js';
import { createLog } from '../../src/lib/log.js';
import { ensureDevAccount } from '../../src/manage/accounts.js';
import { createReceive, type Receive } from '../../src/pipeline/receive.js';
import { messageReport } from '../../src/pipeline/report.js';
import { acceptMessages } from '../../src/store/accepting.js';
import { type Database, openDatabase } from '../../src/store/database.js';
import { openDirectory } from '../../src/store/directory.js';
import { type EmbeddedPostgres, startEmbedded } from '../../src/store/embedded.js';
import { type AppendedEvent, appendEvents } from '../../src/store/events.js';
import { migrate } from '../../src/store/migrate.js';
import { ensurePartitions } from '../../src/store/partitions.js';
import { temporaryFolder } from '../support/dev-world.js';
import { fuzzSeed } from '../support/fuzz.js';
import { fc } from '../support/property.js';

const RUNS = 60;
const SECRET = 'app-secret';
const PHONE_NUMBER_ID = '600700800';
const NOTIFY_URL = 'http://127.0.0.1:9/reports';
const KIND = { submitted: 1, sent: 2, expired: 3, failed: 4, delivered: 5, read: 6, played: 7 } as const;

const clock = createClock();
const log = createLog('silent');
/** What the two receivers told the rest of the gateway. */
const told: AppendedEvent[] = [];
let dataDir = '';
let postgres: EmbeddedPostgres;
let pools: [Database, Database];
let receivers: [Receive, Receive];
let account = 0;
let lane = 0;
let endpoint = 0;

before(async () => {
  dataDir = temporaryFolder('properties');
  postgres = await startEmbedded({ dataDir, log });
  await migrate(postgres.url, log);
  const open = () => openDatabase({ url: postgres.url, log, connectionsMax: 2 });
  pools = [open(), open()];
  const [database] = pools;
  await ensurePartitions(database, dayOf(clock.now()));
  await ensureDevAccount({ database, clock, adminKey: 'admin-key-of-the-test', devApiKey: 'demo-key-of-the-test' });
  account = await one('SELECT id AS value FROM accounts LIMIT 1');
  endpoint = await one(`SELECT ensure_endpoint(${account}, 'http://127.0.0.1:9', '', 0) AS value`);
  lane = await one(
    `INSERT INTO senders (account, sender, phone_number_id, waba_id, access_token, throughput, created_at)
     VALUES (${account}, '441134960000', '${PHONE_NUMBER_ID}', '1', ''::bytea, 80, 0) RETURNING id AS value`,
  );
  const directory = await openDirectory(database);
  const parts = {
    clock,
    directory,
    appSecrets: [SECRET],
    oldestDay: () => 0,
    observeIdentity: () => undefined,
    observeChange: () => undefined,
    onStatus: () => {},
    observeTemplate: () => undefined,
    onEvents: (events: AppendedEvent[]) => void told.push(...events),
    onReports: () => {},
    onMedia: () => {},
    mediaUrl: () => '',
    traces: undefined,
    count: () => {},
    countFailed: () => {},
  };
  const receiver = (on: Database): Receive => {
    const all = { ...parts, database: on };
    return createReceive(all);
  };
  receivers = [receiver(pools[0]), receiver(pools[1])];
});

after(async () => {
  for (const pool of pools) await pool.stop();
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function one(text: string): Promise<number> {
  const [row] = await pools[0].run<{ value: number }>({ name: '', text }, []);
  if (row === undefined) throw new Error(`no row: ${text}`);
  return row.value;
}

// ------------------------------------------------------------- histories and schedules

type Word = 'sent' | 'failed' | 'delivered' | 'read' | 'played';

/** What Meta can tell of one attempt, whole or up to where it has come; `delivered` may be skipped by `read` (Meta 2.1, 2.3). */
const ATTEMPTS: readonly (readonly Word[])[] = [
  [],
  ['sent'],
  ['failed'],
  ['sent', 'failed'],
  ['sent', 'delivered'],
  ['sent', 'read'],
  ['sent', 'delivered', 'read'],
  ['sent', 'delivered', 'read', 'played'],
];

/** A message's attempts, in order. */
type History = readonly (readonly Word[])[];

/** One thing that happens: Meta tells a status, or we let the message expire. */
interface Happening {
  /** Which message of the run. */
  index: number;
  attempt: number;
  word: Word | 'expired';
}

/** Things told in one webhook, or one expiry; through which receiver, and whether the next waits for it. */
interface Delivery {
  happenings: Happening[];
  via: 0 | 1;
  isAwaited: boolean;
  layout: number;
}

interface Scenario {
  histories: readonly History[];
  expired: readonly boolean[];
  deliveries: readonly Delivery[];
}

/** `canExpire`: our own expiry comes in between. `isConcurrent`: two receivers, nothing waits. */
function scenarios({ canExpire = false, isConcurrent = false }): fc.Arbitrary<Scenario> {
  const history = fc.array(fc.constantFrom(...ATTEMPTS), { minLength: 1, maxLength: 3 });
  const messages = fc.array(fc.record({ history, isExpired: canExpire ? fc.boolean() : fc.constant(false) }), {
    minLength: 1,
    maxLength: isConcurrent ? 12 : 5,
  });
  return messages.chain((made) => {
    const all = made.flatMap(({ history: attempts, isExpired }, index): Happening[] => [
      ...attempts.flatMap((words, i) => words.map((word) => ({ index, attempt: i + 1, word }))),
      ...(isExpired ? [{ index, attempt: attempts.length, word: 'expired' } as const] : []),
    ]);
    const copies = fc.tuple(
      ...all.map((happening) => fc.integer({ min: 1, max: 3 }).map((n) => Array.from({ length: n }, () => happening))),
    );
    return copies
      .map((lists) => lists.flat())
      .chain((list) => fc.shuffledSubarray(list, { minLength: list.length }))
      .chain((list) => deliveriesOf(list, isConcurrent))
      .map((deliveries) => ({
        histories: made.map((each) => each.history),
        expired: made.map((each) => each.isExpired),
        deliveries,
      }));
  });
}

function deliveriesOf(list: readonly Happening[], isConcurrent: boolean): fc.Arbitrary<Delivery[]> {
  const cut = fc.record({
    isLast: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
    via: isConcurrent ? fc.constantFrom(0 as const, 1 as const) : fc.constant(0 as const),
    isAwaited: isConcurrent ? fc.integer({ min: 0, max: 9 }).map((n) => n === 0) : fc.boolean(),
    layout: fc.nat(3),
  });
  return fc.array(cut, { minLength: list.length, maxLength: list.length }).map((cuts) => {
    const deliveries: Delivery[] = [];
    let happenings: Happening[] = [];
    list.forEach((happening, i) => {
      const { isLast = true, ...how } = cuts[i] ?? { via: 0, isAwaited: true, layout: 0 };
      if (happening.word === 'expired') {
        deliveries.push({ ...how, happenings: [happening] });
        return;
      }
      happenings.push(happening);
      if (!isLast && i < list.length - 1) return;
      deliveries.push({ ...how, happenings });
      happenings = [];
    });
    if (happenings.length > 0) deliveries.push({ happenings, via: 0, isAwaited: true, layout: 0 });
    return deliveries;
  });
}

// ------------------------------------------------------------- playing them

interface Stored {
  id: string;
  day: number;
}

async function accept(count: number): Promise<Stored[]> {
  const now = clock.now();
  const messages = Array.from({ length: count }, () => ({
    id: uuidv7(now),
    account,
    lane,
    endpoint,
    messageId: null,
    sender: '441134960000',
    recipient: '441134960001',
    type: 'TEXT',
    content: '{"text":"x"}',
    envelope: JSON.stringify({ notifyUrl: NOTIFY_URL }),
  }));
  const accepted = await acceptMessages(pools[0], now, dayOf(now), messages, 23);
  return messages.map(({ id }, i) => {
    const place = accepted[i];
    if (place?.outcome !== 'accepted') throw new Error('not accepted');
    return { id, day: place.day };
  });
}

async function play(deliveries: readonly Delivery[], messages: readonly Stored[]): Promise<void> {
  let open: Promise<void>[] = [];
  for (const delivery of deliveries) {
    open.push(deliver(delivery, messages));
    if (!delivery.isAwaited) continue;
    await Promise.all(open);
    open = [];
  }
  await Promise.all(open);
}

async function deliver({ happenings, via, layout }: Delivery, messages: readonly Stored[]): Promise<void> {
  const [first] = happenings;
  if (first?.word === 'expired') return expire(first, messages, pools[via]);
  const body = Buffer.from(JSON.stringify(webhookOf(happenings, messages, layout)));
  const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
  assert.equal(await receivers[via].receive(body, signature), 'committed');
}

/** As ageing does it, but without looking first whether the message has an end. */
async function expire({ index, attempt }: Happening, messages: readonly Stored[], on: Database): Promise<void> {
  const { id, day } = at(messages, index);
  const now = clock.now();
  const event = { phoneNumberId: null, wamid: null, metaCode: null, detail: null, statusId: 29, errorId: 4101 };
  const events = [{ ...event, message: id, attempt, kind: KIND.expired, at: now }];
  told.push(...(await appendEvents(on, now, dayOf(now), day, events)));
}

function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new RangeError(`nothing at ${index}`);
  return found;
}

/** Layouts: all in one change; a change each; an entry each; in two entries. */
function webhookOf(happenings: readonly Happening[], messages: readonly Stored[], layout: number): object {
  const statuses = happenings.map((happening) => statusOf(happening, at(messages, happening.index)));
  const change = (some: readonly object[]): object => ({
    field: 'messages',
    value: {
      messaging_product: 'whatsapp',
      metadata: { display_phone_number: '441134960000', phone_number_id: PHONE_NUMBER_ID },
      statuses: some,
    },
  });
  const entry = (changes: readonly object[]): object => ({ id: '1', changes });
  const half = Math.ceil(statuses.length / 2);
  const entries = [
    () => [entry([change(statuses)])],
    () => [entry(statuses.map((status) => change([status])))],
    () => statuses.map((status) => entry([change([status])])),
    () => [entry([change(statuses.slice(0, half))]), entry([change(statuses.slice(half))])],
  ];
  return { object: 'whatsapp_business_account', entry: at(entries, layout)() };
}

const ORDER: readonly string[] = ['sent', 'failed', 'delivered', 'read', 'played'];

function statusOf({ attempt, word }: Happening, { id, day }: Stored): object {
  return {
    id: `wamid.${id}.${attempt}`,
    status: word,
    timestamp: String(Math.floor(clock.now() / 1000) + 10 * attempt + ORDER.indexOf(word)),
    recipient_id: '441134960001',
    biz_opaque_callback_data: `p1:${day}:${id}:${attempt}`,
    ...(word === 'failed' ? { errors: [{ code: 131_026, title: 'Message undeliverable' }] } : {}),
  };
}

// ------------------------------------------------------------- what must be

interface ReportRow {
  ref: string;
  attempt: number;
  kind: number;
  seq: number;
}

async function reportsOf(messages: readonly Stored[]): Promise<ReportRow[]> {
  const text = 'SELECT ref, attempt, event_kind AS kind, seq FROM reports WHERE ref = ANY ($1::uuid[]) ORDER BY seq';
  return pools[0].run<ReportRow>({ name: 'test_reports', text }, [messages.map(({ id }) => id)]);
}

async function stateOf({ id }: Stored): Promise<number> {
  return one(`SELECT coalesce(max(kind), 0) AS value FROM events WHERE message = '${id}' AND kind < 20`);
}

/** The whole promise for one message. Which reports there are never depends on the schedule, except those that a later truth overtook. */
async function assertKept(
  message: Stored,
  history: History,
  isExpired: boolean,
  rows: readonly ReportRow[],
): Promise<void> {
  const words = history.flat();
  const kinds = new Set<number>(words.map((word) => KIND[word]));
  if (kinds.has(KIND.read)) kinds.add(KIND.delivered);
  if (isExpired) kinds.add(KIND.expired);
  assert.equal(await stateOf(message), Math.max(0, ...kinds), 'the state');
  const ends = [KIND.expired, KIND.failed, KIND.delivered].filter((kind) => kinds.has(kind));
  const own = rows.filter(({ ref }) => ref === message.id);
  const delivery = own.filter(({ kind }) => kind !== KIND.read).map(({ kind }) => kind);
  assert.deepEqual(delivery.at(-1), ends.at(-1), 'the last delivery report is the truth');
  assert.deepEqual(delivery, [...new Set(delivery)].sort(), 'each end is told once, and only upwards');
  for (const kind of delivery)
    assert.ok(
      ends.some((end) => end === kind),
      `${kind} was told and never happened`,
    );
  assert.equal(own.filter(({ kind }) => kind === KIND.read).length, kinds.has(KIND.read) ? 1 : 0, 'seen reports');
  for (const { kind, attempt } of own) {
    const told = history[attempt - 1] ?? [];
    const could = kind === KIND.delivered ? ['delivered', 'read'] : [Object.keys(KIND)[kind - 1] ?? ''];
    assert.ok((kind === KIND.expired && isExpired) || told.some((word) => could.includes(word)), `attempt ${attempt}`);
  }
}

/** What was handed on in memory is what was stored: the same reports at the same places, under ids of their own. */
function assertToldAsStored(rows: readonly ReportRow[], messages: readonly Stored[]): void {
  const ids = new Set(messages.map(({ id }) => id));
  const reports = told.filter(({ message, report }) => report !== undefined && ids.has(message));
  const places = reports.map(({ message, attempt, kind, report }) => ({
    ref: message,
    attempt,
    kind,
    seq: report?.seq ?? 0,
  }));
  assert.deepEqual(
    places.sort((a, b) => a.seq - b.seq),
    rows,
  );
  const eventIds = reports.map((report) => /"eventId":"([^"]+)"/.exec(messageReport(report).body)?.[1]);
  assert.equal(new Set(eventIds).size, rows.length, 'an eventId is given twice');
  const expected = new Set(rows.map(({ ref, attempt, kind }) => `${ref}-${attempt}-${Object.keys(KIND)[kind - 1]}`));
  assert.deepEqual(new Set(eventIds), expected);
}

async function assertGapless(): Promise<void> {
  const [row] = await pools[0].run<{ count: number; least: number | null; most: number | null; next: number }>(
    {
      name: 'test_gapless',
      text: `SELECT count(*) AS count, min(seq) AS least, max(seq) AS most,
        (SELECT next FROM tails WHERE stream = endpoint_stream($1)) AS next FROM reports WHERE endpoint = $1`,
    },
    [endpoint],
  );
  if (row === undefined || row.least === null) return;
  assert.deepEqual([row.least, row.most, row.next], [1, row.count, row.count + 1]);
}

async function check({ histories, expired, deliveries }: Scenario): Promise<void> {
  told.length = 0;
  const messages = await accept(histories.length);
  await play(deliveries, messages);
  const rows = await reportsOf(messages);
  for (const [i, message] of messages.entries()) await assertKept(message, at(histories, i), at(expired, i), rows);
  assertToldAsStored(rows, messages);
  await play(deliveries, messages);
  assert.deepEqual(await reportsOf(messages), rows, 'the same webhooks once more tell nothing new');
  await assertGapless();
}

for (const [title, options] of [
  ['any order, number and grouping of webhooks gives the same state and the same reports', {}],
  ['an expiry of our own at any moment is followed by the truth and hides none of it', { canExpire: true }],
  [
    "two processes at once neither tell anything twice nor leave a gap nor get in each other's way",
    { canExpire: true, isConcurrent: true },
  ],
] as const) {
  test(title, async (t) => {
    const seed = fuzzSeed(t);
    let reports = 0;
    await fc.assert(
      fc.asyncProperty(scenarios(options), async (scenario) => {
        await check(scenario);
        reports += told.length;
      }),
      { seed, numRuns: RUNS, interruptAfterTimeLimit: 40_000 },
    );
    assert.ok(reports > RUNS, `only ${reports} events with an effect`);
  });
}

test('nothing of this made a deadlock', async () => {
  // A backend tells its statistics when it ends.
  for (const pool of pools) await pool.stop();
  const fresh = openDatabase({ url: postgres.url, log });
  pools = [fresh, openDatabase({ url: postgres.url, log })];
  assert.equal(
    await one('SELECT deadlocks::integer AS value FROM pg_stat_database WHERE datname = current_database()'),
    0,
  );
});
