// Days and weeks, by the dev clock: partitions come and go, keys are forgotten, and what is unfinished is kept for as long as it takes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { lifeOf, metricOf, startSharedDatabase, startWorld } from '../support/ledger-shared.js';
import { startReceiver } from '../support/receiver.js';
import { resultsAt, startScene } from '../support/scene.js';
import { until } from '../support/until.js';

const DAY_SECONDS = 86_400;
const RETENTION_DAYS = 8;
const DAYS = 11;

function dayOf(at: number): number {
  return Number(new Date(at).toISOString().slice(0, 10).replaceAll('-', ''));
}

async function rowsOf<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The days that a table has partitions for, oldest first. */
async function daysOf(url: string, table: string): Promise<number[]> {
  const rows = await rowsOf<{ name: string }>(
    url,
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = '${table}'::regclass`,
  );
  return rows.map(({ name }) => Number(name.slice(name.lastIndexOf('_') + 1))).sort((a, b) => a - b);
}

test('a lane goes on through days, old days and keys are forgotten, and no report is lost on the way', async (t) => {
  const life = lifeOf(t);
  const scene = await startScene({ PARLEY_RETENTION_DAYS: String(RETENTION_DAYS) });
  life.add('scene', () => scene.stop());
  const receiver = await startReceiver();
  life.add('receiver', () => receiver.stop());
  const database = scene.world.info.database;
  const user = scene.newUser();
  const once = { messageId: 'only-once' };
  const headers = { 'idempotency-key': 'only-once' };
  await scene.send({ to: scene.newUser(), ...once });
  await scene.send({ to: scene.newUser(), messageId: 'keyed' }, { headers });
  const sent: string[] = [];
  for (let day = 0; day < DAYS; day += 1) {
    const { messageId } = await scene.send({
      to: user,
      notifyUrl: `${receiver.url}/reports`,
      content: { text: `day ${day}` },
    });
    sent.push(messageId);
    await until(
      `both reports of day ${day}`,
      () => resultsAt(receiver).filter((result) => result.messageId === messageId).length === 2,
    );
    if (day === 1) assert.equal((await scene.send({ to: user, ...once })).status.name, 'REJECTED_DUPLICATE_MESSAGE_ID');
    await scene.advance(DAY_SECONDS);
  }
  assert.equal(new Set(resultsAt(receiver).map(({ eventId }) => eventId)).size, DAYS * 2);
  const atMeta = await scene.atMeta(user);
  assert.deepEqual(
    atMeta.map(({ payload }) => payload.text?.body),
    sent.map((_, day) => `day ${day}`),
  );

  const now = Date.now() + DAYS * DAY_SECONDS * 1000;
  const oldest = dayOf(now - RETENTION_DAYS * DAY_SECONDS * 1000);
  for (const table of ['messages', 'events', 'reports', 'attempts']) {
    await until(
      `${table} before ${oldest} are dropped`,
      async () => ((await daysOf(database, table))[0] ?? 0) >= oldest,
    );
    assert.ok(((await daysOf(database, table)).at(-1) ?? 0) >= dayOf(now + 7 * DAY_SECONDS * 1000), `${table} ahead`);
  }
  assert.equal(await scene.metric('parley_partitions_kept'), 0);
  await until('the keys are forgotten', async () => {
    const [row] = await rowsOf<{ keys: number }>(
      database,
      'SELECT (SELECT count(*) FROM message_keys)::integer + (SELECT count(*) FROM idempotency_keys)::integer AS keys',
    );
    return row?.keys === 0;
  });
  assert.equal((await scene.send({ to: scene.newUser(), ...once })).status.name, 'PENDING_ENROUTE');

  // A status of a message that nobody remembers is acknowledged and counted.
  const [first] = atMeta;
  assert.ok(first?.bizOpaque);
  const statuses = [{ id: first.id, status: 'played', bizOpaque: first.bizOpaque }];
  assert.equal((await scene.postStatuses(scene.world.info.phoneNumberId, statuses)).status, 200);
  assert.equal(await scene.metric('parley_received_total', 'what="too-old"'), 1);
});

test('days past the retention are kept while reports of them wait, told in the end, and dropped then', async (t) => {
  const life = lifeOf(t);
  const env = { PARLEY_RETENTION_DAYS: String(RETENTION_DAYS) };
  // Nobody delivers: the position of the endpoint stays where it is.
  const world = await startWorld(life, [{ roles: 'api,dispatch,receive', env }], {
    databaseUrl: await startSharedDatabase(life),
  });
  const [gateway] = world.gateways();
  assert.ok(gateway !== undefined);
  const [from = ''] = world.senders;
  const count = 20;
  for (let n = 0; n < count; n += 1) {
    const answer = await fetch(`${world.api}/whatsapp/1/message/text`, {
      method: 'POST',
      headers: { authorization: `App ${world.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        from,
        to: String(447_700_900_000 + n),
        content: { text: `n-${n}` },
        callbackData: String(n),
        notifyUrl: world.receiver.reportsUrl,
      }),
    });
    assert.equal(answer.status, 200);
  }
  await until(
    'reports wait',
    async () => (await metricOf(world, gateway.url, /^parley_reports_waiting /)) === count * 2,
  );
  const database = await world.database();
  // Each table's own: midnight may have passed meanwhile.
  const firstDays = new Map<string, number>();
  for (const table of ['messages', 'events', 'reports']) {
    const [row] = await rowsOf<{ day: number }>(database, `SELECT min(day) AS day FROM ${table}`);
    firstDays.set(table, row?.day ?? 0);
  }
  const advance = (url: string, days: number) =>
    world.call(url, '/parley/1/dev/clock', { advanceSeconds: days * DAY_SECONDS });
  await advance(gateway.url, RETENTION_DAYS + 4);
  await until('the metric tells', async () => (await metricOf(world, gateway.url, /^parley_partitions_kept /)) >= 3);
  for (const [table, first] of firstDays) assert.ok((await daysOf(database, table)).includes(first), table);

  const delivering = await world.serve({ roles: 'api,deliver', env });
  await advance(delivering.url, RETENTION_DAYS + 4);
  await until('every report is told', () => world.receiver.reports.size === count, 20_000);
  await until(
    'nothing waits',
    async () => (await metricOf(world, delivering.url, /^parley_(reports|batches)_waiting /)) === 0,
  );
  await advance(delivering.url, 1);
  for (const [table, first] of firstDays)
    await until(`${table} of the first day are dropped`, async () => !(await daysOf(database, table)).includes(first));
  for (const { delivered, seen } of world.receiver.reports.values())
    assert.deepEqual([delivered.size, seen.size], [1, 1]);
});
