// A kill at each step between a failure and its SMS: never two of them, and none missing but those that are reported unknown.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CrashPoint } from '../../src/lib/crash-point.js';
import { type FailoverScene, reportsOf, reportUntil, startFailoverScene } from '../support/failover-scene.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { until } from '../support/until.js';

const SMS = { from: 'Depot', text: 'Order 77 is out' };
const DELIVERED = 5;
const EXPIRED_DLR_UNKNOWN = 29;
const RECOVERY_MS = 60_000;

/** Where it is killed, what is reported of the SMS, and how many the phone then has. */
const KILLS: [point: CrashPoint, statusId: number, onPhone: number][] = [
  ['receive.before', DELIVERED, 1],
  ['receive.after', DELIVERED, 1],
  ['sms.claimed', EXPIRED_DLR_UNKNOWN, 0],
  ['sms.answered', EXPIRED_DLR_UNKNOWN, 1],
];

async function kill(
  point: CrashPoint,
  prove: (failover: FailoverScene, receiver: Receiver) => Promise<void>,
): Promise<void> {
  // The second time kills; the process that follows begins to count anew.
  const failover = await startFailoverScene({ PARLEY_CRASH_POINT: `${point}:2` });
  const receiver = await startReceiver();
  try {
    await prove(failover, receiver);
  } finally {
    await receiver.stop();
    await failover.stop();
  }
}

/** Fails a message whose way the crash point does not kill, then one whose way it does; the second one. */
async function failTwo(failover: FailoverScene, receiver: Receiver) {
  const { scene } = failover;
  const before = scene.world.info.gatewayPid;
  const first = await failover.send(SMS, { notifyUrl: receiver.url });
  const second = await failover.send(SMS, { notifyUrl: receiver.url });
  await failover.tell(first, 'failed', 131026);
  await reportUntil(receiver, first, 'SMS', DELIVERED, RECOVERY_MS);
  await failover.tell(second, 'failed', 131026);
  await until('another gateway', () => scene.world.info.gatewayPid !== before, RECOVERY_MS);
  return second;
}

for (const [point, statusId, onPhone] of KILLS) {
  test(`a kill at ${point} makes no second SMS and forgets none`, () =>
    kill(point, async (failover, receiver) => {
      const sent = await failTwo(failover, receiver);
      await reportUntil(receiver, sent, 'SMS', statusId, RECOVERY_MS);
      await until('the report of WhatsApp', () =>
        reportsOf(receiver, sent).some(({ channel }) => channel === 'WHATSAPP'),
      );
      // What comes later goes out, so a second one would have, too.
      const later = await failover.send(SMS, { notifyUrl: receiver.url });
      await failover.tell(later, 'failed', 131026);
      await until(
        'a later end',
        () => reportsOf(receiver, later).some(({ channel }) => channel === 'SMS'),
        RECOVERY_MS,
      );
      assert.equal((await failover.phone(sent.user)).length, onPhone);
      const told = reportsOf(receiver, sent).filter(({ channel }) => channel === 'SMS');
      assert.equal(new Set(told.map(({ eventId }) => eventId)).size, 1);
    }));
}

test('a kill at sms.claimed is followed by the SMS for an account that wants it sent again', () =>
  kill('sms.claimed', async (failover, receiver) => {
    const path = `/accounts/${failover.scene.world.info.accountId}/sms`;
    const { changedAt: _, ...route } = await failover.scene.admin(path);
    const json = { ...route, systemType: undefined, password: 'sandbox', smsUnknown: 'resend' };
    await failover.scene.admin(path, { json });
    const sent = await failTwo(failover, receiver);
    await reportUntil(receiver, sent, 'SMS', DELIVERED, RECOVERY_MS);
    assert.equal((await failover.phone(sent.user)).length, 1);
  }));
