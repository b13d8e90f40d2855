// Order per conversation, an option of a profile: a report that is not taken holds up its own conversation, whatever happens to the gateway.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import type { InboundEvent } from '../../src/contract/events/envelope.js';
import { dayOf } from '../../src/lib/day.js';
import { type ReceivedRequest, type Receiver, startReceiver } from '../support/receiver.js';
import { resultsUntil, type Scene, startScene } from '../support/scene.js';
import { until } from '../support/until.js';

let scene: Scene;
let receiver: Receiver;
let database: pg.Client;

before(async () => {
  scene = await startScene();
  receiver = await startReceiver();
  database = new pg.Client({ connectionString: scene.world.info.database });
  await database.connect();
  const made = await scene.world.api('/subscriptions/1/profiles', {
    json: { profileId: 'ordered', webhook: { notifyUrl: receiver.url }, ordered: true, maxBucketSize: 5 },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
});
after(async () => {
  await database.end();
  await receiver.stop();
  await scene.stop();
});

interface Told {
  from: string;
  to: string;
  message: { text: string };
}

function told({ body }: ReceivedRequest): Told[] {
  const { results }: { results: Told[] } = JSON.parse(body);
  return results;
}

/** Every text of a user that was taken, in the order in which it was. */
function texts(user: string, taken: readonly ReceivedRequest[]): string[] {
  return taken.flatMap(told).flatMap(({ from, message }) => (from === user ? [message.text] : []));
}

/** Puts inbound messages of users, in this order, into the stream of the profile's endpoint, as receive does. */
async function write(messages: readonly { user: string; text: string }[]): Promise<void> {
  const now = Date.now();
  const [endpoint, lane] = [
    await database.query<{ id: number }>(`SELECT endpoint AS id FROM profiles WHERE profile_id = 'ordered'`),
    await database.query<{ id: number }>('SELECT id FROM senders WHERE sender = $1', [scene.world.info.sender]),
  ];
  for (const { user, text } of messages) {
    const event: InboundEvent = {
      wamid: `wamid.${user}.${text}`,
      phoneNumberId: scene.world.info.phoneNumberId,
      from: user,
      at: now,
      type: 'TEXT',
      content: { text },
      contact: { phoneNumber: user },
    };
    await database.query(
      `WITH fact AS (
         INSERT INTO inbound (day, lane, wamid, id, sent_at, recorded_at, raw)
         VALUES ($1::integer, $2, $3, gen_random_uuid(), $4::bigint, $4, $5) RETURNING id
       ), moved AS (
         UPDATE tails SET next = next + 1, day = $1 WHERE stream = endpoint_stream($6::integer) RETURNING next - 1 AS seq
       )
       INSERT INTO reports (day, endpoint, seq, ref, ref_day, kind, at, url) SELECT $1, $6, m.seq, f.id, $1, 3, $4, $7 FROM fact f, moved m`,
      [dayOf(now), lane.rows[0]?.id, event.wamid, now, JSON.stringify(event), endpoint.rows[0]?.id, receiver.url],
    );
  }
}

test('a conversation waits for its first report while others go on, and then comes in order, over a kill and a change of the profile', async () => {
  const [stuck, free] = [scene.newUser(), scene.newUser()];
  const taken: ReceivedRequest[] = [];
  const state = { isMended: false };
  receiver.answer((request) => {
    if (!state.isMended && told(request).some(({ from }) => from === stuck)) return { status: 500 };
    taken.push(request);
    return { status: 200 };
  });
  const turns = Array.from({ length: 6 }, (_, i) => [
    { user: stuck, text: `stuck ${i}` },
    { user: free, text: `free ${i}` },
  ]).flat();
  await write(turns.slice(0, 6));
  await until(
    'the first refusal',
    () => receiver.requests.some((one) => told(one).some(({ from }) => from === stuck)),
    30_000,
  );
  await write(turns.slice(6));
  const all = (user: string): string[] => turns.flatMap((turn) => (turn.user === user ? [turn.text] : []));
  await until('the free one has all', () => texts(free, taken).length === 6, 30_000);
  assert.deepEqual(texts(free, taken), all(free));
  // While its first is refused, nothing that follows it is posted.
  const early = receiver.requests
    .flatMap(told)
    .filter(({ from, message }) => from === stuck && message.text !== 'stuck 0');
  assert.ok(
    early.every(({ message }) => ['stuck 1', 'stuck 2'].includes(message.text)),
    JSON.stringify(early),
  );
  await scene.world.killGateway();
  assert.deepEqual(texts(stuck, taken), []);
  state.isMended = true;
  await until(
    'the stuck one has all',
    async () => {
      if (new Set(texts(stuck, taken)).size === 6) return true;
      await scene.advance(300);
      return false;
    },
    60_000,
  );
  const inOrder = texts(stuck, taken).filter((text, i, every) => every.indexOf(text) === i);
  assert.deepEqual(inOrder, all(stuck));

  const put = await scene.world.api('/subscriptions/1/profiles/ordered', {
    method: 'PUT',
    json: { webhook: { notifyUrl: receiver.url }, ordered: false },
  });
  assert.equal(put.status, 200, JSON.stringify(put.body));
  await write([{ user: free, text: 'after' }]);
  await resultsUntil(
    'what comes after',
    receiver,
    (results) => results.some(({ message }) => message?.text === 'after'),
    30_000,
  );
});
