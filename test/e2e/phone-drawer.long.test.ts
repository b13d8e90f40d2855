// Behind the curtain of the phone in a real browser: the drawer's handles, worlds and tokens, and a sandbox that was away.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { createLog } from '../../src/lib/log.js';
import { startSandbox } from '../../src/sandbox/server.js';
import { freePort } from '../support/free-port.js';
import { until } from '../support/until.js';
import { bubble, type PhoneScene, startPhoneScene } from './phone-scene.js';
import { call, dig, USER, wabaBody } from './sandbox-fixture.js';

let scene: PhoneScene;
before(async () => {
  scene = await startPhoneScene();
});
afterEach(async () => {
  await scene.reset();
  assert.deepEqual(scene.browser.complaints.splice(0), []);
});
after(() => scene.stop());

test('a page without the token asks for it, and another world is another phone', async () => {
  const guarded = await startSandbox({
    host: '127.0.0.1',
    port: 0,
    log: createLog('silent'),
    controlToken: 'sesame-1',
  });
  try {
    const page = await scene.browser.open(guarded.url);
    await page.getByLabel('Token').fill('sesame-1');
    await page.getByRole('button', { name: 'Open the phone' }).click();
    await page.getByText('No business numbers yet').waitFor();
    await page.close();
    const linked = await scene.browser.open(`${guarded.url}/?token=sesame-1&world=run-7`);
    await linked.getByText('No business numbers yet').waitFor();
    assert.match(linked.url(), /\?world=run-7$/);
    const worlds = await fetch(`${guarded.url}/_sandbox/worlds?token=sesame-1`);
    assert.match(await worlds.text(), /run-7/);
    await linked.close();
    // This browser knows the token from now on.
    const later = await scene.browser.open(guarded.url);
    await later.getByText('No business numbers yet').waitFor();
    await later.close();
  } finally {
    await guarded.stop();
  }
  // The browser notes refused calls by itself.
  const others = scene.browser.complaints.splice(0).filter((text) => !/401|ERR_|Failed to load/.test(text));
  assert.deepEqual(others, []);
});

