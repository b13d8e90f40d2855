// docs/states.md is held to what it says: every arrow has a cause and a test, and every test that it names is there.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** A page or a tree in which less is found was not read at all. */
const ARROWS_MIN = 60;
const TITLES_MIN = 100;

const page = readFileSync(join(ROOT, 'docs/states.md'), 'utf8');

/** The numbers of all arrows that are drawn. */
function drawnArrows(): string[] {
  return [...page.matchAll(/^ {2}\S+ --> \S+: ([a-z]\d+)$/gm)].map(([, number = '']) => number);
}

/** Per row of a table: the arrow's number and the tests named for it. */
function rows(): { arrow: string; titles: string[] }[] {
  return [...page.matchAll(/^\| ([a-z]\d+) \| (.+) \| (.+) \|$/gm)].map(([, arrow = '', , tests = '']) => ({
    arrow,
    titles: titlesIn(tests),
  }));
}

function titlesIn(text: string): string[] {
  return [...text.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title);
}

/** Titles of all tests of the sources. */
function testTitles(): Set<string> {
  const titles = new Set<string>();
  for (const folder of ['src', 'test']) {
    for (const name of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.test.ts')) continue;
      const source = readFileSync(join(ROOT, folder, name), 'utf8');
      for (const [, title = ''] of source.matchAll(/^test\(\s*'([^']+)'/gm)) titles.add(title);
    }
  }
  return titles;
}

test('every arrow that is drawn has one row with a test, and every row its arrow', () => {
  const drawn = drawnArrows();
  assert.ok(drawn.length >= ARROWS_MIN, `${drawn.length} arrows`);
  assert.equal(new Set(drawn).size, drawn.length);
  assert.deepEqual(
    rows().map(({ arrow }) => arrow),
    drawn,
  );
  for (const { arrow, titles } of rows()) assert.ok(titles.length > 0, `${arrow} names no test`);
});

test('every test that the page names is there', () => {
  const known = testTitles();
  assert.ok(known.size >= TITLES_MIN, `${known.size} tests`);
  const named = page
    .split('\n')
    .filter((line) => !line.startsWith('|') || /^\| [a-z]\d+ /.test(line))
    .flatMap(titlesIn);
  assert.ok(named.length >= ARROWS_MIN);
  assert.deepEqual(
    named.filter((title) => !known.has(title)),
    [],
  );
});
