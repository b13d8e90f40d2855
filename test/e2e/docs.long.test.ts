// Every command that a page shows is run, in the order of the page, against a `parley dev`; and the reference is used in a browser.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, startBrowser } from '../support/browser.js';
import { type DevWorld, startDev } from '../support/dev-world.js';
import { freePort } from '../support/free-port.js';
import { until } from '../support/until.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PAGE_TIMEOUT_MS = 120_000;
const NOT_RUN = /^\*Not run by the tests\b.{10,}\*$/;

let world: DevWorld;
let messageId: string;
before(async () => {
  world = await startDev();
  const { sender: from, user: to } = world.info;
  const json = { from, to, content: { text: 'Hello' } };
  ({ messageId } = (await world.api<{ messageId: string }>('/whatsapp/1/message/text', { json })).body);
});
after(() => world.stop());

/** The blocks of a page that are commands, but those that say above them why they are not run. */
function commandsOf(text: string): string[] {
  const lines = text.split('\n');
  return lines.flatMap((line, i) => {
    if (line !== '```sh') return [];
    const above = lines.slice(0, i).findLast((each) => each !== '') ?? '';
    return NOT_RUN.test(above) ? [] : [lines.slice(i + 1, lines.indexOf('```', i)).join('\n')];
  });
}

const pages = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name)),
]
  .filter((path) => path.endsWith('.md'))
  .map((path) => ({ path, commands: commandsOf(readFileSync(join(ROOT, path), 'utf8')) }))
  .filter(({ commands }) => commands.length > 0);

test('there are pages with commands', () => assert.ok(pages.length >= 6, `only ${pages.length}`));

for (const { path, commands } of pages) {
  test(`${path}: its commands work`, async () => {
    const port = await freePort();
    // The page before may have given the sender a place for its messages.
    const path = `/parley/1/senders/${world.info.sender}`;
    assert.equal((await world.api(path, { method: 'PATCH', json: { forwardUrl: null } })).status, 200);
    const script = ["trap 'kill $(jobs -p) 2>/dev/null || true' EXIT", 'set -euo pipefail', ...commands].join('\n');
    const { info, dataDir } = world;
    const own = script
      .replaceAll('npm run -s parley --', 'node dist/src/main.js')
      .replaceAll('http://127.0.0.1:8080', info.api)
      .replaceAll('http://127.0.0.1:8090', info.sandbox)
      .replaceAll('127.0.0.1:9000', `127.0.0.1:${port}`)
      .replaceAll('listen(9000)', `listen(${port})`)
      .replaceAll('./.parley/dev.json', join(dataDir, 'dev.json'))
      .replaceAll('received.log', join(dataDir, 'received.log'))
      .replaceAll('<apiKey>', info.apiKey)
      .replaceAll('<messageId>', messageId);
    const env = { ...process.env, PARLEY_DATA_DIR: dataDir, PORT: String(port) };
    const { stdout, stderr } = await promisify(execFile)('bash', ['-c', own], {
      cwd: ROOT,
      env,
      timeout: PAGE_TIMEOUT_MS,
    });
    assert.doesNotMatch(stdout + stderr, /"requestError"|"errorCode"|about:blank/);
  });
}

test('the reference sends a message from a browser that reaches nothing but the gateway', async () => {
  const browser = await startBrowser();
  try {
    await sendByReference(browser);
  } finally {
    await browser.stop();
  }
});

async function sendByReference(browser: Browser): Promise<void> {
  const { api, apiKey, user } = world.info;
  const page = await browser.open('about:blank');
  const foreign: string[] = [];
  await page.route('**/*', (route) => {
    const url = route.request().url();
    if (url.startsWith(api) || url.startsWith('data:')) return route.continue();
    foreign.push(url);
    return route.abort();
  });
  await page.goto(`${api}/docs`);
  await page.locator('button.authorize').first().click();
  const ours = page.locator('.auth-container', { hasText: 'App <key>' }).first();
  await ours.locator('input').fill(apiKey);
  await ours.locator('button.authorize').click();
  await page.locator('.btn-done').first().click();
  await page.locator('#operations-tag-Messages').click();
  const operation = page.locator('.opblock', { has: page.locator('[data-path="/whatsapp/1/message/text"]') });
  await operation.locator('.opblock-summary-control').click();
  await operation.locator('.try-out__btn').click();
  await operation
    .locator('.body-param__text')
    .fill(JSON.stringify({ from: world.info.sender, to: user, content: { text: 'From the reference' } }));
  await operation.locator('button.execute').click();
  await operation.locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor();
  await until('it is at Meta', async () => {
    const { body } = await world.sandbox(`/_sandbox/messages?user=${user}`);
    return JSON.stringify(body).includes('From the reference');
  });
  assert.deepEqual(foreign, []);
  assert.deepEqual(browser.complaints, []);
}
