// Who may import whom, type-only imports included; which folders there may be; who reads the environment.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const SRC = fileURLToPath(new URL('../../../src', import.meta.url));
const TO_PIPELINE = ['contract', 'lib', 'store', 'meta', 'customer', 'sms', 'links', 'media', 'pipeline'];

/** What each room of src may import beside itself. A room that is not listed may not exist. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  lib: [],
  flows: [],
  config: ['lib'],
  store: ['contract', 'lib'],
  meta: ['contract', 'lib'],
  customer: ['contract', 'lib'],
  sms: ['contract', 'lib'],
  links: ['contract', 'lib'],
  media: ['contract', 'lib'],
  pipeline: TO_PIPELINE,
  manage: TO_PIPELINE,
  http: ['lib'],
  api: ['contract', 'lib', 'http', 'pipeline', 'manage', 'store'],
  sandbox: ['lib', 'http', 'flows'],
  gateway: ['config', 'http', 'api', 'manage', 'flows', ...TO_PIPELINE],
  cli: ['config', 'http', 'manage', 'flows', 'gateway', 'sandbox', ...TO_PIPELINE],
  main: ['cli'],
};
const MAY_START_SANDBOX = /^cli\/(sandbox|dev)[a-z-]*\.ts$/;

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const roomOf = (path: string): string => path.replace(/\.[jt]s$/, '').split('/')[0] ?? '';

test('every import stays within the table, and the table is about imports that exist', () => {
  const imports = files.filter((file) => !file.endsWith('.test.ts')).flatMap(importsOf);
  assert.ok(imports.length > 50, `only ${imports.length} imports seen`);
  const broken = imports.filter(({ from, to }) => !isAllowed(from, to)).map(({ from, to }) => `${from} imports ${to}`);
  assert.deepEqual(broken, []);
});

test('no folder is named for nothing in particular', () => {
  const folders = new Set(files.flatMap((file) => file.split('/').slice(0, -1)));
  assert.ok(folders.size > 5, `only ${folders.size} folders seen`);
  assert.deepEqual(
    [...folders].filter((name) => /^(utils?|common|helpers?|types|services)$/.test(name)),
    [],
  );
});

test('only main reads the environment, and hands it on', () => {
  const readers = files.filter((file) =>
    /process\s*\.\s*env|process\[|from 'node:process'/.test(readFileSync(join(SRC, file), 'utf8')),
  );
  assert.deepEqual(readers, ['main.ts']);
});

function importsOf(file: string): { from: string; to: string }[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  const targets = [...text.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*'(\.[^']*)'/g)].map(([, target = '']) => target);
  return targets.map((target) => ({ from: file, to: relative(SRC, join(SRC, dirname(file), target)) }));
}

function isAllowed(from: string, to: string): boolean {
  if (roomOf(to) === 'sandbox' && roomOf(from) === 'cli') return MAY_START_SANDBOX.test(from);
  return roomOf(from) === roomOf(to) || (ALLOWED[roomOf(from)] ?? []).includes(roomOf(to));
}
