// Flows in the phone, the whole way: made and sent through the gateway, filled in a real browser, answered at the customer.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { violations } from '../support/accessible.js';
import { type Browser, type Look, startBrowser } from '../support/browser.js';
import type { Reply } from '../support/dev-world.js';
import { type FlowBusiness, startFlowBusiness } from '../support/flow-business.js';
import { booking, everything } from '../support/flow-samples.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { type Scene, startScene, type Tenant } from '../support/scene.js';
import { approved } from '../support/template-scene.js';
import { pixels } from './phone-files.js';
import { dig } from './sandbox-fixture.js';

let scene: Scene;
let hook: Receiver;
let browser: Browser;
let business: FlowBusiness;
let ann: Tenant;
before(async () => {
  scene = await startScene();
  hook = await startReceiver();
  ann = await scene.newTenant();
  await scene.admin(`/senders/${ann.sender}`, { method: 'PATCH', json: { forwardUrl: `${hook.url}/inbound` } });
  business = await startFlowBusiness(scene.world.info.metaAppSecret);
  const form = new FormData();
  form.set('file', new Blob([business.publicKey]), 'key.pem');
  const url = `${scene.world.info.api}/whatsapp/1/senders/${ann.sender}/public-key`;
  assert.equal(
    (await fetch(url, { method: 'POST', headers: { authorization: `App ${ann.key}` }, body: form })).status,
    204,
  );
  browser = await startBrowser();
});
afterEach(() => assert.deepEqual(browser.complaints.splice(0), []));
after(async () => {
  await browser?.stop();
  await business?.stop();
  await hook?.stop();
  await scene.stop();
});

function flows<T>(tail: string, call: object = {}): Promise<Reply<T>> {
  return scene.world.api<T>(`/whatsapp/1/senders/${ann.sender}/flows${tail}`, { key: ann.key, ...call });
}

/** A flow with that JSON and, if it has one, that endpoint, which only Meta's own tools can set. */
async function made(name: string, json: string, endpoint?: string): Promise<string> {
  const { body } = await flows<{ id: string }>('', { json: { name, categories: ['SURVEY'] } });
  const headers = { 'content-type': 'application/json' };
  const put = await flows<{ validationErrors: object[] }>(`/${body.id}/json`, { method: 'PUT', body: json, headers });
  assert.deepEqual([put.status, put.body], [201, { validationErrors: [] }]);
  if (endpoint !== undefined) {
    const answer = await fetch(`${scene.world.info.sandbox}/v25.0/${body.id}`, {
      method: 'POST',
      headers: { ...headers, authorization: `Bearer ${ann.graphToken}` },
      body: JSON.stringify({ endpoint_uri: endpoint }),
    });
    assert.equal(answer.status, 200);
  }
  return body.id;
}

async function sendFlow(to: string, action: object): Promise<void> {
  const content = {
    body: { text: 'Please answer' },
    action: { flowToken: 'u1', callToActionButton: 'Start', ...action },
  };
  const json = { from: ann.sender, to, content };
  const { status, body } = await scene.world.api('/whatsapp/1/message/interactive/flow', { key: ann.key, json });
  assert.equal(status, 200, JSON.stringify(body));
  await scene.atMetaUntil(to, 1, 30_000);
}

/** The page as `user`, in the chat with ann's sender. */
async function openChat(user: string, look: Look = {}): Promise<Page> {
  const page = await browser.open(scene.world.info.sandbox, look);
  // Before its first phone is there the page would write that over what is remembered.
  await page.locator('.phone').waitFor();
  const phones = JSON.stringify({ phones: [{ user, chat: ann.phoneNumberId }], theme: 'auto' });
  await page.evaluate(`localStorage.setItem('parley-phones', ${JSON.stringify(phones)})`);
  await page.goto(scene.world.info.sandbox);
  await page.locator('.composer').waitFor();
  return page;
}

async function replyOf(user: string): Promise<unknown> {
  const inbound = await hook.next(
    ({ path, json }) => path === '/inbound' && dig(json, 'results', 0, 'from') === user,
    30_000,
  );
  return dig(inbound.json, 'results', 0, 'message');
}

