// Kills between accept and dispatch: what was answered 200 is sent and reported, each message once, and nobody has to help (P1, P6).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { resultsAt, type Scene, type SendAnswer, startScene } from '../support/scene.js';
import { until } from '../support/until.js';

/** From the kill to ready again. Another test file runs beside this one; crash.load, which runs alone, holds it to 10 s. */
const RECOVERY_MS = 20_000;
const MESSAGES = 60;
let scene: Scene;
let receiver: Receiver;

before(async () => {
  scene = await startScene();
  receiver = await startReceiver();
});
after(async () => {
  await receiver.stop();
  await scene.stop();
});

interface Accepted {
  id: string;
  to: string;
  text: string;
}

/** Sends texts, three to each user in turn, until all were answered, and kills when half of them were. Those that were answered 200. */
async function sendThrough(kill: () => Promise<void>): Promise<Accepted[]> {
  const users = Array.from({ length: MESSAGES / 3 }, () => scene.newUser());
  const accepted: Accepted[] = [];
  let killed: Promise<void> | undefined;
  for (let i = 0; i < MESSAGES; i += 1) {
    const [to, text] = [users[i % users.length] ?? '', `text ${i}`];
    const json = { from: scene.world.info.sender, to, content: { text }, notifyUrl: receiver.url };
    const reply = await scene.world.api<SendAnswer>('/whatsapp/1/message/text', { json }).catch(() => undefined);
    if (reply?.status === 200) accepted.push({ id: reply.body.messageId, to, text });
    else assert.ok(reply === undefined || reply.status === 503, `${reply?.status} ${JSON.stringify(reply?.body)}`);
    if (i >= MESSAGES / 2) killed ??= kill();
  }
  await killed;
  assert.ok(accepted.length >= MESSAGES / 2);
  return accepted;
}

/** Runs `kill` while Meta is slow, so that messages are accepted and not sent, and proves that nothing is lost. */
async function survive(kill: () => Promise<void>): Promise<void> {
  const slow = await scene.fault({ on: 'graph', effect: { latencyMs: 700 }, when: { always: true } });
  const accepted = await sendThrough(async () => {
    const startedAt = performance.now();
    await kill();
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs < RECOVERY_MS, `recovered after ${tookMs} ms`);
  });
  await scene.removeFault(slow);
  // A message that was with Meta during the kill waits until a status tells of it.
  for (const { id } of accepted)
    await scene.lifeUntil('read', id, ({ state, waiting }) => state === 'read' && waiting === null, 60_000);
  for (const { to } of accepted) {
    const texts = (await scene.atMeta(to)).map(({ payload }) => payload.text?.body);
    const own = accepted.filter((message) => message.to === to).map(({ text }) => text);
    // What was not answered 200 may have been committed, and then it is sent too; the others are there once and in order.
    assert.deepEqual(
      texts.filter((text) => own.includes(text ?? '')),
      own,
    );
    assert.equal(new Set(texts).size, texts.length);
  }
  await until(
    'all reports',
    () => {
      const ids = new Set(resultsAt(receiver).map(({ eventId }) => eventId));
      return accepted.every(({ id }) => ids.has(`${id}-1-delivered`) && ids.has(`${id}-1-read`));
    },
    30_000,
  );
}

test('a killed gateway is back and nothing accepted is lost or sent twice', async () => {
  await survive(() => scene.world.killGateway());
});

test('a killed PostgreSQL is back and nothing accepted is lost or sent twice', async () => {
  await survive(() => scene.world.killPostgres());
});

test('gateway and PostgreSQL killed together are back and nothing accepted is lost or sent twice', async () => {
  await survive(async () => {
    await Promise.all([scene.world.killPostgres(), scene.world.killGateway()]);
  });
});

test('what was with Meta at a kill and of which no status comes is sent again after the wait, though nothing else happens', async (t) => {
  const progress = (mode: 'manual' | 'immediate') =>
    scene.world.sandbox('/_sandbox/progress', { method: 'PUT', json: { mode } });
  const tenant = await scene.newTenant({ account: { unknownWaitSeconds: 2 } });
  const to = scene.newUser();
  await progress('manual');
  t.after(() => progress('immediate'));
  const slow = await scene.fault({
    on: 'graph',
    match: { user: to },
    effect: { latencyMs: 5_000 },
    when: { next: 1 },
  });
  await scene.send({ to, from: tenant.sender }, { key: tenant.key });
  await until('Meta has the request', async () => (await scene.hits(slow)) === 1);
  await scene.world.killGateway();
  await until(
    'Meta gets it again',
    async () => (await scene.atMeta(to)).some(({ bizOpaque }) => bizOpaque?.endsWith(':2')),
    // While webhooks of the kills before are late, it waits longer.
    60_000,
  );
});

test('a gateway that is stopped in order loses nothing and goes on where it was', async () => {
  const slow = await scene.fault({ on: 'graph', effect: { latencyMs: 700 }, when: { always: true } });
  const [to, last] = [scene.newUser(), scene.newUser()];
  const texts = Array.from({ length: 5 }, (_, i) => `text ${i}`);
  for (const text of texts) await scene.send({ to, content: { text } });
  const gatewayPid = scene.world.info.gatewayPid;
  process.kill(gatewayPid, 'SIGTERM');
  await until('another gateway', () => scene.world.info.gatewayPid !== gatewayPid, RECOVERY_MS);
  await until('ready', async () => (await scene.world.api('/readyz', { key: null })).status === 200);
  await scene.removeFault(slow);
  await scene.send({ to: last });
  const messages = await scene.atMetaUntil(to, texts.length, 20_000);
  assert.deepEqual(
    messages.map(({ payload }) => payload.text?.body),
    texts,
  );
});

test('reports that an endpoint did not take before a kill come afterwards, under the same ids', async () => {
  const hook = await startReceiver();
  try {
    hook.answer({ status: 503 });
    const { messageId } = await scene.send({ to: scene.newUser(), notifyUrl: hook.url });
    await hook.next(({ body }) => body.includes(messageId));
    await until('down', async () => (await scene.endpointOf(hook.url)).downSince !== null);
    await scene.world.killGateway();
    hook.answer({ status: 200 });
    await scene.advance(90);
    await scene.lifeUntil(
      'done',
      messageId,
      ({ reports }) => reports.length === 2 && reports.every(({ state }) => state === 'done'),
    );
    const eventIds = resultsAt(hook).filter((result) => result.messageId === messageId);
    assert.equal(new Set(eventIds.map(({ eventId }) => eventId)).size, 2);
    const ids = hook.requests.filter(({ body }) => body.includes('doneAt')).map(({ headers }) => headers['webhook-id']);
    assert.equal(new Set(ids).size, 1);
  } finally {
    await hook.stop();
  }
});
