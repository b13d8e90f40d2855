// Every way from accepted to an end, over HTTP against the sandbox: retry classes, pauses, unknown outcomes, validity.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { type Life, type Result, resultsAt, type Scene, startScene, type Tenant } from '../support/scene.js';
import { until } from '../support/until.js';

const HOUR = 3600;
let scene: Scene;
let receiver: Receiver;
let paths = 0;

before(async () => {
  scene = await startScene();
  receiver = await startReceiver();
});
after(async () => {
  await receiver.stop();
  await scene.stop();
});
beforeEach(async () => {
  await scene.world.sandbox('/_sandbox/faults', { method: 'DELETE' });
  await progress('immediate');
});

async function progress(mode: string): Promise<void> {
  assert.equal((await scene.world.sandbox('/_sandbox/progress', { method: 'PUT', json: { mode } })).status, 200);
}

/** A text to a user of its own, and what is reported of it. */
interface Sent {
  id: string;
  to: string;
  results(): Result[];
  /** Waits for these reports, by status name or `seen`, and no more. */
  reported(...expected: string[]): Promise<void>;
}

async function send(fields: Record<string, unknown> = {}, tenant?: Tenant): Promise<Sent> {
  paths += 1;
  const path = `/reports-${paths}-`;
  const to = typeof fields.to === 'string' ? fields.to : scene.newUser();
  const from = tenant === undefined ? {} : { from: tenant.sender };
  const notifyUrl = `${receiver.url}${path}`;
  const call = tenant === undefined ? {} : { key: tenant.key };
  const { messageId: id } = await scene.send({ notifyUrl, ...from, ...fields, to }, call);
  const names = (): string[] => resultsAt(receiver, path).map(({ status }) => status?.name ?? 'seen');
  return {
    id,
    to,
    results: () => resultsAt(receiver, path),
    async reported(...expected) {
      await until(
        `reports ${expected}`,
        () => names().length >= expected.length || Promise.reject(new Error(names().join())),
      );
      assert.deepEqual(names(), expected);
    },
  };
}

/** Held after at least so many attempts: a second after one the next may have come by itself. */
function isHeldFor(reason: string, attempts = 0): (life: Life) => boolean {
  return ({ waiting }) => waiting?.reason === reason && !waiting.isInFlight && waiting.attempt >= attempts;
}

function is(state: string): (life: Life) => boolean {
  return (life) => life.state === state;
}

/** The row that held a message goes a moment after its last event. */
function isReleased({ waiting }: Life): boolean {
  return waiting === null;
}

function kindsOf({ events }: Life): string[] {
  return events.map(({ kind, attempt }) => `${kind} ${attempt}`);
}

/** A fault of Graph for sends to one user. */
function refuse(to: string, code: number, times: number): Promise<string> {
  return scene.fault({ on: 'graph', match: { user: to }, effect: { code }, when: { next: times } });
}

/** Waits until a message whose first retry is due after a second was refused a second time. */
async function refusedTwice(id: string): Promise<void> {
  const { waiting } = await scene.lifeUntil('refused', id, isHeldFor('retry', 1));
  // The retry may have come by itself, and the next one should not come early.
  if (waiting?.attempt === 1) await scene.advance(2);
  await scene.lifeUntil('refused again', id, isHeldFor('retry', 2));
}

// ------------------------------------------------------------- Meta refuses

test('a refusal of class retry is tried again, with growing delay, until it is taken', async () => {
  const to = scene.newUser();
  await refuse(to, 131_016, 3);
  const message = await send({ to });
  for (let attempts = 0; attempts < 3; ) {
    const { waiting } = await scene.lifeUntil('held for a retry', message.id, isHeldFor('retry', attempts + 1));
    attempts = waiting?.attempt ?? 0;
    assert.deepEqual(await scene.atMeta(to), []);
    await scene.advance(2 ** attempts + 1);
  }
  const life = await scene.lifeUntil('read', message.id, is('read'));
  assert.deepEqual(
    kindsOf(life).filter((kind) => /refused|submitted/.test(kind)),
    ['refused 1', 'refused 2', 'refused 3', 'submitted 4'],
  );
  assert.deepEqual(
    new Set(life.events.filter(({ kind }) => kind === 'refused').map(({ metaCode }) => metaCode)),
    new Set([131_016]),
  );
  await message.reported('DELIVERED_TO_HANDSET', 'seen');
  assert.equal((await scene.atMeta(to)).length, 1);
});

