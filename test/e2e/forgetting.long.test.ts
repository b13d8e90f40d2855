// What is forgotten: of accounts that keep their data for fewer days than the platform, all in time, nobody else's and nothing unfinished;
// and of somebody who is erased, however much is to be looked through.
import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { createLog } from '../../src/lib/log.js';
import { forgetOfAccount, forgettableDay } from '../../src/store/account-retention.js';
import { insertAccount } from '../../src/store/accounts.js';
import { type Database, openDatabase } from '../../src/store/database.js';
import { ensureEndpoint } from '../../src/store/depths.js';
import { type EmbeddedPostgres, startEmbedded } from '../../src/store/embedded.js';
import { eraseOthers } from '../../src/store/erase.js';
import { migrate } from '../../src/store/migrate.js';
import { ensurePartitions } from '../../src/store/partitions.js';
import { personOf } from '../../src/store/persons.js';
import { temporaryFolder } from '../support/dev-world.js';
import { lifeOf } from '../support/ledger-shared.js';
import { parley } from '../support/parley.js';
import { startReceiver } from '../support/receiver.js';
import { resultsAt, type Scene, startScene, type Tenant } from '../support/scene.js';
import { until } from '../support/until.js';
import { jpegOf } from './sandbox-files.js';

const DAY_SECONDS = 86_400;
const NOW = Date.UTC(2026, 4, 20, 12);
const log = createLog('silent');

/** Days of May 2026. */
const MAY = (day: number): number => 20_260_500 + day;

