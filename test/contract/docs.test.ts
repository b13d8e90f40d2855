// The documentation against the code: links, variables, metrics, commands, paths and dependencies that pages name must exist.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { COMMANDS } from '../../src/cli/registry.js';
import { VARIABLES, type Variable } from '../../src/config.js';
import { errorIds, errorObject } from '../../src/contract/errors.js';
import { isObject, objectAt, textAt } from '../../src/contract/json.js';
import { messageTypes } from '../../src/contract/messages/registry.js';
import { errorOf, metaCodes } from '../../src/contract/meta-errors.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const CONFIGURATION = 'docs/operating/configuration.md';
const RUNNING = 'docs/operating/running.md';
const LIBRARIES = 'docs/decisions/0009-libraries.md';
const FENCE = /^```[\s\S]*?^```$/gm;

interface Page {
  path: string;
  text: string;
}

const pages: readonly Page[] = [
  ...readdirSync(ROOT),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name)),
]
  .filter((path) => path.endsWith('.md'))
  .map((path) => ({ path, text: read(path) }));

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function pageText(path: string): string {
  const page = pages.find((entry) => entry.path === path);
  assert.ok(page, `${path} is missing`);
  return page.text;
}

/** Every match of `pattern` in `text`: its first group where it has one. */
function found(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([whole, group]) => group ?? whole);
}

/** What is found on each page, as `page: match`, but what `isRight` knows. At least `min` must have been seen. */
function wrongOnes(pattern: RegExp, min: number, isRight: (match: string, page: Page) => boolean): string[] {
  const seen = pages.flatMap((page) => found(page.text, pattern).map((match) => ({ page, match })));
  assert.ok(seen.length >= min, `only ${seen.length} matches of ${pattern}`);
  return seen.filter(({ page, match }) => !isRight(match, page)).map(({ page, match }) => `${page.path}: ${match}`);
}

function sourceText(): string {
  const names = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => read(join('src', name)))
    .join('\n');
}

/** The anchors that GitHub makes of a page's headings. */
function anchorsOf(text: string): string[] {
  return found(text.replace(FENCE, ''), /^#+ (.+)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test('every relative link leads to a file, and to a heading where it names one', () => {
  const broken = wrongOnes(/\]\((?!\w+:)([^)\s]+)\)/g, 30, (link, page) => {
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? page.path : relative(ROOT, join(ROOT, dirname(page.path), file));
    if (!existsSync(join(ROOT, target))) return false;
    return anchor === undefined || anchorsOf(read(target)).includes(anchor);
  });
  assert.deepEqual(broken, []);
});

test('the table of errors is what the code says, with something to do for each', () => {
  const [table = ''] = found(pageText('docs/errors.md'), /<!-- errors -->\n([\s\S]*?)\n<!-- \/errors -->/g);
  const rows = table.split('\n').map((line) => line.split(' | '));
  const wanted = errorIds.map((id) => {
    const { name, permanent, description } = errorObject(id);
    const codes = metaCodes.filter((code) => errorOf(code).errorId === id).sort((a, b) => a - b);
    return [`| ${id}`, `\`${name}\``, permanent ? 'yes' : 'no', description, codes.join(', ')];
  });
  assert.deepEqual(
    rows.slice(2).map((cells) => cells.slice(0, -1)),
    wanted,
  );
  assert.deepEqual(
    rows.slice(2).filter((cells) => (cells.at(-1) ?? '').length < 8),
    [],
  );
});

test('the receiver that a page shows is the one in examples', () => {
  const [shown] = found(pageText('docs/subscriptions.md'), /^```js\n([\s\S]*?)^```$/gm);
  assert.equal(shown, read('examples/receiver.mjs'));
});

