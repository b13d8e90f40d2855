// What Meta tells: signed before it is parsed (P10), one effect each whatever the batch, states that only move forward (P3, P4).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Receiver, startReceiver } from '../support/receiver.js';
import {
  announceBody,
  type Result,
  resultsAt,
  type Scene,
  type StatusFragment,
  signedByMeta,
  startScene,
  statusesChange,
} from '../support/scene.js';
import { until } from '../support/until.js';

const PATH = '/meta/webhook';
let scene: Scene;
let receiver: Receiver;
let paths = 0;

before(async () => {
  scene = await startScene();
  receiver = await startReceiver();
  // Meta says nothing by itself: these tests speak for it.
  await scene.world.sandbox('/_sandbox/progress', { method: 'PUT', json: { mode: 'manual' } });
  await scene.admin(`/senders/${scene.world.info.sender}`, {
    method: 'PATCH',
    json: { forwardUrl: `${receiver.url}/inbound` },
  });
});
after(async () => {
  await receiver.stop();
  await scene.stop();
});

/** A message that Meta took and said nothing of yet. */
interface Submitted {
  messageId: string;
  wamid: string;
  bizOpaque: string;
  /** Its reports so far, as `DELIVERED_TO_HANDSET`, `seen`. */
  reports(): string[];
  results(): Result[];
  /** Posts statuses of it as one webhook. */
  post(...statuses: Partial<StatusFragment>[]): Promise<void>;
  status(fields: Partial<StatusFragment>): StatusFragment;
}

async function submit(): Promise<Submitted> {
  paths += 1;
  const path = `/reports-${paths}-`;
  const to = scene.newUser();
  const { messageId } = await scene.send({ to, notifyUrl: `${receiver.url}${path}` });
  const [message] = await scene.atMetaUntil(to, 1);
  assert.ok(message?.bizOpaque);
  const { id: wamid, bizOpaque } = message;
  await scene.lifeUntil('submitted', messageId, ({ state }) => state === 'submitted');
  const status = (fields: Partial<StatusFragment>): StatusFragment => ({
    id: wamid,
    bizOpaque,
    status: 'sent',
    ...fields,
  });
  return {
    messageId,
    wamid,
    bizOpaque,
    status,
    results: () => resultsAt(receiver, path),
    reports: () => resultsAt(receiver, path).map((result) => result.status?.name ?? 'seen'),
    async post(...statuses) {
      const reply = await scene.postStatuses(scene.world.info.phoneNumberId, statuses.map(status));
      assert.equal(reply.status, 200, JSON.stringify(reply.body));
    },
  };
}

/** Waits until a message has these reports and no more. */
async function reported(message: Submitted, ...expected: string[]): Promise<void> {
  await until(`${expected.length} reports`, () => message.reports().length >= expected.length);
  assert.deepEqual(message.reports(), expected);
}

async function stateOf({ messageId }: Submitted): Promise<string> {
  return (await scene.life(messageId)).state;
}

// ------------------------------------------------------------- the door

test('the handshake answers the challenge to who knows the token and nobody else', async () => {
  const { metaVerifyToken: token } = scene.world.info;
  const ask = (query: Record<string, string>) =>
    scene.world.api<string>(`${PATH}?${new URLSearchParams(query)}`, { key: null });
  const right = { 'hub.mode': 'subscribe', 'hub.verify_token': token, 'hub.challenge': 'abc-123' };
  const answered = await ask(right);
  assert.deepEqual([answered.status, answered.body], [200, 'abc-123']);
  assert.match(answered.headers.get('content-type') ?? '', /^text\/plain/);
  for (const wrong of [
    { ...right, 'hub.verify_token': 'wrong' },
    { ...right, 'hub.verify_token': '' },
    { ...right, 'hub.mode': 'unsubscribe' },
    { ...right, 'hub.challenge': '' },
    { ...right, 'hub.challenge': '<script> x' },
    { 'hub.mode': 'subscribe', 'hub.challenge': 'abc' },
    {},
  ])
    assert.equal((await ask(wrong)).status, 403, JSON.stringify(wrong));
  assert.equal((await scene.world.api(`${PATH}?hub.challenge=a&hub.challenge=b`, { key: null })).status, 403);
});

