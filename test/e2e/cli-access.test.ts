// `parley keys`, `parley users` and limits of accounts, as an operator types them.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCommand } from '../../src/cli/registry.js';
import { type DevWorld, startDev } from '../support/dev-world.js';

let world: DevWorld;
before(async () => {
  world = await startDev();
});
after(() => world.stop());

async function run(...args: string[]): Promise<{ code: number; text: string }> {
  const lines: string[] = [];
  const code = await runCommand(args, {
    env: { PARLEY_DATA_DIR: world.dataDir },
    print: (line) => lines.push(line),
    complain: (line) => lines.push(line),
    stopped: new AbortController().signal,
  });
  return { code, text: lines.join('\n') };
}

async function parley(...args: string[]): Promise<string> {
  const { code, text } = await run(...args);
  assert.equal(code, 0, text);
  return text;
}

async function statusOf(authorization: string, path: string): Promise<number> {
  return (await world.api(path, { key: null, headers: { authorization } })).status;
}

test('a key is made with scopes, widened, and switched off', async () => {
  const made = await parley(
    'keys',
    'create',
    'demo',
    'crm',
    '--scopes',
    'message:send',
    '--valid-to',
    '2999-01-01T00:00:00Z',
  );
  const [, id = ''] = /^key (\S+) made/.exec(made) ?? [];
  const authorization = `App ${made.split('\n')[1]}`;
  const [reports, inbound] = ['/messages-api/1/reports', '/messages-api/1/inbound'];
  assert.deepEqual([await statusOf(authorization, reports), await statusOf(authorization, inbound)], [200, 403]);
  assert.match(await parley('keys', 'list', 'demo'), /crm +true +\["message:send"\]/);
  await parley('keys', 'set', 'demo', id, '--scopes', 'all', '--allowed-ips', '127.0.0.0/8', '--valid-to', 'never');
  assert.equal(await statusOf(authorization, inbound), 200);
  await parley('keys', 'set', 'demo', id, '--allowed-ips', '192.0.2.1');
  assert.equal(await statusOf(authorization, inbound), 401);
  await parley('keys', 'set', 'demo', id, '--allowed-ips', 'any', '--enabled', 'off');
  assert.equal(await statusOf(authorization, inbound), 401);
  const wrong = await run('keys', 'set', 'demo', id, '--allowed-ips', 'everywhere');
  assert.equal(wrong.code, 1);
  assert.match(wrong.text, /allowedIPs\[0\]/);
});

test('a user is made, gets another password from a file, and is deleted', async () => {
  const made = await parley('users', 'create', 'demo', 'ops', '--scopes', 'message:send');
  assert.match(made, /user ops made\. The password is shown only now:/);
  const basic = (password: string): string => `Basic ${Buffer.from(`ops:${password}`).toString('base64')}`;
  const first = made.split('\n')[1] ?? '';
  assert.equal(await statusOf(basic(first), '/messages-api/1/reports'), 200);
  const file = join(world.dataDir, 'password');
  writeFileSync(file, 'correct horse battery\n');
  await parley('users', 'set', 'demo', 'ops', '--password-file', file, '--scopes', 'all');
  assert.equal(await statusOf(basic(first), '/messages-api/1/reports'), 401);
  assert.equal(await statusOf(basic('correct horse battery'), '/messages-api/1/inbound'), 200);
  assert.match(await parley('users', 'list', 'demo'), /ops +true +-/);
  await parley('users', 'delete', 'demo', 'ops');
  assert.equal(await statusOf(basic('correct horse battery'), '/messages-api/1/inbound'), 401);
  assert.equal((await run('users', 'set', 'demo', 'ops')).code, 2);
});

test('limits of an account are set by name', async () => {
  await parley('accounts', 'set', 'demo', '--rate-limits', 'pull=2/h');
  const statuses: number[] = [];
  for (let i = 0; i < 3; i += 1) statuses.push(await statusOf(`App ${world.info.apiKey}`, '/messages-api/1/reports'));
  assert.deepEqual(statuses, [200, 200, 429]);
  assert.equal((await run('accounts', 'set', 'demo', '--rate-limits', 'nonsense=1/s')).code, 1);
  assert.equal((await run('accounts', 'set', 'demo', '--rate-limits', 'pull')).code, 2);
});
