// Small files of every kind that WhatsApp takes, made here, and ways to hand them to the sandbox.
import { createHash } from 'node:crypto';

/** A file with `prefix` in front and zeros up to `bytes`. */
function padded(prefix: Buffer, bytes: number): Buffer {
  return Buffer.concat([prefix, Buffer.alloc(Math.max(0, bytes - prefix.length))]);
}

export const JPEG = padded(Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 0x10, 0x4a, 0x46, 0x49, 0x46]), 3000);
export const PDF = Buffer.from('%PDF-1.7\n1 0 obj\n<<>>\nendobj\n');
export const MP4 = padded(Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0isom', 'latin1'), 2000);
export const MP3 = padded(Buffer.from('ID3\x03\0', 'latin1'), 2000);
export const ZIP = padded(Buffer.from('PK\x03\x04', 'latin1'), 2000);

/** A JPEG of that many bytes. */
export function jpegOf(bytes: number): Buffer {
  return padded(JPEG.subarray(0, 10), bytes);
}

/** An ogg file with opus in so many channels. */
export function oggOf(channels: number): Buffer {
  return padded(
    Buffer.concat([
      Buffer.from('OggS\0\x02'),
      Buffer.alloc(22),
      Buffer.from(`OpusHead\x01${String.fromCharCode(channels)}`),
    ]),
    1500,
  );
}

/** A PNG head: size, bit depth, colour type (2 is RGB, 3 a palette). */
export function pngOf(bits: number, colour: number): Buffer {
  const head = Buffer.alloc(33);
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]).copy(head);
  head.write('IHDR', 12);
  head.writeUInt32BE(20, 16);
  head.writeUInt32BE(20, 20);
  head[24] = bits;
  head[25] = colour;
  return head;
}

/** A WebP in the extended layout. */
export function webpOf(width: number, height: number, { bytes = 1000, isAnimated = false } = {}): Buffer {
  const head = Buffer.alloc(30);
  head.write('RIFF', 0);
  head.write('WEBPVP8X', 8);
  head[20] = isAnimated ? 2 : 0;
  head.writeUIntLE(width - 1, 24, 3);
  head.writeUIntLE(height - 1, 27, 3);
  return padded(head, bytes);
}

/** The hash as Meta writes it. */
export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('base64');
}

/** A form with fields and, given one, a file. */
export function formOf(
  fields: Record<string, string>,
  file?: { bytes: Buffer; type: string; name?: string },
): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  if (file !== undefined)
    form.set('file', new Blob([new Uint8Array(file.bytes)], { type: file.type }), file.name ?? 'file');
  return form;
}
