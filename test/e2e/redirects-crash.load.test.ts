// SIGKILL under 2,000 clicks a second: no click that was redirected is missing, and each is told under one id.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startClicks } from '../support/link-clicks.js';
import { openLinkBox } from '../support/links.js';
import { startReceiver } from '../support/receiver.js';
import { startScene } from '../support/scene.js';
import { until } from '../support/until.js';

const PER_SECOND = 2_000;
const LINKS = 6_000;
const BATCH = 500;
const RECOVERY_MS = 90_000;

test('a kill under 2,000 clicks a second loses none that was redirected, and tells none under two ids', async (t) => {
  const scene = await startScene();
  const receiver = await startReceiver();
  const box = await openLinkBox(scene.world.info.database);
  try {
    const ids: string[] = [];
    while (ids.length < LINKS) ids.push(...(await box.add(BATCH, { trackingUrl: `${receiver.url}/clicks` })));
    // Each link is followed once: half of them before the kill, the other half goes on through it and after it.
    const waiting = [...ids];
    const redirected = new Set<string>();
    const answered = { failed: 0 };
    const click = (perSecond: number, leave: number) =>
      startClicks(
        scene.world.info.api,
        perSecond,
        () => (waiting.length > leave ? waiting.pop() : undefined),
        (id, status) => {
          if (status === 302) redirected.add(id);
          else answered.failed += 1;
        },
      );
    const before = click(PER_SECOND, LINKS / 6);
    await until('half of the links are followed', () => redirected.size >= LINKS / 2, RECOVERY_MS);
    const { clicks: begun, ms } = before.begun();
    const rate = (count: number): string => ((count / ms) * 1000).toFixed(0);
    t.diagnostic(
      `until the kill: ${rate(begun)} clicks/s begun, ${rate(redirected.size)} redirected, for ${ms.toFixed(0)} ms`,
    );
    await scene.world.killGateway();
    await before.stop();
    const survived = redirected.size;
    const after = click(PER_SECOND, 0);
    await until('the last link is followed', () => waiting.length === 0, RECOVERY_MS);
    await after.stop();
    t.diagnostic(`${redirected.size - survived} redirected after the kill, ${answered.failed} cut or refused`);
    assert.ok(answered.failed > 0 && redirected.size > survived);

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
        if (receiver.requests.length < clicks.length) return undefined;
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
