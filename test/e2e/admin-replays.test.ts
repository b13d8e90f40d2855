// The life of a message and replays, over HTTP, on facts that the store's own functions wrote.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { EventKind, StatusId } from '../../src/contract/statuses.js';
import { dayOf } from '../../src/lib/day.js';
import { uuidv7 } from '../../src/lib/id.js';
import { acceptMessages } from '../../src/store/accepting.js';
import { appendEvents } from '../../src/store/events.js';
import { type AdminWorld, type Fields, type List, type ProblemBody, startAdminWorld } from '../support/admin-world.js';

interface Tenant {
  accountId: string;
  key: string;
  account: number;
  lane: number;
  phoneNumberId: string;
  endpoint: number;
}

interface Life extends Fields {
  state: string;
  events: { kind: string; error: string | null; wamid: string | null }[];
  reports: { eventId: string; state: string; url: string; isReplayed: boolean; attempts: Fields[] }[];
  waiting: { reason: string; ahead: number } | null;
}

const NOTIFY_URL = 'https://hooks.example/reports?shop=1';
let world: AdminWorld;
let tenant: Tenant;
let made = 0;

before(async () => {
  world = await startAdminWorld();
});
after(() => world.stop());
beforeEach(async () => {
  tenant = await makeTenant();
});

async function one<Row>(text: string, values: readonly (string | number)[]): Promise<Row> {
  const [row] = await world.database.run<Row>({ name: '', text }, values);
  assert.ok(row !== undefined, text);
  return row;
}

async function makeTenant(): Promise<Tenant> {
  made += 1;
  const { accountId, key } = await world.makeAccount(`Tenant ${made}`);
  const phoneNumberId = String(7000 + made);
  const sender = String(441_134_960_100 + made);
  const json = { sender, phoneNumberId, wabaId: '1', accessToken: 't' };
  assert.equal((await world.call('/senders', { key, json })).status, 201);
  const { id: lane, account } = await one<{ id: number; account: number }>(
    'SELECT id, account FROM senders WHERE sender = $1',
    [sender],
  );
  const { id } = await one<{ id: number }>(`SELECT ensure_endpoint($1, 'https://hooks.example', '', 0) AS id`, [
    account,
  ]);
  return { accountId, key, account, lane, phoneNumberId, endpoint: id };
}

/** Accepts a message; its UUID. */
async function accept(messageId: string | null = null): Promise<string> {
  const now = world.clock.now();
  const id = uuidv7(now);
  const message = {
    id,
    account: tenant.account,
    lane: tenant.lane,
    endpoint: tenant.endpoint,
    messageId,
    sender: '441134960100',
    recipient: '441134960001',
    type: 'TEXT',
    content: '{"text":"Hello"}',
    envelope: JSON.stringify({ notifyUrl: NOTIFY_URL }),
  };
  await acceptMessages(world.database, now, dayOf(now), [message], StatusId.rejectedDuplicateMessageId);
  return id;
}

/** Lets something happen to a message, as Meta would say it. */
async function happen(message: string, kind: number, wamid = 'wamid.1'): Promise<void> {
  const now = world.clock.now();
  const statusId = kind === EventKind.failed ? 4 : kind === EventKind.delivered ? 5 : null;
  const errorId = kind === EventKind.failed ? 7001 : null;
  const { phoneNumberId } = tenant;
  const event = {
    message,
    attempt: 1,
    kind,
    at: now,
    phoneNumberId,
    wamid,
    statusId,
    errorId,
    metaCode: null,
    detail: null,
  };
  const appended = await appendEvents(world.database, now, dayOf(now), dayOf(now), [event]);
  assert.equal(
    appended.some((row) => row.isForeign),
    false,
  );
}

/** Moves the endpoint's position past everything, as delivery does. */
async function readAll(): Promise<void> {
  await one(
    `UPDATE endpoint_heads SET position = (SELECT next - 1 FROM tails WHERE stream = endpoint_stream($1)) WHERE endpoint = $1 RETURNING endpoint`,
    [tenant.endpoint],
  );
}

async function delivered(messageId: string | null = null): Promise<string> {
  const id = await accept(messageId);
  await happen(id, EventKind.delivered);
  return id;
}

interface BatchRow {
  kind: number;
  url: string;
  seqs: string[];
}

async function batches(): Promise<BatchRow[]> {
  const text = 'SELECT kind, url, seqs FROM batches WHERE endpoint = $1 AND is_replay ORDER BY kind, seqs[1]';
  return world.database.run<BatchRow>({ name: '', text }, [tenant.endpoint]);
}

