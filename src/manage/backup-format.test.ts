import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ArchiveRefused } from '../store/archive.js';
import { type Frame, openingOf, readFrames, toFrame } from './backup-format.js';

const folder = mkdtempSync(join(tmpdir(), 'parley-format-'));
after(() => rmSync(folder, { recursive: true }));
const signal = new AbortController().signal;
const FRAMES: readonly Frame[] = [
  { letter: 'H', content: Buffer.from('{}') },
  { letter: 'R', content: randomBytes(200_000) },
  { letter: 'R', content: Buffer.alloc(0) },
  { letter: 'E', content: Buffer.from('{"tables":0}') },
];
const WHOLE = gzipSync(Buffer.concat([openingOf(), ...FRAMES.map(({ letter, content }) => toFrame(letter, content))]));

async function read(bytes: Buffer): Promise<Frame[]> {
  const file = join(folder, 'x.backup');
  writeFileSync(file, bytes);
  const frames: Frame[] = [];
  for await (const frame of readFrames(file, signal)) frames.push(frame);
  return frames;
}

test('frames come back as they were written', async () => {
  assert.deepEqual(await read(WHOLE), FRAMES);
});

test('a file that was cut anywhere is refused', async () => {
  for (const kept of [0, 1, 9, 20, 100, WHOLE.length - 9, WHOLE.length - 1])
    await assert.rejects(read(WHOLE.subarray(0, kept)), ArchiveRefused, `${kept} of ${WHOLE.length} bytes`);
});

test('a file of which one byte changed is refused', async () => {
  for (const at of [0, 15, 1_000, WHOLE.length - 1_000, WHOLE.length - 6]) {
    const changed = Buffer.from(WHOLE);
    changed.writeUInt8((changed[at] ?? 0) ^ 0x55, at);
    await assert.rejects(read(changed), ArchiveRefused, `byte ${at}`);
  }
});

test('what is no backup is said to be none', async () => {
  for (const other of [Buffer.from('{"a":1}'), gzipSync('some other file, long enough')])
    await assert.rejects(read(other), /is not a backup of Parley/);
});

test('a frame that claims to be huge is refused before it is read', async () => {
  const lying = Buffer.concat([openingOf(), Buffer.from('R'), Buffer.from([0xff, 0xff, 0xff, 0xff])]);
  await assert.rejects(read(gzipSync(lying)), /damaged or cut short/);
});
