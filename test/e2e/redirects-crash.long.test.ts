// SIGKILL while links are followed: no click that was redirected is missing, and each is told under one id.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, openLinkBox } from '../support/links.js';
import { startReceiver } from '../support/receiver.js';
import { startScene } from '../support/scene.js';
import { until } from '../support/until.js';

const LINKS = 2_000;
const CONNECTIONS = 64;
const RECOVERY_MS = 60_000;

test('a kill under clicks loses none that was redirected, and tells none under two ids', async () => {
  const scene = await startScene();
  const receiver = await startReceiver();
  const box = await openLinkBox(scene.world.info.database);
  try {
    const ids: string[] = [];
    for (let i = 0; i < LINKS; i += 500) ids.push(...(await box.add(500, { trackingUrl: `${receiver.url}/clicks` })));
    const redirected = new Set<string>();
    const isDown = { now: false };
    let killing: Promise<void> | undefined;
    // Each link is followed once, by whoever is free; who meets the kill goes on when another gateway is there.
    const waiting = [...ids];
    const follow = async (): Promise<void> => {
      for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
        const answer = await ask(scene.world.info.api, `/${id}`).catch(() => undefined);
        if (answer?.status === 302) redirected.add(id);
        if (killing === undefined && waiting.length < LINKS / 2) {
          isDown.now = true;
          killing = scene.world.killGateway().finally(() => {
            isDown.now = false;
          });
        }
        if (answer === undefined && isDown.now) await killing;
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, follow));
    await killing;
    assert.ok(killing !== undefined && redirected.size > LINKS / 2);

    const clicks = await box.database.run<{ id: string; link: string; messageId: string }>(
      {
        name: '',
        text: `SELECT c.id, c.link, l.message_id AS "messageId" FROM clicks c JOIN links l ON l.id = c.link`,
      },
      [],
    );
    const byLink = new Map(clicks.map(({ link, id }) => [link, id]));
    assert.equal(clicks.length, byLink.size);
    assert.deepEqual(
      [...redirected].filter((id) => !byLink.has(id)),
      [],
    );
    const eventIds = new Map(clicks.map(({ messageId, id }) => [messageId, id]));
    const told = await until(
      'every click is told',
      () => {
        const reports = receiver.requests.map(({ body }): { messageId: string; eventId: string } => JSON.parse(body));
        return new Set(reports.map(({ messageId }) => messageId)).size === clicks.length ? reports : undefined;
      },
      RECOVERY_MS,
    );
    assert.deepEqual(
      told.filter(({ messageId, eventId }) => eventIds.get(messageId) !== eventId),
      [],
    );
  } finally {
    await box.close();
    await scene.stop();
    await receiver.stop();
  }
});
