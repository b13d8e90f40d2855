// What the law asks for: a person is erased from everything that the gateway keeps, or given it all; and who changed what is on record.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { type InboundScene, startInboundScene } from '../support/inbound-scene.js';
import { parley } from '../support/parley.js';
import { startReceiver } from '../support/receiver.js';
import { until } from '../support/until.js';
import { jpegOf } from './sandbox-files.js';

const NAME = 'Ondine Erasmus';
const SAID = 'my violets are blue';
const TOLD = 'your parcel waits at gate seven';
const REFERENCE = 'patient file 4711-B';
const FILE = jpegOf(50_000);

let inbound: InboundScene;
let database: pg.Client;
before(async () => {
  inbound = await startInboundScene();
  database = new pg.Client({ connectionString: inbound.scene.world.info.database });
  await database.connect();
});
after(async () => {
  await database.end();
  await inbound.stop();
});

/** Every row of every table as text, with the table's name. */
async function dump(): Promise<{ table: string; text: string }[]> {
  const { rows: tables } = await database.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition`,
  );
  const all: { table: string; text: string }[] = [];
  for (const { name } of tables) {
    const { rows } = await database.query<{ text: string }>(`SELECT t::text AS text FROM "${name}" t`);
    for (const { text } of rows) all.push({ table: name, text });
  }
  return all;
}

/** A text as it stands in a row: as it is, in hex (bytea), in base64 at each of the three offsets. */
function formsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  const base64 = [0, 1, 2].map((pad) =>
    Buffer.concat([Buffer.alloc(pad), bytes])
      .toString('base64')
      .slice(Math.ceil((pad * 4) / 3), -4),
  );
  return [text, bytes.toString('hex'), encodeURIComponent(text), ...base64];
}

async function tracesOf(texts: readonly string[]): Promise<string[]> {
  const rows = await dump();
  assert.ok(rows.length > 100, 'there is something to look through');
  const forms = texts.flatMap(formsOf);
  return rows
    .filter(({ text }) => forms.some((form) => text.includes(form)))
    .map(({ table, text }) => `${table} ${text}`);
}

function filesWith(folder: string, bytes: Buffer): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile() && readFileSync(path).includes(bytes));
}

/** Rows that are hard to come by, as the gateway writes them. */
async function plant(user: string): Promise<void> {
  const { rows } = await database.query<{ lane: number; account: number; waba: string; day: number; message: string }>(
    `SELECT s.id AS lane, s.account, s.waba_id AS waba, m.day, m.id AS message FROM senders s JOIN messages m ON m.lane = s.id
     WHERE m.recipient = $1 ORDER BY m.seq LIMIT 1`,
    [user],
  );
  const [at] = rows;
  assert.ok(at !== undefined);
  const { lane, account, waba, day, message } = at;
  const now = Date.now();
  const own: [string, unknown[]][] = [
    [
      `INSERT INTO scheduled (id, account, bulk_id, due_at, created_at, lane, sender, recipient, type, content)
       VALUES (gen_random_uuid(), $1, 'b', $2, $2, $3, 's', $4, 'text', $5)`,
      [account, now + 9_000_000_000, lane, user, JSON.stringify({ text: TOLD })],
    ],
    [
      `INSERT INTO sms (message, day, account, recipient, sender, text, state, due_at, created_at) VALUES ($1, $2, $3, $4, 's', $5, 3, $6, $6)`,
      [message, day, account, user, TOLD, now],
    ],
    [
      `INSERT INTO links (id, account, target, is_tracked, day, message, place, recipient, envelope, created_at, expires_at)
       VALUES ('AbCdEfGhIjKl', $1, $2, true, $3, $4, 0, $5, $6, $7, $7)`,
      [
        account,
        `https://example.com/?of=${NAME}`,
        day,
        message,
        user,
        JSON.stringify({ callbackData: REFERENCE }),
        now,
      ],
    ],
    [
      `INSERT INTO clicks (day, id, link, account, at, device_name) VALUES ($1, gen_random_uuid(), 'AbCdEfGhIjKl', $2, $3, $4)`,
      [day, account, now, NAME],
    ],
    ['INSERT INTO identities VALUES ($1, $2, $3, true, $4, $4)', [lane, user, `hash of ${NAME}`, now]],
    ['INSERT INTO user_calls VALUES ($1, $2, $3)', [lane, user, now]],
    [
      `INSERT INTO notices (day, id, account, kind, body, recorded_at) VALUES ($1, gen_random_uuid(), $2, 13, $3, $4)`,
      [day, account, JSON.stringify({ user: `+${user}`, name: NAME }), now],
    ],
    [
      `INSERT INTO meta_changes (day, hash, waba_id, field, value, recorded_at) VALUES ($1, '\\x00', $2, 'calls', $3, $4)`,
      [day, waba, JSON.stringify({ calls: [{ from: user, name: NAME }] }), now],
    ],
    [
      `INSERT INTO typing (id, message_id, lane, recipient, due_at, expires_at) VALUES (gen_random_uuid(), 'm', $1, $2, $3, $3)`,
      [lane, user, now + 9_000_000_000],
    ],
  ];
  for (const [text, values] of own) await database.query(text, values);
}

