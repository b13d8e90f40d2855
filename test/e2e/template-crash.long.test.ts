// Kills on the way of templates: while a bulk is accepted, while what was scheduled is released, and while a pass asks Meta for templates.
// Nothing is lost, and nothing comes twice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CrashPoint } from '../../src/lib/crash-point.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { type Scene, startScene, type Tenant } from '../support/scene.js';
import { approved, decide, register, statusUntil, updatesAt } from '../support/template-scene.js';
import { until } from '../support/until.js';

/** More than what is written or released as one group. */
const MANY = 520;
const RECOVERY_MS = 90_000;
const body = { text: 'Order {{1}} is out.', examples: ['77'] };

/** A scene whose gateway kills itself at `point`, a tenant in it whose customer is told at `hook`. */
async function during(
  point: `${CrashPoint}:${number}` | undefined,
  prove: (scene: Scene, tenant: Tenant, hook: Receiver) => Promise<void>,
): Promise<void> {
  const scene = await startScene(point === undefined ? {} : { PARLEY_CRASH_POINT: point });
  const hook = await startReceiver();
  try {
    const tenant = await scene.newTenant({ account: { unknownWaitSeconds: 5 }, sender: { forwardUrl: hook.url } });
    await prove(scene, tenant, hook);
  } finally {
    await hook.stop();
    await scene.stop();
  }
}

/** Posts one template message to each user; undefined when the connection ended without an answer. */
function post(scene: Scene, tenant: Tenant, users: readonly string[], key: string, more: object = {}) {
  const messages = users.map((to, i) => ({
    from: tenant.sender,
    to,
    messageId: `${key}-${i}`,
    content: { templateName: 'out_1', language: 'en_GB', templateData: { body: { placeholders: [String(i)] } } },
  }));
  const call = { key: tenant.key, headers: { 'idempotency-key': key }, json: { messages, ...more } };
  return scene.world.api<{ messages: object[] }>('/whatsapp/1/message/template', call).catch(() => undefined);
}

/** How many messages each user has at Meta, once nobody has none. */
async function everyUserHasOne(scene: Scene, tenant: Tenant, users: readonly string[]): Promise<void> {
  const counts = await until(
    'a message for each',
    async () => {
      const found = await countsAtMeta(scene, tenant);
      return users.every((user) => found.has(user)) ? found : undefined;
    },
    RECOVERY_MS,
  );
  assert.deepEqual(
    users.filter((user) => counts.get(user) !== 1),
    [],
  );
}

async function countsAtMeta(scene: Scene, { phoneNumberId }: Tenant): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let after = ''; ; ) {
    const path = `/_sandbox/messages?phoneNumberId=${phoneNumberId}&limit=1000${after}`;
    const page = await scene.world.sandbox<{ messages: { to: string }[]; next: string | null }>(path);
    for (const { to } of page.body.messages) counts.set(to, (counts.get(to) ?? 0) + 1);
    if (page.body.next === null) return counts;
    after = `&after=${page.body.next}`;
  }
}

async function anotherGateway(scene: Scene, before: number): Promise<void> {
  await until('another gateway', () => scene.world.info.gatewayPid !== before, RECOVERY_MS);
  await until(
    'it is ready',
    async () => (await scene.world.api('/readyz', { key: null }).catch(() => undefined))?.status === 200,
    RECOVERY_MS,
  );
}

for (const [point, isStored] of [
  ['accept.before', false],
  ['accept.after', true],
] as const) {
  test(`a kill at ${point} leaves all of a request or none of it, and its Idempotency-Key makes it whole`, () =>
    during(`${point}:2`, async (scene, tenant) => {
      await approved(scene, tenant, { name: 'out_1', structure: { body } });
      const users = Array.from({ length: MANY }, () => scene.newUser());
      assert.equal((await post(scene, tenant, [scene.newUser()], 'first'))?.status, 200);
      const before = scene.world.info.gatewayPid;
      assert.equal(await post(scene, tenant, users, 'cut'), undefined);
      await anotherGateway(scene, before);
      for (const i of [0, MANY - 1]) {
        const { status } = await scene.world.api(`/parley/1/messages/cut-${i}`, { key: tenant.key });
        assert.equal(status, isStored ? 200 : 404);
      }
      const again = await post(scene, tenant, users, 'cut');
      assert.deepEqual([again?.status, again?.body.messages.length], [200, MANY], JSON.stringify(again?.body));
      await everyUserHasOne(scene, tenant, users);
    }));
}