test('a refusal of class retry-once is tried once more, then the message has failed', async () => {
  const to = scene.newUser();
  await refuse(to, 1, 5);
  const message = await send({ to });
  // On a busy machine the second try may come by itself before this looks.
  await scene.lifeUntil('held, or over', message.id, (life) => isHeldFor('retry', 1)(life) || is('failed')(life));
  await scene.advance(3);
  await message.reported('UNDELIVERABLE_REJECTED_OPERATOR');
  const life = await scene.lifeUntil('held no more', message.id, isReleased);
  assert.deepEqual(kindsOf(life), ['refused 1', 'failed 2']);
});

test('a refusal of class retry-few is tried a few times, then the message has failed', async () => {
  const to = scene.newUser();
  const fault = await refuse(to, 131_000, 100);
  const message = await send({ to });
  for (let i = 0; i < 30 && (await scene.life(message.id)).state !== 'failed'; i += 1) {
    const hits = await scene.hits(fault);
    await scene.lifeUntil(
      'held again, or over',
      message.id,
      (life) => life.waiting?.reason === 'retry' || life.state === 'failed',
    );
    await scene.advance(61);
    await until(
      'another try, or over',
      async () => (await scene.hits(fault)) > hits || is('failed')(await scene.life(message.id)),
    );
  }
  await message.reported('UNDELIVERABLE_REJECTED_OPERATOR');
  const tries = await scene.hits(fault);
  assert.ok(tries > 2 && tries < 20, `${tries} tries`);
});

test('a refusal of class never is the end at once, reported with Meta’s code', async () => {
  const to = scene.newUser();
  await refuse(to, 131_009, 1);
  const message = await send({ to });
  await message.reported('UNDELIVERABLE_REJECTED_OPERATOR');
  assert.deepEqual(
    [message.results()[0]?.error?.name, message.results()[0]?.error?.metaCode],
    ['EC_BAD_REQUEST', 131_009],
  );
  assert.deepEqual(kindsOf(await scene.life(message.id)), ['failed 1']);
  await send({ to });
  assert.equal((await scene.atMetaUntil(to, 1)).length, 1);
});

test('a failure that Meta tells later is the end, whatever its class', async () => {
  const to = scene.newUser();
  await scene.world.sandbox(`/_sandbox/users/${to}`, { method: 'PUT', json: { exists: false } });
  const message = await send({ to });
  await message.reported('UNDELIVERABLE_NOT_DELIVERED');
  // The failure may be there before the answer; times are those of two programs.
  const life = await scene.lifeUntil('both', message.id, ({ events }) => events.length >= 2);
  assert.deepEqual(kindsOf(life).sort(), ['failed 1', 'submitted 1']);
});

test('131056 holds back its pair, in order, and nobody else', async () => {
  const to = scene.newUser();
  await refuse(to, 131_056, 2);
  const first = await send({ to, content: { text: 'first' } });
  const second = await send({ to, content: { text: 'second' } });
  await scene.lifeUntil('held for a retry', first.id, isHeldFor('retry'));
  await scene.lifeUntil('held behind it', second.id, isHeldFor('order'));
  const other = await send();
  await scene.lifeUntil('read', other.id, is('read'));
  await refusedTwice(first.id);
  assert.deepEqual(await scene.atMeta(to), []);
  await scene.advance(5);
  const messages = await scene.atMetaUntil(to, 2);
  assert.deepEqual(
    messages.map(({ payload }) => payload.text?.body),
    ['first', 'second'],
  );
});