async function replay(json: object): Promise<Fields> {
  const reply = await world.call('/replays', { key: tenant.key, json });
  assert.equal(reply.status, 202, JSON.stringify(reply.body));
  return reply.body;
}

test('a message that waits shows how many are before it', async () => {
  await accept();
  await accept();
  const id = await accept();
  const { status, body } = await world.call<Life>(`/messages/${id}`, { key: tenant.key });
  assert.equal(status, 200);
  assert.equal(body.state, 'accepted');
  assert.deepEqual(body.waiting, { reason: 'queue', ahead: 2, attempt: 0, dueAt: null, isInFlight: false });
  assert.deepEqual(body.content, { text: 'Hello' });
  const senders = await world.call<List>('/senders', { key: tenant.key });
  assert.equal(senders.body.results[0]?.queued, 3);
});

test('a message’s life has its events in order, its reports and how they were delivered', async () => {
  const id = await accept('order-1');
  for (const kind of [EventKind.sent, EventKind.delivered, EventKind.read]) await happen(id, kind);
  await readAll();
  const now = world.clock.now();
  await one(
    `INSERT INTO attempts (day, endpoint, first_seq, last_seq, results, batch, attempt, kind, at, duration_ms, http_status, verdict, answer)
      VALUES ($1, $2, 1, 1, 1, gen_random_uuid(), 1, 1, $3, 12, 200, 'ok', 'thanks') RETURNING endpoint`,
    [dayOf(now), tenant.endpoint, now],
  );
  const { body } = await world.call<Life>('/messages/order-1', { key: tenant.key });
  assert.equal(body.id, id);
  assert.equal(body.state, 'read');
  assert.deepEqual(
    body.events.map(({ kind }) => kind),
    ['sent', 'delivered', 'read'],
  );
  assert.equal(body.events[0]?.wamid, 'wamid.1');
  assert.deepEqual(
    body.reports.map(({ eventId, state, url }) => ({ eventId, state, url })),
    [
      { eventId: `${id}-1-delivered`, state: 'done', url: NOTIFY_URL },
      { eventId: `${id}-1-read`, state: 'done', url: NOTIFY_URL },
    ],
  );
  assert.equal(body.reports[0]?.attempts.length, 1);
  assert.equal(body.reports[0]?.attempts[0]?.answer, 'thanks');
  assert.equal(body.reports[1]?.attempts.length, 0);
});

test('a held message says why, a failed one what Meta said', async () => {
  const held = await accept();
  await one(`UPDATE lane_heads SET claimed = 1 WHERE lane = $1 RETURNING lane`, [tenant.lane]);
  await one(
    `INSERT INTO held (lane, seq, day, message, recipient, accepted_at, reason, attempt, due_at) VALUES ($1, 1, $2, $3, 'x', 1, 3, 1, 1000) RETURNING lane`,
    [tenant.lane, dayOf(world.clock.now()), held],
  );
  const { body } = await world.call<Life>(`/messages/${held}`, { key: tenant.key });
  assert.equal(body.waiting?.reason, 'retry');
  const failed = await accept();
  await happen(failed, EventKind.failed);
  const life = await world.call<Life>(`/messages/${failed}`, { key: tenant.key });
  assert.equal(life.body.state, 'failed');
  assert.ok(life.body.events[0]?.error);
});

test('another account finds a message neither by its UUID nor by its messageId', async () => {
  const id = await delivered('mine');
  await readAll();
  const { key } = await world.makeAccount('Stranger');
  assert.equal((await world.call(`/messages/${id}`, { key })).status, 404);
  assert.equal((await world.call('/messages/mine', { key })).status, 404);
  for (const json of [
    { messageIds: [id, 'mine'] },
    { eventIds: [`${id}-1-delivered`] },
    { from: '2020-01-01T00:00:00Z' },
  ]) {
    const reply = await world.call('/replays', { key, json });
    assert.deepEqual([reply.status, reply.body.reports], [202, 0]);
  }
  assert.deepEqual(await batches(), []);
  assert.equal((await replay({ messageIds: ['mine'] })).reports, 1);
});

test('an admin must say whose message it means when two accounts used one messageId', async () => {
  await accept('twice');
  const first = tenant;
  tenant = await makeTenant();
  const second = await accept('twice');
  assert.equal((await world.call('/messages/twice')).status, 409);
  const named = await world.call<Life>(`/messages/twice?accountId=${tenant.accountId}`);
  assert.equal(named.body.id, second);
  assert.equal(named.body.accountId, tenant.accountId);
  assert.notEqual(first.accountId, tenant.accountId);
});

