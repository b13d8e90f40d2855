// Files that a browser really draws and plays, made here.
import { deflateSync } from 'node:zlib';
import type { Page } from 'playwright-core';

const PIXELS = 64;

/** A PNG with a slope of colours. */
export function pixels(): Buffer {
  const rows = Array.from({ length: PIXELS }, (_, y) => {
    const row = Array.from({ length: PIXELS }, (_, x) => [70 + 2 * x, 90 + 2 * y, 200]);
    return Buffer.from([0, ...row.flat()]);
  });
  const head = Buffer.alloc(13);
  head.writeUInt32BE(PIXELS, 0);
  head.writeUInt32BE(PIXELS, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(checksum(body));
  return Buffer.concat([length, body, check]);
}

/** CRC-32, which Node has only from version 22 on. */
function checksum(bytes: Buffer): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return (value ^ 0xffffffff) >>> 0;
}

/** A WAV of one second, its second half loud. */
export function quietThenLoud(): Buffer {
  const rate = 8000;
  const samples = Buffer.alloc(rate * 2);
  for (let at = rate / 2; at < rate; at++) samples.writeInt16LE(Math.round(20_000 * Math.sin(at)), at * 2);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}

/** A WebP of 512 x 512 with a disc on nothing, as the browser writes it. */
export async function drawnSticker(page: Page): Promise<Buffer> {
  const url: unknown = await page.evaluate(`{
    const canvas = Object.assign(document.createElement('canvas'), { width: 512, height: 512 });
    const brush = canvas.getContext('2d');
    brush.fillStyle = '#f59e0b';
    brush.arc(256, 256, 220, 0, 7);
    brush.fill();
    canvas.toDataURL('image/webp', 0.8);
  }`);
  return Buffer.from(String(url).split(',')[1] ?? '', 'base64');
}
