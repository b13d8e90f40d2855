// What falls back to SMS, in a real browser: the failed message in its chat, the SMS in a thread of its own.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { violationsOfBoth } from '../support/accessible.js';
import { type Browser, startBrowser } from '../support/browser.js';
import { type FailoverScene, startFailoverScene } from '../support/failover-scene.js';
import { dig } from './sandbox-fixture.js';

let failover: FailoverScene;
let browser: Browser;
before(async () => {
  failover = await startFailoverScene();
  browser = await startBrowser();
});
after(async () => {
  await browser.stop();
  await failover.stop();
});

test('an SMS from failover stands in a thread of its sender, which cannot be answered', async () => {
  const { sandbox, sender } = failover.scene.world.info;
  const sent = await failover.send({ from: 'Depot', text: 'Order 77 is out: 7 € due' });
  const page = await browser.open(sandbox);
  await page.locator('.chat-row').first().waitFor();
  await page.evaluate(
    `localStorage.setItem('parley-phones', JSON.stringify({ phones: [{ user: '${sent.user}', chat: null }] }))`,
  );
  await page.reload();
  await failover.tell(sent, 'failed', 131026);
  await page.locator('.chat-row', { hasText: 'SMS: Order 77 is out' }).click();
  const thread = page.getByRole('region', { name: 'Depot' });
  await thread.getByText('Order 77 is out: 7 € due').waitFor();
  await thread.getByText('They cannot be answered.').waitFor();
  assert.equal(await thread.getByRole('textbox').count(), 0);
  assert.deepEqual(await violationsOfBoth(page, (scheme) => browser.picture(page, `sms-thread-${scheme}`)), []);
  await page.getByRole('button', { name: 'Back' }).click();
  await page.locator('.chat-row', { hasText: sender.slice(-4) }).click();
  await page.getByRole('button', { name: /131026/ }).waitFor();
  // Nothing of the SMS went to Meta's side of the conversation.
  const { body } = await failover.scene.world.sandbox(`/_sandbox/messages?user=${sent.user}`);
  assert.deepEqual(
    [0, 1].map((index) => dig(body, 'messages', index, 'phoneNumberId')),
    [failover.scene.world.info.phoneNumberId, 'sms:Depot'],
  );
  assert.deepEqual(browser.complaints, []);
});
