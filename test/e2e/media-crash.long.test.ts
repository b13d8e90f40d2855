// A kill at each step of a file's way: every message is reported, every file can be had, and nothing is left lying about.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FILE_CRASH_POINTS } from '../../src/lib/crash-point.js';
import { startInboundScene } from '../support/inbound-scene.js';
import { until } from '../support/until.js';
import { jpegOf } from './sandbox-files.js';

const RECOVERY_MS = 30_000;

for (const point of FILE_CRASH_POINTS) {
  test(`a kill at ${point} loses no file and no report, and leaves nothing behind`, async () => {
    // The second file kills; the process that follows has only that one to fetch.
    const inbound = await startInboundScene({ PARLEY_CRASH_POINT: `${point}:2` });
    try {
      const { scene, resultOf, resultsOf, getFile } = inbound;
      const before = scene.world.info.gatewayPid;
      const [first, second] = [jpegOf(1_000), jpegOf(100_000)];
      const say = (bytes: Buffer) =>
        inbound.say({ type: 'image', image: { data: bytes.toString('base64'), mime_type: 'image/jpeg' } });
      const wamids = [await say(first)];
      await resultOf(wamids[0] ?? '', RECOVERY_MS);
      wamids.push(await say(second));
      await until('another gateway', () => scene.world.info.gatewayPid !== before, RECOVERY_MS);
      const ids: string[] = [];
      for (const [i, wamid] of wamids.entries()) {
        const { message, eventId } = await resultOf(wamid, RECOVERY_MS);
        const { status, bytes } = await until('the API', () => getFile(message.url ?? ''), RECOVERY_MS);
        assert.equal(status, 200);
        assert.ok(bytes.equals(i === 0 ? first : second));
        assert.deepEqual([...new Set(resultsOf(wamid).map((result) => result.eventId))], [eventId]);
        ids.push(eventId);
      }
      const media = join(scene.world.dataDir, 'media');
      const files = readdirSync(media, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      assert.deepEqual(files.map(({ name }) => name).sort(), ids.sort());
    } finally {
      await inbound.stop();
    }
  });
}
