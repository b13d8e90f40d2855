import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const MODULE = JSON.stringify(new URL('./crash-point.js', import.meta.url).href);

function run(script: string): { signal: string | null; stdout: string } {
  const source = `import { armCrashPoint, crashPoint } from ${MODULE};\n${script}`;
  const { signal, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' });
  return { signal, stdout };
}

test('an armed point kills the process at the given hit, and no other point does', () => {
  const script = `import { writeSync } from 'node:fs';
    armCrashPoint('accept.after', 2);
    crashPoint('accept.before'); crashPoint('accept.before'); crashPoint('accept.after');
    writeSync(1, 'alive');
    crashPoint('accept.after');
    writeSync(1, 'still alive');`;
  assert.deepEqual(run(script), { signal: 'SIGKILL', stdout: 'alive' });
});

test('nothing happens when none is armed', () => {
  const script = `for (let i = 0; i < 1000; i += 1) crashPoint('dispatch.before'); process.stdout.write('alive');`;
  assert.deepEqual(run(script), { signal: null, stdout: 'alive' });
});
