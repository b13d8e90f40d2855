// What some messages need before they can be posted, off the path of those that need nothing.
import { errorOf } from '../contract/meta-errors.js';
import type { Outcome } from '../meta/verdict.js';
import type { Database } from '../store/database.js';
import type { Directory, DirectorySender } from '../store/directory.js';
import { findIdentity } from '../store/identities.js';
import type { LaneMessage } from '../store/lanes.js';
import type { SendExtras } from './request.js';

/** What became of preparing: what the request gets besides its content, or how the attempt ended without one. */
export type Prepared =
  | { kind: 'ready'; extras: SendExtras }
  | Extract<Outcome, { kind: 'failed' }>
  | Extract<Outcome, { kind: 'retry' }>;

/** Prepares messages. */
export interface Preparation {
  /** Whether messages of this lane are to be prepared. */
  isNeeded(lane: number): boolean;
  /** Rejects with DatabaseError. */
  prepare(sender: DirectorySender, message: LaneMessage, attempt: number): Promise<Prepared>;
}

/** What it works with. */
export interface PreparationParts {
  database: Database;
  directory: Directory;
}

/** Meta's own code for an identity that is not the one that was confirmed; what we know before is told alike. */
const IDENTITY_CODE = 137_000;

/** Creates it. */
export function createPreparation({ database, directory }: PreparationParts): Preparation {
  return {
    isNeeded: (lane) => directory.senderById(lane)?.identityCheck === true,
    async prepare(sender, { recipient }) {
      const identity = sender.identityCheck ? await findIdentity(database, sender.id, recipient) : undefined;
      if (identity === undefined) return { kind: 'ready', extras: {} };
      return identity.acknowledged ? { kind: 'ready', extras: { identityHash: identity.hash } } : unconfirmed();
    },
  };
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
