// A file as an HTTP answer: whole, or the one byte range that was asked for.
import type { Readable } from 'node:stream';
import type { Media } from '../records.js';
import type { ByteRange, MediaFiles } from './files.js';

/** Status, headers and body of an answer with a file; no body on 416 and 404. */
export interface FileAnswer {
  status: number;
  headers: Record<string, string>;
  stream: Readable | null;
}

/** Answers 200 with the file, 206 with a range of it, or 416. `range` is the Range header; one that is malformed or names several ranges is ignored, as RFC 9110 allows. */
export function fileAnswer(files: MediaFiles, media: Media, range: string | undefined): FileAnswer {
  const { id, bytes, mimeType, filename } = media;
  const headers: Record<string, string> = {
    'content-type': mimeType,
    'accept-ranges': 'bytes',
    'x-content-type-options': 'nosniff',
    'content-disposition': `attachment${filename === null ? '' : `; filename*=UTF-8''${encodeURIComponent(filename)}`}`,
  };
  const wanted = parseRange(range, bytes);
  if (wanted === 'outside') {
    return { status: 416, headers: { 'content-range': `bytes */${bytes}` }, stream: null };
  }
  if (wanted === null) {
    const stream = bytes === 0 ? null : files.read(id, { start: 0, end: bytes - 1 });
    return { status: 200, headers: { ...headers, 'content-length': String(bytes) }, stream };
  }
  const { start, end } = wanted;
  headers['content-range'] = `bytes ${start}-${end}/${bytes}`;
  headers['content-length'] = String(end - start + 1);
  return { status: 206, headers, stream: files.read(id, wanted) };
}

/** The range of a file of `bytes` bytes; null when none is asked for, `outside` when no byte of it exists. */
function parseRange(header: string | undefined, bytes: number): ByteRange | 'outside' | null {
  const found = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  if (found === null) return null;
  const [, first = '', last = ''] = found;
  if (first === '' && last === '') return null;
  const start = first === '' ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return null;
  return start > end ? 'outside' : { start, end };
}
