// Files of a chat in a real browser: out by picker, by paste and by drop; sounds with bars; stickers without a bubble.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { until } from '../support/until.js';
import { drawnSticker, pixels, quietThenLoud } from './phone-files.js';
import { type PhoneScene, startPhoneScene, upload } from './phone-scene.js';
import { oggOf } from './sandbox-files.js';
import { dig, list, USER } from './sandbox-fixture.js';

let scene: PhoneScene;
before(async () => {
  scene = await startPhoneScene();
});
afterEach(async () => {
  await scene.reset();
  assert.deepEqual(scene.browser.complaints.splice(0), []);
});
after(() => scene.stop());

test('files go out by picker, by paste and by drop, with a caption', async () => {
  const page = await scene.openChat();
  const picture = { name: 'photo.png', mimeType: 'image/png', buffer: pixels() };
  await page.getByRole('button', { name: 'Attach' }).click();
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('menuitem', { name: 'Photo or video' }).click();
  await (await chooser).setFiles(picture);
  await page.getByRole('dialog').getByLabel('Add a caption').fill('My view');
  await page.keyboard.press('Enter');
  const sent = await scene.said((each) => dig(each, 'type') === 'image');
  assert.equal(dig(sent, 'image', 'caption'), 'My view');
  await page.locator('.mine img').waitFor();
  const bytes = JSON.stringify([...pixels()]);
  for (const [kind, target] of [
    ['paste', 'textarea'],
    ['drop', '.screen'],
  ] as const) {
    await page.evaluate(`{
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(${bytes})], '${kind}.png', { type: 'image/png' }));
      const about = { bubbles: true, cancelable: true };
      const event = '${kind}' === 'paste'
        ? new ClipboardEvent('paste', { ...about, clipboardData: data })
        : new DragEvent('drop', { ...about, dataTransfer: data });
      document.querySelector('.chat ${target}, .chat${target}').dispatchEvent(event);
    }`);
    await page
      .getByRole('dialog', { name: `${kind}.png` })
      .getByLabel('Add a caption')
      .fill(`By ${kind}`);
    await page.keyboard.press('Enter');
    await scene.said((each) => dig(each, 'image', 'caption') === `By ${kind}`);
  }
});

test('a voice note and a sticker go out by picker, each as what it is', async () => {
  const page = await scene.openChat();
  const pick = async (item: string, file: { name: string; mimeType: string; buffer: Buffer }) => {
    await page.getByRole('button', { name: 'Attach' }).click();
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('menuitem', { name: item }).click();
    await (await chooser).setFiles(file);
    await page.getByRole('dialog', { name: file.name }).getByRole('button', { name: 'Send' }).click();
  };
  await pick('Voice note', { name: 'note.ogg', mimeType: 'audio/ogg', buffer: oggOf(1) });
  const note = await scene.said((each) => dig(each, 'type') === 'audio');
  assert.equal(dig(note, 'audio', 'voice'), true);
  await page.locator('.mine').getByRole('button', { name: 'Play: Voice message' }).waitFor();
  const picture = await drawnSticker(page);
  await pick('Sticker', { name: 'wave.webp', mimeType: 'image/webp', buffer: picture });
  const sticker = await scene.said((each) => dig(each, 'type') === 'sticker');
  assert.equal(dig(sticker, 'sticker', 'mime_type'), 'image/webp');
  await page.locator('.mine.bare').getByRole('img', { name: 'Sticker' }).waitFor();
  // The same sticker from the business stands bare, too.
  const id = await upload(scene.sandbox, picture, 'image/webp');
  const wamid = await scene.send('sticker', { id });
  await page.locator(`.theirs.bare[data-wamid="${wamid}"]`).getByRole('img', { name: 'Sticker' }).waitFor();
  await scene.browser.picture(page, 'stickers');
});

test('a sound has bars of its own loudness', async () => {
  const page = await scene.openChat();
  const data = quietThenLoud().toString('base64');
  await scene.sandbox.control('POST', `/users/${USER}/messages`, {
    type: 'audio',
    audio: { data, mime_type: 'audio/wav', voice: true },
    phoneNumberId: scene.sandbox.phoneNumberId,
  });
  await page.getByRole('button', { name: 'Play: Voice message' }).waitFor();
  const heights = async () => {
    const found: unknown = await page.evaluate(
      '[...document.querySelectorAll(".bars rect")].map((bar) => Number(bar.getAttribute("height")))',
    );
    return list(found).map(Number);
  };
  await until('the decoded bars', async () => {
    const bars = await heights();
    return bars.length > 20 && Math.max(...bars.slice(0, 18)) < 6 && Math.min(...bars.slice(26)) > 20;
  });
});
