// The files of deploy/ against the code: metrics, variables and paths that they name exist.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { describeConfig } from '../../src/config.js';
import { isObject, itemsAt, textAt } from '../../src/contract/json.js';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const all = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, name]) => name ?? '');

function metricsInSource(): Set<string> {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.ts$/.test(name),
  );
  const names = files.flatMap((name) => all(read(join('src', name)), /'(parley_[a-z_]+)'/g));
  return new Set(names);
}

test('board and alerts name metrics that there are, and the board shows every one', () => {
  const known = metricsInSource();
  const board = read('deploy/grafana.json');
  const onBoard = new Set(all(board, /\b(parley_[a-z_]+)/g));
  const inAlerts = all(read('deploy/alerts.yaml'), /\b(parley_[a-z_]+)/g).filter((name) => name !== 'parley_');
  assert.ok(onBoard.size > 20 && inAlerts.length > 10);
  assert.deepEqual(
    [...onBoard, ...inAlerts].filter((name) => !known.has(name)),
    [],
  );
  const shown = new Set([...onBoard, ...inAlerts]);
  assert.deepEqual(
    [...known].filter((name) => !shown.has(name)),
    [],
  );
});

test('the board is one: every panel has a title and something to ask', () => {
  const board: unknown = JSON.parse(read('deploy/grafana.json'));
  const panels = itemsAt(board, 'panels');
  assert.ok(panels.length > 15);
  for (const panel of panels) {
    assert.ok(isObject(panel) && (textAt(panel, 'title') ?? '') !== '');
    assert.ok(
      itemsAt(panel, 'targets').length > 0 &&
        itemsAt(panel, 'targets').every((target) => textAt(target, 'expr') !== undefined),
    );
  }
});

test('variables and files that the deployments name exist', () => {
  const known = new Set(describeConfig({}).map(({ name }) => String(name)));
  const files = ['Containerfile', 'compose.yaml', 'Caddyfile', 'parley.service', 'kubernetes/parley.yaml'];
  const named = files.flatMap((file) => all(read(`deploy/${file}`), /\b(PARLEY_[A-Z_0-9]+)/g));
  assert.ok(named.length > 15);
  assert.deepEqual(
    named.filter((name) => !known.has(name)),
    [],
  );
  for (const path of ['package.json', 'package-lock.json', 'migrations', 'deploy/Caddyfile'])
    assert.ok(existsSync(join(ROOT, path)), path);
});

test('every deployment waits for longer than a gateway takes to stop', () => {
  const secondsIn = (path: string, pattern: RegExp): number => Number(all(read(path), pattern)[0]);
  const needed = secondsIn('docs/operating/running.md', /Allow (\d+) s/g);
  const preStop = secondsIn('deploy/kubernetes/parley.yaml', /\[sleep, "(\d+)"\]/g);
  assert.ok(needed >= 20 && preStop > 0);
  for (const [path, pattern, before] of [
    ['deploy/parley.service', /^TimeoutStopSec=(\d+)$/gm, 0],
    ['deploy/compose.yaml', /stop_grace_period: (\d+)s/g, 0],
    ['deploy/kubernetes/parley.yaml', /terminationGracePeriodSeconds: (\d+)/g, preStop],
  ] as const)
    assert.ok(secondsIn(path, pattern) - before >= needed, path);
});