test('every page is reached from the index or from another page', () => {
  const reached = new Set(
    pages.flatMap(({ path, text }) =>
      found(text, /\]\((?!\w+:)([^)#\s]+)/g).map((link) => relative(ROOT, join(ROOT, dirname(path), link))),
    ),
  );
  const lost = pages.map(({ path }) => path).filter((path) => path.startsWith('docs/') && !reached.has(path));
  assert.deepEqual(lost, []);
});

test('every decision is in the index of decisions', () => {
  const index = pageText('docs/decisions/README.md');
  const names = pages
    .map(({ path }) => path)
    .filter((path) => /^docs\/decisions\/(?!README)/.test(path))
    .map((path) => relative('docs/decisions', path));
  assert.ok(names.length > 5);
  assert.deepEqual(
    names.filter((name) => !index.includes(`](${name})`)),
    [],
  );
});

test('pages name no variable that does not exist', () => {
  const known = new Set<string>(VARIABLES.map(({ name }) => name));
  assert.deepEqual(
    wrongOnes(/\bPARLEY_[A-Z]+(?:_[A-Z]+)*\b/g, 20, (name) => known.has(name)),
    [],
  );
});

test('the page of variables is what the configuration says', () => {
  const [shown = ''] = found(pageText(CONFIGURATION), /<!-- variables -->\n([\s\S]*?)\n?<!-- \/variables -->/g);
  const wanted = variableTable();
  assert.ok(shown === wanted, `put this between the markers of ${CONFIGURATION}:\n${wanted}`);
});

function variableTable(): string {
  const rows = VARIABLES.map((variable: Variable) => {
    const { name, fallback, devFallback, secret, meaning } = variable;
    return [`\`${name}\``, code(fallback), code(devFallback), secret === true ? 'yes' : '', escaped(meaning)];
  });
  const table = [
    ['variable', 'default', 'in dev, if other', 'secret', 'meaning'],
    ['---', '---', '---', '---', '---'],
    ...rows,
  ];
  return table.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function code(text: string | undefined): string {
  return text === undefined || text === '' ? '' : `\`${text}\``;
}

function escaped(text: string): string {
  return text.replaceAll('<', '\\<').replaceAll('|', '\\|');
}

test('the page on running lists each metric of the gateway, and no other', () => {
  const [table = ''] = found(pageText(RUNNING), /^\| metric \|[\s\S]*?\n\n/gm);
  const inSource = new Set(found(sourceText(), /'(parley_[a-z_]+)'/g));
  assert.ok(inSource.size > 10);
  assert.deepEqual(found(table, /^\| `(parley_[a-z_]+)`/gm).sort(), [...inSource].sort());
  assert.deepEqual(
    wrongOnes(/\bparley_[a-z_]+\b/g, 20, (name) => inSource.has(name)),
    [],
  );
});

test('every command and script that a page names exists', () => {
  const scripts = objectAt(JSON.parse(read('package.json')), 'scripts') ?? {};
  const commands = wrongOnes(/(?:npm run -s parley --|dist\/src\/main\.js|`parley) ([a-z]+)/g, 15, (name) =>
    Object.hasOwn(COMMANDS, name),
  );
  const runs = wrongOnes(/npm run (?!-s)([a-z0-9:]+)/g, 4, (name) => Object.hasOwn(scripts, name));
  assert.deepEqual([...commands, ...runs], []);
});

test('every file and folder of ours that a page names exists', () => {
  const gone = wrongOnes(/`((?:src|test|docs|migrations|scripts|bench|\.ci)\/[\w./-]*)`/g, 20, (path) =>
    existsSync(join(ROOT, path)),
  );
  assert.deepEqual(gone, []);
});

test('no page leads into the machine it was written on', () => {
  assert.ok(pages.length > 10);
  assert.deepEqual(
    pages
      .filter(({ text }) => /\/work\b|\/root\b|\/home\/|\/tmp\/(?!parley-)|\bDESIGN\b/.test(text))
      .map(({ path }) => path),
    [],
  );
});

test('every dependency has its line, with its licence, and no line is left over', () => {
  const manifest: unknown = JSON.parse(read('package.json'));
  const wanted = ['dependencies', 'optionalDependencies', 'devDependencies'].flatMap((group) =>
    Object.keys(objectAt(manifest, group) ?? {}),
  );
  const rows = pageText(LIBRARIES)
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const licences = new Map(
    rows.flatMap(([, names = '', , , licence = '']) => found(names, /`([^`]+)`/g).map((name) => [name, licence])),
  );
  assert.ok(wanted.length > 5);
  assert.deepEqual([...licences.keys()].sort(), wanted.sort());
  for (const [name, licence] of licences) assert.equal(licence, licenceOf(name) ?? licence, name);
});

/** The licence that an installed package names; undefined for one of another platform. */
function licenceOf(name: string): string | undefined {
  const file = join('node_modules', name, 'package.json');
  if (!existsSync(join(ROOT, file))) return undefined;
  const manifest: unknown = JSON.parse(read(file));
  return isObject(manifest) ? textAt(manifest, 'license') : undefined;
}

test('the page of message types shows each type with the example that its own test accepts', () => {
  const sections = pageText('docs/messages.md').split(/^## /m).slice(1);
  const shown = sections.map((section) => {
    const [path = '', ...rest] = section.split('\n');
    const [json = ''] = found(rest.join('\n'), /^```json\n([\s\S]*?)^```$/gm);
    return [path, JSON.parse(json)];
  });
  assert.deepEqual(
    shown,
    messageTypes.map(({ path, example }) => [path, JSON.parse(JSON.stringify(example))]),
  );
});
