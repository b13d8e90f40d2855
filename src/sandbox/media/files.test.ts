import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createMediaFiles } from './files.js';

const temporary = mkdtempSync(join(tmpdir(), 'parley-files-'));
after(() => rmSync(temporary, { recursive: true }));

async function* bytes(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('some');
}

test('a temporary folder of a sandbox that was killed is removed by the next one, and no other', async () => {
  const first = createMediaFiles(undefined, temporary);
  await first.write('1', bytes(), 100);
  const [mine = ''] = readdirSync(temporary);
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  const dead = mine.replace(`-${process.pid}-`, `-${pid}-`);
  assert.notEqual(dead, mine);
  const kept = ['other-folder', mine.replace(/-\d+-\w+$/, '-nobody'), mine];
  for (const name of [dead, ...kept]) mkdirSync(join(temporary, name), { recursive: true });
  writeFileSync(join(temporary, dead, '7'), 'left');
  const second = createMediaFiles(undefined, temporary);
  await second.write('2', bytes(), 100);
  const names = readdirSync(temporary);
  assert.ok(!names.includes(dead));
  for (const name of kept) assert.ok(names.includes(name), name);
  assert.equal(String(await first.readAll('1')), 'some');
  await Promise.all([first.stop(), second.stop()]);
  assert.deepEqual(readdirSync(temporary).sort(), kept.slice(0, 2).sort());
});