test('an erased person is in no table and no file, what waited is neither sent nor told, and streams go on', async (t) => {
  const { scene, receiver } = inbound;
  // Numbers that share no digits where base64 could take one for the other.
  const user = '447712345678';
  const other = '33198765432';
  const dead = await startReceiver();
  t.after(() => dead.stop());
  // What is told of this person never arrives, and the answers say why.
  dead.answer(() => ({ status: 500, body: `nobody here is called ${user}` }));
  const notifyUrl = `${dead.url}/of/${user}`;
  const written = await inbound.say({ type: 'text', text: { body: SAID }, profileName: NAME }, user);
  const image = { data: FILE.toString('base64'), mime_type: 'image/jpeg', caption: SAID };
  const picture = await inbound.say({ type: 'image', image, profileName: NAME }, user);
  await inbound.resultOf(written);
  await inbound.resultOf(picture);
  receiver.answer(() => ({ status: 503 }));
  await inbound.say({ type: 'text', text: { body: `${SAID} again` }, profileName: NAME }, user);
  const callbackData = REFERENCE;
  const headers = { 'idempotency-key': `key-${user}` };
  const sent = await scene.send({ to: user, content: { text: TOLD }, callbackData, notifyUrl }, { headers });
  await scene.send({ to: user, content: { text: TOLD }, messageId: `order-${user}`, notifyUrl: `${dead.url}/plain` });
  await scene.lifeUntil('Meta has it', sent.messageId, ({ state }) => state === 'read', 30_000);
  await scene.lifeUntil('and the next', `order-${user}`, ({ state }) => state === 'read', 30_000);
  // A code that asks for an hour (Meta 7.2): it waits as long as this looks.
  const fault = await scene.fault({ on: 'graph', match: { user }, effect: { code: 131_064 }, when: { always: true } });
  const waiting = await scene.send({ to: user, content: { text: `${TOLD} still` } });
  await scene.lifeUntil('it waits for its next try', waiting.messageId, (life) => life.waiting?.reason === 'retry');
  const named = await scene.send({
    to: other,
    content: { text: `${NAME} is at +${user.slice(0, 2)} ${user.slice(2)}` },
  });
  await scene.lifeUntil('the other has it', named.messageId, (life) => life.state === 'read');
  await until('the file is kept', () => filesWith(join(scene.world.dataDir, 'media'), FILE).length === 1);
  await plant(user);
  const needles = [user, NAME, SAID, TOLD, REFERENCE];
  const tables = new Set((await tracesOf(needles)).map((trace) => trace.split(' ')[0]));
  for (const table of [
    'messages',
    'events',
    'inbound',
    'held',
    'idempotency_keys',
    'message_keys',
    'batches',
    'attempts',
    'links',
    'clicks',
  ])
    assert.ok(tables.has(table), `${table} has a trace: the dump finds it`);

  const stranger = await scene.newTenant();
  assert.equal((await scene.world.api(`/parley/1/users/${user}`, { method: 'DELETE', key: stranger.key })).status, 200);
  assert.ok((await tracesOf(needles)).length > 0, 'another account erases nothing of this one');
  const erased = await parley(['erase', '--user', `+${user}`], { PARLEY_DATA_DIR: scene.world.dataDir });
  assert.deepEqual(
    [erased.code, /^erasure \d+: \d+ messages, 3 inbound/.test(erased.stdout)],
    [0, true],
    erased.stdout,
  );
  assert.deepEqual(await tracesOf(needles), []);
  assert.deepEqual(filesWith(join(scene.world.dataDir, 'media'), FILE), []);

  await scene.removeFault(fault);
  const before = (await scene.atMeta(user)).length;
  receiver.answer(() => ({}));
  dead.answer(() => ({}));
  const [seen, seenDead] = [receiver.requests.length, dead.requests.length];
  await scene.advance(7_200);
  await scene.lifeUntil('what waited ended without a send', waiting.messageId, (life) => life.state === 'failed');
  const fresh = scene.newUser();
  const next = await scene.send({ to: fresh, content: { text: 'Hello' }, notifyUrl: `${dead.url}/fresh` });
  await scene.lifeUntil('the lane goes on', next.messageId, (life) => life.state === 'read');
  await dead.next(({ path }) => path === '/fresh', 30_000);
  assert.equal((await inbound.resultOf(await inbound.say({ type: 'text', text: { body: 'Hi' } }, fresh))).from, fresh);
  assert.equal((await scene.atMeta(user)).length, before);
  const later = [...receiver.requests.slice(seen), ...dead.requests.slice(seenDead)];
  for (const { path, body } of later)
    for (const needle of needles) assert.ok(!`${path} ${body}`.includes(needle), `${path} ${body}`);
  assert.equal((await scene.life(sent.messageId)).state, 'read');

  // A status that comes late brings nothing back: a wamid has the number in it.
  const { phoneNumberId } = scene.world.info;
  const { id, events } = await scene.life(sent.messageId);
  const day = new Date(events[0]?.at ?? 0).toISOString().slice(0, 10).replaceAll('-', '');
  const wamid = `wamid.${Buffer.from(`HB${user}`).toString('base64')}`;
  await scene.postStatuses(phoneNumberId, [{ id: wamid, status: 'played', bizOpaque: `p1:${day}:${id}:1` }]);
  await scene.lifeUntil('the status counts', sent.messageId, (life) => life.state === 'played');
  assert.deepEqual(await tracesOf(needles), []);
});

