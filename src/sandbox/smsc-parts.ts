// What a submitted short message says: its text by its coding, and which part of which longer one it is (3GPP 23.038, 23.040).
import type { Pdu } from 'smpp';

/** One part. `piece` counts from 1, of `parts`. */
export interface SmsPart {
  from: string;
  to: string;
  text: string;
  coding: 'gsm7' | 'ucs2';
  reference: number;
  piece: number;
  parts: number;
}

const HAS_HEADER = 0x40;
const CODING_UCS2 = 0x08;
const CONCATENATED = 0x00;
const ESCAPE = 0x1b;
const OPEN_MAX = 1000;
const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u001bÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const EXTENDED: Readonly<Record<number, string>> = {
  10: '\f',
  20: '^',
  40: '{',
  41: '}',
  47: '\\',
  60: '[',
  61: '~',
  62: ']',
  64: '|',
  101: '€',
};

/** Reads a submit_sm whose message the package left as it came, or decoded. */
export function decodeSms(pdu: Pdu): SmsPart {
  const { source_addr: from = '', destination_addr: to = '', data_coding: coding = 0, esm_class = 0 } = pdu;
  const raw = pdu.short_message;
  const isUcs2 = coding === CODING_UCS2;
  const header = raw === undefined || Buffer.isBuffer(raw) ? undefined : raw.udh;
  const message: unknown = raw === undefined || Buffer.isBuffer(raw) ? raw : raw.message;
  const text = typeof message === 'string' ? message : Buffer.isBuffer(message) ? textOf(message, isUcs2) : '';
  const concatenation = (esm_class & HAS_HEADER) === 0 ? undefined : header?.find(([kind]) => kind === CONCATENATED);
  const [, , reference = 0, parts = 1, piece = 1] = concatenation ?? [];
  return { from, to, text, coding: isUcs2 ? 'ucs2' : 'gsm7', reference, piece, parts };
}

function textOf(octets: Buffer, isUcs2: boolean): string {
  if (isUcs2) return Buffer.from(octets).swap16().toString('utf16le');
  let text = '';
  for (let at = 0; at < octets.length; at++) {
    const code = octets[at] ?? 0;
    if (code === ESCAPE) {
      at += 1;
      text += EXTENDED[octets[at] ?? 0] ?? ' ';
    } else text += BASIC[code] ?? '?';
  }
  return text;
}

/** Puts parts together. */
export interface SmsParts {
  /** The whole once all of its parts are there; a part that comes again is the same one. */
  add(part: SmsPart): Omit<SmsPart, 'piece' | 'reference'> | undefined;
}

/** No parts; of those that stay incomplete the oldest are forgotten. */
export function createSmsParts(): SmsParts {
  const open = new Map<string, Map<number, string>>();
  return {
    add({ piece, reference, ...part }) {
      if (part.parts === 1) return part;
      const key = `${part.from}:${part.to}:${reference}:${part.parts}`;
      const texts = open.get(key) ?? new Map<number, string>();
      texts.set(piece, part.text);
      open.set(key, texts);
      const oldest = open.size > OPEN_MAX ? open.keys().next().value : undefined;
      if (oldest !== undefined) open.delete(oldest);
      if (texts.size < part.parts) return undefined;
      open.delete(key);
      return { ...part, text: Array.from({ length: part.parts }, (_, at) => texts.get(at + 1) ?? '').join('') };
    },
  };
}
