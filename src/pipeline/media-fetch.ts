// How one file comes from Meta: its URL is asked for, its bytes go to the spool, are compared with Meta's hash and looked at by the
// scanner, and only then are kept. Whatever interrupts it, the next try goes on from the bytes that came.
import type { Dispatcher } from 'undici';
import { integerAt, isObject, objectAt, textAt } from '../contract/json.js';
import { crashPoint } from '../lib/crash-point.js';
import type { BlobStore, FinishedFile } from '../media/blob-store.js';
import { DownloadError, download } from '../media/download.js';
import type { Scan } from '../media/scanner.js';
import { type Spool, SpoolFull } from '../media/spool.js';
import type { GraphClient } from '../meta/graph-client.js';
import type { WantedMedia } from '../store/media.js';

/** What fetching works with. */
export interface MediaFetchParts {
  graph: GraphClient;
  /** Sockets for a URL that Meta named; undefined when it may not be fetched from. */
  dispatcherOf(url: URL): Dispatcher | undefined;
  blobs: BlobStore;
  spool: Spool;
  /** Absent: files are not looked at. */
  scan: Scan | undefined;
}

/** How a try ended. `isFinal`: trying again would end the same way. */
export type FetchOutcome =
  | { kind: 'stored'; bytes: number; mimeType: string | null }
  | { kind: 'infected'; malware: string }
  | { kind: 'failed'; error: string; isFinal: boolean };

/** Most that a user can send (Meta 3: 100 MB), and a little for how one counts. */
const BYTES_MAX = 105 * 1024 * 1024;
const ERROR_LENGTH_MAX = 300;

/** One try. Never throws. */
export async function fetchMedia(
  parts: MediaFetchParts,
  wanted: WantedMedia,
  token: string,
  signal: AbortSignal,
): Promise<FetchOutcome> {
  try {
    // Kept by a try that was killed before it could say so.
    const kept = await parts.blobs.size(wanted.id);
    if (kept !== undefined) return { kind: 'stored', bytes: kept, mimeType: null };
    const found = await locate(parts, wanted, token, signal);
    if ('kind' in found) return found;
    await download(found.dispatcher, parts.spool, {
      url: found.url,
      token,
      id: wanted.id,
      bytes: found.bytes,
      bytesMax: BYTES_MAX,
      signal,
    });
    return await keep(parts, wanted, found, signal);
  } catch (error) {
    if (error instanceof SpoolFull) {
      await parts.spool.remove(wanted.id);
      return failed(error.message, true);
    }
    const reason = error instanceof DownloadError ? `download: ${error.message}` : String(error);
    return failed(reason, false);
  }
}

function failed(error: string, isFinal: boolean): FetchOutcome {
  return { kind: 'failed', error: error.slice(0, ERROR_LENGTH_MAX).toWellFormed().replaceAll('\0', ''), isFinal };
}

/** Where Meta says the file is (Meta 3). */
interface Location {
  url: URL;
  dispatcher: Dispatcher;
  bytes: number | undefined;
  sha256: string | undefined;
  mimeType: string | null;
}

async function locate(
  { graph, dispatcherOf }: MediaFetchParts,
  { mediaId }: WantedMedia,
  token: string,
  signal: AbortSignal,
): Promise<Location | FetchOutcome> {
  const answer = await graph.get(mediaId, token, signal);
  if (answer.kind !== 'answered') return failed(`Graph: ${answer.reason}`, false);
  if (answer.status !== 200 || !isObject(answer.body)) {
    const code = integerAt(objectAt(answer.body, 'error'), 'code');
    return failed(`Graph answers ${answer.status}${code === undefined ? '' : ` with code ${code}`}`, false);
  }
  const text = textAt(answer.body, 'url') ?? '';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const dispatcher = url === undefined ? undefined : dispatcherOf(url);
  if (url === undefined || dispatcher === undefined) return failed('Graph names no URL that may be fetched', false);
  const bytes = integerAt(answer.body, 'file_size');
  if (bytes !== undefined && bytes > BYTES_MAX) return failed(`more than ${BYTES_MAX} bytes`, true);
  const mimeType = textAt(answer.body, 'mime_type')?.slice(0, 255).replaceAll('\0', '').toWellFormed() ?? null;
  return { url, dispatcher, bytes, sha256: textAt(answer.body, 'sha256'), mimeType };
}

async function keep(
  { blobs, spool, scan }: MediaFetchParts,
  wanted: WantedMedia,
  found: Location,
  signal: AbortSignal,
): Promise<FetchOutcome> {
  const file = await spool.finish(wanted.id);
  crashPoint('media.came');
  if (!isAsExpected(file, found.sha256 ?? wanted.sha256 ?? undefined)) {
    await spool.remove(wanted.id);
    return failed('the bytes are not those that Meta has a hash of', false);
  }
  const malware = await scan?.(file.path, signal);
  if (malware !== undefined) {
    await spool.remove(wanted.id);
    return { kind: 'infected', malware };
  }
  await blobs.keep(wanted.id, file);
  crashPoint('media.kept');
  return { kind: 'stored', bytes: file.bytes, mimeType: found.mimeType };
}

/** Meta's hash is base64, in older payloads hex (Meta 10, row 8); one that is neither says nothing. */
function isAsExpected(file: FinishedFile, sha256: string | undefined): boolean {
  if (sha256 === undefined) return true;
  const hex = /^[0-9a-f]{64}$/i.test(sha256) ? sha256.toLowerCase() : Buffer.from(sha256, 'base64').toString('hex');
  return hex.length !== 64 || hex === file.sha256;
}