test('a person is given what they wrote, what they were sent and their files, and of nobody else', async () => {
  const { scene } = inbound;
  const user = scene.newUser();
  const sent = await scene.send({ to: user, content: { text: TOLD } });
  await scene.lifeUntil('it is read', sent.messageId, ({ state }) => state === 'read');
  await scene.send({ to: scene.newUser(), content: { text: `about ${user}` } });
  const image = { data: FILE.toString('base64'), mime_type: 'image/jpeg', caption: SAID };
  await inbound.resultOf(await inbound.say({ type: 'image', image, profileName: NAME }, user));
  const { code, stdout } = await parley(['export', '--user', user], { PARLEY_DATA_DIR: scene.world.dataDir });
  assert.equal(code, 0);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ kind }) => kind),
    ['person', 'message', 'inbound'],
  );
  const [, message, image1] = lines;
  assert.deepEqual([message?.to, message?.content], [user, { text: TOLD }]);
  assert.match(JSON.stringify(message?.events), /"state":"read"/);
  assert.match(JSON.stringify(image1), new RegExp(`${NAME}.*${SAID}|${SAID}.*${NAME}`));
  const { url } = JSON.parse(JSON.stringify(image1?.file)) as { url: string };
  assert.ok((await inbound.getFile(url)).bytes.equals(FILE));
  const path = `/parley/1/users/${user}/export`;
  const foreign = await scene.world.api<string>(path, { key: (await scene.newTenant()).key });
  assert.equal(foreign.status, 200);
  assert.ok(!JSON.stringify(foreign.body).includes(SAID));
  const wrong = await scene.world.api(`/parley/1/users/${scene.world.info.sender}`, { method: 'DELETE' });
  assert.equal(wrong.status, 409, 'a sender is no user');
  assert.equal((await scene.world.api('/parley/1/users/nobody', { method: 'DELETE' })).status, 400);
});

