// For accounts whose files Meta cannot reach: fetches what a message links to and uploads it to Meta, once in the life of the file there.
// Like Meta (Meta 1.1), it believes for 10 minutes that a URL still gives the same; then it asks the host, by ETag.
import { createHash } from 'node:crypto';
import { keyOfLink, type MediaLink } from '../contract/outbound-media.js';
import type { Clock } from '../lib/clock.js';
import type { SafeDownload } from '../lib/safe-download.js';
import type { GraphClient } from '../meta/graph-client.js';
import type { Database } from '../store/database.js';
import type { DirectorySender } from '../store/directory.js';
import { findUpload, putUpload, type UploadKey, type UploadRow } from '../store/uploads.js';
import { type Failed, transfer } from './media-upload-transfer.js';

/** Uploads files. */
export interface MediaUploads {
  /** Meta's id of the file behind a link, for the number of `sender`. Rejects with DatabaseError. */
  idOf(sender: DirectorySender, link: MediaLink, attempt: number): Promise<{ kind: 'id'; id: string } | Failed>;
}

/** What it works with. */
export interface MediaUploadParts {
  database: Database;
  clock: Clock;
  graph: GraphClient;
  downloads: SafeDownload;
  /** The clear access token of a sender; undefined when no key of ours opens it. */
  tokenOf(sender: DirectorySender): string | undefined;
}

type Answer = { kind: 'id'; id: string; row: UploadRow } | Failed;

/** Meta keeps an upload for 30 days (Meta 3); a message that waits must still find it. */
export const UPLOAD_LIFE_MS = 28 * 86_400_000;
const FRESH_MS = 10 * 60_000;
const AT_ONCE_MAX = 16;
const REMEMBERED_MAX = 10_000;

/** Nothing is remembered yet but what is in the database. */
export function createMediaUploads(parts: MediaUploadParts): MediaUploads {
  const { clock } = parts;
  const known = new Map<string, UploadRow>();
  const flying = new Map<string, Promise<Answer>>();
  const turns = createTurns(AT_ONCE_MAX);

  async function fetch(sender: DirectorySender, link: MediaLink, attempt: number, key: string): Promise<Answer> {
    const answer = await turns(() => renew(parts, sender, link, attempt));
    if (answer.kind !== 'id') return answer;
    if (known.size >= REMEMBERED_MAX) known.clear();
    known.set(key, answer.row);
    return answer;
  }

  return {
    idOf(sender, link, attempt) {
      const key = `${sender.phoneNumberId} ${keyOfLink(link)}`;
      const row = known.get(key);
      if (row !== undefined && isFresh(row, clock.now())) return Promise.resolve({ kind: 'id', id: row.mediaId });
      const under = flying.get(key);
      if (under !== undefined) return under;
      const fetching = fetch(sender, link, attempt, key).finally(() => flying.delete(key));
      flying.set(key, fetching);
      return fetching;
    },
  };
}

function isAlive({ uploadedAt }: UploadRow, now: number): boolean {
  return now - uploadedAt < UPLOAD_LIFE_MS;
}

function isFresh(row: UploadRow, now: number): boolean {
  return isAlive(row, now) && now - row.checkedAt < FRESH_MS;
}

/** Asks the database, then the host; uploads what is new. */
async function renew(
  parts: MediaUploadParts,
  sender: DirectorySender,
  link: MediaLink,
  attempt: number,
): Promise<Answer> {
  const { database, clock } = parts;
  const key: UploadKey = {
    phoneNumberId: sender.phoneNumberId,
    kind: link.kind,
    urlHash: createHash('sha256').update(link.url).digest(),
  };
  const now = clock.now();
  const row = await findUpload(database, key);
  const kept = row !== undefined && isAlive(row, now) ? row : undefined;
  if (kept !== undefined && isFresh(kept, now)) return { kind: 'id', id: kept.mediaId, row: kept };
  const moved = await transfer(parts, { sender, link, attempt, etag: kept?.etag ?? undefined });
  if (moved.kind === 'same' && kept !== undefined) return keep(database, key, { ...kept, checkedAt: now });
  if (moved.kind !== 'uploaded') return moved.kind === 'same' ? renewed() : moved;
  return keep(database, key, { mediaId: moved.mediaId, etag: moved.etag, uploadedAt: now, checkedAt: now });
}

function renewed(): never {
  throw new Error('a host said that nothing changed without having been asked');
}

async function keep(database: Database, key: UploadKey, row: UploadRow): Promise<Answer> {
  await putUpload(database, key, row);
  return { kind: 'id', id: row.mediaId, row };
}

/** At most `max` at work; the others wait in order. */
function createTurns(max: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= max) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