test('the drawer shows request and webhooks, redelivers, and steers clock, window, progress and faults', async () => {
  const page = await scene.openChat();
  const wamid = await scene.send('text', { body: 'Look behind me' });
  await bubble(page, wamid).hover();
  await bubble(page, wamid)
    .getByRole('button', { name: /^Message options/ })
    .click();
  await page.getByRole('menuitem', { name: 'Behind the curtain' }).click();
  const drawer = page.getByRole('complementary', { name: 'Behind the curtain' });
  await drawer.getByText('"messaging_product": "whatsapp"').first().waitFor();
  await drawer
    .getByRole('button', { name: /curl .*\/messages' -H "Authorization: Bearer \$GRAPH_TOKEN".*Look behind me/ })
    .waitFor();
  for (const name of ['sent', 'delivered', 'read', 'Fail'])
    await until(`nothing to move on to: ${name}`, () => drawer.getByRole('button', { name, exact: true }).isDisabled());
  const webhook = drawer.locator('.webhook', { hasText: 'status sent' });
  await webhook.locator('summary').click();
  const before = scene.sandbox.callback.posts().length;
  await webhook.getByRole('button', { name: 'Redeliver', exact: true }).click();
  await until('one post more', () => scene.sandbox.callback.posts().length > before);
  await webhook.locator('.attempts li').nth(1).waitFor();

  await drawer.getByRole('tab', { name: 'Time' }).click();
  await drawer
    .getByText(/open for another 23 h/)
    .first()
    .waitFor();
  await drawer.getByRole('button', { name: '+24 h' }).click();
  await drawer.getByRole('button', { name: /curl .*advanceSeconds":86400/ }).waitFor();
  await drawer.getByText('closed: only templates arrive').first().waitFor();
  await drawer.getByText('Always open').click();
  await until(
    'the open window',
    async () => dig((await scene.sandbox.control('GET', '/state')).body, 'window') === 'open',
  );
  await drawer.getByText('By hand').click();
  await drawer.getByRole('button', { name: 'Apply' }).click();
  await until('progress by hand', async () => {
    return dig((await scene.sandbox.control('GET', '/state')).body, 'progress', 'mode') === 'manual';
  });

  await drawer.getByRole('tab', { name: 'Faults' }).click();
  await drawer.getByLabel('Graph error code').fill('130429');
  await drawer.getByRole('button', { name: 'Add fault' }).click();
  await drawer.getByText('hit 0 times').waitFor();
  const body = { messaging_product: 'whatsapp', to: USER, type: 'text', text: { body: 'x' } };
  const answer = await scene.sandbox.graph('POST', `/${scene.sandbox.phoneNumberId}/messages`, body);
  assert.equal(dig(answer.body, 'error', 'code'), 130429);
  await drawer.getByText('hit once').waitFor();
  await drawer.getByRole('button', { name: /curl .*-X DELETE .*\/faults\// }).waitFor();
  await drawer.getByRole('button', { name: 'Remove fault' }).click();
  await drawer.getByText('No faults').waitFor();
  await drawer.getByText('Calls of this page').click();
  await drawer.getByRole('button', { name: /^Copy as curl: POST \/faults/ }).waitFor();
});

test('templates are reviewed in the drawer, and drawn with their parameters', async () => {
  const { sandbox } = scene;
  await sandbox.control('PUT', '/templates/reviews', { mode: 'manual' });
  const made = await sandbox.graph('POST', `/${sandbox.wabaId}/message_templates`, {
    name: 'spring_offer',
    language: 'en',
    category: 'MARKETING',
    components: [
      { type: 'BODY', text: 'Hello {{1}}, *spring* is here.', example: { body_text: [['Ada']] } },
      { type: 'BUTTONS', buttons: [{ type: 'QUICK_REPLY', text: 'Tell me more' }] },
    ],
  });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  const page = await scene.openChat();
  await page.getByRole('button', { name: 'Behind the curtain' }).click();
  await page.getByRole('tab', { name: 'Templates' }).click();
  const card = page.getByRole('article', { name: 'spring_offer' });
  await card.getByText('PENDING').waitFor();
  await card.getByRole('button', { name: 'Approve', exact: true }).click();
  await card.getByText('APPROVED').waitFor();
  const wamid = await scene.send('template', {
    name: 'spring_offer',
    language: { code: 'en' },
    components: [{ type: 'body', parameters: [{ type: 'text', text: 'Grace' }] }],
  });
  await bubble(page, wamid).getByText('Hello Grace').waitFor();
  await bubble(page, wamid).getByRole('button', { name: 'Tell me more' }).click();
  const pressed = await scene.said((each) => dig(each, 'type') === 'button');
  assert.equal(dig(pressed, 'button', 'text'), 'Tell me more');
  await card.getByRole('button', { name: 'Pause', exact: true }).click();
  await card.getByText('PAUSED').waitFor();
  await scene.browser.picture(page, 'templates');
});

test('a world goes out as one file and comes back', async () => {
  const page = await scene.openChat();
  const wamid = await scene.send('text', { body: 'Keep me' });
  await bubble(page, wamid).waitFor();
  await page.getByRole('button', { name: 'Behind the curtain' }).click();
  await page.getByRole('tab', { name: 'World' }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export the world' }).click();
  const file = await (await download).path();
  assert.match(readFileSync(file, 'utf8'), /Keep me/);
  await page.getByRole('button', { name: 'Reset', exact: true }).click();
  await bubble(page, wamid).waitFor({ state: 'detached' });
  await page.locator('input[type=file][accept*=json]').setInputFiles(file);
  await bubble(page, wamid).waitFor();
});

test('the page goes on by itself when the sandbox was started again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-phone-'));
  const options = { host: '127.0.0.1', log: createLog('silent'), stateFile: join(folder, 'state.json') };
  const first = await startSandbox({ ...options, port: await freePort() });
  const control = (path: string, body: unknown) => call('POST', `${first.url}/_sandbox${path}`, body);
  assert.equal((await control('/wabas', wabaBody(scene.sandbox.callback.url))).status, 201);
  const page = await scene.browser.open(first.url);
  await page.locator('.chat-row').first().waitFor();
  await first.stop();
  await page.getByText('Reconnecting').waitFor();
  const second = await startSandbox({ ...options, port: Number(new URL(first.url).port) });
  try {
    await control(`/users/${USER}/messages`, { type: 'text', text: { body: 'Still there?' } });
    await page.locator('.chat-row', { hasText: 'Still there?' }).waitFor();
  } finally {
    await page.close();
    await second.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  // The browser notes refused connections by itself.
  const others = scene.browser.complaints.splice(0).filter((text) => !/ERR_|Failed to load/.test(text));
  assert.deepEqual(others, []);
});
