// The tour of the phone in a real browser: every type drawn, reactions, being offline, who one is, several phones, a narrow screen.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { messageTypes } from '../../src/contract/messages/registry.js';
import { until } from '../support/until.js';
import { pixels } from './phone-files.js';
import { bubble, openMenu, type PhoneScene, startPhoneScene, upload } from './phone-scene.js';
import { MP4, PDF } from './sandbox-files.js';
import { dig, list, USER } from './sandbox-fixture.js';

const OTHER = '441134960002';

let scene: PhoneScene;
before(async () => {
  scene = await startPhoneScene();
});
afterEach(async () => {
  await scene.reset();
  assert.deepEqual(scene.browser.complaints.splice(0), []);
});
after(() => scene.stop());

/** Meta's form of a type's example, its files being media that the sandbox has. */
function wireOf(example: unknown, mediaId: Readonly<Record<string, string>>): unknown {
  const text = JSON.stringify(example, (key, value: unknown) => {
    const link = dig(value, 'link');
    const id = mediaId[key === 'header' ? 'image' : key];
    return typeof link === 'string' && id !== undefined ? { ...Object(value), link: undefined, id } : value;
  });
  return JSON.parse(text);
}

test('every type that Parley can send is drawn', async () => {
  const { sandbox } = scene;
  const image = await upload(sandbox, pixels(), 'image/png');
  const ids = {
    image,
    video: await upload(sandbox, MP4, 'video/mp4'),
    document: await upload(sandbox, PDF, 'application/pdf'),
  };
  const sendable = messageTypes.filter(({ isSendable, type }) => isSendable && !['AUDIO', 'STICKER'].includes(type));
  assert.ok(sendable.length > 15);
  const page = await scene.openChat();
  for (const { type, example, toWire } of sendable) {
    const wire = wireOf(toWire(example.content ?? {}, { acceptedAt: Date.now() }), ids);
    const kind = String(dig(wire, 'type'));
    const wamid = await scene.send(kind, dig(wire, kind));
    await bubble(page, wamid).waitFor();
    assert.equal(
      await bubble(page, wamid)
        .getByText(/A message of type/)
        .count(),
      0,
      type,
    );
    assert.ok((await bubble(page, wamid).boundingBox())?.height, type);
  }
  await scene.browser.picture(page, 'types-light');
});

test('reactions, edits and deletions reach the business and change the bubble', async () => {
  const page = await scene.openChat();
  const wamid = await scene.send('text', { body: 'React to me' });
  await openMenu(page, wamid);
  await page.getByRole('menuitem', { name: 'React 👍' }).click();
  await bubble(page, wamid).locator('.reaction', { hasText: '👍' }).waitFor();
  await page.getByRole('textbox', { name: 'Message' }).fill('Frist');
  await page.getByRole('button', { name: 'Send' }).click();
  const mine = page.locator('.mine');
  await scene.send('reaction', { message_id: await mine.getAttribute('data-wamid'), emoji: '🙏' });
  await mine.locator('.reaction', { hasText: '🙏' }).waitFor();
  await mine.hover();
  await mine.getByRole('button', { name: /^Message options/ }).click();
  await page.getByRole('menuitem', { name: 'Edit' }).click();
  await page.getByRole('dialog').getByLabel('Edit the message').fill('First');
  await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
  await mine.getByText('First').waitFor();
  await mine.hover();
  await mine.getByRole('button', { name: /^Message options/ }).click();
  await page.getByRole('menuitem', { name: 'Delete for everyone' }).click();
  await mine.getByText('You deleted this message').waitFor();
});

