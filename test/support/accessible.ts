// What axe finds in a page of the phone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Colours are looked at when nothing fades in any more; what goes on for ever is not waited for. */
const STILL =
  'Promise.all(document.getAnimations().filter((each) => each.effect.getTiming().iterations === 1).map((each) => each.finished.catch(() => {})))';

/** The violations that axe calls serious or critical, in a few words each. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  await page.evaluate(STILL);
  const found: unknown = await page.evaluate('axe.run(document, { resultTypes: ["violations"] })');
  assert.ok(listIn(found, 'passes').length > 0, 'axe looked at nothing');
  return listIn(found, 'violations')
    .filter((each) => ['serious', 'critical'].includes(String(fieldOf(each, 'impact'))))
    .map(
      (each) =>
        `${fieldOf(each, 'id')}: ${listIn(each, 'nodes')
          .map((node) => fieldOf(node, 'html'))
          .join(' | ')}`,
    );
}

/** The same, looked at light and then dark. */
export async function violationsOfBoth(
  page: Page,
  look: (scheme: 'light' | 'dark') => Promise<void>,
): Promise<string[]> {
  const found: string[] = [];
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    found.push(...(await violations(page)));
    await look(scheme);
  }
  return found;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function listIn(value: unknown, name: string): unknown[] {
  const found = fieldOf(value, name);
  return Array.isArray(found) ? found : [];
}
