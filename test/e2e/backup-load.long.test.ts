// A backup under load, restored into another data directory: nothing goes out before somebody resumes, then everything comes to its end.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startDev, temporaryFolder } from '../support/dev-world.js';
import { parley } from '../support/parley.js';
import { createScene, type Life, type Scene } from '../support/scene.js';
import { until } from '../support/until.js';
import { jpegOf } from './sandbox-files.js';

const MESSAGES = 200;
const USERS = 60;
/** Meta's answers take so long: the backup meets messages in flight, and others that wait. */
const GRAPH_LATENCY_MS = 4_000;
const FINAL = ['delivered', 'read', 'failed', 'expired'];
const ENV = { PARLEY_SECRET_KEY: Buffer.alloc(32, 3).toString('base64'), PARLEY_META_APP_SECRET: 'app-secret' };

const FILE = jpegOf(50_000);

const folder = temporaryFolder('backup');
const [first, second, file] = [join(folder, 'first'), join(folder, 'second'), join(folder, 'x.backup')];
after(() => rmSync(folder, { recursive: true }));

test('what a backup under load left unfinished waits until its sender is resumed, and then ends', async () => {
  const { ids, lost, fileUrl } = await backUpUnderLoad();
  const restored = await parley(['restore', file], { PARLEY_DATA_DIR: second });
  assert.equal(restored.code, 0, restored.stderr);
  // Meta is the same one as before.
  copyFileSync(join(first, 'sandbox.json'), join(second, 'sandbox.json'));
  const world = await startDev({ dataDir: second, env: ENV });
  const scene = createScene(world);
  try {
    const sent = await fileOf(scene, new URL(fileUrl).pathname);
    assert.ok(sent.equals(FILE), 'the file of the user is there');
    const unfinished = (await livesOf(scene, ids)).filter((life) => !FINAL.includes(life.state));
    assert.ok(unfinished.length > 0, 'the backup met unfinished messages');
    const fresh = await checkThatItWaits(scene, lost);
    await world.sandbox('/_sandbox/faults', { method: 'DELETE' });

    const resumed = await parley(['senders', 'resume', world.info.sender], { PARLEY_DATA_DIR: second });
    assert.match(resumed.stdout, /goes on/, resumed.stderr);
    await scene.lifeUntil('a new message is read', fresh, (life) => life.state === 'read', 30_000);
    await until(
      'nothing waits',
      async () => (await livesOf(scene, ids)).every((life) => life.waiting === null),
      60_000,
    );
    // What Meta took before the backup and told of after it is never told again: it ends by its age.
    await scene.advance(49 * 3600);
    await until(
      'all ended',
      async () => (await livesOf(scene, ids)).every((life) => FINAL.includes(life.state)),
      90_000,
    );
    await checkMeta(scene, ids);
  } finally {
    await world.stop();
  }
});

/** Messages that were accepted before the backup began, and the address of one that was accepted and delivered after it. */
async function backUpUnderLoad(): Promise<{
  ids: string[];
  lost: { messageId: string; bizOpaque: string; wamid: string };
  fileUrl: string;
}> {
  mkdirSync(first);
  const world = await startDev({ dataDir: first, env: ENV });
  const scene = createScene(world);
  try {
    await scene.admin(`/accounts/${world.info.accountId}`, { method: 'PATCH', json: { unknownWaitSeconds: 1 } });
    assert.equal((await world.sandbox('/_sandbox/window', { method: 'PUT', json: { mode: 'open' } })).status, 200);
    await scene.fault({ on: 'graph', effect: { latencyMs: GRAPH_LATENCY_MS }, when: { always: true } });
    const fileUrl = await takeFile(scene);
    const ids = await sendMany(scene, MESSAGES);
    const [outcome] = await Promise.all([
      parley(['backup', file], { PARLEY_DATA_DIR: first }),
      sendMany(scene, MESSAGES),
    ]);
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.match(outcome.stdout, /x\.backup: \d+ rows of \d+ tables, schema \d+, 1 files of users/);
    const user = '441134964000';
    const { messageId } = await scene.send({ to: user });
    await scene.lifeUntil('delivered after the backup', messageId, (life) => life.state === 'read', 30_000);
    const [at] = await scene.atMeta(user);
    assert.ok(at?.bizOpaque);
    return { ids, lost: { messageId, bizOpaque: at.bizOpaque, wamid: at.id }, fileUrl };
  } finally {
    await world.stop();
  }
}

/** A user sends a file; returns the URL under which the customer gets it. */
async function takeFile(scene: Scene): Promise<string> {
  const { info } = scene.world;
  const image = { data: FILE.toString('base64'), mime_type: 'image/jpeg' };
  const json = { type: 'image', image, phoneNumberId: info.phoneNumberId };
  assert.equal((await scene.world.sandbox(`/_sandbox/users/${info.user}/messages`, { json })).status, 201);
  return until('the file can be pulled', async () => {
    const { body } = await scene.world.api<{ results: { message: { url?: string } }[] }>('/messages-api/1/inbound');
    return body.results[0]?.message.url;
  });
}

async function fileOf({ world }: Scene, path: string): Promise<Buffer> {
  const headers = { authorization: `App ${world.info.apiKey}` };
  return Buffer.from(await (await fetch(`${world.info.api}${path}`, { headers })).arrayBuffer());
}

async function sendMany(scene: Scene, count: number): Promise<string[]> {
  const sends = Array.from({ length: count }, (_, i) => scene.send({ to: String(441_134_963_000 + (i % USERS)) }));
  return (await Promise.all(sends)).map((answer) => answer.messageId);
}

async function livesOf(scene: Scene, ids: readonly string[]): Promise<Life[]> {
  const lives: Life[] = [];
  for (let from = 0; from < ids.length; from += 50)
    lives.push(...(await Promise.all(ids.slice(from, from + 50).map((id) => scene.life(id)))));
  return lives;
}

/** The sender is paused; a message that was lost with the time after the backup is gone, and a late status of it hits nobody. */
async function checkThatItWaits(
  scene: Scene,
  lost: { messageId: string; bizOpaque: string; wamid: string },
): Promise<string> {
  const { info } = scene.world;
  const { pauseReason } = await scene.admin<{ pauseReason: string }>(`/senders/${info.sender}`);
  assert.equal(pauseReason, 'restored');
  await assert.rejects(scene.life(lost.messageId), /404/);
  const atMetaBefore = (await scene.atMeta('441134965000')).length;
  const { messageId } = await scene.send({ to: '441134965000' });
  const reply = await scene.postStatuses(info.phoneNumberId, [
    { id: lost.wamid, status: 'read', bizOpaque: lost.bizOpaque },
  ]);
  assert.equal(reply.status, 200);
  const life = await scene.life(messageId);
  assert.deepEqual([life.state, life.events, atMetaBefore], ['accepted', [], 0]);
  assert.equal((await scene.atMeta('441134965000')).length, 0);
  return messageId;
}

/** Every message reached Meta; what was sent again has an attempt of its own in its address. */
async function checkMeta(scene: Scene, ids: readonly string[]): Promise<void> {
  const addresses: string[] = [];
  for (let user = 0; user < USERS; user += 1)
    for (const message of await scene.atMeta(String(441_134_963_000 + user))) addresses.push(message.bizOpaque ?? '');
  for (const id of ids)
    assert.ok(
      addresses.some((address) => address.includes(id)),
      `${id} never reached Meta`,
    );
}