test('130429 holds back its number for 1, 4, 16 seconds, and no other number', async () => {
  const [slow, other] = [await scene.newTenant(), await scene.newTenant()];
  await scene.fault({
    on: 'graph',
    match: { phoneNumberId: slow.phoneNumberId },
    effect: { code: 130_429 },
    when: { next: 2 },
  });
  const first = await send({}, slow);
  await refusedTwice(first.id);
  const second = await send({}, slow);
  const neighbour = await send({}, other);
  await scene.lifeUntil('read', neighbour.id, is('read'));
  assert.deepEqual(await scene.atMeta(second.to), []);
  await scene.advance(5);
  await scene.lifeUntil('read', second.id, is('read'));
  await scene.lifeUntil('read', first.id, is('read'));
});

test('a refusal of class wait is tried again when its time has come', async () => {
  const to = scene.newUser();
  const fault = await refuse(to, 131_064, 1);
  const message = await send({ to });
  await scene.lifeUntil('held for a retry', message.id, isHeldFor('retry', 1));
  await scene.advance(HOUR - 60);
  const other = await send();
  await scene.lifeUntil('read', other.id, is('read'));
  assert.deepEqual([await scene.hits(fault), (await scene.atMeta(to)).length], [1, 0]);
  await scene.advance(120);
  await scene.lifeUntil('read', message.id, is('read'));
});

// ------------------------------------------------------------- lanes

async function senderOf(
  tenant: Tenant,
): Promise<{ pausedUntil: string | null; pauseReason: string | null; queued: number }> {
  return scene.admin(`/senders/${tenant.sender}`);
}

function setToken(tenant: Tenant, accessToken: string): Promise<unknown> {
  return scene.admin(`/senders/${tenant.sender}`, { method: 'PATCH', json: { accessToken } });
}

test('a refused token pauses its lane, and a new token resumes it, in order and with nothing lost', async () => {
  const tenant = await scene.newTenant();
  const neighbour = await scene.newTenant();
  await setToken(tenant, 'revoked');
  const to = scene.newUser();
  const first = await send({ to, content: { text: 'first' } }, tenant);
  await scene.lifeUntil('held for the lane', first.id, isHeldFor('lane', 1));
  const second = await send({ to, content: { text: 'second' } }, tenant);
  const third = await send({}, tenant);
  const paused = await until('the pause is shown', async () => {
    const sender = await senderOf(tenant);
    return sender.pauseReason === null ? undefined : sender;
  });
  assert.match(paused.pauseReason ?? '', /190/);
  assert.ok(paused.pausedUntil !== null);
  assert.equal((await senderOf(tenant)).queued, 3);
  const other = await send({}, neighbour);
  await scene.lifeUntil('read', other.id, is('read'));
  assert.equal((await scene.life(third.id)).waiting?.reason, 'queue');
  await setToken(tenant, tenant.graphToken);
  for (const message of [first, second, third]) await scene.lifeUntil('read', message.id, is('read'));
  assert.deepEqual(
    (await scene.atMeta(to)).map(({ payload }) => payload.text?.body),
    ['first', 'second'],
  );
  await until('the pause is over', async () => (await senderOf(tenant)).pauseReason === null);
});

test('a paused lane probes with one message when its time has come, and Meta’s answer ends the pause', async () => {
  const tenant = await scene.newTenant();
  const fault = await scene.fault({
    on: 'graph',
    match: { phoneNumberId: tenant.phoneNumberId },
    effect: { code: 131_031 },
    when: { next: 2 },
  });
  const first = await send({}, tenant);
  await scene.lifeUntil('held for the lane', first.id, isHeldFor('lane', 1));
  const others = [await send({}, tenant), await send({}, tenant)];
  await scene.advance(901);
  await scene.lifeUntil('the probe was refused', first.id, isHeldFor('lane', 2));
  assert.equal(await scene.hits(fault), 2);
  for (const other of others) assert.equal((await scene.life(other.id)).waiting?.reason, 'queue');
  await scene.advance(901);
  for (const message of [first, ...others]) await scene.lifeUntil('read', message.id, is('read'));
});

test('a person may end a pause', async () => {
  const tenant = await scene.newTenant();
  await scene.fault({
    on: 'graph',
    match: { phoneNumberId: tenant.phoneNumberId },
    effect: { code: 131_048 },
    when: { next: 1 },
  });
  const message = await send({}, tenant);
  await scene.lifeUntil('held for the lane', message.id, isHeldFor('lane', 1));
  await until('the pause is shown', async () => (await senderOf(tenant)).pauseReason !== null);
  await scene.admin(`/senders/${tenant.sender}/resume`, { method: 'POST' });
  await scene.lifeUntil('read', message.id, is('read'));
});