test('metrics tell of each lane and endpoint by number, and of the database', async () => {
  const { scene } = inbound;
  const user = scene.newUser();
  await inbound.resultOf(await inbound.say({ type: 'text', text: { body: 'Hi' } }, user));
  const sent = await scene.send({ to: user });
  await scene.lifeUntil('it is read', sent.messageId, ({ state }) => state === 'read');
  assert.ok((await scene.metric('parley_lane_position', 'lane="1"')) >= 1);
  assert.ok((await scene.metric('parley_endpoint_position', 'endpoint="')) >= 1);
  assert.equal(await scene.metric('parley_database_up'), 1);
  assert.ok((await scene.metric('parley_database_connections')) >= 1);
  assert.ok((await scene.metric('parley_database_dead_rows')) >= 0);
  assert.equal(await scene.metric('parley_database_standbys'), 0);
  assert.ok(Number.isNaN(await scene.metric('parley_database_standby_lag_bytes')), 'nobody is not nothing');
});

test('who changed what is on record without values, for its account, and cannot be changed', async () => {
  const { scene } = inbound;
  const { info } = scene.world;
  const secret = await scene.world.api<{ id: string; secret: string }>('/parley/1/signing-secrets', { json: {} });
  assert.equal(secret.status, 201);
  await scene.admin(`/senders/${info.sender}`, {
    method: 'PATCH',
    json: { accessToken: 'token-that-nobody-may-see', throughput: 999 },
  });
  await scene.world.api('/subscriptions/1/subscription/WHATSAPP', { json: {} });
  const made = await scene.world.api('/settings/2/api-keys', {
    json: { name: 'another', permissions: ['PUBLIC_API'], scopeGuids: [], accountId: info.accountId, allowedIPs: [] },
  });
  await scene.world.api(`/parley/1/users/${scene.newUser()}`, { method: 'DELETE' });
  interface Entry {
    actor: string;
    address: string;
    action: string;
    target: string;
    fields: string[];
  }
  const own = await scene.world.api<{ results: Entry[] }>('/parley/1/audit?size=1000');
  const text = JSON.stringify(own.body);
  const find = (action: string): Entry | undefined => own.body.results.find((entry) => entry.action === action);
  const patched = find('PATCH /parley/1/senders/:sender');
  assert.deepEqual(
    [patched?.target, patched?.fields],
    [`/parley/1/senders/${info.sender}`, ['accessToken', 'throughput']],
  );
  assert.equal(find('POST /parley/1/signing-secrets')?.address, '127.0.0.1');
  assert.equal(find('DELETE /parley/1/users/:user')?.target, '/parley/1/users/***');
  assert.equal(find('POST /settings/2/api-keys') !== undefined, made.status < 300, JSON.stringify(made.body));
  for (const hidden of ['token-that-nobody-may-see', secret.body.secret]) assert.ok(!text.includes(hidden));
  const foreign = await scene.world.api<{ results: Entry[] }>('/parley/1/audit', {
    key: (await scene.newTenant()).key,
  });
  assert.ok(
    foreign.body.results.every(({ action }) => action.startsWith('POST /parley/1/')),
    'what made it, and no more',
  );
  assert.ok(!JSON.stringify(foreign.body).includes(info.sender));
  const shown = await parley(['audit', '--size', '5'], { PARLEY_DATA_DIR: scene.world.dataDir });
  assert.equal(shown.stdout.trim().split('\n').length, 6, shown.stdout);
  for (const change of [`UPDATE audit SET actor = 'x'`, 'DELETE FROM audit', 'TRUNCATE audit'])
    await assert.rejects(database.query(change), /only ever appended/);
});
