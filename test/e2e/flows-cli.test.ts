// `parley flows check`, run as people run it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCommand } from '../../src/cli/registry.js';

const folder = mkdtempSync(join(tmpdir(), 'flows-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function check(content: string | Buffer, ...more: string[]): Promise<{ code: number; out: string; err: string }> {
  const file = join(folder, 'flow.json');
  writeFileSync(file, content);
  return parley('flows', 'check', file, ...more);
}

async function parley(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCommand(args, {
    env: {},
    print: (line) => out.push(line),
    complain: (line) => err.push(line),
    stopped: new AbortController().signal,
  });
  return { code, out: out.join('\n').replaceAll(folder, ''), err: err.join('\n').replaceAll(folder, '') };
}

const footer = { type: 'Footer', label: 'Done', 'on-click-action': { name: 'complete', payload: {} } };
const flow = {
  version: '7.3',
  screens: [{ id: 'MAIN', terminal: true, layout: { type: 'SingleColumnLayout', children: [footer] } }],
};

test('says that a good flow has no errors, and of which version it is', async () => {
  assert.deepEqual(await check(JSON.stringify(flow)), {
    code: 0,
    out: '/flow.json: no errors, Flow JSON 7.3',
    err: '',
  });
});

test('prints each error on a line that editors understand, and ends with 1', async () => {
  const { code, out } = await check(JSON.stringify({ ...flow, mine: 1, version: '7.3' }, null, 1));
  assert.equal(code, 1);
  assert.match(out, /^\/flow\.json:\d+:2: INVALID_PROPERTY_KEY: Property mine cannot be specified/);
});

test("prints Meta's form with --json", async () => {
  const { code, out } = await check('{', '--json');
  assert.equal(code, 1);
  const [error] = JSON.parse(out).validation_errors;
  assert.equal(error.error, 'INVALID_FLOW_JSON');
  assert.deepEqual([error.line_start, error.column_start], [1, 2]);
});

test('ends with 2 when the file cannot be read or the arguments are wrong', async () => {
  assert.equal((await check(Buffer.from([0x22, 0xff, 0x22]))).code, 2);
  assert.match((await check(Buffer.alloc(10 * 1024 * 1024 + 1, ' '))).err, /larger than 10 MiB/);
  assert.equal((await parley('flows', 'check', join(folder, 'missing.json'))).code, 2);
  assert.equal((await parley('flows')).code, 2);
  assert.equal((await parley('flows', 'check')).code, 2);
  assert.equal((await parley('flows', 'check', 'a', 'b')).code, 2);
});