const field = (flow: Locator, name: string) => flow.getByRole('textbox', { name: new RegExp(`^${name}`) });

test('a template with a flow button is filled in the phone, and all values arrive', async () => {
  const user = scene.newUser();
  const flowId = await made('Ride', everything);
  assert.equal((await flows(`/${flowId}/publish`, { method: 'POST' })).status, 204);
  const button = {
    type: 'FLOW',
    text: 'Book',
    flowId: Number(flowId),
    flowAction: 'NAVIGATE',
    navigateScreen: 'WRITING',
  };
  const structure = { body: { text: 'Take a ride with us' }, buttons: [button], type: 'TEXT' };
  await approved(scene, ann, { name: 'ride_offer', structure });
  const templateData = {
    body: { placeholders: [] },
    buttons: [{ type: 'FLOW', flowToken: 'ride-7', data: { hello: 'Welcome, Lea' } }],
  };
  const message = {
    from: ann.sender,
    to: user,
    content: { templateName: 'ride_offer', language: 'en_GB', templateData },
  };
  const sent = await scene.world.api('/whatsapp/1/message/template', { key: ann.key, json: { messages: [message] } });
  assert.equal(sent.status, 200, JSON.stringify(sent.body));
  await scene.atMetaUntil(user, 1, 30_000);

  const page = await openChat(user, { width: 420, height: 860 });
  await page.getByRole('button', { name: 'Book' }).click();
  const flow = page.getByRole('dialog');
  await flow.getByText('Welcome, Lea', { exact: true }).waitFor();
  await flow.getByText('For Welcome, Lea').waitFor();
  assert.equal(await flow.locator('strong', { hasText: 'Every' }).count(), 1);
  const found = await violations(page);
  await browser.picture(page, 'flow-writing-light');

  await flow.getByRole('button', { name: 'Next', exact: true }).click();
  assert.equal(await flow.getByText('This is needed').count(), 3, 'name, mail and terms');
  await field(flow, 'name').fill('L');
  await field(flow, 'mail').fill('lea');
  await flow.getByLabel(/^code/).fill('abc');
  await flow.getByText('At least 2 characters').waitFor();
  await flow.getByText('Enter an email address').waitFor();
  await browser.picture(page, 'flow-wrong-light');
  await field(flow, 'name').fill('Lea');
  await field(flow, 'mail').fill('lea@example.com');
  await flow.getByLabel(/^code/).fill('ABC');
  await flow.getByRole('checkbox', { name: 'I agree to the terms' }).check();
  await flow.getByRole('button', { name: 'Next', exact: true }).click();

  await flow.getByText('Small it is').waitFor();
  await flow.getByText('Somewhere else').waitFor();
  await flow.getByRole('radio', { name: /Option l/ }).check();
  await flow.getByRole('checkbox', { name: 'Option lock' }).check();
  await flow.getByRole('button', { name: 'Option salty' }).click();
  await flow.getByRole('combobox', { name: 'City' }).selectOption('rome');
  await flow.getByText('All roads lead there').waitFor();
  await field(flow, 'reason').fill('Room for two');
  found.push(...(await violations(page)));
  await browser.picture(page, 'flow-choosing-light');
  await flow.getByRole('button', { name: 'Back' }).click();
  assert.equal(await field(flow, 'name').inputValue(), 'Lea', 'going back keeps what was typed');
  await flow.getByRole('button', { name: 'Next', exact: true }).click();
  await flow.getByRole('radio', { name: /Option l/ }).check();
  await field(flow, 'reason').fill('Room for two');
  await flow.getByRole('checkbox', { name: 'Option lock' }).check();
  await flow.getByRole('button', { name: 'Option salty' }).click();
  await flow.getByRole('combobox', { name: 'City' }).selectOption('rome');
  await flow.getByRole('button', { name: 'Next', exact: true }).click();

  await flow.getByRole('button', { name: /^Day/ }).click();
  await flow.getByRole('button', { name: /10 January 2030/ }).click();
  assert.ok(await flow.getByRole('button', { name: /Tuesday,? 5 February/ }).isDisabled());
  await flow.getByRole('button', { name: /\b6 February 2030/ }).click();
  await flow.getByRole('button', { name: /\b8 February 2030/ }).click();
  found.push(...(await violations(page)));
  await browser.picture(page, 'flow-days-light');
  await flow.getByRole('button', { name: 'Next', exact: true }).click();

  await flow.getByText('Lea, one photo please').waitFor();
  await flow.getByRole('button', { name: 'Send' }).click();
  await flow.getByText('At least 1').waitFor();
  await flow.locator('input[type=file]').setInputFiles({ name: 'me.png', mimeType: 'image/png', buffer: pixels() });
  await flow.getByText('me.png').waitFor();
  found.push(...(await violations(page)));
  await flow.getByRole('button', { name: 'Send' }).click();
  await flow.waitFor({ state: 'detached' });

  const reply = await replyOf(user);
  assert.deepEqual([dig(reply, 'type'), dig(reply, 'text')], ['INTERACTIVE_FLOW_REPLY', 'Sent']);
  const photo = dig(reply, 'response', 'photo', 0);
  assert.deepEqual([dig(photo, 'file_name'), dig(photo, 'mime_type')], ['me.png', 'image/png']);
  const { photo: _, ...response } = Object(dig(reply, 'response'));
  assert.deepEqual(response, {
    flow_token: 'ride-7',
    name: 'Lea',
    mail: 'lea@example.com',
    seats: '2',
    terms: true,
    size: 'l',
    extras: ['lock'],
    tastes: ['salty'],
    city: 'rome',
    reason: 'Room for two',
    day: '2030-01-10',
    stay: { 'start-date': '2030-02-06', 'end-date': '2030-02-08' },
  });
  assert.deepEqual(found, []);
  await page.close();
});

