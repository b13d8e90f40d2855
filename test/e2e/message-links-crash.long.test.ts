// Kills around the writing of a message's links: whatever Meta gets, once or twice, has the same links, and each link is one that Meta got.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CrashPoint } from '../../src/lib/crash-point.js';
import { openLinkBox } from '../support/links.js';
import { startScene } from '../support/scene.js';
import { until } from '../support/until.js';

const RECOVERY_MS = 90_000;
const TEXT = 'Order: https://shop.example/t/77 terms: https://shop.example/terms';
const LINK = /\/([0-9a-z]{12})(?![0-9a-z])/g;

/** How often Meta gets the message whose way is cut at the point: `dispatch.answered` comes after its POST, and nobody tells of it. */
const POINTS: readonly (readonly [CrashPoint, number])[] = [
  ['links.written', 1],
  ['dispatch.answered', 2],
];

for (const [point, times] of POINTS) {
  test(`a kill at ${point} sends a message again with the links that it had, and leaves no other`, async () => {
    // The second message kills; the process that follows has only that one to send.
    const scene = await startScene({ PARLEY_CRASH_POINT: `${point}:2` });
    const box = await openLinkBox(scene.world.info.database);
    try {
      const tenant = await scene.newTenant({ account: { unknownWaitSeconds: 1 } });
      const users = [scene.newUser(), scene.newUser()];
      // What Meta has taken is not heard of.
      await scene.fault({ on: 'webhook', match: { user: users[1] }, effect: { drop: true }, when: { always: true } });
      const send = (to: string) =>
        scene.send({ from: tenant.sender, to, content: { text: TEXT }, urlOptions: {} }, { key: tenant.key });
      const first = await send(users[0] ?? '');
      await scene.atMetaUntil(users[0] ?? '', 1);
      const before = scene.world.info.gatewayPid;
      const second = await send(users[1] ?? '');
      await until('another gateway', () => scene.world.info.gatewayPid !== before, RECOVERY_MS);
      const sent = await scene.atMetaUntil(users[1] ?? '', times, RECOVERY_MS);
      assert.equal(sent.length, times);
      for (const [{ messageId }, got] of [
        [first, await scene.atMeta(users[0] ?? '')],
        [second, sent],
      ] as const) {
        const links = await box.database.run<{ id: string }>(
          { name: '', text: 'SELECT id FROM links WHERE message = $1 ORDER BY place' },
          [messageId],
        );
        assert.equal(links.length, 2);
        for (const { payload } of got)
          assert.deepEqual(
            [...(payload.text?.body ?? '').matchAll(LINK)].map(([, id]) => id),
            links.map(({ id }) => id),
          );
      }
      assert.deepEqual(await box.database.run({ name: '', text: 'SELECT count(*) FROM links' }, []), [{ count: 4 }]);
    } finally {
      await box.close();
      await scene.stop();
    }
  });
}
