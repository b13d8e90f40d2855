// From a text to the short messages that carry it: GSM 7-bit where its alphabet has every character, else UCS-2; several parts where
// one is too short (3GPP 23.038, 23.040). Pure.

/** How the octets of a part are to be read. A GSM character is one octet here: SMPP leaves the packing to the SMSC. */
export type Coding = 'gsm7' | 'ucs2';

/** A text as short messages. `parts` are the octets of each, without headers. */
export interface SmsText {
  coding: Coding;
  parts: Buffer[];
}

/** Units (septets or 16-bit units) of a message that stands alone, and of each of several. */
const UNITS = { gsm7: { alone: 160, each: 153 }, ucs2: { alone: 70, each: 67 } } as const;

const ESCAPE = 0x1b;
const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u001bÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const EXTENDED: readonly (readonly [character: string, code: number])[] = [
  ['\f', 0x0a],
  ['^', 0x14],
  ['{', 0x28],
  ['}', 0x29],
  ['\\', 0x2f],
  ['[', 0x3c],
  ['~', 0x3d],
  [']', 0x3e],
  ['|', 0x40],
  ['€', 0x65],
];
const CODES: ReadonlyMap<string, readonly number[]> = new Map([
  ...[...BASIC].map((character, code): [string, number[]] => [character, [code]]),
  ...EXTENDED.map(([character, code]): [string, number[]] => [character, [ESCAPE, code]]),
]);

/** The short messages of a text. An escaped character or a surrogate pair is never split. */
export function toSms(text: string): SmsText {
  const characters = [...text];
  const isGsm = characters.every((character) => character !== '\u001b' && CODES.has(character));
  const coding: Coding = isGsm ? 'gsm7' : 'ucs2';
  const units = characters.map((character) => (isGsm ? [...(CODES.get(character) ?? [])] : utf16Of(character)));
  return { coding, parts: split(units, UNITS[coding]).map((part) => octetsOf(part, coding)) };
}

/** How many short messages a text takes. */
export function countParts(text: string): number {
  return toSms(text).parts.length;
}

function utf16Of(character: string): number[] {
  return Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
}

function split(units: readonly number[][], { alone, each }: { alone: number; each: number }): number[][] {
  const all = units.flat();
  if (all.length <= alone) return [all];
  const parts: number[][] = [];
  let part: number[] = [];
  for (const character of units) {
    if (part.length + character.length > each) {
      parts.push(part);
      part = [];
    }
    part.push(...character);
  }
  return [...parts, part];
}

function octetsOf(units: readonly number[], coding: Coding): Buffer {
  if (coding === 'gsm7') return Buffer.from(units);
  const octets = Buffer.alloc(units.length * 2);
  for (const [index, unit] of units.entries()) octets.writeUInt16BE(unit, index * 2);
  return octets;
}
