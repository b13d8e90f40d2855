// Templates in a real browser: offers that run out, codes that are copied or handed over, cards that are swiped, catalogs and orders.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { until } from '../support/until.js';
import { pixels } from './phone-files.js';
import { bubble, type PhoneScene, startPhoneScene, upload } from './phone-scene.js';
import { dig } from './sandbox-fixture.js';
import { approved, button, upload as handleOf } from './sandbox-template-fixture.js';

// biome-ignore lint/suspicious/noTemplateCurlyInString: a binding of Flow JSON.
const SIZE = '${form.size}';
const [SWIPE_FROM, SWIPE_PART, SWIPE_STEPS] = [0.85, 0.7, 12];

let scene: PhoneScene;
before(async () => {
  scene = await startPhoneScene();
});
afterEach(async () => {
  await scene.reset();
  assert.deepEqual(scene.browser.complaints.splice(0), []);
});
after(() => scene.stop());

/** Registers a template, sends it, and returns its bubble. */
async function sent(
  page: Page,
  template: { name: string; category?: string; sub_category?: string; components: unknown[] },
  parameters: readonly unknown[],
): Promise<Locator> {
  const body = { language: 'en', category: 'MARKETING', ...template };
  await approved(scene.sandbox, body);
  const content = { name: body.name, language: { code: 'en' }, components: parameters };
  return bubble(page, await scene.send('template', content));
}

/** What a press copied: headless pages share the clipboard of their context. */
async function copied(page: Page): Promise<string> {
  await page.getByText('Copied').first().waitFor();
  return String(await page.evaluate('navigator.clipboard.readText()'));
}

test('a limited-time offer counts down until it has ended, and its code is copied', async () => {
  const page = await scene.openChat();
  const buttons = [
    { type: 'COPY_CODE', example: 'MAY10' },
    { type: 'URL', text: 'Shop', url: 'https://shop.example/{{1}}', example: ['https://shop.example/7'] },
  ];
  const offer = await sent(
    page,
    {
      name: 'offer_1',
      components: [
        { type: 'LIMITED_TIME_OFFER', limited_time_offer: { text: 'Spring sale', has_expiration: true } },
        { type: 'BODY', text: 'All hats today.' },
        { type: 'BUTTONS', buttons },
      ],
    },
    [
      {
        type: 'limited_time_offer',
        parameters: [
          { type: 'limited_time_offer', limited_time_offer: { expiration_time_ms: Date.now() + 3_600_000 } },
        ],
      },
      button('copy_code', 0, { type: 'coupon_code', coupon_code: 'JUNE5' }),
      button('url', 1, { type: 'text', text: 'hats' }),
    ],
  );
  await offer.getByText('Spring sale').waitFor();
  const left = offer.getByText(/^Ends in/);
  const first = await left.textContent();
  await until('a second less', async () => (await left.textContent()) !== first);
  await offer.getByRole('button', { name: 'Copy offer code' }).click();
  assert.equal(await copied(page), 'JUNE5');
  assert.equal(await offer.getByRole('link', { name: 'Shop' }).getAttribute('href'), 'https://shop.example/hats');
  await scene.browser.picture(page, 'offer');
  await scene.sandbox.control('POST', '/clock', { advanceSeconds: 7200 });
  await offer.getByText('Offer has ended').waitFor();
});

const APP = { package_name: 'com.shop', signature_hash: 'AbCdEf12345' };
const CODES = {
  copy_code: { type: 'OTP', otp_type: 'COPY_CODE' },
  one_tap: { type: 'OTP', otp_type: 'ONE_TAP', autofill_text: 'Fill it in', supported_apps: [APP] },
  zero_tap: { type: 'OTP', otp_type: 'ZERO_TAP', zero_tap_terms_accepted: true, supported_apps: [APP] },
};