let dataDir = '';
let server: EmbeddedPostgres;
let database: Database;
before(async () => {
  dataDir = temporaryFolder('account-retention');
  server = await startEmbedded({ dataDir, log });
  await migrate(server.url, log);
  database = openDatabase({ url: server.url, log });
  for (const day of [MAY(2), MAY(11), MAY(20)]) await ensurePartitions(database, day);
});
after(async () => {
  await database.stop();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function ask<Row>(text: string, values: (string | number)[] = []): Promise<Row[]> {
  return database.run<Row>({ name: '', text }, values);
}

interface Shop {
  account: number;
  lane: number;
  endpoint: number;
}

let shops = 0;

/** An account with a sender and an endpoint, a message, its events and report, an inbound message and more on each of some days; all finished. */
async function newShop(days: readonly number[]): Promise<Shop> {
  shops += 1;
  const name = `shop-${shops}`;
  const account = (await insertAccount(database, name, { name }, NOW))?.id ?? 0;
  const endpoint = await ensureEndpoint(database, account, `https://${name}.example`, NOW);
  const [sender] = await ask<{ id: number }>(
    `INSERT INTO senders (account, sender, phone_number_id, waba_id, access_token, created_at)
     VALUES ($1, $2, $2, $3, '', 1) RETURNING id`,
    [account, String(441_134_900_000 + shops), name],
  );
  const lane = sender?.id ?? 0;
  for (const [i, day] of days.entries()) await fill({ account, lane, endpoint }, day, i + 1);
  const at = [days.length, days.at(-1) ?? 0] as const;
  await ask('UPDATE tails SET next = $2 + 1, day = $3 WHERE stream = $1 OR stream = endpoint_stream($4)', [
    lane,
    ...at,
    endpoint,
  ]);
  await ask(
    'UPDATE lane_heads SET claimed = $2, claimed_day = $3, settled = $2, settled_day = $3, aged = $2, aged_day = $3 WHERE lane = $1',
    [lane, ...at],
  );
  await ask('UPDATE endpoint_heads SET position = $2, position_day = $3 WHERE endpoint = $1', [endpoint, ...at]);
  return { account, lane, endpoint };
}

async function fill({ account, lane, endpoint }: Shop, day: number, seq: number): Promise<void> {
  const at = Date.UTC(2026, 4, day % 100, 12);
  await ask(
    `WITH m AS (
       INSERT INTO messages (day, lane, seq, id, account, accepted_at, recipient, type, content)
       VALUES ($1, $2, $3, gen_random_uuid(), $4, $6, '1', 'TEXT', '{}') RETURNING id
     ), e AS (
       INSERT INTO events (day, message, attempt, kind, at, recorded_at) SELECT $1, id, 1, k, $6, $6 FROM m, generate_series(1, 2) k
     ), r AS (
       INSERT INTO reports (day, endpoint, seq, ref, ref_day, kind, at) SELECT $1, $5, $3, id, $1, 1, $6 FROM m
     ), a AS (
       INSERT INTO attempts (day, endpoint, first_seq, last_seq, results, batch, attempt, kind, at, duration_ms, verdict)
       VALUES ($1, $5, $3, $3, 1, gen_random_uuid(), 1, 1, $6, 1, 'delivered')
     ), i AS (
       INSERT INTO inbound (day, lane, wamid, id, sent_at, recorded_at, raw) VALUES ($1, $2, 'w' || $3, gen_random_uuid(), $6, $6, '{}')
     ), n AS (
       INSERT INTO notices (day, id, account, kind, body, recorded_at) VALUES ($1, gen_random_uuid(), $4, 13, '{}', $6)
     ), k AS (
       INSERT INTO message_keys (account, message_id, day, message) SELECT $4, 'id-' || $3, $1, id FROM m
     ), d AS (
       INSERT INTO dead_letters (endpoint, seq, day, kind, at, reason) VALUES ($5, $3, $1, 1, $6, 'too old')
     )
     INSERT INTO sms (message, day, account, recipient, sender, text, state, due_at, created_at)
     SELECT id, $1, $4, '1', '2', 'text', 3, $6, $6 FROM m`,
    [day, lane, seq, account, endpoint, at],
  );
}

const COUNTS = {
  messages: 'SELECT day FROM messages WHERE account = $1',
  events:
    'SELECT e.day FROM events e JOIN messages m ON m.day = e.day AND m.id = e.message WHERE m.account = $1 AND e.kind = 1',
  reports: 'SELECT day FROM reports WHERE endpoint IN (SELECT id FROM endpoints WHERE account = $1)',
  attempts: 'SELECT day FROM attempts WHERE endpoint IN (SELECT id FROM endpoints WHERE account = $1)',
  inbound: 'SELECT day FROM inbound WHERE lane IN (SELECT id FROM senders WHERE account = $1)',
  notices: 'SELECT day FROM notices WHERE account = $1',
  keys: 'SELECT day FROM message_keys WHERE account = $1',
  deadLetters: 'SELECT day FROM dead_letters WHERE endpoint IN (SELECT id FROM endpoints WHERE account = $1)',
  sms: 'SELECT day FROM sms WHERE account = $1',
};

/** The days that an account has rows of, by what they are. */
async function daysOf({ account }: Shop): Promise<Record<string, number[]>> {
  const days: Record<string, number[]> = {};
  for (const [what, text] of Object.entries(COUNTS))
    days[what] = (await ask<{ day: number }>(`${text} ORDER BY 1`, [account])).map(({ day }) => day);
  return days;
}

function everywhere(days: number[]): Record<string, number[]> {
  return Object.fromEntries(Object.keys(COUNTS).map((what) => [what, days]));
}

test('what an account has from before a day goes, from every table and from nobody else', async () => {
  const days = [MAY(2), MAY(10), MAY(12)];
  const [short, other] = [await newShop(days), await newShop(days)];
  const orphans =
    'SELECT count(*)::integer AS count FROM events e WHERE NOT EXISTS (SELECT FROM messages m WHERE m.day = e.day AND m.id = e.message)';
  assert.deepEqual(await daysOf(short), everywhere(days));
  assert.equal(await forgettableDay(database, short.account, MAY(12)), MAY(12));
  const cutoff = { day: MAY(12), before: Date.UTC(2026, 4, 12) };
  assert.equal(
    await forgetOfAccount(database, short.account, cutoff, 2),
    false,
    'there is more than it may delete at once',
  );
  assert.equal(await forgetOfAccount(database, short.account, cutoff, 10_000), true);
  assert.deepEqual(await daysOf(short), everywhere([MAY(12)]));
  assert.deepEqual(await daysOf(other), everywhere(days));
  assert.deepEqual(await ask(orphans), [{ count: 0 }]);
});

test('nothing goes from the day on that something unfinished points into', async () => {
  const days = [MAY(2), MAY(10), MAY(12)];
  const behind: [string, (shop: Shop) => Promise<unknown>, number][] = [
    [
      'a message that is not settled',
      ({ lane }) => ask('UPDATE lane_heads SET settled = 1 WHERE lane = $1', [lane]),
      MAY(10),
    ],
    [
      'a lane that was never looked at',
      ({ lane }) => ask('UPDATE lane_heads SET claimed = 0, settled = 0, aged = 0 WHERE lane = $1', [lane]),
      MAY(2),
    ],
    [
      'a message whose end is not told',
      ({ lane }) => ask('UPDATE lane_heads SET aged = 1 WHERE lane = $1', [lane]),
      MAY(10),
    ],
    [
      'a held message',
      ({ lane }) =>
        ask(
          `INSERT INTO held (lane, seq, day, message, recipient, reason, attempt, accepted_at, due_at) VALUES ($1, 2, ${MAY(10)}, gen_random_uuid(), '1', 3, 1, 1, 1)`,
          [lane],
        ),
      MAY(10),
    ],
    [
      'a report that is not read',
      ({ endpoint }) => ask('UPDATE endpoint_heads SET position = 1 WHERE endpoint = $1', [endpoint]),
      MAY(10),
    ],
    [
      'a report that waits in a batch',
      ({ endpoint }) =>
        ask(
          `INSERT INTO batches (id, endpoint, kind, url, seqs, from_day, to_day, first_due_at, due_at) VALUES (gen_random_uuid(), $1, 1, 'u', '{2}', ${MAY(10)}, ${MAY(10)}, 1, 1)`,
          [endpoint],
        ),
      MAY(10),
    ],
    [
      'what a waiting report tells of',
      ({ endpoint }) =>
        ask(
          `WITH h AS (UPDATE endpoint_heads SET position = 2 WHERE endpoint = $1) UPDATE reports SET ref_day = ${MAY(2)} WHERE endpoint = $1 AND seq = 3`,
          [endpoint],
        ),
      MAY(2),
    ],
    [
      'a file that is awaited',
      ({ lane }) =>
        ask(
          `INSERT INTO media (id, lane, day, media_id, created_at, due_at) VALUES (gen_random_uuid(), $1, ${MAY(10)}, 'm', 1, 1)`,
          [lane],
        ),
      MAY(10),
    ],
    [
      'a short message that is awaited',
      ({ account }) => ask(`UPDATE sms SET state = 2 WHERE account = $1 AND day = ${MAY(10)}`, [account]),
      MAY(10),
    ],
  ];
  for (const [what, leave, expected] of behind) {
    const shop = await newShop(days);
    await leave(shop);
    assert.equal(await forgettableDay(database, shop.account, MAY(12)), expected, what);
  }
});

test('somebody is erased from tables with more rows than one statement looks at', async () => {
  const [shop, other] = [await newShop([MAY(20)]), await newShop([MAY(20)])];
  const user = '447712345678';
  const person = personOf(shop.account, [user]);
  const many = 12_345;
  // Theirs are the first, the last, and some in the middle of each table, by whatever it is ordered.
  const theirs = `CASE WHEN i IN (1, 5000, 5001, 10000, ${many}) THEN '${user}' ELSE '33198765432' END`;
  for (const { account, endpoint } of [shop, other]) {
    for (const [columns, values] of [
      ['message_keys (account, message_id, day, message)', `$1, i || '-' || ${theirs}, ${MAY(20)}, gen_random_uuid()`],
      [
        'idempotency_keys (account, key, body_hash, message_id, recipient, status_id, created_at)',
        `$1, i::text, '', i::text, ${theirs}, 7, 1`,
      ],
      [
        'links (id, account, target, is_tracked, day, message, place, recipient, created_at, expires_at)',
        `'l' || $1::integer || '-' || i, $1, 'https://a.example', true, ${MAY(20)}, gen_random_uuid(), 0, ${theirs}, i / 100, 1`,
      ],
      [
        'sms (message, day, account, recipient, sender, text, state, due_at, created_at)',
        `gen_random_uuid(), ${MAY(20)}, $1, ${theirs}, '1', 'text', 3, 1, 1`,
      ],
      [
        'scheduled (id, account, bulk_id, due_at, created_at, lane, sender, recipient, type, content)',
        `gen_random_uuid(), $1, 'b', 1, 1, 1, 's', ${theirs}, 'TEXT', '{}'`,
      ],
      [
        'notices (day, id, account, kind, body, recorded_at)',
        `${MAY(20)}, gen_random_uuid(), $1, 13, json_build_object('of', ${theirs})::text, 1`,
      ],
    ] as const)
      await ask(`INSERT INTO ${columns} SELECT ${values} FROM generate_series(1, ${many}) i`, [account]);
    for (const [columns, values] of [
      ['dead_letters (endpoint, seq, day, kind, at, reason)', `$1, 10 + i, ${MAY(20)}, 1, 1, 'no ' || ${theirs}`],
      [
        'attempts (day, endpoint, first_seq, last_seq, results, batch, attempt, kind, at, duration_ms, verdict, answer)',
        `${MAY(20)}, $1, 1, 1, 1, gen_random_uuid(), 1, 1, 1, 1, 'refused', 'not ' || ${theirs}`,
      ],
    ] as const)
      await ask(`INSERT INTO ${columns} SELECT ${values} FROM generate_series(1, ${many}) i`, [endpoint]);
  }
  assert.deepEqual(await eraseOthers(database, person), { scheduled: 5, others: 7 * 5 });
  assert.deepEqual(await eraseOthers(database, person), { scheduled: 0, others: 0 });
  assert.deepEqual(await eraseOthers(database, personOf(other.account, [user])), { scheduled: 5, others: 7 * 5 });
});

/** The files of users that the gateway keeps. */
function filesOf(scene: Scene): string[] {
  return readdirSync(join(scene.world.dataDir, 'media'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /[0-9a-f-]{36}$/.test(name),
  );
}

test('by the clock: one account forgets after 8 days, messages and files, and the other does not', async (t) => {
  const life = lifeOf(t);
  const scene = await startScene();
  life.add('scene', () => scene.stop());
  const receiver = await startReceiver();
  life.add('receiver', () => receiver.stop());
  const client = new pg.Client({ connectionString: scene.world.info.database });
  await client.connect();
  life.add('client', () => client.end());
  const [brief, long] = [await scene.newTenant({ account: { retentionDays: 9 } }), await scene.newTenant()];
  const ids: string[] = [];
  for (const tenant of [brief, long]) ids.push(await converse(scene, receiver.url, tenant));
  await until('all is reported', () => resultsAt(receiver, '/reports').length === 4);
  await until('both files are kept', () => filesOf(scene).length === 2);

  const { dataDir } = scene.world;
  const set = await parley(['accounts', 'set', brief.accountId, '--retention-days', '8'], { PARLEY_DATA_DIR: dataDir });
  assert.equal(set.code, 0, set.stderr);
  await scene.advance(10 * DAY_SECONDS);
  const count = async ({ accountId }: Tenant): Promise<number[]> => {
    const { rows } = await client.query<{ counts: string[] }>(
      `SELECT ARRAY[(SELECT count(*) FROM messages m WHERE m.account = a.id), (SELECT count(*) FROM inbound i JOIN senders s ON s.id = i.lane WHERE s.account = a.id),
        (SELECT count(*) FROM reports r JOIN endpoints e ON e.id = r.endpoint WHERE e.account = a.id),
        (SELECT count(*) FROM media f JOIN senders s ON s.id = f.lane WHERE s.account = a.id AND f.state = 2)] AS counts
       FROM accounts a WHERE a.account_id = $1`,
      [accountId],
    );
    return (rows[0]?.counts ?? []).map(Number);
  };
  await until(
    'the one has nothing left',
    async () => {
      const left = await count(brief);
      if (left.some((rows) => rows > 0)) throw new Error(left.join(' '));
      return true;
    },
    30_000,
  );
  assert.deepEqual(await count(long), [1, 1, 2, 1]);
  await until('its file is gone', () => filesOf(scene).length === 1, 30_000);
  const [gone = '', kept = ''] = ids;
  await assert.rejects(scene.life(gone), /404/);
  assert.equal((await scene.life(kept)).state, 'read');

  // Both go on.
  for (const tenant of [brief, long]) await converse(scene, receiver.url, tenant);
  await until('all is reported again', () => resultsAt(receiver, '/reports').length === 8);
});

/** A message that is read, and one with a file from its user. Returns the messageId. */
async function converse(scene: Scene, url: string, { key, sender, phoneNumberId }: Tenant): Promise<string> {
  const user = scene.newUser();
  const { messageId } = await scene.send({ from: sender, to: user, notifyUrl: `${url}/reports` }, { key });
  await scene.lifeUntil('it is read', messageId, ({ state }) => state === 'read', 30_000);
  const image = { data: jpegOf(20_000).toString('base64'), mime_type: 'image/jpeg' };
  const json = { type: 'image', image, phoneNumberId };
  const { status } = await scene.world.sandbox(`/_sandbox/users/${user}/messages`, { json });
  assert.equal(status, 201);
  return messageId;
}
