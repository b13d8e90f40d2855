// Quotes: a user answers one of our messages, and the customer reads which one, whatever happened to the gateway in between.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type InboundScene, startInboundScene } from '../support/inbound-scene.js';
import type { Life } from '../support/scene.js';
import { until } from '../support/until.js';

let inbound: InboundScene;
before(async () => {
  inbound = await startInboundScene();
});
after(() => inbound.stop());

const DAY_SECONDS = 86_400;

/** Sends a text and returns its messageId and Meta's wamid of it. */
async function sent(fields: Record<string, unknown> = {}): Promise<{ messageId: string; wamid: string }> {
  const { scene } = inbound;
  const { messageId } = await scene.send({ to: scene.world.info.user, ...fields });
  return { messageId, wamid: await scene.wamidOf(messageId) };
}

function answer(wamid: string): Promise<string> {
  return inbound.say({ type: 'text', text: { body: 'ok' }, context: { id: wamid } });
}

async function setProgress(mode: 'immediate' | 'manual'): Promise<void> {
  const { status } = await inbound.scene.world.sandbox('/_sandbox/progress', { method: 'PUT', json: { mode } });
  assert.equal(status, 200);
}

function isSent({ kind }: { kind: string }): boolean {
  return kind === 'sent';
}

test('names the quoted message of ours, its callbackData, application and entity', async () => {
  const { wamid } = await sent({ messageId: 'quote-1', callbackData: 'ord=7', applicationId: 'crm', entityId: 'shop' });
  const result = await inbound.resultOf(await answer(wamid));
  assert.equal(result.message.context?.id, 'quote-1');
  assert.deepEqual(
    [result.pairedMessageId, result.callbackData, result.applicationId, result.entityId],
    ['quote-1', 'ord=7', 'crm', 'shop'],
  );
});

test('names a quoted message by the id that was made for it', async () => {
  const { messageId, wamid } = await sent();
  const result = await inbound.resultOf(await answer(wamid));
  assert.deepEqual([result.message.context?.id, result.pairedMessageId], [messageId, messageId]);
  assert.equal('callbackData' in result, false);
});

test('names the message that was reacted to', async () => {
  const { wamid } = await sent({ messageId: 'quote-2' });
  const result = await inbound.resultOf(
    await inbound.say({ type: 'reaction', reaction: { message_id: wamid, emoji: '🎉' } }),
  );
  assert.deepEqual(result.message, { type: 'REACTION', emoji: '🎉', action: 'ADDED', context: { id: 'quote-2' } });
});

test('leaves a wamid that is nobody’s, and one of another account’s sender, as it is', async () => {
  const { scene, resultOf } = inbound;
  assert.equal((await resultOf(await answer('wamid.nobody'))).message.context?.id, 'wamid.nobody');
  const tenant = await scene.newTenant();
  const user = scene.newUser();
  const { messageId } = await scene.send({ from: tenant.sender, to: user }, { key: tenant.key });
  const [message] = await scene.atMetaUntil(user, 1);
  assert.ok(message !== undefined, messageId);
  const result = await resultOf(await answer(message.id));
  assert.equal(result.message.context?.id, message.id);
  assert.equal('pairedMessageId' in result, false);
});

test('names a quoted message after a kill of gateway and database, and says the same when the report is replayed', async () => {
  const { scene, resultOf, resultsOf } = inbound;
  const { wamid } = await sent({ messageId: 'quote-3', callbackData: 'kept' });
  await scene.world.killGateway();
  await scene.world.killPostgres();
  const id = await answer(wamid);
  const first = await resultOf(id, 30_000);
  assert.deepEqual([first.message.context?.id, first.callbackData], ['quote-3', 'kept']);
  await scene.admin('/replays', { json: { accountId: scene.world.info.accountId, eventIds: [first.eventId] } });
  await inbound.receiver.next(() => resultsOf(id).length === 2, 20_000);
  const [, second] = resultsOf(id);
  assert.deepEqual(second, first);
});

test('names a quoted message that was at Meta when the gateway was killed', async () => {
  const { scene, resultOf } = inbound;
  const to = scene.newUser();
  // The answer takes longer than the gateway lives.
  const effect = { latencyMs: 3_000 };
  const fault = await scene.fault({ on: 'graph', match: { user: to }, effect, when: { next: 1 } });
  await scene.send({ to, messageId: 'quote-killed' });
  await until('it is at Meta', async () => (await scene.hits(fault)) === 1);
  await scene.world.killGateway();
  const [message] = await scene.atMetaUntil(to, 1, 30_000);
  const isIn = ({ events }: Life): boolean => events.some(isSent) && events.some(({ kind }) => kind === 'submitted');
  await scene.lifeUntil('told', 'quote-killed', isIn, 60_000);
  const said = await inbound.say({ type: 'text', text: { body: 'ok' }, context: { id: message?.id } }, to);
  assert.equal((await resultOf(said, 30_000)).message.context?.id, 'quote-killed');
});

test('names a message that was sent less than four days ago, and no older one', async () => {
  const { scene, resultOf } = inbound;
  const { wamid } = await sent({ messageId: 'quote-4' });
  await scene.advance(4 * DAY_SECONDS - 3_600);
  assert.equal((await resultOf(await answer(wamid))).message.context?.id, 'quote-4');
  await scene.advance(2 * 3_600);
  assert.equal((await resultOf(await answer(wamid))).message.context?.id, wamid);
});

test('names a quoted message whose answer was lost, when a status told of it', async () => {
  const { scene, resultOf } = inbound;
  const { user } = scene.world.info;
  await scene.fault({ on: 'graph', match: { user }, effect: { loseResponse: true }, when: { next: 1 } });
  const { wamid } = await sent({ messageId: 'quote-lost', callbackData: 'lost' });
  await scene.lifeUntil('unknown', 'quote-lost', ({ events }) => events.some(({ kind }) => kind === 'unknown'));
  const result = await resultOf(await answer(wamid));
  assert.deepEqual([result.message.context?.id, result.callbackData], ['quote-lost', 'lost']);
});

test('names a message that was sent twice by either of its wamids', async () => {
  const { scene, resultOf } = inbound;
  const { info } = scene.world;
  const to = scene.newUser();
  await setProgress('manual');
  await scene.fault({ on: 'graph', match: { user: to }, effect: { loseResponse: true }, when: { next: 1 } });
  await scene.send({ to, messageId: 'quote-twice' });
  await scene.lifeUntil('unknown', 'quote-twice', ({ waiting }) => waiting?.reason === 'unknown');
  await scene.advance(35);
  const attempts = await scene.atMetaUntil(to, 2);
  await setProgress('immediate');
  for (const { id } of attempts) {
    const told = await scene.world.sandbox(`/_sandbox/messages/${id}/status`, { json: { status: 'sent' } });
    assert.equal(told.status, 200);
  }
  await scene.lifeUntil('both told', 'quote-twice', ({ events }) => events.filter(isSent).length === 2);
  for (const { id } of attempts) {
    const said = await inbound.say({ type: 'text', text: { body: 'ok' }, context: { id } }, to);
    assert.equal((await resultOf(said)).message.context?.id, 'quote-twice', id);
  }
  assert.equal((await scene.life('quote-twice')).events.filter(({ kind }) => kind === 'submitted').length, 2, info.api);
});
