// Small files that stand in for examples which cannot be had, so that work without a network goes on: made here, byte by byte.
import { crc32, deflateSync } from 'node:zlib';

const SIDE_PIXELS = 64;
const GREEN = [0x25, 0xd3, 0x66] as const;

/** A file and its type. */
export interface MadeFile {
  bytes: Buffer;
  mimeType: string;
  filename: string;
}

/** A file for a media header of this format. */
export function standInFor(format: 'IMAGE' | 'VIDEO' | 'GIF' | 'DOCUMENT'): MadeFile {
  switch (format) {
    case 'IMAGE':
      return { bytes: png(), mimeType: 'image/png', filename: 'example.png' };
    case 'DOCUMENT':
      return { bytes: pdf(), mimeType: 'application/pdf', filename: 'example.pdf' };
    case 'VIDEO':
    case 'GIF':
      return { bytes: mp4(), mimeType: 'video/mp4', filename: 'example.mp4' };
  }
}

/** A square of one colour. */
function png(): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(SIDE_PIXELS, 0);
  head.writeUInt32BE(SIDE_PIXELS, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const line = Buffer.from([0, ...Array.from({ length: SIDE_PIXELS }, () => GREEN).flat()]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: SIDE_PIXELS }, () => line)));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    pngChunk('IHDR', head),
    pngChunk('IDAT', pixels),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function pngChunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  return Buffer.concat([uint32(content.length), body, uint32(crc32(body))]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** One empty page. */
function pdf(): Buffer {
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>',
  ];
  let text = '%PDF-1.4\n';
  const offsets = objects.map((object, i) => {
    const at = text.length;
    text += `${i + 1} 0 obj${object}endobj\n`;
    return `${String(at).padStart(10, '0')} 00000 n \n`;
  });
  const rows = objects.length + 1;
  const table = `xref\n0 ${rows}\n0000000000 65535 f \n${offsets.join('')}`;
  return Buffer.from(
    `${text}${table}trailer<</Size ${rows}/Root 1 0 R>>\nstartxref\n${text.length}\n%%EOF\n`,
    'latin1',
  );
}

/** A film of one second without tracks: enough for what only looks at the container. */
function mp4(): Buffer {
  const head = Buffer.alloc(100);
  head.writeUInt32BE(1000, 12);
  head.writeUInt32BE(1000, 16);
  head.writeUInt32BE(0x0001_0000, 20);
  head.writeUInt16BE(0x0100, 24);
  for (const [at, value] of [
    [36, 0x0001_0000],
    [52, 0x0001_0000],
    [68, 0x4000_0000],
    [96, 1],
  ] as const)
    head.writeUInt32BE(value, at);
  const brand = Buffer.from('mp42\0\0\0\0mp42isom', 'latin1');
  return Buffer.concat([box('ftyp', brand), box('moov', box('mvhd', head)), box('mdat', Buffer.alloc(8))]);
}

function box(type: string, content: Buffer): Buffer {
  return Buffer.concat([uint32(content.length + 8), Buffer.from(type, 'latin1'), content]);
}
