import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { maskNumber, parseLogLevels } from './log.js';

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

test('gives parts levels of their own, the first word of an event being its part', async () => {
  const script = `
    import { createLog } from ${JSON.stringify(new URL('./log.js', import.meta.url).href)};
    const log = createLog('warn,dispatch=debug,deliver=silent');
    log.debug({ event: 'dispatch.resent' });
    log.info({ event: 'receive.x' });
    log.warn({ event: 'receive.y' });
    log.error({ event: 'deliver.z' });
    log.child({}).info('without an event');
  `;
  const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    timeout: 20_000,
  });
  const events = stderr
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line).event);
  assert.deepEqual(events, ['dispatch.resent', 'receive.y']);
});

test('reads levels with and without parts, and nothing else', () => {
  assert.deepEqual(parseLogLevels('debug'), { others: 'debug', parts: new Map() });
  assert.deepEqual(parseLogLevels('dispatch=trace'), { others: 'info', parts: new Map([['dispatch', 'trace']]) });
  for (const wrong of ['', 'loud', 'info,warn', 'dispatch=', '=info', 'info,,warn', 'a=b'])
    assert.equal(parseLogLevels(wrong), undefined, wrong);
});
