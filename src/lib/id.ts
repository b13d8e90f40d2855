// Identifiers: time-ordered UUIDs (RFC 9562, version 7), so that rows made together lie together in an index.
import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 4096;
const pool = Buffer.alloc(POOL_BYTES);
const state = { offset: POOL_BYTES };

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function hex(byte: number): string {
  return HEX[byte] ?? '00';
}

/** A UUIDv7 in text form for the instant `nowMs` (epoch ms): 48 bits of time, 74 bits of randomness. */
export function uuidv7(nowMs: number): string {
  if (state.offset + 10 > POOL_BYTES) {
    randomFillSync(pool);
    state.offset = 0;
  }
  const at = state.offset;
  state.offset += 10;
  const high = Math.floor(nowMs / 0x10000)
    .toString(16)
    .padStart(8, '0');
  const low = (nowMs % 0x10000).toString(16).padStart(4, '0');
  const byte = (i: number): number => pool[at + i] ?? 0;
  return `${high}-${low}-7${hex(byte(0)).slice(1)}${hex(byte(1))}-${hex((byte(2) & 0x3f) | 0x80)}${hex(byte(3))}-${hex(byte(4))}${hex(byte(5))}${hex(byte(6))}${hex(byte(7))}${hex(byte(8))}${hex(byte(9))}`;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether `text` is a UUID in the lower-case form that `uuidv7` writes. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}
