// A snapshot with the bytes of its media, so that it can be restored in another sandbox.
import Type from 'typebox';
import { checkerOf } from '../checker.js';
import type { MediaLibrary } from '../media/library.js';
import type { World } from '../world.js';
import { restoreSnapshot, takeSnapshot } from '../world.js';
import { ControlError } from './answer.js';

/** Media above this is too much for one JSON text. */
const FILES_BYTES_MAX = 256 * 1024 * 1024;

const Files = checkerOf(Type.Object({ files: Type.Optional(Type.Record(Type.String(), Type.String())) }));
const MediaIds = checkerOf(
  Type.Object({ records: Type.Array(Type.Tuple([Type.String(), Type.String(), Type.Unknown()])) }),
);

/** The whole state, with the bytes of all media in base64 by media id. Throws a 409 when there are more than 256 MiB of them. */
export async function takeWholeSnapshot(world: World, library: MediaLibrary): Promise<unknown> {
  const snapshot = takeSnapshot(world);
  let bytes = 0;
  for (const media of world.media.values()) bytes += media.bytes;
  if (bytes > FILES_BYTES_MAX)
    throw new ControlError(409, `media has ${bytes} bytes, at most ${FILES_BYTES_MAX}`, 'files');
  const files: Record<string, string> = {};
  for (const media of [...world.media.values()]) {
    files[media.id] = (await library.files.readAll(media.id)).toString('base64');
  }
  return { ...snapshot, files };
}

/** Replaces the state and its media. Throws a 400, with the state untouched, on something that is no snapshot or lacks a file. */
export async function restoreWholeSnapshot(world: World, library: MediaLibrary, body: unknown): Promise<void> {
  const files = Files.Check(body) ? (body.files ?? {}) : {};
  if (MediaIds.Check(body)) {
    const kept = new Set(await library.files.ids());
    for (const [table, id] of body.records) {
      if (table !== 'media' || kept.has(id)) continue;
      const data = files[id];
      if (data === undefined || !/^\d{1,32}$/.test(id)) throw new ControlError(400, 'required', `files.${id}`);
      await library.files.write(id, once(Buffer.from(data, 'base64')), FILES_BYTES_MAX);
    }
  }
  const { files: _files, ...snapshot } = typeof body === 'object' && body !== null ? { files, ...body } : { files };
  try {
    restoreSnapshot(world, snapshot);
  } catch (error) {
    throw new ControlError(400, error instanceof Error ? error.message : 'not a snapshot', 'records');
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
