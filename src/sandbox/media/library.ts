// The media of all numbers: records in the world, bytes on disk; bounded in size and number, forgotten when their life is over.
import type { Log } from '../../lib/log.js';
import { createDueList, type DueList } from '../due.js';
import { newObjectId } from '../ids.js';
import type { Media } from '../records.js';
import type { World } from '../world.js';
import { createMediaFiles, type MediaFiles } from './files.js';

const DAY_MS = 86_400_000;
/** How long media is kept (Meta 3): uploads 30 days, what users sent 7. What was fetched from a link is kept as an upload is. */
const LIFE_MS = { upload: 30 * DAY_MS, link: 30 * DAY_MS, inbound: 7 * DAY_MS } as const;

/** Most media kept in all; the oldest goes first. */
export interface MediaLimits {
  bytesMax: number;
  filesMax: number;
}

/** Limits unless told otherwise. */
export const MEDIA_LIMITS: MediaLimits = { bytesMax: 2 * 1024 ** 3, filesMax: 50_000 };

/** What is known of a file before it is written. */
export interface NewMedia {
  wabaId: string;
  phoneNumberId: string;
  source: keyof typeof LIFE_MS;
  mimeType: string;
  filename: string | null;
}

/** The media library. */
export interface MediaLibrary {
  files: MediaFiles;
  /** Writes a file under a new id, without a record yet; null when it has more than `bytesMax` bytes. Throws what `chunks` throws. */
  write(chunks: AsyncIterable<Uint8Array>, bytesMax: number): Promise<LooseFile | null>;
  /** Gives a written file its record, which makes it usable; what exceeds the limits is forgotten. */
  keep(file: LooseFile, about: NewMedia): Media;
  /** Removes a written file that was not kept. */
  discard(file: LooseFile): Promise<void>;
  /** The media of that id, unless its life is over. */
  get(id: string): Media | undefined;
  remove(media: Media): void;
  /** Finds its work anew in the world, after a load or a reset: files without a record and records without a file go. */
  rebuild(): Promise<void>;
  stop(): Promise<void>;
}

/** A file on disk that has no record. */
export interface LooseFile extends Pick<Media, 'id' | 'bytes' | 'sha256' | 'facts'> {}

interface State {
  world: World;
  log: Log;
  files: MediaFiles;
  limits: MediaLimits;
  due: DueList<Media>;
  /** Ids of files that are being written or have no record yet. */
  loose: Set<string>;
  bytes: number;
}

/** A library in `folder`, or in a temporary one. Call `rebuild` when the world was loaded. */
export function createMediaLibrary(
  world: World,
  { folder, limits, log }: { folder: string | undefined; limits: MediaLimits; log: Log },
): MediaLibrary {
  const files = createMediaFiles(folder);
  const due = createDueList<Media>(world.clock, (media) => forgetIfOver(state, media));
  const state: State = { world, log, files, limits, due, loose: new Set(), bytes: 0 };
  return {
    files,
    write: (chunks, bytesMax) => write(state, chunks, bytesMax),
    keep: (file, about) => keep(state, file, about),
    async discard(file) {
      await files.remove(file.id);
      state.loose.delete(file.id);
    },
    get(id) {
      const media = world.media.get(id);
      return media !== undefined && media.expiresAt > world.clock.now() ? media : undefined;
    },
    remove: (media) => remove(state, media),
    rebuild: () => rebuild(state),
    async stop() {
      due.stop();
      await files.stop();
    },
  };
}

async function write(state: State, chunks: AsyncIterable<Uint8Array>, bytesMax: number): Promise<LooseFile | null> {
  const id = newObjectId();
  state.loose.add(id);
  try {
    const written = await state.files.write(id, chunks, bytesMax);
    if (written !== null) return { id, ...written };
  } catch (error) {
    state.loose.delete(id);
    throw error;
  }
  state.loose.delete(id);
  return null;
}

function keep(state: State, file: LooseFile, about: NewMedia): Media {
  const now = state.world.clock.now();
  const { id, bytes, sha256, facts } = file;
  const media: Media = { id, bytes, sha256, facts, ...about, createdAt: now, expiresAt: now + LIFE_MS[about.source] };
  state.loose.delete(id);
  state.world.media.put(id, media);
  state.bytes += bytes;
  state.due.add(media.expiresAt, media);
  trim(state);
  return media;
}

function trim(state: State): void {
  const { world, limits } = state;
  while (world.media.size > limits.filesMax || (state.bytes > limits.bytesMax && world.media.size > 1)) {
    const oldest = world.media.values().next().value;
    if (oldest === undefined) return;
    state.log.warn({ event: 'sandbox.media.forgotten', id: oldest.id });
    remove(state, oldest);
  }
}

function remove(state: State, media: Media): void {
  if (state.world.media.get(media.id) !== media) return;
  state.world.media.delete(media.id);
  state.bytes -= media.bytes;
  state.files
    .remove(media.id)
    .catch((error: unknown) => state.log.warn({ event: 'sandbox.media', id: media.id, err: error }));
}

function forgetIfOver(state: State, media: Media): void {
  if (media.expiresAt <= state.world.clock.now()) remove(state, media);
}

async function rebuild(state: State): Promise<void> {
  const { world, due, files } = state;
  due.clear();
  const onDisk = new Set(await files.ids());
  state.bytes = 0;
  for (const media of [...world.media.values()]) {
    if (!onDisk.has(media.id)) {
      world.media.delete(media.id);
      continue;
    }
    state.bytes += media.bytes;
    due.add(media.expiresAt, media);
  }
  for (const id of onDisk) if (world.media.get(id) === undefined && !state.loose.has(id)) await files.remove(id);
}
