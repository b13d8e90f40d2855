// Whether the files of a sent message are what their kind asks for: known at once for uploads, after a download for links.
import { failureOf } from '../graph/errors.js';
import type { ProgressEngine } from '../progress.js';
import type { BusinessNumber, Failure, Media, MediaUse, Message } from '../records.js';
import type { World } from '../world.js';
import { bytesMaxOf, problemOf } from './kinds.js';
import type { MediaLibrary } from './library.js';
import { LinkError, LinkStopped, type MediaLinks } from './links.js';

/** Looks at the media of messages before they get on. */
export interface MediaExaminer {
  /** The uploaded media of that id, if the number may send it: ids are scoped to the WABA (Meta 3). */
  find(number: BusinessNumber, id: string): Media | undefined;
  /** Begins with an accepted message that carries media: it fails with 131053 when a file cannot be had or is not fit. */
  begin(message: Message): void;
  /** Goes on with the messages whose links were being fetched, after a load. */
  rebuild(): void;
}

interface Parts {
  world: World;
  library: MediaLibrary;
  links: MediaLinks;
  progress: ProgressEngine;
}

/** An examiner; call `rebuild` when the world was loaded. */
export function createMediaExaminer(parts: Parts): MediaExaminer {
  const { world, library, progress } = parts;
  function begin(message: Message): void {
    if ((message.media ?? []).every((use) => use.mediaId !== null)) {
      progress.begin(message, judgeAll(library, message));
      return;
    }
    message.awaitsMedia = true;
    world.messages.put(String(message.seq), message);
    void fetchAll(parts, message).then((failure) => arrived(parts, message, failure));
  }
  return {
    find(number, id) {
      const media = library.get(id);
      return media?.wabaId === number.wabaId ? media : undefined;
    },
    begin,
    rebuild() {
      for (const message of world.messages.values()) if (message.awaitsMedia === true) begin(message);
    },
  };
}

/** Fetches what is named by link; returns the first failure, or what the files are found to be; undefined when the sandbox stopped meanwhile. */
async function fetchAll({ world, library, links }: Parts, message: Message): Promise<Failure | null | undefined> {
  const { phoneNumberId } = message;
  const wabaId = world.numbers.get(phoneNumberId)?.wabaId ?? '';
  try {
    await Promise.all(
      (message.media ?? []).map(async (use) => {
        if (use.mediaId !== null || use.link === null) return;
        const about = { wabaId, phoneNumberId, source: 'link' } as const;
        use.mediaId = (await links.fetch(use.link, about, bytesMaxOf(use.kind))).id;
      }),
    );
  } catch (error) {
    if (error instanceof LinkStopped) return undefined;
    if (error instanceof LinkError) return failureOf(131053, error.message);
    return failureOf(131053, 'Downloading media from weblink failed.');
  }
  return judgeAll(library, message);
}

/** What becomes of the message now; nothing when it is gone or was moved on by hand meanwhile. */
function arrived({ world, progress }: Parts, message: Message, failure: Failure | null | undefined): void {
  if (failure === undefined || world.messages.get(String(message.seq)) !== message) return;
  message.awaitsMedia = false;
  if (message.statuses.length === 0) progress.begin(message, failure);
  world.messages.put(String(message.seq), message);
}

function judgeAll(library: MediaLibrary, message: Message): Failure | null {
  for (const use of message.media ?? []) {
    const problem = judge(library, use);
    if (problem !== null) return failureOf(131053, problem);
  }
  return null;
}

function judge(library: MediaLibrary, { mediaId, kind, isVoice }: MediaUse): string | null {
  const media = mediaId === null ? undefined : library.get(mediaId);
  return media === undefined ? 'Media is not available any more.' : problemOf(media, kind, isVoice);
}
