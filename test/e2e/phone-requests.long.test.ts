// What a business asks for in a chat, answered in a real browser: places, calls, contacts, addresses, flows, orders, payments.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { violationsOfBoth } from '../support/accessible.js';
import { until } from '../support/until.js';
import { bubble, type PhoneScene, startPhoneScene } from './phone-scene.js';
import { dig, USER } from './sandbox-fixture.js';

let scene: PhoneScene;
before(async () => {
  scene = await startPhoneScene();
});
afterEach(async () => {
  await scene.reset();
  assert.deepEqual(scene.browser.complaints.splice(0), []);
});
after(() => scene.stop());

const interactive = (type: string, rest: Record<string, unknown>) =>
  scene.send('interactive', { type, body: { text: `About ${type}` }, ...rest });

test('an address is asked for and given, with what the business knows already', async () => {
  const page = await scene.openChat();
  const dialog = page.getByRole('dialog', { name: 'Address' });
  const ask = (parameters: object) =>
    interactive('address_message', {
      action: { name: 'address_message', parameters: { country: 'IN', ...parameters } },
    });
  const asked = await ask({ values: { name: 'Ada', city: 'Pune' } });
  await bubble(page, asked).getByRole('button', { name: 'Provide address' }).click();
  assert.equal(await dialog.getByLabel('City').inputValue(), 'Pune');
  await dialog.getByLabel(/PIN code/).fill('4110');
  assert.equal(await dialog.getByRole('button', { name: 'Send' }).isDisabled(), true);
  await dialog.getByLabel(/PIN code/).fill('411001');
  await dialog.getByRole('button', { name: 'Send' }).click();
  const answer = async (wamid: string) => {
    const given = await scene.said((each) => dig(each, 'context', 'id') === wamid);
    assert.equal(dig(given, 'interactive', 'nfm_reply', 'name'), 'address_message');
    return JSON.parse(String(dig(given, 'interactive', 'nfm_reply', 'response_json')));
  };
  assert.deepEqual(await answer(asked), { values: { name: 'Ada', city: 'Pune', in_pin_code: '411001' } });
  await page.locator('.mine', { hasText: '411001' }).waitFor();
  const value = { name: 'Ada', city: 'Mumbai' };
  const again = await ask({
    saved_addresses: [{ id: 'home', value }],
    validation_errors: { city: 'We do not go there' },
  });
  await bubble(page, again).getByRole('button', { name: 'Provide address' }).click();
  await dialog.getByRole('radio', { name: 'Another address' }).check();
  await dialog.getByText('We do not go there').waitFor();
  const described = await dialog.getByLabel('City').getAttribute('aria-describedby');
  assert.equal(await dialog.locator(`[id="${described}"]`).textContent(), 'We do not go there');
  const picture = (scheme: string) => scene.browser.picture(page, `address-${scheme}`);
  assert.deepEqual(await violationsOfBoth(page, picture), []);
  await dialog.getByRole('radio', { name: 'Ada, Mumbai' }).check();
  await dialog.getByRole('button', { name: 'Send' }).click();
  assert.deepEqual(await answer(again), { saved_address_id: 'home', values: value });
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