test('five failures to reach Meta in a row pause the lane, and a probe that is answered resumes it', async () => {
  const tenant = await scene.newTenant();
  const fault = await scene.fault({
    on: 'graph',
    match: { phoneNumberId: tenant.phoneNumberId },
    effect: { httpStatus: 503, code: 2 },
    when: { always: true },
  });
  const messages = await Promise.all(Array.from({ length: 5 }, () => send({}, tenant)));
  await until('the lane is paused', async () => (await senderOf(tenant)).pauseReason?.startsWith('unreachable'));
  const hits = await scene.hits(fault);
  await scene.advance(65);
  await until('a probe', async () => (await scene.hits(fault)) > hits);
  await scene.removeFault(fault);
  for (const message of messages) {
    await until('read', async () => {
      await scene.advance(65);
      return is('read')(await scene.life(message.id));
    });
  }
  await until('the pause is over', async () => (await senderOf(tenant)).pauseReason === null);
  for (const message of messages) assert.equal((await scene.atMeta(message.to)).length, 1);
});

// ------------------------------------------------------------- unknown outcome (P8)

function loseAnswer(to: string): Promise<string> {
  return scene.fault({ on: 'graph', match: { user: to }, effect: { loseResponse: true }, when: { next: 1 } });
}

test('a lost answer is adopted when a status comes, and never sent again', async () => {
  const to = scene.newUser();
  await loseAnswer(to);
  const message = await send({ to });
  const isOver = (now: Life): boolean => is('read')(now) && isReleased(now) && kindsOf(now).includes('unknown 1');
  const life = await scene.lifeUntil('read, and known to have been lost', message.id, isOver, 40_000);
  assert.equal(life.events.find(({ kind }) => kind === 'sent')?.wamid, (await scene.atMeta(to))[0]?.id);
  await scene.advance(120);
  const next = await send({ to });
  await scene.lifeUntil('read', next.id, is('read'));
  assert.equal((await scene.atMeta(to)).length, 2);
  await message.reported('DELIVERED_TO_HANDSET', 'seen');
});

test('a lost answer without a status is sent again after the wait and not before', async () => {
  await progress('manual');
  const to = scene.newUser();
  await loseAnswer(to);
  const message = await send({ to });
  const later = await send({ to });
  await scene.lifeUntil('unknown', message.id, isHeldFor('unknown', 1));
  await scene.lifeUntil('held behind it', later.id, isHeldFor('order'));
  assert.equal((await scene.atMeta(to)).length, 1);
  await scene.advance(15);
  const other = await send();
  await scene.atMetaUntil(other.to, 1);
  assert.equal((await scene.atMeta(to)).length, 1);
  await scene.advance(20);
  const messages = await scene.atMetaUntil(to, 3);
  assert.deepEqual(
    messages.map(({ bizOpaque }) => bizOpaque?.split(':').slice(2).join(':')),
    [`${message.id}:1`, `${message.id}:2`, `${later.id}:1`],
  );
});

test('statuses of both attempts of a message that was sent again make one report of each kind', async () => {
  await progress('manual');
  const to = scene.newUser();
  await loseAnswer(to);
  const message = await send({ to });
  await scene.lifeUntil('unknown', message.id, isHeldFor('unknown', 1));
  await scene.advance(35);
  const attempts = await scene.atMetaUntil(to, 2);
  for (const { id } of attempts) {
    assert.equal(
      (await scene.world.sandbox(`/_sandbox/messages/${id}/status`, { json: { status: 'read' } })).status,
      200,
    );
  }
  await message.reported('DELIVERED_TO_HANDSET', 'seen');
  await scene.lifeUntil(
    'both attempts told',
    message.id,
    (life) => life.events.filter(({ kind }) => kind === 'read').length === 2,
  );
  await message.reported('DELIVERED_TO_HANDSET', 'seen');
});

