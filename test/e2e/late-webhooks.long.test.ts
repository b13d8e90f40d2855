// While Meta's webhooks are late, a status that has not come says nothing: what is unknown waits, and is looked at again by itself.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Scene, startScene } from '../support/scene.js';
import { until } from '../support/until.js';

const WAIT_SECONDS = 2;
const LATE_SECONDS = 60;
/** The age of statuses is remembered for 10 to 20 s. */
const HELD_MS_MIN = 9_000;
let scene: Scene;

before(async () => {
  scene = await startScene();
});
after(() => scene.stop());

test('while the statuses that come are late, an unknown outcome waits longer than its time and is then sent again', async () => {
  await scene.world.sandbox('/_sandbox/progress', { method: 'PUT', json: { mode: 'manual' } });
  const tenant = await scene.newTenant({ account: { unknownWaitSeconds: WAIT_SECONDS } });
  const [to, another] = [scene.newUser(), scene.newUser()];
  await scene.send({ to: another, from: tenant.sender }, { key: tenant.key });
  const [other] = await scene.atMetaUntil(another, 1);
  await scene.fault({ on: 'graph', match: { user: to }, effect: { loseResponse: true }, when: { next: 1 } });
  const { messageId } = await scene.send({ to, from: tenant.sender }, { key: tenant.key });
  await scene.lifeUntil('unknown', messageId, ({ waiting }) => waiting?.reason === 'unknown');
  const timestamp = Math.floor(Date.now() / 1000) - LATE_SECONDS;
  const late = { id: 'wamid.late', status: 'delivered', timestamp, bizOpaque: other?.bizOpaque ?? '' };
  const lateAt = performance.now();
  assert.equal((await scene.postStatuses(tenant.phoneNumberId, [late])).status, 200);
  await until('sent again', async () => (await scene.atMeta(to)).length === 2, 40_000);
  assert.ok(performance.now() - lateAt > HELD_MS_MIN, `after ${performance.now() - lateAt} ms`);
});
