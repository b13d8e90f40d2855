// What the first bytes of a file tell: the kind of content, and what stickers, voice messages and pictures are judged by.
import Type, { type Static } from 'typebox';

/** Bytes of a file that `factsOf` wants to see. */
export const HEAD_BYTES = 4096;

/** `content` is `text` for anything that could be one, `other` for unknown bytes. */
export const FileFacts = Type.Object({
  content: Type.Enum([
    'empty',
    'jpeg',
    'png',
    'webp',
    'mp4',
    'ogg',
    'mpeg',
    'aac',
    'amr',
    'pdf',
    'ole',
    'zip',
    'text',
    'other',
  ]),
  width: Type.Optional(Type.Number()),
  height: Type.Optional(Type.Number()),
  isAnimated: Type.Optional(Type.Boolean()),
  /** Of an ogg file, when it holds opus. */
  opusChannels: Type.Optional(Type.Number()),
  /** Of a PNG: 8 bits a channel, RGB or RGBA. */
  isTrueColour: Type.Optional(Type.Boolean()),
});
export type FileFacts = Static<typeof FileFacts>;

/** Facts from the head of a file. */
export function factsOf(head: Buffer): FileFacts {
  const content = contentOf(head);
  switch (content) {
    case 'webp':
      return { content, ...sizeOfWebp(head) };
    case 'png':
      return { content, ...factsOfPng(head) };
    case 'ogg': {
      const at = head.indexOf('OpusHead');
      const channels = at < 0 ? undefined : head[at + 9];
      return channels === undefined ? { content } : { content, opusChannels: channels };
    }
    default:
      return { content };
  }
}

const PREFIXES: readonly (readonly [FileFacts['content'], Buffer])[] = [
  ['jpeg', Buffer.from([0xff, 0xd8, 0xff])],
  ['png', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])],
  ['ogg', Buffer.from('OggS')],
  ['amr', Buffer.from('#!AMR')],
  ['mpeg', Buffer.from('ID3')],
  ['aac', Buffer.from('ADIF')],
  ['pdf', Buffer.from('%PDF-')],
  ['ole', Buffer.from([0xd0, 0xcf, 0x11, 0xe0])],
  ['zip', Buffer.from([0x50, 0x4b, 0x03, 0x04])],
];

function contentOf(head: Buffer): FileFacts['content'] {
  if (head.length === 0) return 'empty';
  const known = PREFIXES.find(([, prefix]) => head.subarray(0, prefix.length).equals(prefix));
  if (known !== undefined) return known[0];
  if (ascii(head, 0, 4) === 'RIFF' && ascii(head, 8, 12) === 'WEBP') return 'webp';
  if (ascii(head, 4, 8) === 'ftyp') return 'mp4';
  return contentOfAudioFrame(head) ?? (isText(head) ? 'text' : 'other');
}

/** MPEG and AAC frames both begin with 11 or 12 set bits; the layer bits tell them apart. */
function contentOfAudioFrame(head: Buffer): FileFacts['content'] | undefined {
  const second = head[1] ?? 0;
  if (head[0] !== 0xff || (second & 0xe0) !== 0xe0) return undefined;
  if ((second & 0x06) !== 0) return 'mpeg';
  return (second & 0xf0) === 0xf0 ? 'aac' : undefined;
}

function isText(head: Buffer): boolean {
  if (head.includes(0)) return false;
  // A head may end within a character, so its last three bytes are not looked at.
  const text = head.length < HEAD_BYTES ? head : head.subarray(0, -3);
  const decoded = text.toString('utf8');
  return !decoded.slice(0, -1).includes('\ufffd');
}

function factsOfPng(head: Buffer): Partial<FileFacts> {
  if (ascii(head, 12, 16) !== 'IHDR' || head.length < 26) return {};
  const colour = head[25];
  return {
    width: head.readUInt32BE(16),
    height: head.readUInt32BE(20),
    isTrueColour: head[24] === 8 && (colour === 2 || colour === 6),
  };
}

/** The three layouts of WebP: extended, lossless, lossy. */
function sizeOfWebp(head: Buffer): Partial<FileFacts> {
  if (head.length < 30) return {};
  switch (ascii(head, 12, 16)) {
    case 'VP8X':
      return {
        width: head.readUIntLE(24, 3) + 1,
        height: head.readUIntLE(27, 3) + 1,
        isAnimated: ((head[20] ?? 0) & 0x02) !== 0,
      };
    case 'VP8L': {
      const bits = head.readUInt32LE(21);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1, isAnimated: false };
    }
    case 'VP8 ':
      return {
        width: head.readUInt16LE(26) & 0x3fff,
        height: head.readUInt16LE(28) & 0x3fff,
        isAnimated: false,
      };
    default:
      return {};
  }
}

function ascii(head: Buffer, start: number, end: number): string {
  return head.toString('latin1', start, end);
}