test('a code is copied, or handed to the app by one tap or none', async () => {
  const page = await scene.openChat();
  const codeBubble = (kind: keyof typeof CODES, code: string) =>
    sent(
      page,
      {
        name: kind,
        category: 'AUTHENTICATION',
        components: [{ type: 'BODY' }, { type: 'BUTTONS', buttons: [CODES[kind]] }],
      },
      [{ type: 'body', parameters: [{ type: 'text', text: code }] }, button('url', 0, { type: 'text', text: code })],
    );
  const plain = await codeBubble('copy_code', '123456');
  await plain.getByText('is your verification code').waitFor();
  assert.deepEqual(await plain.locator('.action').allTextContents(), ['Copy code']);
  await plain.getByRole('button', { name: 'Copy code' }).click();
  assert.equal(await copied(page), '123456');
  const oneTap = await codeBubble('one_tap', '654321');
  await oneTap.getByRole('button', { name: 'Fill it in' }).click();
  await page.getByText('The app was handed 654321').waitFor();
  const zeroTap = await codeBubble('zero_tap', '777777');
  await zeroTap.getByText('The app that asked has it already.').waitFor();
  await zeroTap.getByRole('button', { name: 'Copy code' }).click();
  await until('the last code', async () => (await copied(page)) === '777777');
  await scene.browser.picture(page, 'codes');
});

test('the cards of a carousel are swiped and stepped through, and their buttons answer', async () => {
  const page = await scene.openChat();
  const reply = { type: 'QUICK_REPLY', text: 'This one' };
  const card = async () => ({
    components: [
      { type: 'HEADER', format: 'IMAGE', example: { header_handle: [await handleOf(scene.sandbox, 'image/png')] } },
      { type: 'BODY', text: 'A hat.' },
      { type: 'BUTTONS', buttons: [reply] },
    ],
  });
  const carousel = { type: 'CAROUSEL', cards: [await card(), await card(), await card()] };
  const components = [{ type: 'BODY', text: 'Our hats.' }, carousel];
  const image = { id: await upload(scene.sandbox, pixels(), 'image/png') };
  const shown = await sent(page, { name: 'cards_1', components }, [
    {
      type: 'carousel',
      cards: [0, 1, 2].map((index) => ({
        card_index: index,
        components: [
          { type: 'header', parameters: [{ type: 'image', image }] },
          button('quick_reply', 0, { type: 'payload', payload: `hat-${index}` }),
        ],
      })),
    },
  ]);
  const strip = shown.getByRole('group', { name: 'Cards, scroll sideways' });
  await strip.locator('img').nth(2).waitFor();
  assert.equal(await shown.getByRole('button', { name: 'Card 1 of 3' }).count(), 0);
  await swipe(page, strip);
  await shown.getByRole('button', { name: 'Card 1 of 3' }).waitFor();
  await shown.getByRole('button', { name: 'Card 3 of 3' }).click();
  await shown.getByRole('button', { name: 'Card 3 of 3' }).waitFor({ state: 'detached' });
  await scene.browser.picture(page, 'carousel');
  await strip.getByRole('group', { name: 'Card 3 of 3' }).getByRole('button', { name: 'This one' }).click();
  const pressed = await scene.said((each) => dig(each, 'type') === 'button');
  assert.equal(dig(pressed, 'button', 'payload'), 'hat-2');
});

test('a card opens the flow of its own button, whose link opens a page and whose answer says which card', async () => {
  const page = await scene.openChat({ width: 420, height: 860 });
  const target = `${scene.sandbox.callback.url}&terms=1`;
  const flowOf = (title: string) => ({
    version: '7.3',
    screens: [
      {
        id: 'HAT',
        title,
        terminal: true,
        layout: {
          type: 'SingleColumnLayout',
          children: [
            { type: 'TextInput', name: 'size', label: 'Size', required: true },
            { type: 'EmbeddedLink', text: 'Terms', 'on-click-action': { name: 'open_url', url: target } },
            {
              type: 'Footer',
              label: 'Order',
              'on-click-action': { name: 'complete', payload: { hat: title, size: SIZE } },
            },
          ],
        },
      },
    ],
  });
  const cards = await Promise.all(
    ['Red hat', 'Blue hat'].map(async (title) => ({
      components: [
        { type: 'HEADER', format: 'IMAGE', example: { header_handle: [await handleOf(scene.sandbox, 'image/png')] } },
        { type: 'BODY', text: title },
        {
          type: 'BUTTONS',
          buttons: [
            { type: 'FLOW', text: 'Order it', flow_json: JSON.stringify(flowOf(title)), navigate_screen: 'HAT' },
          ],
        },
      ],
    })),
  );
  const image = { id: await upload(scene.sandbox, pixels(), 'image/png') };
  const components = [
    { type: 'BODY', text: 'Our hats.' },
    { type: 'CAROUSEL', cards },
  ];
  const shown = await sent(page, { name: 'hats_with_flows', components }, [
    {
      type: 'carousel',
      cards: [0, 1].map((index) => ({
        card_index: index,
        components: [
          { type: 'header', parameters: [{ type: 'image', image }] },
          button('flow', 0, { type: 'action', action: { flow_token: `hat-${index}` } }),
        ],
      })),
    },
  ]);
  await shown.getByRole('button', { name: 'Order it' }).last().click();
  const flow = page.getByRole('dialog', { name: 'Blue hat' });
  const opening = page.context().waitForEvent('page');
  await flow.getByRole('button', { name: 'Terms' }).click();
  const terms = await opening;
  await terms.waitForURL(target);
  await terms.close();
  await flow.getByRole('textbox', { name: /^Size/ }).fill('58');
  await scene.browser.picture(page, 'flow-of-card');
  await flow.getByRole('button', { name: 'Order' }).click();
  await flow.waitFor({ state: 'detached' });
  const said = await scene.said((each) => dig(each, 'interactive', 'type') === 'nfm_reply');
  assert.deepEqual(JSON.parse(String(dig(said, 'interactive', 'nfm_reply', 'response_json'))), {
    flow_token: 'hat-1',
    hat: 'Blue hat',
    size: '58',
  });
});

