// Example files of media headers: from the request itself or from the URL it names, checked, and uploaded for their handles.
import type { Readable } from 'node:stream';
import { addViolation, type Violations } from '../contract/readers.js';
import type { MediaExample } from '../contract/templates/to-wire.js';
import type { Log } from '../lib/log.js';
import type { SafeDownload } from '../lib/safe-download.js';
import { SafeFetchError } from '../lib/safe-fetch.js';
import { type MadeFile, standInFor } from './stand-in-files.js';
import { type TemplateGraph, uploadExample } from './template-graph.js';
import { isTemplateRefusal, type TemplateRefusal } from './template-refusal.js';

/** What getting examples needs. */
export interface ExampleParts {
  graph: TemplateGraph;
  downloads: SafeDownload;
  log: Log;
  /** Whether a file that is made stands in for one that cannot be had. */
  isLenient: boolean;
}

const MIB = 1024 * 1024;
/** Largest example of each format (Infobip 9). */
const BYTES_MAX = { IMAGE: 16 * MIB, VIDEO: 16 * MIB, GIF: 3.5 * MIB, DOCUMENT: 16 * MIB } as const;
const TIMEOUT_MS = 20_000;

/**
 * The handles of all examples by slot. `files` came with the request; `standIn` says that an example without file and URL is made (v1
 * has none). An example that cannot be had, or has another type or more bytes than its format takes, is told by its field.
 */
export async function uploadExamples(
  parts: ExampleParts,
  token: string,
  examples: readonly MediaExample[],
  files: ReadonlyMap<string, Buffer>,
  standIn: boolean,
): Promise<ReadonlyMap<string, string> | TemplateRefusal> {
  const found = await Promise.all(examples.map((example) => fileOf(parts, example, files, standIn)));
  const violations: Violations = {};
  for (const [i, file] of found.entries())
    if (typeof file === 'string') addViolation(violations, examples[i]?.path ?? '', file);
  if (Object.keys(violations).length > 0) return { refusal: 'invalid', violations };
  const handles = new Map<string, string>();
  // One after the other: a carousel has ten, and Meta counts calls.
  for (const [i, file] of found.entries()) {
    const slot = examples[i]?.slot;
    if (typeof file === 'string' || slot === undefined) continue;
    const uploaded = await uploadExample(parts.graph, token, file);
    if (isTemplateRefusal(uploaded)) return uploaded;
    handles.set(slot, uploaded.handle);
  }
  return handles;
}

/** The file of an example, or what is wrong with it. */
async function fileOf(
  parts: ExampleParts,
  { slot, format, url, path }: MediaExample,
  files: ReadonlyMap<string, Buffer>,
  standIn: boolean,
): Promise<MadeFile | string> {
  const given = files.get(slot);
  if (given !== undefined) return judged(format, given);
  if (url === undefined) return standIn ? standInFor(format) : 'must be the URL of an example file';
  const got = await download(parts.downloads, url, BYTES_MAX[format]);
  if (got.kind === 'got') return judged(format, got.bytes);
  if (got.kind === 'refused' || !parts.isLenient) return got.reason;
  parts.log.warn({
    event: 'templates.example',
    field: path,
    reason: got.reason,
    hint: 'a file that was made stands in (PARLEY_TEMPLATE_EXAMPLES=lenient)',
  });
  return standInFor(format);
}

type Download = { kind: 'got'; bytes: Buffer } | { kind: 'unreachable' | 'refused'; reason: string };

async function download(downloads: SafeDownload, url: string, bytesMax: number): Promise<Download> {
  try {
    const { status, body } = await downloads.get(url, { headers: { accept: '*/*' }, timeoutMs: TIMEOUT_MS });
    if (status === 200) return await readWhole(body, bytesMax);
    body.destroy();
    return { kind: 'unreachable', reason: `cannot be fetched: http ${status}` };
  } catch (error) {
    const reason = error instanceof SafeFetchError ? error.message : 'connection lost';
    return { kind: 'unreachable', reason: `cannot be fetched: ${reason}` };
  }
}

async function readWhole(body: Readable, bytesMax: number): Promise<Download> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      if (!Buffer.isBuffer(chunk)) throw new TypeError('a body gives buffers');
      bytes += chunk.length;
      if (bytes > bytesMax) return { kind: 'refused', reason: tooLarge(bytesMax) };
      chunks.push(chunk);
    }
  } finally {
    body.destroy();
  }
  return { kind: 'got', bytes: Buffer.concat(chunks) };
}

function tooLarge(bytesMax: number): string {
  return `must have at most ${bytesMax} bytes`;
}

/** What the first bytes of a file say that it is. */
function typeOf(bytes: Buffer): Pick<MadeFile, 'mimeType' | 'filename'> | undefined {
  if (bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff])))
    return { mimeType: 'image/jpeg', filename: 'example.jpg' };
  if (bytes.subarray(0, 4).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47])))
    return { mimeType: 'image/png', filename: 'example.png' };
  if (bytes.subarray(4, 8).toString('latin1') === 'ftyp') return { mimeType: 'video/mp4', filename: 'example.mp4' };
  if (bytes.subarray(0, 5).toString('latin1') === '%PDF-')
    return { mimeType: 'application/pdf', filename: 'example.pdf' };
  return undefined;
}

const TYPES: Readonly<Record<MediaExample['format'], { types: readonly string[]; words: string }>> = {
  IMAGE: { types: ['image/jpeg', 'image/png'], words: 'a JPEG or PNG file' },
  VIDEO: { types: ['video/mp4'], words: 'an MP4 file' },
  GIF: { types: ['video/mp4'], words: 'an MP4 file' },
  DOCUMENT: { types: ['application/pdf'], words: 'a PDF file' },
};

function judged(format: MediaExample['format'], bytes: Buffer): MadeFile | string {
  if (bytes.length > BYTES_MAX[format]) return tooLarge(BYTES_MAX[format]);
  const type = typeOf(bytes);
  const wanted = TYPES[format];
  if (type === undefined || !wanted.types.includes(type.mimeType)) return `must be ${wanted.words}`;
  return { ...type, bytes };
}