test('a replay puts what was delivered into requests of at most 100, in order, by kind and URL', async () => {
  for (let i = 0; i < 205; i += 1) await happen(await accept(), i % 41 === 0 ? EventKind.read : EventKind.delivered);
  await readAll();
  assert.deepEqual(await replay({ endpointId: tenant.endpoint }), { reports: 210, isComplete: true });
  const rows = await batches();
  assert.deepEqual(
    rows.map(({ kind, seqs }) => [kind, seqs.length]),
    [
      [1, 100],
      [1, 100],
      [1, 5],
      [2, 5],
    ],
  );
  const seqs = rows.filter(({ kind }) => kind === 1).flatMap((row) => row.seqs.map(Number));
  assert.deepEqual(
    seqs,
    [...seqs].sort((a, b) => a - b),
  );
  for (const { url } of rows) assert.equal(url, NOTIFY_URL);
});

test('a replay leaves out what still waits and what is under way, so asking twice adds nothing', async () => {
  await delivered();
  await readAll();
  await delivered();
  assert.equal((await replay({ from: '2020-01-01T00:00:00Z' })).reports, 1);
  assert.equal((await replay({ from: '2020-01-01T00:00:00Z' })).reports, 0);
  await readAll();
  assert.equal((await replay({ endpointId: tenant.endpoint })).reports, 1);
});

test('a replay of dead letters takes only those, and they are dead no more', async () => {
  const dead = await delivered();
  await delivered();
  await readAll();
  const now = world.clock.now();
  await one(
    `INSERT INTO dead_letters (endpoint, seq, day, kind, at, reason) VALUES ($1, 1, $2, 1, $3, 'http 500 for 72 h') RETURNING seq`,
    [tenant.endpoint, dayOf(now), now],
  );
  const before = await world.call<Life>(`/messages/${dead}`, { key: tenant.key });
  assert.equal(before.body.reports[0]?.state, 'dead');
  assert.equal((await replay({ endpointId: tenant.endpoint, deadOnly: true })).reports, 1);
  const after = await world.call<Life>(`/messages/${dead}`, { key: tenant.key });
  assert.equal(after.body.reports[0]?.state, 'underway');
  assert.equal(after.body.reports[0]?.isReplayed, true);
  assert.equal((await replay({ endpointId: tenant.endpoint, deadOnly: true })).reports, 0);
});

test('a replay by event takes that report alone, by message all of its reports', async () => {
  const id = await accept();
  await happen(id, EventKind.read);
  await delivered();
  await readAll();
  assert.equal((await replay({ eventIds: [`${id}-1-read`, `${id}-1-read`] })).reports, 1);
  const [row] = await batches();
  assert.equal(row?.kind, 2);
  assert.equal((await replay({ messageIds: [id, 'unknown'] })).reports, 1);
  assert.equal((await batches()).length, 2);
});

test('a replay of a time takes what was appended then', async () => {
  await delivered();
  const middle = new Date(world.clock.advance(120) - 60_000).toISOString();
  await delivered();
  await readAll();
  assert.equal((await replay({ from: middle })).reports, 1);
  assert.equal((await replay({ from: '2020-01-01T00:00:00Z', to: middle })).reports, 1);
});

test('a replay that says too little, too much or nonsense is refused', async () => {
  const wrong: [object, string][] = [
    [{}, ''],
    [{ messageIds: ['a'], eventIds: ['b'] }, ''],
    [{ messageIds: [] }, 'messageIds'],
    [{ eventIds: ['no-event'] }, 'eventIds[0]'],
    [{ to: '2026-01-01T00:00:00Z' }, 'from'],
    [{ from: '2026-02-31T09:00:00Z' }, 'from'],
    [{ from: '2026-02-01T99:00:00Z' }, 'from'],
    [{ from: 'yesterday' }, 'from'],
    [{ from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' }, 'to'],
    [{ endpointId: '7' }, 'endpointId'],
    [{ endpointId: 1, deadOnly: 'yes' }, 'deadOnly'],
  ];
  for (const [json, field] of wrong) {
    const reply = await world.call<ProblemBody>('/replays', { key: tenant.key, json });
    assert.equal(reply.status, 400, JSON.stringify(json));
    assert.deepEqual(
      reply.body.errors.map((error) => error.field),
      [field],
    );
  }
});
