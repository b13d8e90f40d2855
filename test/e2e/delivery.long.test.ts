// What takes its time to prove about customers' endpoints.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { type Scene, startScene } from '../support/scene.js';
import { until } from '../support/until.js';

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

test('an endpoint that does not answer for 15 seconds is down, and the report comes again as the same one', async () => {
  receiver.answer({ delayMs: 60_000 });
  const { messageId } = await scene.send({ to: '441134969999', from: '441134968888', notifyUrl: receiver.url });
  const startedAt = performance.now();
  const down = await until(
    'down',
    async () => {
      const view = await scene.endpointOf(receiver.url);
      return view.downSince === null ? undefined : view;
    },
    40_000,
  );
  const tookMs = performance.now() - startedAt;
  assert.ok(tookMs > 14_000 && tookMs < 30_000, `${tookMs} ms`);
  assert.match(down.downReason ?? '', /timeout/);
  receiver.answer({ status: 200 });
  await scene.advance(90);
  await scene.lifeUntil('done', messageId, ({ reports }) => reports[0]?.state === 'done');
  const [first, second] = receiver.requests;
  assert.equal(receiver.requests.length, 2);
  assert.equal(first?.headers['webhook-id'], second?.headers['webhook-id']);
  assert.equal(first?.body, second?.body);
});
