// What some messages need before they can be posted, off the path of those that need nothing.
import { errorOf } from '../contract/meta-errors.js';
import { keyOfLink, linksOf, withMediaIds } from '../contract/outbound-media.js';
import type { Database } from '../store/database.js';
import type { Directory, DirectorySender } from '../store/directory.js';
import { findIdentity } from '../store/identities.js';
import type { LaneMessage } from '../store/lanes.js';
import type { MediaUploads } from './media-upload.js';
import type { Failed } from './media-upload-transfer.js';
import type { MessageLinks } from './message-links.js';
import { type SendExtras, wireOf } from './request.js';
import { mayHaveLinks } from './shortened.js';

/** What became of preparing: what the request gets besides its content, or how the attempt ended without one. */
export type Prepared = { kind: 'ready'; extras: SendExtras } | Failed;

/** Prepares messages. */
export interface Preparation {
  /** Whether all messages of this lane are to be prepared; that may take long. */
  isNeeded(lane: number): boolean;
  /** Whether this message is, whatever its lane. */
  isNeededFor(message: LaneMessage): boolean;
  /** Rejects with DatabaseError. */
  prepare(sender: DirectorySender, message: LaneMessage, attempt: number): Promise<Prepared>;
}

/** What it works with. */
export interface PreparationParts {
  database: Database;
  directory: Directory;
  uploads: MediaUploads;
  links: MessageLinks;
}

/** Meta's own code for an identity that is not the one that was confirmed; what we know before is told alike. */
const IDENTITY_CODE = 137_000;

/** Creates it. */
export function createPreparation(parts: PreparationParts): Preparation {
  const { database, directory } = parts;
  const uploads = (sender: DirectorySender): boolean => directory.account(sender.account)?.media === 'upload';
  return {
    isNeeded(lane) {
      const sender = directory.senderById(lane);
      return sender !== undefined && (sender.identityCheck || uploads(sender));
    },
    isNeededFor: mayHaveLinks,
    async prepare(sender, message, attempt) {
      const extras: SendExtras = {};
      if (sender.identityCheck) {
        const identity = await findIdentity(database, sender.id, message.recipient);
        if (identity?.acknowledged === false) return unconfirmed();
        if (identity !== undefined) extras.identityHash = identity.hash;
      }
      const linked = mayHaveLinks(message) ? await parts.links.link(sender, message) : undefined;
      if (linked !== undefined && linked.kind !== 'linked') return linked;
      if (linked !== undefined) extras.wire = linked.wire;
      return uploads(sender) ? upload(parts, sender, message, attempt, extras) : { kind: 'ready', extras };
    },
  };
}

/** Puts the ids of all files of a message into it; or tells what became of the first that cannot be had. */
async function upload(
  { uploads }: PreparationParts,
  sender: DirectorySender,
  message: LaneMessage,
  attempt: number,
  extras: SendExtras,
): Promise<Prepared> {
  const { wire = wireOf(message) } = extras;
  const links = linksOf(wire);
  const answers = await Promise.all(links.map((link) => uploads.idOf(sender, link, attempt)));
  const ids = new Map<string, string>();
  for (const [i, link] of links.entries()) {
    const answer = answers[i];
    if (answer?.kind === 'id') ids.set(keyOfLink(link), answer.id);
    else if (answer !== undefined) return answer;
  }
  return { kind: 'ready', extras: { ...extras, wire: ids.size === 0 ? wire : withMediaIds(wire, ids) } };
}

function unconfirmed(): Prepared {
  const { errorId, statusId } = errorOf(IDENTITY_CODE);
  const detail = 'identity of the recipient changed and is not confirmed';
  return {
    kind: 'failed',
    errorId,
    statusId,
    refusal: { metaCode: undefined, metaSubcode: undefined, httpStatus: 0, detail },
  };
}
