import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { maskNumber } from './log.js';

test('masks all but the first four and last two characters of a number', () => {
  assert.equal(maskNumber('441134960001'), '4411***01');
  for (const short of ['', '1', '123456']) assert.equal(maskNumber(short), '***');
});

test('writes JSON lines to standard error with secrets taken out', async () => {
  const script = `
    import { createLog } from ${JSON.stringify(new URL('./log.js', import.meta.url).href)};
    const log = createLog('info');
    log.info({ event: 'x', authorization: 'App s3cret', sender: { accessToken: 's3cret', apiKey: 's3cret' } });
    log.debug({ event: 'hidden' });
  `;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    timeout: 20_000,
  });
  assert.equal(stdout, '');
  const lines = stderr.trim().split('\n');
  assert.equal(lines.length, 1);
  const { time, ...line } = JSON.parse(lines[0] ?? '');
  assert.match(time, /^\d{4}-.*Z$/);
  assert.deepEqual(line, {
    level: 30,
    event: 'x',
    authorization: '***',
    sender: { accessToken: '***', apiKey: '***' },
  });
});