test('an account that would rather fail is told so after its own wait, and later the truth', async () => {
  await progress('manual');
  const tenant = await scene.newTenant({ account: { unknownPolicy: 'fail', unknownWaitSeconds: 5 } });
  const to = scene.newUser();
  await loseAnswer(to);
  const message = await send({ to }, tenant);
  await scene.lifeUntil('unknown', message.id, isHeldFor('unknown', 1));
  await scene.advance(6);
  await message.reported('EXPIRED_DLR_UNKNOWN');
  assert.equal(message.results()[0]?.error?.name, 'EC_PROVIDER_TIMEOUT');
  const [attempt] = await scene.atMeta(to);
  assert.equal(
    (await scene.world.sandbox(`/_sandbox/messages/${attempt?.id}/status`, { json: { status: 'delivered' } })).status,
    200,
  );
  await message.reported('EXPIRED_DLR_UNKNOWN', 'DELIVERED_TO_HANDSET');
  assert.equal((await scene.atMeta(to)).length, 1);
});

// ------------------------------------------------------------- validity

test('a message that is not sent within 48 hours ends as EXPIRED_EXPIRED and is never sent', async () => {
  const tenant = await scene.newTenant();
  await setToken(tenant, 'revoked');
  const to = scene.newUser();
  const refused = await send({ to }, tenant);
  await scene.lifeUntil('held for the lane', refused.id, isHeldFor('lane'));
  const waiting = [await send({ to }, tenant), await send({}, tenant)];
  await scene.advance(47 * HOUR);
  const young = await send({}, tenant);
  await scene.advance(HOUR + 60);
  for (const message of [refused, ...waiting]) {
    await message.reported('EXPIRED_EXPIRED');
    assert.deepEqual(
      [message.results()[0]?.status?.id, message.results()[0]?.error?.name],
      [15, 'EC_VALIDITY_EXPIRED'],
    );
    assert.equal((await scene.lifeUntil('held no more', message.id, isReleased)).state, 'expired');
  }
  await setToken(tenant, tenant.graphToken);
  await scene.lifeUntil('read', young.id, is('read'));
  for (const message of [refused, ...waiting]) assert.deepEqual(await scene.atMeta(message.to), []);
});

test('a message that is sent and not told of for 48 hours ends as EXPIRED_DLR_UNKNOWN, and later truth is reported', async () => {
  await progress('manual');
  const [silent, sent, unread, delivered] = [await send(), await send(), await send(), await send()];
  const reach = async (message: Sent, status: string): Promise<void> => {
    const [wire] = await scene.atMetaUntil(message.to, 1);
    assert.equal(
      (await scene.world.sandbox(`/_sandbox/messages/${wire?.id}/status`, { json: { status } })).status,
      200,
    );
  };
  await reach(sent, 'sent');
  await reach(delivered, 'delivered');
  await delivered.reported('DELIVERED_TO_HANDSET');
  for (const { id } of [silent, unread]) await scene.lifeUntil('submitted', id, is('submitted'));
  await scene.lifeUntil('sent', sent.id, is('sent'));
  await scene.advance(48 * HOUR + 60);
  for (const message of [silent, sent, unread]) {
    await message.reported('EXPIRED_DLR_UNKNOWN');
    assert.equal(message.results()[0]?.status?.id, 29);
  }
  await reach(sent, 'delivered');
  await sent.reported('EXPIRED_DLR_UNKNOWN', 'DELIVERED_TO_HANDSET');
  await reach(silent, 'failed');
  await silent.reported('EXPIRED_DLR_UNKNOWN', 'UNDELIVERABLE_REJECTED_OPERATOR');
  await reach(unread, 'read');
  await unread.reported('EXPIRED_DLR_UNKNOWN', 'DELIVERED_TO_HANDSET', 'seen');
  assert.equal((await scene.life(delivered.id)).state, 'delivered');
  assert.equal(delivered.results().length, 1);
});

test('a lane that first gets to ageing after many days forgets none of its messages', async () => {
  await progress('manual');
  const tenant = await scene.newTenant();
  const message = await send({}, tenant);
  await scene.lifeUntil('submitted', message.id, is('submitted'));
  await scene.advance(6 * 24 * HOUR);
  await message.reported('EXPIRED_DLR_UNKNOWN');
});
