// The real ClamAV daemon of Debian with one signature of ours: its own database cannot be had offline, its protocol can.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createClamavScan } from '../../src/media/scanner.js';
import { temporaryFolder } from '../support/dev-world.js';
import { freePort } from '../support/free-port.js';
import { until } from '../support/until.js';

const CLAMD = '/usr/sbin/clamd';
const skip = existsSync(CLAMD) ? false : `no clamd at ${CLAMD} (apt-get install clamav-daemon)`;
const MALWARE = 'PARLEY-CLAMD-TEST-MALWARE';
const START_TIMEOUT_MS = 60_000;
const never = new AbortController().signal;
const stops: (() => Promise<void>)[] = [];
let address: string;
let folder: string;

async function isListening(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}

before(async () => {
  if (skip !== false) return;
  folder = temporaryFolder('clamd');
  const signatures = join(folder, 'signatures');
  mkdirSync(signatures);
  writeFileSync(join(signatures, 'own.ndb'), `Parley.Test:0:*:${Buffer.from(MALWARE).toString('hex')}\n`);
  const port = await freePort();
  const config = join(folder, 'clamd.conf');
  const lines = [
    'Foreground yes',
    `DatabaseDirectory ${signatures}`,
    `TCPSocket ${port}`,
    'TCPAddr 127.0.0.1',
    'StreamMaxLength 4M',
    `TemporaryDirectory ${folder}`,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const daemon = spawn(CLAMD, ['--config-file', config], { stdio: 'ignore' });
  stops.push(async () => {
    daemon.kill('SIGTERM');
    if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, 'exit');
    rmSync(folder, { recursive: true, force: true });
  });
  await until('clamd listens', () => isListening(port), START_TIMEOUT_MS);
  address = `127.0.0.1:${port}`;
});
after(async () => {
  for (const stop of stops) await stop();
});

function scan(bytes: Buffer): Promise<string | undefined> {
  const path = join(folder, 'file');
  writeFileSync(path, bytes);
  return createClamavScan(address)(path, never);
}

test('clamd calls clean files clean, of any size that it takes', { skip }, async () => {
  for (const bytes of [0, 1, 255 * 1024, 3_000_000]) assert.equal(await scan(Buffer.alloc(bytes, 'a')), undefined);
});

test('clamd finds its signature, wherever it stands', { skip }, async () => {
  const found = await scan(Buffer.concat([Buffer.alloc(700_000, 'a'), Buffer.from(MALWARE)]));
  assert.equal(found, 'Parley.Test.UNOFFICIAL');
});

test('a file larger than clamd takes is not called clean', { skip }, async () => {
  await assert.rejects(scan(Buffer.alloc(8_000_000)), /size limit|EPIPE|ECONNRESET|hung up/);
});