test('a webhook that is not signed, or wrongly, is refused before it is parsed, and has no effect', async () => {
  const message = await submit();
  const read = statusesChange(scene.world.info.phoneNumberId, [message.status({ status: 'read' })]);
  const body = Buffer.from(JSON.stringify({ object: 'x', entry: [{ id: '1', changes: [read] }] }));
  const { metaAppSecret } = scene.world.info;
  const right = signedByMeta(body, metaAppSecret);
  const wrong: Record<string, string | undefined> = {
    missing: undefined,
    empty: '',
    'another secret': signedByMeta(body, 'another secret'),
    'other bytes': signedByMeta(Buffer.from(`${body.toString()} `), metaAppSecret),
    'without its prefix': right.slice('sha256='.length),
    'the old scheme': right.replace('sha256', 'sha1'),
    'cut off': right.slice(0, -2),
    'too long': `${right}00`,
    'no hex': `sha256=${'z'.repeat(64)}`,
  };
  const unsigned = await scene.metric('parley_received_total', 'what="unsigned"');
  for (const [how, signature] of Object.entries(wrong)) {
    const headers = {
      'content-type': 'application/json',
      ...(signature === undefined ? {} : { 'x-hub-signature-256': signature }),
    };
    for (const bytes of [body, Buffer.from('{"broken'), Buffer.alloc(0)]) {
      const reply = await scene.world.api(PATH, { method: 'POST', body: bytes, key: null, headers });
      assert.equal(reply.status, 401, how);
    }
  }
  assert.equal(await scene.metric('parley_received_total', 'what="unsigned"'), unsigned + 27);
  await message.post({ status: 'delivered' });
  await reported(message, 'DELIVERED_TO_HANDSET');
});

test('a webhook that is signed and makes no sense is 400 when it is no JSON, else acknowledged', async () => {
  for (const text of ['', '{"broken', 'nonsense'])
    assert.equal((await scene.postWebhook(Buffer.from(text))).status, 400, text);
  for (const text of ['null', '[]', '{}', '7', '"text"', '{"entry":7}', '{"entry":[null,{}]}'])
    assert.equal((await scene.postWebhook(Buffer.from(text))).status, 200, text);
  for (const type of ['text/plain', 'application/x-www-form-urlencoded'])
    assert.equal((await scene.postWebhook({ entry: [] }, { 'content-type': type })).status, 200, type);
});

test('a webhook above 4 MiB is refused before it is read, one of 3 MB is taken', async () => {
  const { status } = await announceBody(`${scene.world.info.api}${PATH}`, 4_300_000, {
    'content-type': 'application/json',
  });
  assert.equal(status, 413);
  const value = { x: 'x'.repeat(3_000_000) };
  assert.equal((await scene.postWebhook({ entry: [{ id: '1', changes: [{ field: 'other', value }] }] })).status, 200);
});

// ------------------------------------------------------------- states

test('sent, delivered, read: one delivery report, one seen report', async () => {
  const message = await submit();
  for (const status of ['sent', 'delivered', 'read']) await message.post({ status });
  await reported(message, 'DELIVERED_TO_HANDSET', 'seen');
  assert.equal(await stateOf(message), 'read');
});

const ORDER = ['submitted', 'sent', 'failed', 'delivered', 'read', 'played'];

/** What P4 says is reported of two statuses, one after the other. */
function reportsOf(first: string, second: string): string[] {
  const told = new Set<string>();
  for (const status of [first, second]) {
    if (status === 'failed' && !told.has('DELIVERED_TO_HANDSET')) told.add('UNDELIVERABLE_NOT_DELIVERED');
    if (status === 'delivered' || status === 'read') told.add('DELIVERED_TO_HANDSET');
    if (status === 'read') told.add('seen');
  }
  return [...told];
}

test('of any two statuses the further one is the state, whichever comes first', async () => {
  const words = ORDER.slice(1);
  const pairs = words.flatMap((first) => words.map((second) => [first, second] as const));
  await Promise.all(
    pairs.map(async ([first, second]) => {
      const message = await submit();
      await message.post({ status: first, code: 131_026 });
      await message.post({ status: second, code: 131_026 });
      const further = Math.max(ORDER.indexOf(first), ORDER.indexOf(second));
      assert.equal(await stateOf(message), ORDER[further], `${first}, ${second}`);
      await reported(message, ...reportsOf(first, second));
    }),
  );
});

