// A sandbox with two businesses and a browser, for the tests of the phone.
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { type Browser, type Look, startBrowser } from '../support/browser.js';
import { until } from '../support/until.js';
import { dig, type Fixture, list, SENDER, startFixture, TOKEN, USER, wabaBody } from './sandbox-fixture.js';
import { APP_ID } from './sandbox-template-fixture.js';

/** The second number of the fixture's WABA. */
const SECOND = { number: '441134960010', phoneNumberId: '100200302' };

/** A sandbox and a browser. */
export interface PhoneScene {
  sandbox: Fixture;
  browser: Browser;
  /** Opens the page; its first phone is USER. */
  open(look?: Look): Promise<Page>;
  /** Opens the page and the chat with SENDER. */
  openChat(look?: Look): Promise<Page>;
  /** Sends a message of that type to USER and returns its wamid. */
  send(type: string, object: unknown, extra?: Record<string, unknown>): Promise<string>;
  /** The newest message that the user sent, once `isIt`; its payload. */
  said(isIt: (payload: unknown) => boolean): Promise<unknown>;
  /** Messages, faults, users and clock are cleared, and what this browser remembers. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

export async function startPhoneScene(): Promise<PhoneScene> {
  const numbers = [{ number: SENDER, phoneNumberId: '100200301', throughput: 1000 }, SECOND];
  const sandbox = await startFixture({ waba: { numbers } });
  const waba = wabaBody(sandbox.callback.url, { numbers });
  await sandbox.control('PUT', `/wabas/${sandbox.wabaId}`, { ...waba, app: { ...Object(waba.app), appId: APP_ID } });
  const browser = await startBrowser();
  const pages: Page[] = [];
  const open = async (look?: Look) => {
    const page = await browser.open(sandbox.url, look);
    pages.push(page);
    await page.locator('.chat-row').first().waitFor();
    return page;
  };
  return {
    sandbox,
    browser,
    open,
    async openChat(look) {
      const page = await open(look);
      await page.locator('.chat-row', { hasText: SENDER.slice(-4) }).click();
      await page.locator('.composer').waitFor();
      return page;
    },
    async send(type, object, extra = {}) {
      const body = { messaging_product: 'whatsapp', to: USER, type, [type]: object, ...extra };
      const answer = await sandbox.graph('POST', `/${sandbox.phoneNumberId}/messages`, body);
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      return String(dig(answer.body, 'messages', 0, 'id'));
    },
    said: (isIt) =>
      until('what the user said', async () => {
        const { body } = await sandbox.control('GET', `/messages?order=desc&limit=20&user=${USER}`);
        const found = list(body, 'messages').find(
          (each) => dig(each, 'direction') === 'in' && isIt(dig(each, 'payload')),
        );
        return found === undefined ? undefined : (dig(found, 'payload') ?? undefined);
      }),
    async reset() {
      // First, lest a page asks for what is gone.
      for (const page of pages.splice(0)) {
        if (page.isClosed()) continue;
        // Elsewhere at the same origin, lest the phone writes there once more.
        await page.route('**/blank', (route) => route.fulfill({ contentType: 'text/plain', body: 'blank' }));
        await page.goto(`${sandbox.url}/blank`);
        await page.evaluate('localStorage.clear()');
        await page.close();
      }
      await sandbox.control('POST', '/reset');
    },
    async stop() {
      await browser.stop();
      await sandbox.stop();
    },
  };
}

/** Uploads a file for messages to USER and returns its media id. */
export async function upload(sandbox: Fixture, bytes: Buffer, type: string): Promise<string> {
  const form = new FormData();
  form.set('messaging_product', 'whatsapp');
  form.set('type', type);
  form.set('file', new Blob([new Uint8Array(bytes)], { type }), 'file');
  const url = `${sandbox.url}/v25.0/${sandbox.phoneNumberId}/media`;
  const answer = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` }, body: form });
  const body: unknown = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(body));
  return String(dig(body, 'id'));
}

/** The bubble of a message. */
export const bubble = (page: Page, wamid: string) => page.locator(`[data-wamid="${wamid}"]`);

/** Opens the menu of a message. */
export async function openMenu(page: Page, wamid: string): Promise<void> {
  await bubble(page, wamid).hover();
  await bubble(page, wamid)
    .getByRole('button', { name: /^Message options/ })
    .click();
}