/** A finger that moves to the left over the middle of the element. */
async function swipe(page: Page, element: Locator): Promise<void> {
  const box = await element.boundingBox();
  assert.ok(box !== null);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Emulation.setTouchEmulationEnabled', { enabled: true });
  const y = box.y + box.height / 2;
  const finger = (type: 'touchStart' | 'touchMove', part: number) =>
    devtools.send('Input.dispatchTouchEvent', { type, touchPoints: [{ x: box.x + box.width * part, y }] });
  await finger('touchStart', SWIPE_FROM);
  for (let step = 1; step <= SWIPE_STEPS; step++)
    await finger('touchMove', SWIPE_FROM - (SWIPE_PART * step) / SWIPE_STEPS);
  await devtools.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  await devtools.send('Emulation.setTouchEmulationEnabled', { enabled: false });
  await devtools.detach();
}

test('a template with products opens them, and one with an order is paid', async () => {
  const page = await scene.openChat();
  const dialog = page.getByRole('dialog');
  const action = {
    thumbnail_product_retailer_id: 'hat-1',
    sections: [{ title: 'New', product_items: [{ product_retailer_id: 'hat-1' }, { product_retailer_id: 'bag-2' }] }],
  };
  const products = await sent(
    page,
    {
      name: 'products_1',
      components: [
        { type: 'BODY', text: 'Our news.' },
        { type: 'BUTTONS', buttons: [{ type: 'MPM', text: 'View items' }] },
      ],
    },
    [button('mpm', 0, { type: 'action', action })],
  );
  await products.getByRole('button', { name: 'View items' }).click();
  await dialog.getByRole('button', { name: 'One more of bag-2' }).click();
  await dialog.getByRole('button', { name: 'Send order' }).click();
  const order = await scene.said((each) => dig(each, 'type') === 'order');
  assert.equal(dig(order, 'order', 'product_items', 0, 'product_retailer_id'), 'bag-2');

  const amount = { value: 1500, offset: 100 };
  const details = {
    reference_id: 'ref-7',
    type: 'digital-goods',
    currency: 'BRL',
    total_amount: amount,
    order: { status: 'pending', items: [{ retailer_id: 'a', name: 'Ticket', amount, quantity: 1 }], subtotal: amount },
  };
  const payable = await sent(
    page,
    {
      name: 'order_1',
      category: 'UTILITY',
      sub_category: 'ORDER_DETAILS',
      components: [
        { type: 'BODY', text: 'Your ticket.' },
        { type: 'BUTTONS', buttons: [{ type: 'ORDER_DETAILS', text: 'Buy now' }] },
      ],
    },
    [button('order_details', 0, { type: 'action', action: { order_details: details } })],
  );
  await payable.getByRole('button', { name: 'Buy now' }).click();
  await dialog.getByText('Ticket').waitFor();
  await dialog.getByRole('button', { name: /^Pay.*15/ }).click();
  await until('the payment', () =>
    scene.sandbox.callback.posts().find(({ body }) => body.includes('"type":"payment"') && body.includes('ref-7')),
  );
});