test('keeps a delivered message delivered when a late sent arrives', async () => {
  const message = await submit();
  await message.post({ status: 'delivered' });
  await message.post({ status: 'sent' });
  assert.equal(await stateOf(message), 'delivered');
  const { events } = await scene.life(message.messageId);
  assert.deepEqual(new Set(events.map(({ kind }) => kind)), new Set(['submitted', 'sent', 'delivered']));
  await message.post({ status: 'read' });
  await reported(message, 'DELIVERED_TO_HANDSET', 'seen');
});

test('read before delivered reports the delivery first, with the time of reading; a later delivered reports nothing', async () => {
  const message = await submit();
  const readAt = Math.floor(Date.now() / 1000) + 60;
  await message.post({ status: 'read', timestamp: readAt });
  await reported(message, 'DELIVERED_TO_HANDSET', 'seen');
  const [delivery, seen] = message.results();
  const time = new Date(readAt * 1000).toISOString().replace('Z', '+0000');
  assert.deepEqual([delivery?.doneAt, seen?.seenAt], [time, time]);
  await message.post({ status: 'delivered', timestamp: readAt + 5 });
  const later = await submit();
  await later.post({ status: 'delivered' });
  await reported(later, 'DELIVERED_TO_HANDSET');
  assert.deepEqual(message.reports(), ['DELIVERED_TO_HANDSET', 'seen']);
});

test('a status that comes again, alone or in other company, has one effect', async () => {
  const message = await submit();
  const delivered = { status: 'delivered' };
  await message.post(delivered, delivered, delivered);
  await Promise.all(Array.from({ length: 10 }, () => message.post(delivered, { status: 'sent' })));
  await message.post({ status: 'read' }, delivered, { status: 'sent' }, { status: 'read' });
  await reported(message, 'DELIVERED_TO_HANDSET', 'seen');
  const { events } = await scene.life(message.messageId);
  assert.deepEqual(events.map(({ kind }) => kind).sort(), ['delivered', 'read', 'sent', 'submitted']);
});

test('statuses of one message at once, in any order, end in its furthest state with one report of each kind', async () => {
  const messages = await Promise.all(Array.from({ length: 8 }, submit));
  await Promise.all(
    messages.flatMap((message) =>
      ['read', 'sent', 'delivered', 'sent', 'read'].map((status) => message.post({ status })),
    ),
  );
  for (const message of messages) {
    await reported(message, 'DELIVERED_TO_HANDSET', 'seen');
    assert.equal(await stateOf(message), 'read');
  }
});

test('a failed status is final and is reported with its error and Meta’s code', async () => {
  const message = await submit();
  await message.post({ status: 'failed', code: 131_026 });
  await reported(message, 'UNDELIVERABLE_NOT_DELIVERED');
  const [report] = message.results();
  assert.deepEqual([report?.error?.name, report?.error?.metaCode], ['EC_UNKNOWN_USER', 131_026]);
  const life = await scene.life(message.messageId);
  assert.deepEqual([life.state, life.waiting], ['failed', null]);
});

test('a failure that would be tried again as an answer is final as a status', async () => {
  const message = await submit();
  await message.post({ status: 'failed', code: 131_056 });
  await reported(message, 'UNDELIVERABLE_NOT_SENT');
  assert.equal(await stateOf(message), 'failed');
});

test('failed after delivered changes nothing, delivered after failed is the truth and is reported', async () => {
  const first = await submit();
  await first.post({ status: 'delivered' });
  await first.post({ status: 'failed', code: 131_000 });
  const second = await submit();
  await second.post({ status: 'failed', code: 131_000 });
  await reported(second, 'UNDELIVERABLE_REJECTED_OPERATOR');
  await second.post({ status: 'delivered' });
  await reported(second, 'UNDELIVERABLE_REJECTED_OPERATOR', 'DELIVERED_TO_HANDSET');
  assert.deepEqual([await stateOf(first), await stateOf(second)], ['delivered', 'delivered']);
  assert.deepEqual(first.reports(), ['DELIVERED_TO_HANDSET']);
  const ids = second.results().map(({ eventId }) => eventId);
  assert.equal(new Set(ids).size, 2);
});

