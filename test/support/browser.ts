// Debian's Chromium, driven for tests of the phone: a fresh profile, nothing in the background, screenshots kept.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const SCREENSHOTS = fileURLToPath(new URL('../../../test-output/phone', import.meta.url));
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const STEP_TIMEOUT_MS = 20_000;

/** How the page is looked at. */
export interface Look {
  width?: number;
  height?: number;
  scheme?: 'light' | 'dark';
}

/** A browser with a profile of its own. */
export interface Browser {
  /** A new page at `url`, as it is looked at. */
  open(url: string, look?: Look): Promise<Page>;
  /** What pages complained of on their consoles, and errors that nobody caught. */
  complaints: string[];
  /** Keeps a picture of the page as `test-output/phone/<name>.png`. */
  picture(page: Page, name: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts Chromium, with more flags of its command line. Throws when there is none on this machine. */
export async function startBrowser(flags: readonly string[] = []): Promise<Browser> {
  const program = PROGRAMS.find(existsSync);
  if (program === undefined) throw new Error(`no Chromium at ${PROGRAMS.join(', ')}: apt-get install chromium`);
  const profile = mkdtempSync(join(tmpdir(), 'parley-browser-'));
  mkdirSync(SCREENSHOTS, { recursive: true });
  const complaints: string[] = [];
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: program,
    headless: true,
    args: [...FLAGS, ...flags],
    acceptDownloads: true,
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  context.setDefaultTimeout(STEP_TIMEOUT_MS);
  return {
    complaints,
    open: (url, look) => openPage(context, complaints, url, look),
    async picture(page, name) {
      await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
    },
    async stop() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

async function openPage(context: BrowserContext, complaints: string[], url: string, look: Look = {}): Promise<Page> {
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error.stack ?? error)));
  await page.setViewportSize({ width: look.width ?? 1440, height: look.height ?? 900 });
  await page.emulateMedia({ colorScheme: look.scheme ?? 'light' });
  await page.goto(url);
  return page;
}
