// The tour of the phone in a real browser: every type drawn, every button doing what it does, files, the drawer, several phones.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { messageTypes } from '../../src/contract/messages/registry.js';
import { until } from '../support/until.js';
import { type PhoneScene, pixels, startPhoneScene, upload } from './phone-scene.js';
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

const bubble = (page: Page, wamid: string) => page.locator(`[data-wamid="${wamid}"]`);
const openMenu = async (page: Page, wamid: string) => {
  await bubble(page, wamid).hover();
  await bubble(page, wamid)
    .getByRole('button', { name: /^Message options/ })
    .click();
};
const interactive = (type: string, rest: Record<string, unknown>) =>
  scene.send('interactive', { type, body: { text: `About ${type}` }, ...rest });

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

test('location, call permission, contact, flow and order requests are answered', async () => {
  const page = await scene.openChat();
  const dialog = page.getByRole('dialog');
  const place = await interactive('location_request_message', { action: { name: 'send_location' } });
  await bubble(page, place).getByRole('button', { name: 'Send location' }).click();
  await dialog.getByLabel('Latitude').fill('48.1');
  await dialog.getByRole('button', { name: 'Send' }).click();
  const located = await scene.said((each) => dig(each, 'type') === 'location');
  assert.deepEqual([dig(located, 'location', 'latitude'), dig(located, 'context', 'id')], [48.1, place]);

  const call = await interactive('call_permission_request', { action: { name: 'call_permission_request' } });
  await bubble(page, call).getByRole('button', { name: 'Choose' }).click();
  await dialog.getByRole('button', { name: 'Allow', exact: true }).click();
  const allowed = await scene.said((each) => dig(each, 'interactive', 'type') === 'call_permission_reply');
  assert.equal(dig(allowed, 'interactive', 'call_permission_reply', 'response'), 'accept');

  const contact = await interactive('request_contact_info', { action: { name: 'request_contact_info' } });
  await bubble(page, contact).getByRole('button', { name: 'Share my number' }).click();
  await dialog.getByRole('button', { name: 'Send' }).click();
  await scene.said((each) => dig(each, 'type') === 'contacts');

  const parameters = { flow_message_version: '3', flow_id: '1', flow_cta: 'Book', flow_token: 'token-7' };
  const flow = await interactive('flow', { action: { name: 'flow', parameters } });
  await bubble(page, flow).getByRole('button', { name: 'Book' }).click();
  await dialog.getByRole('button', { name: 'Send' }).click();
  const answered = await scene.said((each) => dig(each, 'interactive', 'type') === 'nfm_reply');
  assert.match(String(dig(answered, 'interactive', 'nfm_reply', 'response_json')), /token-7/);

  const sections = [
    { title: 'All', product_items: [{ product_retailer_id: 'hat-1' }, { product_retailer_id: 'bag-2' }] },
  ];
  const action = { catalog_id: 'cat', sections };
  const products = await interactive('product_list', { header: { type: 'text', text: 'Spring' }, action });
  await bubble(page, products).getByRole('button', { name: 'View items' }).click();
  await dialog.getByRole('button', { name: 'One more of hat-1' }).click();
  await dialog.getByRole('button', { name: 'One more of hat-1' }).click();
  await dialog.getByRole('button', { name: 'Send order' }).click();
  const order = await scene.said((each) => dig(each, 'type') === 'order');
  assert.equal(dig(order, 'order', 'product_items', 0, 'quantity'), 2);
});

test('an order is paid, and the business is told of the payment', async () => {
  const page = await scene.openChat();
  const amount = (value: number) => ({ value, offset: 100 });
  const parameters = {
    reference_id: 'ref-1',
    type: 'digital-goods',
    currency: 'INR',
    total_amount: amount(1500),
    payment_settings: [{ type: 'payment_gateway', payment_gateway: { type: 'razorpay', configuration_name: 'main' } }],
    order: {
      status: 'pending',
      items: [{ retailer_id: 'a', name: 'Ticket', amount: amount(1500), quantity: 1 }],
      subtotal: amount(1500),
      tax: amount(0),
    },
  };
  const order = await interactive('order_details', { action: { name: 'review_and_pay', parameters } });
  await bubble(page, order).getByRole('button', { name: 'Review and pay' }).click();
  await page.getByRole('dialog').getByRole('button', { name: /^Pay/ }).click();
  const post = await until('the payment', () =>
    scene.sandbox.callback.posts().find((each) => each.body.includes('"type":"payment"')),
  );
  const status = dig(post.json, 'entry', 0, 'changes', 0, 'value', 'statuses', 0);
  assert.deepEqual([dig(status, 'id'), dig(status, 'status')], [order, 'captured']);
  assert.equal(dig(status, 'payment', 'amount', 'value'), 1500);
  const refused = await scene.sandbox.control('POST', `/users/${USER}/pay`, {
    id: await scene.send('text', { body: 'x' }),
  });
  assert.equal(refused.status, 400);
});

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

test('reactions, edits and deletions reach the business and change the bubble', async () => {
  const page = await scene.openChat();
  const wamid = await scene.send('text', { body: 'React to me' });
  await openMenu(page, wamid);
  await page.getByRole('menuitem', { name: 'React 👍' }).click();
  await bubble(page, wamid).locator('.reaction', { hasText: '👍' }).waitFor();
  await page.getByRole('textbox', { name: 'Message' }).fill('Frist');
  await page.getByRole('button', { name: 'Send' }).click();
  const mine = page.locator('.mine');
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

/** A WAV of one second, its second half loud. */
function quietThenLoud(): Buffer {
  const rate = 8000;
  const samples = Buffer.alloc(rate * 2);
  for (let at = rate / 2; at < rate; at++) samples.writeInt16LE(Math.round(20_000 * Math.sin(at)), at * 2);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}

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