test('kills between the release of what was scheduled and its sending lose none and send none twice', () =>
  during('schedule.released:1', async (scene, tenant) => {
    await approved(scene, tenant, { name: 'out_1', structure: { body } });
    const users = Array.from({ length: MANY }, () => scene.newUser());
    const before = scene.world.info.gatewayPid;
    const schedule = { bulkId: 'later', sendAt: new Date(Date.now() + 6_000).toISOString() };
    assert.equal((await post(scene, tenant, users, 'later', { options: { schedule } }))?.status, 200);
    await anotherGateway(scene, before);
    await everyUserHasOne(scene, tenant, users);
    assert.equal((await scene.world.api('/parley/1/bulks/later', { key: tenant.key })).status, 404);
  }));

/** Pauses a template without the webhook that tells of it. */
async function pauseUnheard(scene: Scene, id: string): Promise<void> {
  const fault = { on: 'webhook', match: { field: 'message_template_status_update' } } as const;
  await scene.fault({ ...fault, effect: { drop: true }, when: { always: true } });
  await decide(scene, id, 'pause');
}

/** The customer hears of the pause, once: what is told after it comes after it. */
async function pauseToldOnce(scene: Scene, tenant: Tenant, hook: Receiver, id: string): Promise<void> {
  await statusUntil(scene, tenant, id, 'FIRST_PAUSED');
  const told = () => updatesAt(hook).filter(({ messageTemplateId }) => messageTemplateId === id);
  await until('the pause is told', () => told().some(({ change }) => change.newStatus === 'FIRST_PAUSED'), RECOVERY_MS);
  await scene.world.sandbox('/_sandbox/faults', { method: 'DELETE' });
  await decide(scene, id, 'unpause');
  await until('the end of it is told', () => told().at(-1)?.change.newStatus === 'APPROVED', RECOVERY_MS);
  const ids = new Map(told().map((update) => [update.eventId, update.change.newStatus]));
  assert.deepEqual([...ids.values()], ['APPROVED', 'FIRST_PAUSED', 'APPROVED']);
}

test('a kill between what a pass found and telling of it forgets nothing and tells it once', () =>
  during('templates.found:1', async (scene, tenant, hook) => {
    const { id } = await approved(scene, tenant, { name: 'out_1', structure: { body } });
    await pauseUnheard(scene, id);
    const before = scene.world.info.gatewayPid;
    await scene.advance(3_700);
    await anotherGateway(scene, before);
    await pauseToldOnce(scene, tenant, hook, id);
  }));

test('a kill while a pass waits for Meta is followed by another pass', () =>
  during(undefined, async (scene, tenant, hook) => {
    const { id } = await register(scene, tenant, { name: 'out_1', structure: { body } });
    await decide(scene, id, 'approve');
    await statusUntil(scene, tenant, id, 'APPROVED');
    await pauseUnheard(scene, id);
    const match = { method: 'GET', path: `${tenant.wabaId}/message_templates` };
    const slow = await scene.fault({ on: 'graph', match, effect: { latencyMs: 8_000 }, when: { next: 1 } });
    await scene.advance(3_700);
    await until('the pass asks', async () => (await scene.hits(slow)) > 0, RECOVERY_MS);
    await scene.world.killGateway();
    // Nobody else may have what was claimed before five minutes are over.
    await scene.advance(4_100);
    await pauseToldOnce(scene, tenant, hook, id);
  }));