test('played is kept and not reported', async () => {
  const message = await submit();
  await message.post({ status: 'read' });
  await message.post({ status: 'played' });
  await scene.lifeUntil('played', message.messageId, ({ state }) => state === 'played');
  await reported(message, 'DELIVERED_TO_HANDSET', 'seen');
});

// ------------------------------------------------------------- batches

test('every entry, every change, every message and status of a batch has its effect', async () => {
  const [one, two, three] = [await submit(), await submit(), await submit()];
  const { phoneNumberId, wabaId } = scene.world.info;
  const user = scene.newUser();
  const inbound = (id: string): object => ({
    field: 'messages',
    value: {
      messaging_product: 'whatsapp',
      metadata: { display_phone_number: '1', phone_number_id: phoneNumberId },
      contacts: [{ wa_id: user, profile: { name: 'Ann' } }],
      messages: [
        { from: user, id, timestamp: String(Math.floor(Date.now() / 1000)), type: 'text', text: { body: id } },
      ],
    },
  });
  const body = {
    object: 'whatsapp_business_account',
    entry: [
      null,
      {
        id: wabaId,
        changes: [
          { field: 'account_update', value: { event: 'VERIFIED_ACCOUNT' } },
          statusesChange(phoneNumberId, [
            one.status({ status: 'delivered' }),
            two.status({ status: 'failed', code: 131_026 }),
          ]),
          { field: 'messages' },
          inbound('wamid.batch-1'),
        ],
      },
      {
        id: wabaId,
        changes: [statusesChange(phoneNumberId, [three.status({ status: 'read' })]), inbound('wamid.batch-2')],
      },
    ],
  };
  for (let i = 0; i < 2; i += 1) assert.equal((await scene.postWebhook(body)).status, 200);
  await reported(one, 'DELIVERED_TO_HANDSET');
  await reported(two, 'UNDELIVERABLE_NOT_DELIVERED');
  await reported(three, 'DELIVERED_TO_HANDSET', 'seen');
  const heard = (): string[] =>
    resultsAt(receiver, '/inbound')
      .filter(({ from }) => from === user)
      .map(({ messageId }) => messageId);
  await until('both inbound messages', () => heard().length >= 2);
  assert.deepEqual(heard(), ['wamid.batch-1', 'wamid.batch-2']);
});

test('one odd element never costs the others of its webhook', async () => {
  const message = await submit();
  const odd: Record<string, object> = {
    'an attempt beyond any': { biz_opaque_callback_data: message.bizOpaque.replace(/\d+$/, '99999') },
    'an attempt beyond a smallint': { biz_opaque_callback_data: message.bizOpaque.replace(/\d+$/, '32768') },
    'a day that is none': { biz_opaque_callback_data: message.bizOpaque.replace(/p1:\d+/, 'p1:20240231') },
    'a day far away': { biz_opaque_callback_data: message.bizOpaque.replace(/p1:\d+/, 'p1:99991231') },
    'a day long gone': { biz_opaque_callback_data: message.bizOpaque.replace(/p1:\d+/, 'p1:19700101') },
    'an unknown message': { biz_opaque_callback_data: message.bizOpaque.replace(/[0-9a-f]{12}:/, '0123456789ab:') },
    'an address of somebody else': { biz_opaque_callback_data: 'order 7' },
    'no address': { biz_opaque_callback_data: undefined },
    'a word that is new': { status: 'smelled' },
    'an error code beyond an integer': {
      status: 'failed',
      errors: [{ code: 9_007_199_254_740_991, title: 'x' }],
      attempt: 1,
    },
    'a time beyond any': { timestamp: '99999999999999' },
    'a time below zero': { timestamp: '-1' },
    'no time': { timestamp: undefined },
    'an id with a NUL': { id: 'wamid.\u0000' },
    'an id that is long': { id: `wamid.${'x'.repeat(10_000)}` },
    'no id': { id: null },
  };
  for (const [what, fields] of Object.entries(odd)) {
    const change = statusesChange(scene.world.info.phoneNumberId, [message.status({ status: 'sent' })]);
    const statuses: object[] = Reflect.get(Reflect.get(change, 'value'), 'statuses');
    const other = await submit();
    // A failed status of the other message, so that an odd one is not just a repeat.
    statuses.unshift({ ...statuses[0], biz_opaque_callback_data: other.bizOpaque, ...fields });
    const body = {
      object: 'x',
      entry: [
        {
          id: '1',
          changes: [change, statusesChange(scene.world.info.phoneNumberId, [other.status({ status: 'delivered' })])],
        },
      ],
    };
    assert.equal((await scene.postWebhook(body)).status, 200, what);
    await reported(other, 'DELIVERED_TO_HANDSET');
  }
});