test('a draft flow of an endpoint runs to its reply: errors, a second try, going back', async () => {
  const user = scene.newUser();
  const flowId = await made('Slots', booking, business.url);
  await sendFlow(user, { flowId, mode: 'DRAFT', flowAction: 'DATA_EXCHANGE' });
  const slots = [
    { id: 'm9', title: '9:00' },
    { id: 'm10', title: '10:00' },
  ];
  business.answer(() => ({ status: 432 }));
  const page = await openChat(user, { scheme: 'dark', width: 420, height: 860 });
  await page.getByRole('button', { name: 'Start' }).click();
  const flow = page.getByRole('dialog');
  await flow.getByText('did not accept the signature').waitFor();
  const found = await violations(page);
  await browser.picture(page, 'flow-trouble-dark');
  business.answer(({ action, data }) => {
    if (action === 'INIT') return { json: { screen: 'SLOTS', data: { slots } } };
    if (action === 'BACK')
      return { json: { screen: 'SLOTS', data: { slots: slots.slice(1), error_message: '9:00 is gone' } } };
    if (data?.isSure === true)
      return {
        json: {
          screen: 'SUCCESS',
          data: { extension_message_response: { params: { flow_token: 'u1', slot: 'm10' } } },
        },
      };
    if (data?.day === 'Sunday') return { json: { screen: 'SLOTS', data: { slots, day_error: 'Closed on Sundays' } } };
    return { json: { screen: 'CONFIRM', data: { said: `Slot ${data?.slot}` } } };
  });
  await flow.getByRole('button', { name: 'Try again' }).click();
  await flow.getByRole('radio', { name: '9:00' }).check();
  await field(flow, 'day').fill('Sunday');
  await flow.getByRole('button', { name: 'Book' }).click();
  await flow.getByText('Closed on Sundays').waitFor();
  found.push(...(await violations(page)));
  await browser.picture(page, 'flow-slots-dark');
  await field(flow, 'day').fill('Monday');
  assert.equal(await flow.getByText('Closed on Sundays').count(), 0);
  await flow.getByRole('button', { name: 'Book' }).click();
  await flow.getByRole('heading', { name: 'Slot m9' }).waitFor();
  await flow.getByRole('button', { name: 'Back' }).click();
  await flow.getByRole('alert').getByText('9:00 is gone').waitFor();
  assert.equal(await flow.getByRole('radio', { name: '9:00' }).count(), 0);
  await flow.getByRole('radio', { name: '10:00' }).check();
  await flow.getByRole('button', { name: 'Book' }).click();
  await flow.getByRole('button', { name: 'Confirm' }).click();
  await flow.waitFor({ state: 'detached' });
  assert.deepEqual(dig(await replyOf(user), 'response'), { flow_token: 'u1', slot: 'm10' });
  assert.deepEqual(found, []);
  await page.close();
});