test('offline messages wait, and arrive when the phone is online again', async () => {
  const page = await scene.openChat();
  await page.getByRole('button', { name: 'Back' }).click();
  await page.getByRole('button', { name: /^Change who you are/ }).click();
  await page.getByRole('switch', { name: /^Online/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  const wamid = await scene.send('text', { body: 'For later' });
  await page.locator('.chat-row', { hasText: '0000' }).click();
  await page.getByText('This phone is offline').waitFor();
  await page.locator(`.ghost[data-wamid="${wamid}"]`).waitFor();
  await scene.sandbox.control('PUT', `/users/${USER}`, { online: true });
  await page.locator(`.theirs:not(.ghost)[data-wamid="${wamid}"]`).waitFor();
});

test('who the phone is can be changed, and what this user is like', async () => {
  const page = await scene.openChat();
  await page.getByRole('textbox', { name: 'Message' }).fill('Hello');
  await page.keyboard.press('Enter');
  await page.locator('.mine').waitFor();
  await page.getByRole('button', { name: 'Back' }).click();
  await page.getByRole('button', { name: /^Change who you are/ }).click();
  const sheet = page.getByRole('dialog', { name: 'Who you are' });
  await sheet.getByLabel('Name that businesses see').fill('Ada');
  await sheet.getByRole('button', { name: 'Save' }).click();
  await sheet.getByText('Manual').click();
  await sheet.getByRole('switch', { name: /^Hide my number/ }).click();
  await sheet.getByRole('switch', { name: /^Block businesses/ }).click();
  const isLike = { profileName: 'Ada', readReceipts: false, numberHidden: true, blocked: true };
  await until('the changed user', async () => {
    const { body } = await scene.sandbox.control('GET', `/users/${USER}`);
    return Object.entries(isLike).every(([name, value]) => dig(body, name) === value);
  });
  await sheet.getByRole('switch', { name: /^Hide my number/ }).click();
  await sheet.getByLabel('Change number', { exact: true }).fill(OTHER);
  await sheet.getByRole('button', { name: 'Change number' }).click();
  await page
    .getByRole('button', { name: /^Change who you are/ })
    .getByText('+44 113 496 0002')
    .waitFor();
  await until('the system message', () =>
    scene.sandbox.callback.posts().some((post) => post.body.includes('user_changed_number')),
  );
});

test('a business that types is seen typing, and menus are worked by keyboard', async () => {
  const page = await scene.openChat();
  await page.getByRole('textbox', { name: 'Message' }).fill('Are you there?');
  await page.keyboard.press('Enter');
  await scene.said((each) => dig(each, 'text', 'body') === 'Are you there?');
  const { body } = await scene.sandbox.control('GET', '/messages?order=desc&limit=1');
  const marked = await scene.sandbox.graph('POST', `/${scene.sandbox.phoneNumberId}/messages`, {
    messaging_product: 'whatsapp',
    status: 'read',
    message_id: dig(body, 'messages', 0, 'id'),
    typing_indicator: { type: 'text' },
  });
  assert.equal(marked.status, 200);
  await page.getByRole('status', { name: 'typing…' }).waitFor();
  await page.getByRole('img', { name: 'Read by the business' }).waitFor();
  await page.getByRole('button', { name: 'Attach' }).press('Enter');
  await page.getByRole('menu', { name: 'Attach' }).waitFor();
  await page.keyboard.press('ArrowDown');
  assert.equal(await page.evaluate('document.activeElement.textContent'), 'Document');
  await page.keyboard.press('Escape');
  await page.getByRole('menu').waitFor({ state: 'detached' });
});

test('two phones side by side are two users', async () => {
  const page = await scene.openChat();
  await page.getByRole('button', { name: 'Add a phone' }).click();
  const second = page.locator('.phone').nth(1);
  await second.locator('.chat-row', { hasText: '0000' }).click();
  await second.getByRole('textbox', { name: 'Message' }).fill('From the second');
  await page.keyboard.press('Enter');
  await until('the second user', async () => {
    const { body } = await scene.sandbox.control('GET', `/messages?user=${OTHER}`);
    return list(body, 'messages').length === 1;
  });
  assert.equal(await page.locator('.phone').first().getByText('From the second').count(), 0);
  await scene.browser.picture(page, 'two-phones');
  // On a narrow screen each fills it, and the button that takes a phone away covers nothing.
  await page.setViewportSize({ width: 360, height: 740 });
  await page.locator('.phone').first().getByRole('button', { name: 'Chat options' }).click();
  await page.getByRole('menu').waitFor();
  const isInside =
    'document.querySelector(".menu").offsetLeft + document.querySelector(".menu").offsetWidth < innerWidth';
  assert.equal(await page.evaluate(isInside), true);
  await scene.browser.picture(page, 'two-phones-narrow');
});

test('everything fits a screen that is 360 px wide', async () => {
  await scene.send('interactive', {
    type: 'carousel',
    body: { text: 'Cards' },
    action: {
      cards: await Promise.all(
        [0, 1, 2].map(async (index) => ({
          card_index: index,
          type: 'cta_url',
          header: { type: 'image', image: { id: await upload(scene.sandbox, pixels(), 'image/png') } },
          body: { text: `Card ${index}` },
          action: { name: 'cta_url', parameters: { display_text: 'Open', url: 'https://example.com' } },
        })),
      ),
    },
  });
  for (const scheme of ['light', 'dark'] as const) {
    const page = await scene.openChat({ width: 360, height: 720, scheme });
    await page.locator('.card').first().waitFor();
    const fits = () => page.evaluate('document.documentElement.scrollWidth <= innerWidth');
    assert.equal(await fits(), true);
    await scene.browser.picture(page, `narrow-chat-${scheme}`);
    await page.getByRole('button', { name: 'Behind the curtain' }).click();
    await page.getByRole('tab', { name: 'Time' }).click();
    assert.equal(await fits(), true);
    await scene.browser.picture(page, `narrow-drawer-${scheme}`);
    await page.evaluate('localStorage.clear()');
    await page.close();
  }
});