test('words of Meta that no database holds are kept as near as they can be', async () => {
  const message = await submit();
  const change = statusesChange(scene.world.info.phoneNumberId, [message.status({ status: 'failed', code: 131_000 })]);
  const [status]: object[] = Reflect.get(Reflect.get(change, 'value'), 'statuses');
  Reflect.set(Object(status), 'errors', [
    { code: 131_000, title: 'a\u0000b', error_data: { details: `c\u0000d \ud800 ${'x'.repeat(5_000)}` } },
  ]);
  assert.equal((await scene.postWebhook({ object: 'x', entry: [{ id: '1', changes: [change] }] })).status, 200);
  await reported(message, 'UNDELIVERABLE_REJECTED_OPERATOR');
  const { events } = await scene.life(message.messageId);
  const detail = events.find(({ kind }) => kind === 'failed')?.detail ?? '';
  assert.equal(detail.slice(0, 6), 'c\ufffdd \ufffd ');
  assert.ok(detail.length <= 500);
});

// ------------------------------------------------------------- inbound

/** Posts an inbound message as Meta would. */
async function hear(fields: Record<string, unknown>, phoneNumberId = scene.world.info.phoneNumberId): Promise<void> {
  const from = fields.from ?? scene.newUser();
  const message = {
    from,
    timestamp: String(Math.floor(Date.now() / 1000)),
    type: 'text',
    text: { body: 'Hi' },
    ...fields,
  };
  const value = { messaging_product: 'whatsapp', metadata: { phone_number_id: phoneNumberId }, messages: [message] };
  const reply = await scene.postWebhook({ object: 'x', entry: [{ id: '1', changes: [{ field: 'messages', value }] }] });
  assert.equal(reply.status, 200, JSON.stringify(reply.body));
}

async function inboundOf(id: string): Promise<Result> {
  return until(`the report of ${id}`, () => resultsAt(receiver, '/inbound').find(({ messageId }) => messageId === id));
}

test('an inbound message that comes again is reported once', async () => {
  await Promise.all(Array.from({ length: 5 }, () => hear({ id: 'wamid.twice', from: '441134960001' })));
  await hear({ id: 'wamid.after-twice' });
  await inboundOf('wamid.after-twice');
  await inboundOf('wamid.twice');
  assert.equal(resultsAt(receiver, '/inbound').filter(({ messageId }) => messageId === 'wamid.twice').length, 1);
});

test('an inbound message of a type that nobody knows is reported as UNSUPPORTED', async () => {
  await hear({ id: 'wamid.smell', type: 'smell', smell: { strength: 3 } });
  assert.equal((await inboundOf('wamid.smell')).message?.type, 'UNSUPPORTED');
});

test('an inbound message with a time far off is taken, and once', async () => {
  for (const timestamp of ['0', '253402300799', String(Math.floor(Date.now() / 1000) + 40 * 86_400)]) {
    const id = `wamid.at-${timestamp}`;
    await hear({ id, timestamp });
    await hear({ id, timestamp });
    await inboundOf(id);
    assert.equal(resultsAt(receiver, '/inbound').filter(({ messageId }) => messageId === id).length, 1);
  }
});

test('an inbound text with characters that no database holds arrives as it was', async () => {
  const text = 'a\u0000b \ud800 c';
  await hear({ id: 'wamid.odd-text', text: { body: text } });
  assert.equal((await inboundOf('wamid.odd-text')).message?.text, text);
});

test('an inbound message to a number that nobody has is counted and dropped', async () => {
  const dropped = await scene.metric('parley_received_total', 'what="unknown-number"');
  await hear({ id: 'wamid.nobody' }, '999999');
  await hear({ id: 'wamid.somebody' });
  await inboundOf('wamid.somebody');
  assert.equal(await scene.metric('parley_received_total', 'what="unknown-number"'), dropped + 1);
  assert.equal(resultsAt(receiver, '/inbound').filter(({ messageId }) => messageId === 'wamid.nobody').length, 0);
});