test('a flow whose token the endpoint calls ended says why, and opens no more', async () => {
  const user = scene.newUser();
  await sendFlow(user, {
    flowId: await made('Ended', booking, business.url),
    mode: 'DRAFT',
    flowAction: 'DATA_EXCHANGE',
  });
  const slots = [{ id: 'm9', title: '9:00' }];
  business.answer(({ action }) =>
    action === 'INIT'
      ? { json: { screen: 'SLOTS', data: { slots } } }
      : { status: 427, json: { error_msg: 'This offer has ended' } },
  );
  const page = await openChat(user, { width: 360, height: 740 });
  await page.getByRole('button', { name: 'Start' }).click();
  const flow = page.getByRole('dialog');
  await flow.getByRole('radio', { name: '9:00' }).check();
  await flow.getByRole('button', { name: 'Book' }).click();
  await flow.getByText('This offer has ended').waitFor();
  assert.equal(await flow.getByRole('button', { name: 'Try again' }).count(), 0);
  const found = await violations(page);
  await browser.picture(page, 'flow-ended-narrow');
  await flow.getByRole('button', { name: 'Close' }).last().click();
  await flow.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Start' }).click();
  await page.getByText('This offer has ended').waitFor();
  assert.equal(await flow.count(), 0);
  assert.deepEqual(found, []);
  // The browser tells of the refused call.
  assert.match(browser.complaints.splice(0).join('; '), /^Failed to load resource: .* 409 [^;]*$/);
  await page.close();
});

test('a preview runs a draft for whoever has its link, and sends nothing', async () => {
  const flowId = await made('Shown', everything);
  const preview = await flows<{ previewUrl: string }>(`/${flowId}/preview`);
  const url = preview.body.previewUrl;
  const page = await browser.open(`${url}&screen=ABOUT`, { width: 360, height: 740 });
  const flow = page.getByRole('dialog');
  await flow.getByRole('button', { name: /The company/ }).click();
  await flow.getByRole('heading', { name: 'The company' }).waitFor();
  assert.equal(await flow.getByRole('cell').count(), 2);
  const found = await violations(page);
  await browser.picture(page, 'flow-preview-narrow');
  await flow.getByRole('button', { name: 'Next', exact: true }).click();
  const paper = { name: 'paper.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4') };
  await flow.locator('input[type=file]').setInputFiles(paper);
  await flow.getByText('paper.pdf').waitFor();
  await flow.getByRole('button', { name: 'Done' }).click();
  await page.getByText('"file_name": "paper.pdf"').waitFor();
  found.push(...(await violations(page)));
  await page.getByRole('button', { name: 'Start again' }).click();
  await flow.getByRole('button', { name: /The company/ }).waitFor();

  const asking = await flows<{ previewUrl: string }>(`/${await made('Shown too', booking, business.url)}/preview`);
  business.answer(({ flow_token }) => ({ json: { screen: 'CONFIRM', data: { said: `Token ${flow_token}` } } }));
  await page.goto(`${asking.body.previewUrl}&flow_action=data_exchange&flow_token=shown-1`);
  await flow.getByRole('heading', { name: 'Token shown-1' }).waitFor();
  assert.deepEqual(found, []);
  await page.close();
});
