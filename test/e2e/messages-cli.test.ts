// `parley send` for any type: the content as JSON, a quote, and clear words when the type or the JSON is wrong.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { runCommand } from '../../src/cli/registry.js';
import { type Scene, startScene } from '../support/scene.js';

let scene: Scene;
before(async () => {
  scene = await startScene();
});
after(async () => {
  await scene?.stop();
});

async function send(...args: string[]): Promise<{ code: number; text: string }> {
  const lines: string[] = [];
  const code = await runCommand(['send', ...args], {
    env: { PARLEY_DATA_DIR: scene.world.dataDir },
    print: (line) => lines.push(line),
    complain: (line) => lines.push(line),
    stopped: new AbortController().signal,
  });
  return { code, text: lines.join('\n') };
}

test('sends any type with its content as JSON, as an answer when asked', async () => {
  const user = scene.newUser();
  const content = { body: { text: 'Keep it?' }, action: { buttons: [{ type: 'REPLY', id: 'y', title: 'Yes' }] } };
  const sent = await send(
    ...['--to', user, '--type', 'interactive/buttons', '--content', JSON.stringify(content)],
    ...['--reply-to', 'wamid.A', '--message-id', 'by-command'],
  );
  assert.equal(sent.code, 0, sent.text);
  assert.match(sent.text, /^by-command {2}PENDING_ENROUTE/);
  const [message] = await scene.atMetaUntil(user, 1);
  assert.deepEqual(Reflect.get(Object(message?.payload), 'context'), { message_id: 'wamid.A' });
  assert.equal(Reflect.get(Object(message?.payload), 'type'), 'interactive');
});

test('needs no content for a type that has none', async () => {
  const user = scene.newUser();
  const sent = await send(user, '--type', 'interactive/call-permission-request');
  assert.equal(sent.code, 0, sent.text);
  assert.equal((await scene.atMetaUntil(user, 1)).length, 1);
});

test('names the types there are, JSON that is none, and the fields that the gateway refuses', async () => {
  const unknown = await send('441134960001', '--type', 'hologram');
  assert.equal(unknown.code, 2);
  assert.match(unknown.text, /no type "hologram"; there are text, image, .*interactive\/order-status/);
  const broken = await send('441134960001', '--type', 'image', '--content', '{');
  assert.equal(broken.code, 2);
  assert.match(broken.text, /--content must be JSON/);
  const refused = await send('441134960001', '--type', 'image', '--content', '{"mediaUrl":"x"}');
  assert.equal(refused.code, 1);
  assert.match(refused.text, /content\.mediaUrl/);
});
